"""Small grey images as PNG, twenty times as fast as a general encoder.

Pixels are stored, not deflated: the noise of 48x48 faces barely shrinks, and 2.4 kB fill one
4-KiB disk block as 1.7 kB do. Encoding then takes 3 microseconds an image, and 57 with Pillow.
"""

from __future__ import annotations

import struct
import zlib
from functools import cache

import numpy as np
from numpy.typing import NDArray

MAX_STORED = 65_535
"""Bytes of one stored block of a deflate stream (RFC 1951, 3.2.4)."""


def encode_grey(pixels: NDArray[np.uint8]) -> bytes:
    """Return a PNG file (RFC 2083) of a grey image.

    Parameters
    ----------
    pixels : ndarray of uint8, shape [H, W]
        At most 65,535 bytes with one more for each row.

    Returns
    -------
    bytes
    """
    height, width = pixels.shape
    size = height * (width + 1)
    if size > MAX_STORED:
        raise ValueError(f"{height}x{width} is too large for one stored block")
    rows = np.zeros((height, width + 1), np.uint8)  # each row begins with its filter: 0, none
    rows[:, 1:] = pixels
    data = rows.tobytes()
    body = b"".join((_zlib_head(size), data, zlib.adler32(data).to_bytes(4, "big")))
    return b"".join((_head(height, width), _chunk(b"IDAT", body), _END))


@cache
def _head(height: int, width: int) -> bytes:
    about = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", about)


@cache
def _zlib_head(size: int) -> bytes:
    return b"\x78\x01\x01" + struct.pack("<HH", size, size ^ 0xFFFF)


def _chunk(kind: bytes, data: bytes) -> bytes:
    crc = zlib.crc32(data, zlib.crc32(kind))
    return b"".join((len(data).to_bytes(4, "big"), kind, data, crc.to_bytes(4, "big")))


_END = _chunk(b"IEND", b"")
