"""Several arrays of images that behave as one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fer_data.data.images import Images


@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=4).flatmap(
        lambda sizes: st.tuples(st.just(sizes), st.sets(st.integers(0, sum(sizes) - 1), min_size=1))
    )
)
def test_images_of_several_arrays_are_one_array(case: tuple[list[int], set[int]]) -> None:
    sizes, chosen = case
    whole = np.random.default_rng(0).integers(0, 256, (sum(sizes), 3, 2, 1), np.uint8)
    rows = np.array(sorted(chosen))
    arrays = np.split(whole, np.cumsum(sizes)[:-1])
    found, truth = Images(arrays, rows), whole[rows]
    assert found.shape == truth.shape
    assert found.size == truth.size
    assert np.array_equal(np.asarray(found), truth)
    assert np.array_equal(found[::-1], truth[::-1])
    assert np.array_equal(found[0], truth[0])
    assert np.array_equal(found[-1, :, :, 0], truth[-1, :, :, 0])
    assert np.array_equal(np.stack(list(found)), truth)
    out = np.empty_like(truth)
    found.take(np.arange(len(rows)), axis=0, out=out, mode="clip")
    assert np.array_equal(out, truth)
    assert np.array_equal(np.asarray(found.reshape(*found.shape[:3])), truth[..., 0])
