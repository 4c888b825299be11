"""From cells of blank-separated numbers to pixels: as fast as NumPy goes, as exact as a loop.

Well-formed cells (digits, single blanks) are parsed many at once; any other cell is parsed value
by value, which either finds its pixels all the same (more blanks, say) or names what is wrong.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NUM_PIXELS = 48 * 48

FEWEST_BYTES = 2 * NUM_PIXELS - 1
"""Of a cell that can be good: a digit each, and blanks between them."""

_AT_ONCE = 4
"""Cells parsed together: larger temporaries would be new memory, page by page, every time."""

_TENS = np.array([0, 0, 0, 10, 10], np.uint16)
_HUNDREDS = np.array([0, 0, 0, 0, 100], np.uint16)
"""What a number's second and third digit from the end count, by the span from blank to blank."""


def parse_pixels(cells: list[bytes]) -> tuple[NDArray[np.uint8], dict[int, str]]:
    """Parse cells of 2,304 numbers from 0 to 255.

    Parameters
    ----------
    cells : list of bytes, length n
        What stands in the pixels column.

    Returns
    -------
    pixels : ndarray of uint8, shape [n, 2304]
        Undefined where a cell is bad.
    causes : dict
        What is wrong with each bad cell, by its index.
    """
    pixels = np.empty((len(cells), NUM_PIXELS), np.uint8)
    causes: dict[int, str] = {}
    for start in range(0, len(cells), _AT_ONCE):
        batch = cells[start : start + _AT_ONCE]
        values = _parse_well_formed(batch)
        if values is not None:
            pixels[start : start + len(batch)] = values
            continue
        for index, cell in enumerate(batch, start):
            parsed = _parse_one(cell)
            if isinstance(parsed, str):
                causes[index] = parsed
            else:
                pixels[index] = parsed
    return pixels, causes


def _parse_well_formed(cells: list[bytes]) -> NDArray[np.uint16] | None:
    """Parse cells of digits with single blanks between them; None if one is anything else.

    A number ends before each blank, and the distance between two blanks tells its digits.
    """
    text = np.frombuffer(b" " + b" ".join(cells) + b" ", np.uint8)
    digit = text - np.uint8(ord("0"))  # wraps: whatever is no digit becomes 10 or more
    blanks = np.flatnonzero(text == ord(" "))
    if np.count_nonzero(digit < 10) + len(blanks) != len(text):
        return None
    if len(blanks) != len(cells) * NUM_PIXELS + 1:
        return None
    cell_ends = np.cumsum([len(cell) + 1 for cell in cells])
    if (blanks[NUM_PIXELS::NUM_PIXELS] != cell_ends).any():
        return None
    span, ends = np.diff(blanks), blanks[1:]
    if span.min() < 2 or span.max() > 4:  # no digit, or more than three
        return None
    value: NDArray[np.uint16] = digit[ends - 1].astype(np.uint16)
    value += digit[ends - 2] * _TENS[span]
    value += digit[ends - 3] * _HUNDREDS[span]
    return value.reshape(len(cells), NUM_PIXELS) if value.max() <= 255 else None


def wrong_number(found: int) -> str:
    """Return what is wrong with a cell of another number of values, in words."""
    return f"{found:,} values where {NUM_PIXELS:,} (48 x 48) are expected"


def _parse_one(cell: bytes) -> list[int] | str:
    tokens = cell.split()
    if len(tokens) != NUM_PIXELS:
        return wrong_number(len(tokens))
    for place, token in enumerate(tokens, 1):
        if not token.isdigit():
            shown = token[:20].decode("utf-8", "replace")
            return f"value {place} is {shown!r}, not a whole number from 0 to 255"
        if len(token) > 3 or int(token) > 255:
            shown = token[:20].decode("ascii")
            return f"value {place} is {shown}, not within 0 to 255"
    return [int(token) for token in tokens]
