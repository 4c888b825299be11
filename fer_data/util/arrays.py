"""Several arrays in one ``.npz`` file, read without pickle; equal arrays make equal bytes.

Arrays are compressed, as most of a text array is zeros; no small file can hold a large array for
all that.
"""

from __future__ import annotations

import io
import math
import sys
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.errors import DataError
from fer_data.util.files import atomic_file, refuse_no_file

_HEADER_BYTES = 1 << 14

_MOST_RATIO = 100
"""Bytes of an array for each one in the file; a larger array is not compressed."""


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays of numbers, booleans or text, whole or not at all, as `numpy.load` reads them.

    Raises
    ------
    DataError
        If something that is no regular file is there.
    """
    with atomic_file(path) as temporary, zipfile.ZipFile(temporary, "w") as file:
        for name, array in arrays.items():
            stream = io.BytesIO()
            np.lib.format.write_array(stream, np.ascontiguousarray(array), allow_pickle=False)
            values = stream.getbuffer()
            is_small = len(values) <= _most_bytes(len(zlib.compress(values)))
            member = zipfile.ZipInfo(f"{name}.npy")  # of 1980, whenever it is written
            member.compress_type = zipfile.ZIP_DEFLATED if is_small else zipfile.ZIP_STORED
            file.writestr(member, values)


def read_arrays(
    path: Path,
    expected: Mapping[str, tuple[str, int]],
    *,
    remedy: str,
    optional: Mapping[str, tuple[str, int]] | None = None,
) -> dict[str, NDArray[Any]]:
    """Read arrays that `write_arrays` wrote.

    Parameters
    ----------
    path : Path
    expected : mapping of str to (str, int)
        Name of each array to the kind of its dtype, as `numpy.dtype.kind`, and how many axes it
        has; of any other array in the file nothing is read.
    remedy : str
        What to do about a broken file, for the error.
    optional : mapping of str to (str, int), optional
        Arrays that the file may lack, as one that an older version wrote.

    Raises
    ------
    DataError
        If the file is not there or broken, or an array is missing, of another kind, or
        compressed more than `write_arrays` does.
    """
    refuse_no_file(path)
    try:
        with zipfile.ZipFile(path) as file:
            there = {name.removesuffix(".npy") for name in file.namelist()}
            newer = {name: kind for name, kind in (optional or {}).items() if name in there}
            wanted = {**expected, **newer}
            return {name: _array(file, name, *kind) for name, kind in wanted.items()}
    except OSError as error:
        cause = error.strerror or str(error)
    except (
        *(zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError),
        *(KeyError, ValueError, zlib.error),
    ) as error:
        cause = str(error.args[0]) if error.args else type(error).__name__
    raise DataError(f"{path}: cannot be read ({cause}); {remedy}")


def _most_bytes(in_file: int) -> int:
    """Return how large what takes so many bytes of a file may be."""
    return (1 << 20) + _MOST_RATIO * in_file


def _array(file: zipfile.ZipFile, name: str, kind: str, num_axes: int) -> NDArray[Any]:
    member = file.getinfo(f"{name}.npy")
    if member.file_size > _most_bytes(member.compress_size):
        raise ValueError(f"{name} is compressed more than {_MOST_RATIO} times")
    with file.open(member) as stream:
        shape, is_fortran, dtype, size = _header(name, stream.read(_HEADER_BYTES))
    num_bytes = math.prod(shape) * dtype.itemsize
    if dtype.kind != kind or len(shape) != num_axes or is_fortran:
        raise ValueError(f"{name} is {dtype!s:.80} {list(shape)}")
    if member.file_size - size != num_bytes:
        raise ValueError(f"{name} is not as long as its shape {list(shape)} says")
    with file.open(member) as stream:
        stream.read(size)
        values = stream.read()  # to its end zipfile checks the sum
    if len(values) != num_bytes:
        raise ValueError(f"{name} is cut off")
    if kind == "U" and num_bytes:
        codes = np.frombuffer(values, np.dtype(np.uint32).newbyteorder(dtype.byteorder))
        if codes.max() > sys.maxunicode:
            raise ValueError(f"{name} has a letter that is none of Unicode's")
    return np.frombuffer(values, dtype).reshape(shape)


def _header(name: str, start: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Return shape, whether columns come first, dtype, and the bytes before the values."""
    stream = io.BytesIO(start)
    try:
        if np.lib.format.read_magic(stream) != (1, 0):
            raise ValueError
        shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    except Exception:  # NumPy lets tokenize.TokenError, MemoryError, RecursionError and more out
        raise ValueError(f"array {name} has no header that can be read") from None
    return shape, is_fortran, dtype, stream.tell()
