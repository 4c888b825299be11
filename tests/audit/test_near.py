from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from fer_data.duplicates import near
from fer_data.duplicates.near import linked, near_pairs
from tests.helpers.drawn_images import as_jpeg, brightened, drawn_images, resized, shifted

NUMBER = 300

CHANGES: dict[str, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    "flip": lambda image: image[:, ::-1],
    "shift by 1": lambda image: shifted(image, 1, -1),
    "shift by 2": lambda image: shifted(image, 0, 2),
    "brighter": lambda image: brightened(image, 30),
    "darker": lambda image: brightened(image, -30),
    "less contrast": lambda image: brightened(image, 0, 0.6),
    "more contrast": lambda image: brightened(image, 0, 1.4),
    "JPEG of quality 30": lambda image: as_jpeg(image, 30),
    "resized to 32": lambda image: resized(image, 32),
    "resized to 24": lambda image: resized(image, 24),
    "all of them": lambda image: as_jpeg(brightened(shifted(image[:, ::-1], 1, 1), 15, 0.9), 60),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_found_and_nothing_else(change: str) -> None:
    originals = drawn_images(NUMBER)
    copies = np.stack([CHANGES[change](image) for image in originals])
    pairs = near_pairs(np.concatenate([originals, copies]))
    true = pairs.second - pairs.first == NUMBER
    assert len(set(pairs.first[true].tolist())) >= 0.97 * NUMBER
    assert (~true).sum() == 0
    flipped = change in ("flip", "all of them")
    assert (pairs.mirrored[true] == flipped).mean() > 0.97


@pytest.mark.parametrize("shared", [0.0, 0.5, 0.7])
def test_of_different_images_fewer_than_one_in_a_thousand_is_called_a_copy(
    shared: float,
) -> None:
    pairs = near_pairs(drawn_images(2000, seed=1, shared=shared))
    assert len({*pairs.first.tolist(), *pairs.second.tolist()}) <= 2


def test_the_index_for_many_images_finds_what_comparing_all_finds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    originals = drawn_images(800, seed=2)
    pixels = np.concatenate(
        [originals, [as_jpeg(shifted(original, 1, 0), 60) for original in originals]]
    )
    every = near_pairs(pixels)
    monkeypatch.setattr(near, "_FEW", 100)
    found = near_pairs(pixels)
    pairs = [
        set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
        for pairs in (every, found)
    ]
    assert pairs[1] <= pairs[0]
    assert len(pairs[1]) >= 0.98 * len(pairs[0])


@pytest.mark.parametrize("num_near", [12, 40])
def test_many_near_duplicates_on_both_sides_are_one_group(num_near: int) -> None:
    originals = drawn_images(400, seed=3)
    random = np.random.default_rng(0)
    chosen = originals[:10]
    sides = [
        [
            brightened(
                shifted(image, *shift), int(random.integers(-30, 31)), random.uniform(0.8, 1.2)
            )
            for image in chosen
            for _ in range(num_near)
        ]
        for shift in ((0, 0), (1, 1))
    ]
    pixels = np.concatenate([originals[10:], *sides])
    pairs = near_pairs(pixels)
    groups = linked(len(pixels), pairs.first, pairs.second)
    one, other = groups[-20 * num_near :].reshape(2, 10, num_near)
    for number in range(10):
        assert len({*one[number].tolist(), *other[number].tolist()}) == 1


def test_where_all_images_are_alike_more_is_asked_of_a_pair() -> None:
    pairs = near_pairs(drawn_images(3000, seed=4, shared=0.8))
    assert len(pairs.first) <= 3


@pytest.mark.parametrize("change", ["flip", "darker", "less contrast"])
def test_where_all_images_are_alike_copies_with_the_same_pixels_are_found(change: str) -> None:
    random = np.random.default_rng(0)
    waves = np.sin(np.arange(48) * 1.2 + random.uniform(0, 6.28, (1000, 1, 1)))
    originals = np.clip(128 + 30 * waves + random.normal(0, 3, (1000, 48, 48)), 0, 255)
    originals = originals.astype(np.uint8)
    copies = np.stack([CHANGES[change](image) for image in originals[:NUMBER]])
    pairs = near_pairs(np.concatenate([originals, copies]))
    assert pairs.required > 0.93
    assert (pairs.second - pairs.first == 1000).all()
    assert len(pairs.first) >= 0.97 * NUMBER


@pytest.mark.parametrize("number", [1, 2, 5])
def test_a_handful_of_images_is_enough(number: int) -> None:
    originals = drawn_images(number, seed=5)
    copies = np.stack([shifted(image, 1, 2) for image in originals])
    pairs = near_pairs(np.concatenate([originals, copies]))
    assert (pairs.second - pairs.first).tolist() == [number] * number


def test_the_same_pairs_come_each_time() -> None:
    pixels = np.concatenate([drawn_images(200), drawn_images(200)[:, :, ::-1]])
    for one, other in zip(near_pairs(pixels), near_pairs(pixels), strict=True):
        np.testing.assert_array_equal(one, other)


def test_nearly_flat_images_are_no_copies_of_one_another() -> None:
    noise = np.random.default_rng(0).integers(100, 103, (50, 48, 48)).astype(np.uint8)
    assert len(near_pairs(noise).first) == 0


@pytest.mark.parametrize("number", [0, 1])
def test_too_few_images_have_no_pairs(number: int) -> None:
    assert [len(column) for column in near_pairs(drawn_images(number))[:4]] == [0, 0, 0, 0]


def test_images_of_another_form_are_refused() -> None:
    with pytest.raises(ValueError, match="48x48 grey"):
        near_pairs(np.zeros((3, 32, 32, 1), np.uint8))
    with pytest.raises(ValueError, match="48x48 grey"):
        near_pairs(np.zeros((3, 48, 48, 3), np.uint8))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_linked_images_are_those_that_a_chain_of_pairs_joins(
    pairs: list[tuple[int, int]],
) -> None:
    first, second = (np.array([pair[i] for pair in pairs], np.int64) for i in (0, 1))
    groups = linked(10, first, second)
    joined = [{place} for place in range(10)]
    for index, other in pairs:
        union = joined[index] | joined[other]
        for place in union:
            joined[place] = union
    for index in range(10):
        assert {other for other in range(10) if groups[other] == groups[index]} == joined[index]
