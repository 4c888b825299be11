"""From cells of blank-separated numbers to pixels: as fast as NumPy goes, as exact as a loop.

Well-formed cells (digits, single blanks) are parsed many at once; any other cell is parsed value
by value, which either finds its pixels all the same (more blanks, say) or names what is wrong.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NUM_PIXELS = 48 * 48

_AT_ONCE = 16
"""Cells parsed together: about 150 kB, so that every temporary stays in the processor's cache."""


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

    At every byte stands the number that ends there, if one does: the digit, ten times the one
    before, a hundred times the one before that. What ends before a blank is a pixel.
    """
    if any(cell.count(b" ") != NUM_PIXELS - 1 for cell in cells):
        return None
    text = np.frombuffer(b" " + b" ".join(cells) + b" ", np.uint8)
    blank = text == ord(" ")
    digit = text - np.uint8(ord("0"))  # wraps: whatever is no digit becomes 10 or more
    if not (blank | (digit < 10)).all():
        return None
    if (blank[1:] & blank[:-1]).any():  # a number is missing
        return None
    if not (blank[3:] | blank[2:-1] | blank[1:-2] | blank[:-3]).all():  # four digits
        return None
    digit &= blank.view(np.uint8) - np.uint8(1)  # 0 where blank, and all bits where not
    ends_here = digit.astype(np.uint16)
    ends_here[1:] += digit[:-1] * np.uint16(10)
    ends_here[2:] += (digit[:-2] * np.uint16(100)) * ~blank[1:-1]
    value: NDArray[np.uint16] = ends_here[:-1][blank[1:]]
    return value.reshape(len(cells), NUM_PIXELS) if value.max() <= 255 else None


def _parse_one(cell: bytes) -> list[int] | str:
    tokens = cell.split()
    if len(tokens) != NUM_PIXELS:
        return f"{len(tokens):,} values where {NUM_PIXELS:,} (48 x 48) are expected"
    for place, token in enumerate(tokens, 1):
        if not token.isdigit():
            shown = token[:20].decode("utf-8", "replace")
            return f"value {place} is {shown!r}, not a whole number from 0 to 255"
        if len(token) > 3 or int(token) > 255:
            shown = token[:20].decode("ascii")
            return f"value {place} is {shown}, not within 0 to 255"
    return [int(token) for token in tokens]
