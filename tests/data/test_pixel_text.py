from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fer_data.fer2013.pixel_text import NUM_PIXELS, parse_pixels
from tests.helpers.csv_files import FLAT

seeds = st.integers(0, 2**32 - 1)


def image(seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, NUM_PIXELS, np.uint8)


def plain(values: NDArray[np.uint8]) -> bytes:
    return " ".join(map(str, values.tolist())).encode()


def replaced(values: NDArray[np.uint8], place: int, text: bytes) -> bytes:
    tokens = plain(values).split()
    tokens[place] = text
    return b" ".join(tokens)


def cause_of(cell: bytes) -> str:
    _, causes = parse_pixels([cell])
    return causes[0]


@settings(deadline=None)
@given(st.lists(seeds, max_size=40))
def test_numbers_with_single_blanks_become_the_same_pixels(chosen: list[int]) -> None:
    images = [image(seed) for seed in chosen]
    pixels, causes = parse_pixels([plain(values) for values in images])
    assert not causes
    assert pixels.shape == (len(chosen), NUM_PIXELS)
    assert pixels.dtype == np.uint8
    for found, expected in zip(pixels, images, strict=True):
        np.testing.assert_array_equal(found, expected)


@settings(deadline=None)
@given(seeds)
def test_any_blanks_and_leading_zeros_become_the_same_pixels(seed: int) -> None:
    random = np.random.default_rng(seed)
    values = image(seed)
    blanks = random.choice(["  ", " ", "\t", "   "], NUM_PIXELS)
    formats = random.choice(["{}", "{:03d}", "{:02d}"], NUM_PIXELS)
    tokens = zip(blanks, formats, values.tolist(), strict=True)
    text = "".join(blank + form.format(value) for blank, form, value in tokens) + " "
    pixels, causes = parse_pixels([text.encode()])
    assert not causes
    np.testing.assert_array_equal(pixels[0], values)


@settings(deadline=None)
@given(seeds, st.integers(0, NUM_PIXELS - 1))
def test_leading_zeros_alone_change_nothing(seed: int, place: int) -> None:
    values = image(seed)
    pixels, causes = parse_pixels([replaced(values, place, b"%03d" % values[place])])
    assert not causes
    np.testing.assert_array_equal(pixels[0], values)


@settings(deadline=None)
@given(seeds, st.integers(0, NUM_PIXELS - 1), st.sampled_from([b"", b"1 2"]))
def test_a_value_dropped_or_added_is_counted(seed: int, place: int, text: bytes) -> None:
    number = "2,303" if not text else "2,305"
    assert cause_of(replaced(image(seed), place, text)).startswith(f"{number} values")


@settings(deadline=None)
@given(seeds, st.integers(0, NUM_PIXELS - 1), st.integers(256, 10**12))
def test_a_value_over_255_is_named_with_its_place(seed: int, place: int, value: int) -> None:
    cause = cause_of(replaced(image(seed), place, str(value).encode()))
    assert cause == f"value {place + 1} is {value}, not within 0 to 255"


@settings(deadline=None)
@given(
    seeds,
    st.integers(0, NUM_PIXELS - 1),
    st.sampled_from(["-1", "x", "1.5", "2e1", "+3", "0x1f", "\u0663", "\ufeff1", "1_0", "\x00"]),
)
def test_what_is_no_whole_number_is_named_with_its_place(seed: int, place: int, text: str) -> None:
    cause = cause_of(replaced(image(seed), place, text.encode()))
    assert cause.startswith(f"value {place + 1} is {text!r}, not a whole number")


@pytest.mark.parametrize("cell", [b"", b" ", b" " * (NUM_PIXELS - 1), b" " * NUM_PIXELS])
def test_a_cell_without_values_is_bad(cell: bytes) -> None:
    assert cause_of(cell).startswith("0 values")


@settings(deadline=None)
@given(st.binary(max_size=200), st.integers(0, 3 * NUM_PIXELS))
def test_a_cell_of_any_bytes_is_parsed_or_has_a_cause(junk: bytes, place: int) -> None:
    cell = FLAT[:place].encode() + junk + FLAT[place + len(junk) :].encode()
    pixels, causes = parse_pixels([cell])
    if not causes:
        assert [int(token) for token in cell.split()] == pixels[0].tolist()


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=50))
def test_good_cells_of_a_batch_are_kept_next_to_bad_ones(good: list[bool]) -> None:
    images = [image(place) for place in range(len(good))]
    cells = [
        plain(values) if is_good else plain(values) + b" 1"
        for values, is_good in zip(images, good, strict=True)
    ]
    pixels, causes = parse_pixels(cells)
    assert sorted(causes) == [place for place, is_good in enumerate(good) if not is_good]
    for place, is_good in enumerate(good):
        if is_good:
            np.testing.assert_array_equal(pixels[place], images[place])


def test_no_cells_give_no_pixels() -> None:
    pixels, causes = parse_pixels([])
    assert pixels.shape == (0, NUM_PIXELS)
    assert causes == {}
