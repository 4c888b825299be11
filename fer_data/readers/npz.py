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

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from fer_data.errors import DataError
from fer_data.labels import SPLITS
from fer_data.manifest import UNLABELLED, Manifest, build
from fer_data.readers import fer_csv
from fer_data.readers.piece import Found, Pieces

state = fer_csv.state

_BYTES_AT_ONCE = 1 << 20
_MAX_SIDE = 4096
_MAX_NAME_BYTES = 4096
_MAX_CLASSES_BYTES = 64 << 20
_HEADER_BYTES = 1 << 14


@dataclass(frozen=True)
class Stack:
    """Some pictures; the manifest's row `start` is the first, the file's row ``rows[0]``."""

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
    with fer_csv.reading(path), open(path, "rb") as file:
        return file.read(4) == b"PK\x03\x04"


def read(path: Path, *, merge_test: bool = True, skip_bad: bool = False) -> Manifest:
    """Read the manifest in the order of the rows; pixels are not looked at.

    `merge_test` and `skip_bad` are for csv files: splits are taken as they are named, and a label
    that cannot be meant is an error.
    """
    with _opened(path) as file:
        with _pixels(file) as (_, shape):
            num = shape[0]
        labels = _integers(file, "labels", num)
        class_names = [str(name) for name in _text(file, "class_names", _MAX_CLASSES_BYTES)]
        splits, codes = ["train"], np.zeros(num, np.int64)
        if _has(file, "splits"):
            splits = [str(split) for split in _text(file, "splits", _HEADER_BYTES)]
            codes = _integers(file, "split_codes", num)
    if len(set(class_names)) < len(class_names):
        raise DataError(f"{path}: class_names has a name twice")
    for split in splits:
        if split not in SPLITS:
            raise DataError(f"{path}: split {split!r} is none of {', '.join(SPLITS)}")
    _check_range(path, "labels", labels, UNLABELLED, len(class_names))
    _check_range(path, "split_codes", codes, 0, len(splits))
    return build(
        path,
        f"npz ({'x'.join(map(str, shape[1:]))})",
        class_names,
        (
            (splits[code], class_names[label] if label >= 0 else None, row)
            for row, (code, label) in enumerate(zip(codes.tolist(), labels.tolist(), strict=True))
        ),
    )


def pieces(manifest: Manifest) -> Pieces:
    """Return the rows, about a mebibyte a piece, as they come from the file."""
    with _opened(manifest.root) as file, _pixels(file) as (_, shape):
        at_once = _rows_at_once(shape)
    return Pieces(_pieces(manifest), -(-shape[0] // at_once))


def names(manifest: Manifest) -> list[str]:
    """Return what ``samples`` has for the rows, or a name made of split and number."""
    with _opened(manifest.root) as file:
        if not _has(file, "samples"):
            return fer_csv.names(manifest)
        with _pixels(file) as (_, shape):
            num = shape[0]
        found = _text(file, "samples", num * _MAX_NAME_BYTES)
    if len(found) != num:
        raise DataError(f"{manifest.root}: samples has {len(found):,} names, pixels {num:,} rows")
    return [str(name) for name in found[manifest.locations]]


def _pieces(manifest: Manifest) -> Iterator[Stack]:
    with _opened(manifest.root) as file, _pixels(file) as (stream, shape):
        at_once = _rows_at_once(shape)
        row_bytes = int(np.prod(shape[1:]))
        for first in range(0, shape[0], at_once):
            stop = min(first + at_once, shape[0])
            data = stream.read((stop - first) * row_bytes)  # to its end zipfile checks the sum
            start, end = np.searchsorted(manifest.locations, [first, stop]).tolist()
            if start < end:
                rows = manifest.locations[start:end].tolist()
                block = np.frombuffer(data, np.uint8).reshape(stop - first, *shape[1:])
                wanted = block if end - start == stop - first else block[np.array(rows) - first]
                yield Stack(manifest.root, wanted, rows, start)


def _rows_at_once(shape: tuple[int, ...]) -> int:
    return max(1, _BYTES_AT_ONCE // int(np.prod(shape[1:])))


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with fer_csv.reading(path), open(path, "rb") as file, zipfile.ZipFile(file) as found:
            yield found
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise DataError(f"{path}: broken .npz ({error}); fetch or write the file again") from None
    except (ValueError, SyntaxError) as error:  # a header of NumPy's that is none, a pickle
        raise DataError(f"{path}: {error}") from None


@contextmanager
def _pixels(file: zipfile.ZipFile) -> Iterator[tuple[IO[bytes], tuple[int, ...]]]:
    """Open the pixels behind their header, which is held against the size of the member."""
    info = _member(file, "pixels")
    with file.open(info) as stream:
        shape, fortran, dtype = _header(stream)
        if dtype != np.uint8 or fortran or len(shape) not in (3, 4) or shape[3:] not in _CHANNELS:
            raise DataError(
                f"{file.filename or 'npz'}: pixels is {dtype} {list(shape)}; "
                "expected uint8 [N, H, W] or [N, H, W, 3]"
            )
        if not 1 <= min(shape[1:3]) <= max(shape[1:3]) <= _MAX_SIDE:
            raise ValueError(f"pictures are {shape[1]}x{shape[2]}; sides are 1 to {_MAX_SIDE}")
        if info.file_size - stream.tell() != int(np.prod(shape, dtype=object)):
            raise ValueError(f"pixels is not as long as its shape {list(shape)} says")
        yield stream, shape


_CHANNELS = ((), (1,), (3,))


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(stream)
    return np.lib.format.read_array_header_2_0(stream)


def _has(file: zipfile.ZipFile, name: str) -> bool:
    return f"{name}.npy" in file.namelist()


def _member(file: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    if not _has(file, name):
        raise ValueError(
            f"no array {name} in it; expected pixels, labels and class_names "
            "(and splits, split_codes, samples)"
        )
    return file.getinfo(f"{name}.npy")


def _array(file: zipfile.ZipFile, name: str, max_bytes: int) -> NDArray[Any]:
    info = _member(file, name)
    if info.file_size > max_bytes + _HEADER_BYTES:
        raise ValueError(f"array {name} is {info.file_size:,} bytes, more than there are samples")
    with file.open(info) as stream:
        found: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
    return found


def _integers(file: zipfile.ZipFile, name: str, num: int) -> NDArray[np.int64]:
    found = _array(file, name, 8 * num)
    if found.dtype.kind not in "iu" or found.shape != (num,):
        raise ValueError(f"{name} is {found.dtype} {list(found.shape)}; expected integers [{num}]")
    return found.astype(np.int64)


def _text(file: zipfile.ZipFile, name: str, max_bytes: int) -> NDArray[np.str_]:
    found = _array(file, name, max_bytes)
    if found.dtype.kind != "U" or found.ndim != 1:
        raise ValueError(f"{name} is {found.dtype} {list(found.shape)}; expected text, one row")
    return found


def _check_range(path: Path, name: str, values: NDArray[np.int64], least: int, stop: int) -> None:
    bad = np.flatnonzero((values < least) | (values >= stop))
    if len(bad):
        raise DataError(
            f"{path}: {name} has {values[bad[0]]} in row {bad[0]}; expected {least} to {stop - 1}"
        )
