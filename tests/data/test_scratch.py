"""Memory that is used again must never be anybody's who still looks at it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from fer_data.loading.opening import open_loader
from fer_data.util.scratch import ArrayPool, Scratch
from tests.conftest import MakeFolder


def test_an_array_comes_again_only_when_nobody_holds_it() -> None:
    pool = ArrayPool(4)
    first = pool.empty((3, 5), np.float32)
    place = first.ctypes.data
    second = pool.empty((3, 5), np.float32)
    assert second.ctypes.data != place
    view = first[1:, 2]
    del first
    assert pool.empty((3, 5), np.float32).ctypes.data != place
    del view
    found = {pool.empty((3, 5), np.float32).ctypes.data for _ in range(4)}
    assert place in found


def test_an_array_of_another_shape_or_type_is_a_new_one() -> None:
    pool = ArrayPool(4)
    for shape, dtype in (((3, 5), np.float32), ((5, 3), np.float32), ((3, 5), np.uint8)):
        array = pool.empty(shape, dtype)
        assert array.shape == shape
        assert array.dtype == dtype


def test_what_tensors_fraction_is_left_alone() -> None:
    import tensorflow as tf

    pool = ArrayPool(4)
    tensors = []
    for number in range(40):
        array = pool.empty((64, 64), np.float32)
        array[:] = number
        tensors.append(tf.convert_to_tensor(array))
        del array
    assert [float(tensor.numpy().max()) for tensor in tensors] == list(range(40))
    assert [float(tensor.numpy().min()) for tensor in tensors] == list(range(40))


def test_batches_that_are_kept_stay_as_they_were(make_folder: MakeFolder) -> None:
    data: Path = make_folder({"train/a": 30, "train/b": 7}, side=16)
    loader = open_loader(data, balance="batch", batch_size=4, image_size=16)
    kept = [loader.batch(step).images for step in range(60)]
    views = [loader.batch(step).images[1:3, ::2] for step in range(60)]
    for step, (images, view) in enumerate(zip(kept, views, strict=True)):
        expected = loader.batch(step).images
        assert np.array_equal(images, expected)
        assert np.array_equal(view, expected[1:3, ::2])


def test_threads_never_get_the_same_array_at_once() -> None:
    pool = ArrayPool(4)

    def use(number: int) -> bool:
        array = pool.empty((200, 50), np.int64)
        array[:] = number
        return bool((np.sort(array, axis=0) == number).all() and (array == number).all())

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(use, range(2000)))


def test_scratch_is_borrowed_by_one_block_at_a_time() -> None:
    with Scratch() as outer, Scratch() as inner:
        one = outer.array("same", 4, (3,))
        other = inner.array("same", 4, (3,))
        assert not np.shares_memory(one, other)
    with Scratch() as again:
        assert again.array("same", 2, (3,)).shape == (2, 3)
        assert again.array("same", 2, (3,), np.float64).dtype == np.float64
