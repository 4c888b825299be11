"""TFRecord files as `fer_data.write_tfrecords` writes them, with their ``index.json``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fer_data.data.dataset import Dataset, build
from fer_data.data.labels import SPLITS
from fer_data.data.options import LoadOptions
from fer_data.data.origin import Origin
from fer_data.data.sources import source
from fer_data.data.sources.content import State
from fer_data.data.sources.example import features, record_at
from fer_data.data.sources.piece import Found, Pieces
from fer_data.errors import DataError

if TYPE_CHECKING:
    from fer_data.data.decode import PixelFormat

FORMAT = 1

_INDEX = "index.json"
_MAX_INDEX_BYTES = 64 << 20
_RECORDS_AT_ONCE = 256

_Kind = TypeVar("_Kind")


@dataclass(frozen=True)
class RecordFile:
    """A file of records of one class.

    Attributes
    ----------
    path : Path
    split : str
    label : int
    num_records : int
    """

    path: Path
    split: str
    label: int
    num_records: int


@dataclass(frozen=True)
class RecordIndex:
    """What a folder of TFRecord files holds.

    Attributes
    ----------
    path : Path
    class_names : tuple of str
        In label order.
    form : PixelFormat
        Size and colour of every picture.
    num_samples : int
        Of the data set that was written: ``image/id`` is below it.
    files : tuple of RecordFile
    """

    path: Path
    class_names: tuple[str, ...]
    form: PixelFormat
    num_samples: int
    files: tuple[RecordFile, ...]

    def counts(self, split: str) -> NDArray[np.int64]:
        """Return the number of samples of each class in one split, int64 [C].

        Raises
        ------
        DataError
            If there is no such split.
        """
        splits = {file.split for file in self.files}
        if split not in splits:
            raise DataError(
                f"{self.path}: there is no {split} split here, only {', '.join(sorted(splits))}"
            )
        counts = np.zeros(len(self.class_names), np.int64)
        for file in self.files:
            if file.split == split:
                counts[file.label] += file.num_records
        return counts


@dataclass(frozen=True)
class Records:
    """Some records, known by file and byte; the dataset's row `start` is the first."""

    root: Path
    locations: list[str]
    start: int

    def __len__(self) -> int:
        return len(self.locations)

    def pictures(self) -> Iterator[Found]:
        """Yield the bytes of the image files."""
        for row, location in enumerate(self.locations, self.start):
            found = _record(self.root, location)
            encoded = found.get(b"image/encoded")
            name = f"{self.root / location}"
            yield Found(
                row,
                name,
                encoded if isinstance(encoded, bytes) else DataError(f"{name}: no image/encoded"),
            )


def recognises(path: Path) -> bool:
    """Whether the path is a folder with an ``index.json`` of TFRecord files."""
    return (path / _INDEX).is_file() and any(path.glob("*/*.tfrecord"))


def state(origin: Origin) -> State:
    """Return the state of the index and of each file."""
    path, found = origin.root, State()
    for file in (path / _INDEX, *(file.path for file in read_index(path).files)):
        with source.reading(file):
            found.add(str(file.relative_to(path)), file.stat())
    return found


def read(path: Path, options: LoadOptions) -> Dataset:
    """Read the dataset in the order of ``image/id``; pictures are not decoded."""
    index = read_index(path)
    found: list[tuple[int, tuple[str, str | None, str]]] = []
    for file in index.files:
        relative = file.path.relative_to(index.path)
        for offset, example in _examples(file):
            number = example.get(b"image/id", len(found))
            sample = file.split, index.class_names[file.label], f"{relative}:{offset}"
            found.append((number if isinstance(number, int) else len(found), sample))
    found.sort(key=lambda item: item[0])
    return build(path, "TFRecord files", index.class_names, (sample for _, sample in found))


def pieces(origin: Origin, rows: NDArray[np.int64]) -> Pieces:
    """Return the records, a few hundred a piece."""
    starts = range(0, len(rows), _RECORDS_AT_ONCE)
    locations = origin.locations[rows].tolist()
    return Pieces(
        (
            Records(origin.root, locations[start : start + _RECORDS_AT_ONCE], start)
            for start in starts
        ),
        len(starts),
    )


def names(dataset: Dataset) -> list[str]:
    """Return each record's ``image/filename``, or a name made of split and ``image/id``."""
    found: list[str] = []
    for code, location in zip(dataset.split_codes.tolist(), dataset.locations, strict=True):
        example = _record(dataset.root, str(location))
        own, number = example.get(b"image/filename"), example.get(b"image/id", len(found))
        if isinstance(own, bytes) and 0 < len(own) <= source.MAX_NAME_BYTES:
            found.append(own.decode("utf-8", "surrogateescape"))
        else:
            row = number if isinstance(number, int) else 0
            found.append(source.file_name(dataset.splits[code], row))
    return found


def read_index(path: str | Path) -> RecordIndex:
    """Read what a folder of TFRecord files holds.

    Raises
    ------
    DataError
        If the folder is none that `fer_data.write_tfrecords` finished.
    """
    from fer_data.data.decode import PixelFormat

    root = Path(path).absolute()
    try:
        if (root / _INDEX).stat().st_size > _MAX_INDEX_BYTES:
            raise ValueError(f"it is larger than {_MAX_INDEX_BYTES:,} bytes")
        about = json.loads((root / _INDEX).read_text("utf-8"))
        if about["format"] != FORMAT:
            raise ValueError(f"format {about['format']!r}")
        class_names = tuple(_each(str, about["class_names"]))
        if len(set(class_names)) < len(class_names):
            raise ValueError("class_names has a name twice")
        files = tuple(_record_file(root, one, class_names) for one in _each(dict, about["files"]))
        height, width = _each(int, [about["form"]["height"], about["form"]["width"]])
        form = PixelFormat(height, width, about["form"]["color"])
        (num_samples,) = _each(int, [about["num_samples"]])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(f"{root}: no TFRecord files with their index.json ({error})") from None
    return RecordIndex(root, class_names, form, num_samples, files)


def _record_file(root: Path, one: dict[str, Any], class_names: tuple[str, ...]) -> RecordFile:
    (relative,) = _each(str, [one["path"]])
    label, num_records = _each(int, [one["label"], one["num_records"]])
    path = root / relative
    if Path(relative).is_absolute() or not path.resolve().is_relative_to(root.resolve()):
        raise ValueError(f"{relative!r} lies elsewhere")
    if path.exists() and not path.is_file():
        raise ValueError(f"{relative!r} is no regular file")
    if one["split"] not in SPLITS or label not in range(len(class_names)):
        raise ValueError(f"{relative!r} has split {one['split']!r}, label {label}")
    return RecordFile(path, one["split"], label, num_records)


def _each(kind: type[_Kind], values: Any) -> list[_Kind]:
    """Return a list all values of which are of a kind, as True is no whole number."""
    if not isinstance(values, list) or any(type(value) is not kind for value in values):
        raise TypeError(f"{values!r:.80} where there must be {kind.__name__}")
    return values


def _examples(file: RecordFile) -> Iterator[tuple[int, dict[bytes, bytes | int]]]:
    """Yield the place and the features of each record of a file."""
    number = offset = 0
    with source.reading(file.path), open(file.path, "rb") as stream:
        size = file.path.stat().st_size
        while offset < size:
            try:
                record, following = record_at(stream, offset, size)
                yield offset, features(record)
            except ValueError as error:
                raise _broken(file.path, f"after record {number}, {error}") from None
            number, offset = number + 1, following
    if number != file.num_records:
        raise _broken(file.path, f"{number:,} records of {file.num_records:,}")


def _record(root: Path, location: str) -> dict[bytes, Any]:
    relative, _, offset = location.rpartition(":")
    path = root / relative
    try:
        with source.reading(path), open(path, "rb") as stream:
            record, _ = record_at(stream, int(offset), path.stat().st_size)
            return features(record)
    except ValueError as error:
        raise _broken(path, str(error)) from None


def _broken(path: Path, cause: str) -> DataError:
    return DataError(f"{path}: broken ({cause}); write or fetch the file again")
