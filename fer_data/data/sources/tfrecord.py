"""TFRecord files of ``tf.train.Example``, as TensorFlow's tools and its datasets write them.

A data set is a folder of such files, or one file. Splits are read from the files' names, classes by
``labels.txt`` or ``<label>.labels.txt`` next to them, else by the records. What needs TensorFlow is
in `tfrecord_parsing`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from fer_data.data.dataset import Dataset
from fer_data.data.options import LoadOptions
from fer_data.data.origin import Origin
from fer_data.data.sources import source
from fer_data.data.sources.chunk import Chunks, RawImage
from fer_data.data.sources.content import State
from fer_data.data.sources.tfrecord_features import Kind, choose_features, file_name_feature
from fer_data.data.sources.tfrecord_files import is_record_file, listed, split_files
from fer_data.data.sources.tfrecord_labels import Labels, label_files
from fer_data.data.split_names import split_notes
from fer_data.errors import DataError, UsageError
from fer_data.extras import require
from fer_data.util.quiet import with_tensorflow

_CONVENTION = ("image/encoded", "image/class/label")
"""Features of images and labels as TensorFlow's own tools name them."""


@dataclass(frozen=True)
class Records:
    """The image files of some records."""

    start: int
    names: list[str]
    images: list[bytes]

    def __len__(self) -> int:
        return len(self.names)

    def raw_images(self) -> Iterator[RawImage]:
        """Yield the bytes of the image files."""
        for index, (name, image) in enumerate(zip(self.names, self.images, strict=True)):
            raw = image if image else DataError(f"{name}: no image in this record")
            yield RawImage(self.start + index, name, raw)


def recognises(path: Path) -> bool:
    """Whether the path is a TFRecord file by its name, or a folder with such files."""
    return is_record_file(path) if path.is_file() else path.is_dir() and bool(listed(path))


def state(origin: Origin) -> State:
    """Return the state of each file."""
    files = (file for _, file in split_files(origin.root)[0])
    return source.state_of_files(origin.root, (*label_files(origin.root), *files))


def read(path: Path, options: LoadOptions) -> Dataset:
    """Read the dataset in the order split, file, record; images are not looked at.

    Raises
    ------
    DataError
        If a file is broken, no feature can be the image or the label, or several can.
    UsageError
        If TensorFlow is not installed.
    """
    if options.split_column or options.group_column:
        raise UsageError(f"{path}: TFRecord files have no column of splits or of groups here")
    parsing = _parsing(path)
    files, skipped = split_files(path)
    first = (parsing.feature_kinds(file) for _, file in files)
    kinds: dict[str, Kind] = next(filter(None, first), {})
    if not kinds:
        raise DataError(f"{path}: no record with a feature in its files")
    features = choose_features(path, kinds, options)
    labels = Labels(path, features)
    locations: list[str] = []
    codes: list[int] = []
    for code, (_, file) in enumerate(files):
        for numbers, values in parsing.parsed(file, labels.kinds):
            labels.add(values)
            locations += [f"{_relative(file, path)}:{number}" for number in numbers.tolist()]
        codes += [code] * (len(locations) - len(codes))
    splits = [split or "train" for split, _ in files]
    dataset = labels.dataset(locations, splits, np.array(codes, np.int64), skipped)
    notes = [*split_notes((file.name, split) for split, file in files)]
    if (features.image, features.label) != _CONVENTION:
        notes.append(f"image from {features.image!r}, label from {features.label!r}")
    if files[0][0] is None and path.is_dir():
        notes.append("no file's name tells a split: all are train")
    origin = replace(dataset.origin, image_column=features.image)
    return replace(dataset, origin=origin).noted(*notes)


def chunks(origin: Origin, rows: NDArray[np.int64]) -> Chunks:
    """Return the records, a few a chunk, with their bytes: other processes need no TensorFlow."""
    return Chunks(_chunks(origin, rows), -(-len(rows) // 64))


def _chunks(origin: Origin, rows: NDArray[np.int64]) -> Iterator[Records]:
    start = 0
    for file, wanted in _by_file(origin, rows):
        parsed = _parsing(file).parsed(file, {origin.image_column: "bytes"}, wanted)
        for numbers, values in parsed:
            names = [f"{file}: record {number}" for number in numbers.tolist()]
            yield Records(start, names, values[origin.image_column].tolist())
            start += len(names)


def names(dataset: Dataset) -> list[str]:
    """Return each record's file name, or a name made of split and number where it has none."""
    own: list[str] = []
    for file, wanted in _by_file(dataset.origin, dataset.rows):
        parsing = _parsing(file)
        feature = file_name_feature(parsing.feature_kinds(file))
        if feature is None:
            own += [""] * len(wanted)
            continue
        for _, values in parsing.parsed(file, {feature: "bytes"}, wanted):
            own += [value.decode("utf-8", "surrogateescape") for value in values[feature].tolist()]
    return source.own_names(dataset, own)


def _by_file(origin: Origin, rows: NDArray[np.int64]) -> Iterator[tuple[Path, NDArray[np.int64]]]:
    """Yield each file with the numbers of its records among some rows."""
    ends = (location.rpartition(":") for location in origin.locations[rows].tolist())
    for relative, locations in groupby(ends, key=lambda end: str(end[0])):
        file = origin.root if is_record_file(origin.root) else origin.root / relative
        yield file, np.array([int(number) for *_, number in locations])


def _relative(file: Path, root: Path) -> str:
    return file.name if file == root else str(file.relative_to(root))


def _parsing(path: Path) -> ModuleType:
    require(f"{path}: TFRecord", "tensorflow")
    return with_tensorflow("fer_data.data.sources.tfrecord_parsing")
