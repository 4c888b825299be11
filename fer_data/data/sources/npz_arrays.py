"""The arrays of a NumPy ``.npz``, read safely.

Nothing is unpickled, and no array is read before its size was held against its member and what it
must be.
"""

from __future__ import annotations

import io
import math
import sys
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fer_data.data.first_bytes import ZIP_START, kind_of
from fer_data.data.sources import source
from fer_data.errors import DataError
from fer_data.util.words import printable

BYTES_AT_ONCE = 1 << 20

EXPECTED = (
    "pixels, labels and class_names (and splits, split_codes, samples), or x_train and y_train as "
    "Keras has them, or train_images and train_labels as MedMNIST"
)
"""Names of the arrays that are read."""

_MAX_SIDE = 4096
_HEADER_BYTES = 1 << 14
_CHANNELS = ((), (1,), (3,))


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a file, and name it in what goes wrong with it."""
    try:
        with source.reading(path), open(path, "rb") as file, zipfile.ZipFile(file) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise DataError(f"{path}: broken .npz ({error}); fetch or write the file again") from None
    except (ValueError, SyntaxError) as error:  # a header of NumPy's that is none, a pickle
        raise DataError(f"{path}: {error}") from None


class _Head(NamedTuple):
    """What the header of an array says, and how many bytes it takes."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    size: int

    def __str__(self) -> str:
        return f"{self.dtype} {list(self.shape)}"


def has(file: zipfile.ZipFile, name: str) -> bool:
    """Whether there is an array of a name."""
    return f"{name}.npy" in file.namelist()


def check(file: zipfile.ZipFile) -> None:
    """Refuse a zip archive that holds no array."""
    if not names(file):
        raise ValueError(f"expected a .npz of NumPy's, got {kind_of(ZIP_START)}")


def names(file: zipfile.ZipFile) -> list[str]:
    """Return the names of the arrays."""
    return [name.removesuffix(".npy") for name in file.namelist() if name.endswith(".npy")]


def listed(array_names: list[str]) -> str:
    """Return names of arrays, for people."""
    return ", ".join(map(printable, array_names[:12])) + (", …" if len(array_names) > 12 else "")


def packed_size(file: zipfile.ZipFile, name: str) -> int:
    """Return the bytes that an array takes in the archive."""
    return _member(file, name).compress_size


def _member(file: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    if not has(file, name):
        raise ValueError(f"no array {name} in it, only {listed(names(file))}; expected {EXPECTED}")
    return file.getinfo(f"{name}.npy")


@contextmanager
def images(file: zipfile.ZipFile, name: str) -> Iterator[tuple[IO[bytes], tuple[int, ...]]]:
    """Open images behind their header, which is held against the size of the member.

    Yields
    ------
    stream : file
    shape : tuple of int
        [N, H, W] or [N, H, W, 1 or 3]; they are uint8.
    """
    head = _head(file, name)
    shape = head.shape
    if (
        head.dtype != np.uint8
        or head.fortran
        or len(shape) not in (3, 4)
        or shape[3:] not in _CHANNELS
    ):
        raise ValueError(f"{name} is {head}; expected uint8 [N, H, W] or [N, H, W, 3]")
    if not 1 <= min(shape[1:3]) <= max(shape[1:3]) <= _MAX_SIDE:
        raise ValueError(f"images are {shape[1]}x{shape[2]}; sides are 1 to {_MAX_SIDE}")
    with _behind(file, name, head) as stream:
        yield stream, shape


def _head(file: zipfile.ZipFile, name: str) -> _Head:
    with file.open(_member(file, name)) as stream:
        start = io.BytesIO(stream.read(_HEADER_BYTES))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a header that Python 2 wrote, and odd text in one
            version = np.lib.format.read_magic(start)
            if version == (1, 0):
                header = np.lib.format.read_array_header_1_0(start)
            else:
                header = np.lib.format.read_array_header_2_0(start)
    except Exception:  # NumPy lets tokenize.TokenError, MemoryError, RecursionError and more out
        raise ValueError(f"array {name} has no header that can be read") from None
    return _Head(*header, start.tell())


@contextmanager
def _behind(file: zipfile.ZipFile, name: str, head: _Head) -> Iterator[IO[bytes]]:
    """Open an array at its values, of which there must be as many bytes as its header says."""
    info = _member(file, name)
    if info.file_size - head.size != math.prod(head.shape) * head.dtype.itemsize:
        raise ValueError(f"{name} is not as long as its shape {list(head.shape)} says")
    with file.open(info) as stream:
        stream.read(head.size)
        yield stream


def integers(file: zipfile.ZipFile, name: str, num: int) -> NDArray[np.int64]:
    """Return an array of integers [N] or [N, 1], as int64 [N].

    Raises
    ------
    ValueError
        If it is none, or not as many as there must be.
    """
    head = _head(file, name)
    if head.dtype.kind in "biuf" and len(head.shape) == 2 and head.shape[1] > 1:
        raise ValueError(
            f"{name} is {head}: several labels for an image (multi-label), or one-hot ones; "
            "expected integers, one for each image"
        )
    if head.dtype.kind not in "iu" or head.shape not in ((num,), (num, 1)):
        raise ValueError(f"{name} is {head}; expected integers [{num}]")
    with _behind(file, name, head) as stream:
        return np.frombuffer(stream.read(), head.dtype, num).astype(np.int64)


def text(file: zipfile.ZipFile, name: str, most: int) -> list[str]:
    """Return the texts of an array of `most` at the most, a block at a time: most are padding."""
    head = _head(file, name)
    letters = head.dtype.itemsize // 4
    if head.dtype.kind != "U" or len(head.shape) != 1 or not 1 <= letters <= source.MAX_NAME_BYTES:
        raise ValueError(
            f"{name} is {head}; expected text [N] of 1 to {source.MAX_NAME_BYTES:,} letters"
        )
    if head.shape[0] > most:
        raise ValueError(f"{name} has {head.shape[0]:,} texts; expected {most:,} at the most")
    texts: list[str] = []
    with _behind(file, name, head) as stream:
        at_once = max(1, BYTES_AT_ONCE // head.dtype.itemsize)
        for _ in range(0, head.shape[0], at_once):
            data = stream.read(at_once * head.dtype.itemsize)
            codes = np.frombuffer(data, head.dtype.str[0] + "u4")
            if len(codes) and codes.max() > sys.maxunicode:
                raise ValueError(f"{name} has a letter that is none of Unicode's")
            texts += np.frombuffer(data, head.dtype).tolist()
    return texts
