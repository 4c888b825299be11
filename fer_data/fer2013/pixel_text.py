"""From cells of blank-separated numbers to pixels: as fast as NumPy goes, as exact as a loop.

Well-formed cells (digits, single blanks) are parsed many at once; any other cell is parsed value
by value, which either finds its pixels all the same (more blanks, say) or names what is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

NUM_PIXELS = 48 * 48

FEWEST_BYTES = 2 * NUM_PIXELS - 1
"""Of a cell that can be good: a digit each, and blanks between them."""

_AT_ONCE = 16
"""Cells parsed together: twenty calls of NumPy for each group cost as much as the work of four."""

_CELL_BYTES = NUM_PIXELS * 4


def parse_pixels(cells: Sequence[bytes | memoryview]) -> tuple[NDArray[np.uint8], dict[int, str]]:
    """Parse cells of 2,304 numbers from 0 to 255.

    Parameters
    ----------
    cells : sequence of bytes or of memoryview, length n
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
    buffers = _Buffers()
    for start in range(0, len(cells), _AT_ONCE):
        batch = cells[start : start + _AT_ONCE]
        values = _parse_well_formed(batch, buffers)
        if values is not None:
            pixels[start : start + len(batch)] = values
            continue
        for index, cell in enumerate(batch, start):
            parsed = _parse_one(bytes(cell))
            if isinstance(parsed, str):
                causes[index] = parsed
            else:
                pixels[index] = parsed
    return pixels, causes


class _Buffers:
    """Memory for what stands between text and pixels, used again for each group of cells."""

    def __init__(self) -> None:
        size = _AT_ONCE * _CELL_BYTES + 4
        self.digit, self.low, self.high = np.empty((3, size), np.uint8)
        self.is_digit, self.is_blank = np.empty((2, size), np.bool_)
        self.value = np.empty(size, np.uint16)
        self.span = np.empty(_AT_ONCE * NUM_PIXELS, np.int64)


def _parse_well_formed(
    cells: Sequence[bytes | memoryview], buffers: _Buffers
) -> NDArray[np.uint16] | None:
    """Parse cells of digits with single blanks between them; None if one is anything else.

    Every place of the text gets the value of a number that would end there, from its own digit and
    the two before it; then the values before the blanks are taken.
    """
    text = np.frombuffer(b" ".join((b"  ", *cells, b"")), np.uint8)  # 3 blanks before, 1 behind
    if len(text) > len(buffers.digit):
        return None
    size = len(text)
    digit = np.subtract(
        text, ord("0"), out=buffers.digit[:size]
    )  # wraps: no digit becomes 10 or more
    is_digit = np.less(digit, 10, out=buffers.is_digit[:size])
    blanks = np.flatnonzero(np.equal(text, ord(" "), out=buffers.is_blank[:size])[3:])
    if np.count_nonzero(is_digit) + len(blanks) + 3 != size:
        return None
    if len(blanks) != len(cells) * NUM_PIXELS:
        return None
    cell_ends = np.cumsum([len(cell) + 1 for cell in cells]) - 1
    if (blanks[NUM_PIXELS - 1 :: NUM_PIXELS] != cell_ends).any():
        return None
    span = np.subtract(blanks[1:], blanks[:-1], out=buffers.span[: len(blanks) - 1])
    if span.min() < 2 or span.max() > 4 or not 1 <= blanks[0] <= 3:  # no digit, or more than three
        return None
    ones = is_digit.view(np.uint8)  # 0 or 1, without a conversion of bools
    digit *= ones  # a blank counts 0
    low = np.multiply(digit[:-1], 10, out=buffers.low[: size - 1])
    low += digit[1:]
    high = np.multiply(digit[:-2], ones[1:-1], out=buffers.high[: size - 2])
    value = np.multiply(high, 100, out=buffers.value[: size - 2], dtype=np.uint16)
    value += low[1:]
    # Before a blank at place b of the text, which is b - 3 of `blanks`, a number ends at b - 1: its
    # value, which begins two places before, is number b - 3 too.
    values: NDArray[np.uint16] = value.take(blanks)
    return values.reshape(len(cells), NUM_PIXELS) if values.max() <= 255 else None


def wrong_number(number: int) -> str:
    """Return what is wrong with a cell of another number of values, in words."""
    return f"{number:,} values where {NUM_PIXELS:,} (48 x 48) are expected"


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
