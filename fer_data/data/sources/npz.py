"""NumPy's ``.npz``: all pictures in one array, with their labels, classes and splits beside it.

======================= ==========================================================================
``pixels``              uint8 [N, H, W] or [N, H, W, 1] (grey), or [N, H, W, 3] (rgb)
``labels``              integers [N]: places in `class_names`, -1 where there is no label
``class_names``         text [C]
``splits``              text [S]; with ``split_codes``, integers [N]: places in `splits`. Without
                        both, all is the training split.
``samples``             text [N], a file name for each sample; may be missing
======================= ==========================================================================

Nothing is unpickled, and no array is read before its size was held against the number of pictures.
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
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fer_data.data.dataset import UNLABELLED, Dataset
from fer_data.data.first_bytes import ZIP_START, kind_of
from fer_data.data.labels import SPLITS
from fer_data.data.options import LoadOptions
from fer_data.data.origin import Origin
from fer_data.data.sources import source
from fer_data.data.sources.piece import Found, Pieces
from fer_data.data.sources.table import MAX_CLASSES, dataset_of
from fer_data.errors import DataError
from fer_data.util.words import printable

state = source.state

_BYTES_AT_ONCE = 1 << 20
_MAX_SIDE = 4096
_HEADER_BYTES = 1 << 14


@dataclass(frozen=True)
class Stack:
    """Some pictures; the dataset's row `start` is the first, the file's row ``rows[0]``."""

    path: Path
    pixels: NDArray[np.uint8]
    rows: list[int]
    start: int

    def __len__(self) -> int:
        return len(self.rows)

    def pictures(self) -> Iterator[Found]:
        """Yield the pixels, uint8 [H, W] or [H, W, C]."""
        for place, (row, pixels) in enumerate(zip(self.rows, self.pixels, strict=True)):
            yield Found(self.start + place, f"{self.path}: row {row}", pixels)


def recognises(path: Path) -> bool:
    """Whether the path is a zip file, as a ``.npz`` is."""
    if not path.is_file():
        return False
    with source.reading(path), open(path, "rb") as file:
        return file.read(4) == ZIP_START


def read(path: Path, options: LoadOptions) -> Dataset:
    """Read the dataset in the order of the rows; pixels are not looked at."""
    with _opened(path) as file:
        with _pixels(file) as (_, shape):
            num = shape[0]
        source.check_bad_rows(path, num - _member(file, "pixels").compress_size)  # not a byte each
        labels = _integers(file, "labels", num)
        class_names = _text(file, "class_names", MAX_CLASSES)
        splits, codes = ["train"], np.zeros(num, np.int64)
        if _has(file, "splits"):
            splits = _text(file, "splits", len(SPLITS))
            codes = _integers(file, "split_codes", num)
    if len(set(class_names)) < len(class_names):
        raise DataError(f"{path}: class_names has a name twice")
    for split in splits:
        if split not in SPLITS:
            raise DataError(f"{path}: split {split!r} is none of {', '.join(SPLITS)}")
    _check_range(path, "labels", labels, UNLABELLED, len(class_names))
    _check_range(path, "split_codes", codes, 0, len(splits))
    layout = f"npz ({'x'.join(map(str, shape[1:]))})"
    size = shape[1], shape[2]
    form = (size, size, "rgb" if shape[3:] == (3,) else "grey")
    return dataset_of(path, layout, class_names, labels, splits, codes, image_format=form)


def pieces(origin: Origin, rows: NDArray[np.int64]) -> Pieces:
    """Return the rows, about a mebibyte a piece, as they come from the file."""
    with _opened(origin.root) as file, _pixels(file) as (_, shape):
        at_once = _rows_at_once(shape)
    return Pieces(_pieces(origin.root, origin.locations[rows]), -(-shape[0] // at_once))


def names(dataset: Dataset) -> list[str]:
    """Return what ``samples`` has for the rows, or a name made of split and number."""
    with _opened(dataset.root) as file:
        if not _has(file, "samples"):
            return source.made_names(dataset)
        with _pixels(file) as (_, shape):
            num = shape[0]
        found = _text(file, "samples", num)
    if len(found) != num:
        raise DataError(f"{dataset.root}: samples has {len(found):,} names, pixels {num:,} rows")
    return source.own_names(dataset, (found[row] for row in dataset.locations.tolist()))


def _pieces(path: Path, locations: NDArray[Any]) -> Iterator[Stack]:
    with _opened(path) as file, _pixels(file) as (stream, shape):
        at_once = _rows_at_once(shape)
        row_bytes = int(np.prod(shape[1:]))
        for first in range(0, shape[0], at_once):
            stop = min(first + at_once, shape[0])
            data = stream.read((stop - first) * row_bytes)  # to its end zipfile checks the sum
            start, end = np.searchsorted(locations, [first, stop]).tolist()
            if start < end:
                rows = locations[start:end].tolist()
                block = np.frombuffer(data, np.uint8).reshape(stop - first, *shape[1:])
                wanted = block if end - start == stop - first else block[np.array(rows) - first]
                yield Stack(path, wanted, rows, start)


def _rows_at_once(shape: tuple[int, ...]) -> int:
    return max(1, _BYTES_AT_ONCE // int(np.prod(shape[1:])))


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with source.reading(path), open(path, "rb") as file, zipfile.ZipFile(file) as found:
            yield found
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


@contextmanager
def _pixels(file: zipfile.ZipFile) -> Iterator[tuple[IO[bytes], tuple[int, ...]]]:
    """Open the pixels behind their header, which is held against the size of the member."""
    head = _head(file, "pixels")
    shape = head.shape
    if (
        head.dtype != np.uint8
        or head.fortran
        or len(shape) not in (3, 4)
        or shape[3:] not in _CHANNELS
    ):
        raise ValueError(f"pixels is {head}; expected uint8 [N, H, W] or [N, H, W, 3]")
    if not 1 <= min(shape[1:3]) <= max(shape[1:3]) <= _MAX_SIDE:
        raise ValueError(f"pictures are {shape[1]}x{shape[2]}; sides are 1 to {_MAX_SIDE}")
    with _behind(file, "pixels", head) as stream:
        yield stream, shape


_CHANNELS = ((), (1,), (3,))


def _has(file: zipfile.ZipFile, name: str) -> bool:
    return f"{name}.npy" in file.namelist()


def _member(file: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    if not any(member.endswith(".npy") for member in file.namelist()):
        raise ValueError(kind_of(ZIP_START))
    if not _has(file, name):
        raise ValueError(
            f"no array {name} in it, only {_arrays(file)}; expected pixels, labels and class_names "
            "(and splits, split_codes, samples)"
        )
    return file.getinfo(f"{name}.npy")


def _arrays(file: zipfile.ZipFile) -> str:
    names = [name.removesuffix(".npy") for name in file.namelist()]
    return ", ".join(map(printable, names[:12])) + (", …" if len(names) > 12 else "")


def _head(file: zipfile.ZipFile, name: str) -> _Head:
    with file.open(_member(file, name)) as stream:
        start = io.BytesIO(stream.read(_HEADER_BYTES))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a header that Python 2 wrote, and odd text in one
            version = np.lib.format.read_magic(start)
            if version == (1, 0):
                found = np.lib.format.read_array_header_1_0(start)
            else:
                found = np.lib.format.read_array_header_2_0(start)
    except Exception:  # NumPy lets tokenize.TokenError, MemoryError, RecursionError and more out
        raise ValueError(f"array {name} has no header that can be read") from None
    return _Head(*found, start.tell())


@contextmanager
def _behind(file: zipfile.ZipFile, name: str, head: _Head) -> Iterator[IO[bytes]]:
    """Open an array at its values, of which there must be as many bytes as its header says."""
    info = _member(file, name)
    if info.file_size - head.size != math.prod(head.shape) * head.dtype.itemsize:
        raise ValueError(f"{name} is not as long as its shape {list(head.shape)} says")
    with file.open(info) as stream:
        stream.read(head.size)
        yield stream


def _integers(file: zipfile.ZipFile, name: str, num: int) -> NDArray[np.int64]:
    head = _head(file, name)
    if head.dtype.kind not in "iu" or head.shape != (num,):
        raise ValueError(f"{name} is {head}; expected integers [{num}]")
    with _behind(file, name, head) as stream:
        return np.frombuffer(stream.read(), head.dtype, num).astype(np.int64)


def _text(file: zipfile.ZipFile, name: str, most: int) -> list[str]:
    """Return the texts of an array of `most` at the most, a block at a time: most are padding."""
    head = _head(file, name)
    letters = head.dtype.itemsize // 4
    if head.dtype.kind != "U" or len(head.shape) != 1 or not 1 <= letters <= source.MAX_NAME_BYTES:
        raise ValueError(
            f"{name} is {head}; expected text [N] of 1 to {source.MAX_NAME_BYTES:,} letters"
        )
    if head.shape[0] > most:
        raise ValueError(f"{name} has {head.shape[0]:,} texts; expected {most:,} at the most")
    found: list[str] = []
    with _behind(file, name, head) as stream:
        at_once = max(1, _BYTES_AT_ONCE // head.dtype.itemsize)
        for _ in range(0, head.shape[0], at_once):
            data = stream.read(at_once * head.dtype.itemsize)
            codes = np.frombuffer(data, head.dtype.str[0] + "u4")
            if len(codes) and codes.max() > sys.maxunicode:
                raise ValueError(f"{name} has a letter that is none of Unicode's")
            found += np.frombuffer(data, head.dtype).tolist()
    return found


def _check_range(path: Path, name: str, values: NDArray[np.int64], least: int, stop: int) -> None:
    bad = np.flatnonzero((values < least) | (values >= stop))
    if len(bad):
        raise DataError(
            f"{path}: {name} has {values[bad[0]]} in row {bad[0]}; expected {least} to {stop - 1}"
        )
