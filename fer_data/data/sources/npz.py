"""NumPy's ``.npz``: images in arrays, with their labels next to them.

As it is written here:

======================= ==========================================================================
``pixels``              uint8 [N, H, W] or [N, H, W, 1] (grey), or [N, H, W, 3] (rgb)
``labels``              integers [N]: places in `class_names`, -1 where there is no label
``class_names``         text [C]
``splits``              text [S]; with ``split_codes``, integers [N]: places in `splits`. Without
                        both, all is the training split.
``samples``             text [N], a file name for each sample; may be missing
``groups``              integers [N], the group of each sample; may be missing
======================= ==========================================================================

Or two arrays for each split, with integers [N] or [N, 1] as labels, whose classes are called as
their numbers: ``x_train``, ``y_train``, ``x_test``, … of Keras, or ``train_images``,
``train_labels``, ``val_images``, … of MedMNIST.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.data.chosen import UNLABELLED
from fer_data.data.class_names import NUMERIC, renamed
from fer_data.data.dataset import Dataset
from fer_data.data.options import LoadOptions
from fer_data.data.origin import Origin
from fer_data.data.sources import archive, npz_arrays, source
from fer_data.data.sources.chunk import Chunks, RawImage
from fer_data.data.sources.table import MAX_CLASSES, dataset_of, format_of
from fer_data.data.split_names import SPLITS, split_notes, split_of_folder
from fer_data.errors import DataError

state = source.state

_PAIRS = (
    ("Keras", re.compile(r"x_(\w+)", re.IGNORECASE), "y_{}"),
    ("MedMNIST", re.compile(r"(\w+)_images", re.IGNORECASE), "{}_labels"),
)
"""Names of arrays of images by split, and of their labels."""


@dataclass(frozen=True)
class Part:
    """The arrays of a split; `labels` is empty where they have none, `split` where others say."""

    split: str
    images: str
    labels: str


@dataclass(frozen=True)
class Stack:
    """Some images; the dataset's row `start` is the first, the file's row ``rows[0]``."""

    path: Path
    pixels: NDArray[np.uint8]
    rows: list[int]
    start: int

    def __len__(self) -> int:
        return len(self.rows)

    def raw_images(self) -> Iterator[RawImage]:
        """Yield the pixels, uint8 [H, W] or [H, W, C]."""
        for place, (row, pixels) in enumerate(zip(self.rows, self.pixels, strict=True)):
            yield RawImage(self.start + place, f"{self.path}: row {row}", pixels)


def recognises(path: Path) -> bool:
    """Whether the path is a zip archive of arrays."""
    return archive.is_zip(path) and archive.holds_arrays(path)


def read(path: Path, options: LoadOptions) -> Dataset:  # all sources have them
    """Read the dataset in the order of the rows; pixels are not looked at."""
    with npz_arrays.opened(path) as file:
        kind, parts = _parts(path, file)
        return _own(path, file) if not kind else _of_parts(path, file, kind, parts)


def _parts(path: Path, file: zipfile.ZipFile) -> tuple[str, list[Part]]:
    """Return whose arrays they are, ``""`` for those that are written here, in order of splits."""
    npz_arrays.check(file)
    names = npz_arrays.names(file)
    if "pixels" in names:
        return "", [Part("", "pixels", "labels")]
    for kind, of_images, of_labels in _PAIRS:
        parts: dict[str, Part] = {}
        for name in names:
            match = of_images.fullmatch(name)
            split = match and split_of_folder(match[1])
            if not match or not split:
                continue
            wanted = of_labels.format(match[1]).lower()
            labels = next((other for other in names if other.lower() == wanted), "")
            if split in parts:
                raise DataError(
                    f"{path}: {parts[split].images} and {name} both stand for the {split} split"
                )
            if not labels and split == "train":
                raise DataError(
                    f"{path}: no array {wanted} next to {name}, only {npz_arrays.listed(names)}"
                )
            parts[split] = Part(split, name, labels)
        if parts:
            return kind, [parts[split] for split in SPLITS if split in parts]
    raise DataError(
        f"{path}: no array pixels in it, or another of images, only {npz_arrays.listed(names)}; "
        f"expected {npz_arrays.EXPECTED}"
    )


def _own(path: Path, file: zipfile.ZipFile) -> Dataset:
    shape = _shape(path, file, "pixels")
    num = shape[0]
    labels = npz_arrays.integers(file, "labels", num)
    class_names = npz_arrays.text(file, "class_names", MAX_CLASSES)
    splits, codes = ["train"], np.zeros(num, np.int64)
    if npz_arrays.has(file, "splits"):
        splits = npz_arrays.text(file, "splits", len(SPLITS))
        codes = npz_arrays.integers(file, "split_codes", num)
    if len(set(class_names)) < len(class_names):
        raise DataError(f"{path}: class_names has a name twice")
    for split in splits:
        if split not in SPLITS:
            raise DataError(f"{path}: split {split!r} is none of {', '.join(SPLITS)}")
    _check_range(path, "labels", labels, UNLABELLED, len(class_names))
    _check_range(path, "split_codes", codes, 0, len(splits))
    layout, form = f"npz ({_by(shape)})", format_of([shape])
    dataset = dataset_of(path, layout, class_names, labels, splits, codes, image_format=form)
    if not npz_arrays.has(file, "groups"):
        return dataset
    numbers, groups = np.unique(npz_arrays.integers(file, "groups", num), return_inverse=True)
    return replace(dataset, groups=groups, group_names=numbers.astype(np.str_))


def _of_parts(path: Path, file: zipfile.ZipFile, kind: str, parts: list[Part]) -> Dataset:
    labels: list[NDArray[np.int64]] = []
    shapes = []
    for part in parts:
        shapes.append(_shape(path, file, part.images))
        num = shapes[-1][0]
        part_labels = np.full(num, UNLABELLED)
        if part.labels:
            part_labels = npz_arrays.integers(file, part.labels, num)
            _check_range(path, part.labels, part_labels, UNLABELLED, MAX_CLASSES)
        labels.append(part_labels)
    every_label = np.concatenate(labels)
    low = int(every_label[every_label >= 0].min(initial=MAX_CLASSES))
    if low and low < MAX_CLASSES:  # codes that begin at 1
        every_label = np.where(every_label >= 0, every_label - low, every_label)
    else:
        low = 0
    class_names = [str(low + code) for code in range(int(every_label.max(initial=-1)) + 1)]
    codes = np.repeat(np.arange(len(parts)), [len(part_labels) for part_labels in labels])
    layout = f"npz of {kind} ({' and '.join(dict.fromkeys(map(_by, shapes)))})"
    splits, form = [part.split for part in parts], format_of(shapes)
    dataset = dataset_of(path, layout, class_names, every_label, splits, codes, image_format=form)
    dataset = renamed(dataset, NUMERIC)
    used = {name for part in parts for name in (part.images, part.labels)}
    notes = [f"{part.images} has no labels next to it" for part in parts if not part.labels]
    notes += split_notes((part.images, part.split) for part in parts)
    if others := [name for name in npz_arrays.names(file) if name not in used]:
        notes.append(f"arrays not used: {npz_arrays.listed(others)}")
    return replace(dataset, notes=tuple(notes))


def _shape(path: Path, file: zipfile.ZipFile, name: str) -> tuple[int, ...]:
    with npz_arrays.images(file, name) as (_, shape):
        source.check_bad_rows(path, shape[0] - npz_arrays.packed_size(file, name))  # no byte each
    return shape


def _by(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape[1:]))


def chunks(origin: Origin, rows: NDArray[np.int64]) -> Chunks:
    """Return the rows, about a mebibyte a chunk, as they come from the file."""
    number = 0
    with npz_arrays.opened(origin.root) as file:
        for part in _parts(origin.root, file)[1]:
            with npz_arrays.images(file, part.images) as (_, shape):
                number += -(-shape[0] // _rows_at_once(shape))
    return Chunks(_chunks(origin.root, origin.locations[rows]), number)


def names(dataset: Dataset) -> list[str]:
    """Return what ``samples`` has for the rows, or a name made of split and number."""
    with npz_arrays.opened(dataset.root) as file:
        if not npz_arrays.has(file, "pixels") or not npz_arrays.has(file, "samples"):
            return source.made_names(dataset)
        num = _shape(dataset.root, file, "pixels")[0]
        texts = npz_arrays.text(file, "samples", num)
    if len(texts) != num:
        raise DataError(f"{dataset.root}: samples has {len(texts):,} names, pixels {num:,} rows")
    return source.own_names(dataset, (texts[row] for row in dataset.locations.tolist()))


def _chunks(path: Path, locations: NDArray[Any]) -> Iterator[Stack]:
    with npz_arrays.opened(path) as file:
        before = 0
        for part in _parts(path, file)[1]:
            with npz_arrays.images(file, part.images) as (stream, shape):
                at_once = _rows_at_once(shape)
                row_bytes = int(np.prod(shape[1:]))
                for first in range(before, before + shape[0], at_once):
                    stop = min(first + at_once, before + shape[0])
                    # To its end, where zipfile checks the sum.
                    data = stream.read((stop - first) * row_bytes)
                    start, end = np.searchsorted(locations, [first, stop]).tolist()
                    if start < end:
                        rows = locations[start:end].tolist()
                        block = np.frombuffer(data, np.uint8).reshape(stop - first, *shape[1:])
                        is_whole = end - start == stop - first
                        wanted = block if is_whole else block[np.array(rows) - first]
                        yield Stack(path, wanted, rows, start)
            before += shape[0]


def _rows_at_once(shape: tuple[int, ...]) -> int:
    return max(1, npz_arrays.BYTES_AT_ONCE // int(np.prod(shape[1:])))


def _check_range(path: Path, name: str, values: NDArray[np.int64], least: int, stop: int) -> None:
    bad = np.flatnonzero((values < least) | (values >= stop))
    if len(bad):
        raise DataError(
            f"{path}: {name} has {values[bad[0]]} in row {bad[0]}; expected {least} to {stop - 1}"
        )
