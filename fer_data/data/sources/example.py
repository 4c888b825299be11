"""Records of TFRecord files, read without TensorFlow.

A record is its length (8 bytes), a checksum (4), the data and another checksum (4). The data is a
``tf.train.Example``, of which this reads whole numbers and bytes. The checksums (CRC-32C) are not
looked at: Python has none as fast, and a PNG has its own.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

_FRAME = 12
_TAIL = 4

MAX_BYTES = 256 << 20
"""Of one record."""


def record_at(file: BinaryIO, offset: int, size: int) -> tuple[bytes, int]:
    """Return the record at a place of a file of `size` bytes, and the place of the next one.

    Raises
    ------
    ValueError
        If there is no whole record.
    """
    file.seek(offset)
    head = file.read(_FRAME)
    if len(head) < _FRAME:
        raise ValueError(f"byte {offset}: no whole record")
    (length,) = struct.unpack("<Q", head[:8])
    if length > MAX_BYTES or offset + _FRAME + length + _TAIL > size:
        raise ValueError(f"byte {offset}: a record of {length} bytes does not fit")
    return file.read(length), offset + _FRAME + length + _TAIL


def features(example: bytes) -> dict[bytes, bytes | int]:
    """Return the first value of each feature of a ``tf.train.Example`` that has one.

    Raises
    ------
    ValueError
        If it is no such message.
    """
    found: dict[bytes, bytes | int] = {}
    for entry in _within(example, 1, 1):
        parts = dict(_fields(entry))
        name, feature = parts.get(1), parts.get(2)
        if isinstance(name, bytes) and isinstance(feature, bytes):
            for kind, values in _fields(feature):
                value = _first(kind, values)
                if value is not None:
                    found[name] = value
    return found


def _within(message: bytes, *path: int) -> Iterator[bytes]:
    for number, value in _fields(message):
        if number == path[0] and isinstance(value, bytes):
            if path[1:]:
                yield from _within(value, *path[1:])
            else:
                yield value


def _first(kind: int, values: bytes | int) -> bytes | int | None:
    if not isinstance(values, bytes) or kind not in (1, 3):
        return None
    value = next((value for number, value in _fields(values) if number == 1), None)
    if kind == 3 and isinstance(value, bytes):  # numbers packed
        return _signed(_varint(value, 0)[0]) if value else None
    return _signed(value) if isinstance(value, int) else value


def _fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Yield the number and value of each field: a whole number, or bytes."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        kind = key & 7
        if kind == 0:
            value, place = _varint(message, place)
            yield key >> 3, value
            continue
        size, place = _varint(message, place) if kind == 2 else ({1: 8, 5: 4}.get(kind, -1), place)
        if size < 0 or place + size > len(message):
            raise ValueError("no tf.train.Example")
        yield key >> 3, message[place : place + size]
        place += size


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(message):
            break
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise ValueError("no tf.train.Example")


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value
