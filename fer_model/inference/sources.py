"""What is predicted, as samples in a stable order: image files, folders of them, data sets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from fer_data.data import sources
from fer_data.data.chosen import UNLABELLED
from fer_data.data.dataset import Dataset
from fer_data.data.options import CLASS_FOLDERS
from fer_data.data.origin import Origin
from fer_data.data.reading import load, load_unlabelled_too
from fer_data.data.skipped import Skipped
from fer_data.data.sources import folder
from fer_data.data.sources.chunk import Chunks
from fer_data.data.sources.tree_paths import SUFFIXES
from fer_data.errors import DataError, UsageError
from fer_data.util.files import refuse_no_file


@dataclass(frozen=True, eq=False)
class Source:
    """Samples of one path, or of image files that are named in a row.

    Attributes
    ----------
    name : str or None
        The path as it was given; None for image files, whose samples are the paths.
    dataset : Dataset
    chunks : Chunks
        Its images.
    notes : tuple of str
        What of it was skipped before an image was decoded, and how it was taken.
    has_splits : bool
        Whether its samples are in splits.
    """

    name: str | None
    dataset: Dataset
    chunks: Chunks
    notes: tuple[str, ...] = ()
    has_splits: bool = False


def sources_of(
    paths: Sequence[str | Path],
    class_names: Iterable[str],
    *,
    split: str | None = None,
    skip_bad: bool = False,
    layout: str | None = None,
) -> list[Source]:
    """Return what paths hold, in the order of the paths.

    A folder that has a class folder of the model's, or that is parquet or TFRecord, is read as
    `fer_data.load` does, as are ``.csv`` (``.csv.gz``), ``.npz`` and parquet files. In any other
    folder every image below it is a sample without a label, in the order of their paths. Any
    other path is an image file, whether it is there or not: decoding tells.

    Raises
    ------
    DataError
        If a data set cannot be read, has no such split, or a folder has no image.
    UsageError
        If a split is asked of what has none.
    """
    names = frozenset(class_names)
    sources = []
    for is_image, group in groupby(map(Path, paths), _is_image):
        if not is_image:
            sources += [_data(path, names, split, skip_bad, layout) for path in group]
        elif split is not None:
            raise UsageError(f"{next(group)}: an image is in no split; leave split out")
        else:
            dataset = _unlabelled(Path(), "image files", [str(path) for path in group])
            sources.append(Source(None, dataset, dataset.source_chunks()))
    return sources


def _is_image(path: Path) -> bool:
    if path.is_dir():
        return False
    refuse_no_file(path)
    if not path.is_file() or path.suffix.lower() in SUFFIXES:
        return True
    return ".csv" not in (end.lower() for end in path.suffixes) and sources.layout_of(path) == "csv"


def _data(
    path: Path, class_names: frozenset[str], split: str | None, skip_bad: bool, layout: str | None
) -> Source:
    if layout is None and split is None and path.is_dir() and _is_plain_folder(path):
        layout = _layout_by_classes(path, class_names)
    try:
        dataset = load_unlabelled_too(
            path, skip_bad=skip_bad, layout=layout if path.is_dir() else None
        )
    except DataError:
        if split is not None or not _is_plain_folder(path):
            raise
        return _images_below(path)
    if split is not None:
        dataset = dataset.take(dataset.indices(split))
    elif _is_plain_folder(path) and not class_names & set(dataset.class_names):
        return _images_below(path)
    notes = tuple(f"{path}: {line}" for line in dataset.skipped_summary())
    return Source(str(path), dataset, dataset.source_chunks(), notes, has_splits=True)


def _layout_by_classes(path: Path, class_names: frozenset[str]) -> str | None:
    """Return the layout of a folder that is refused, where its folders are the model's classes."""
    try:
        load(path)
    except DataError:
        try:
            dataset = load(path, layout=CLASS_FOLDERS)
        except DataError:
            return None
        return CLASS_FOLDERS if class_names & set(dataset.class_names) else None
    return None


def _is_plain_folder(path: Path) -> bool:
    return sources.layout_of(path) == "folder"


def _images_below(path: Path) -> Source:
    locations, skipped = folder.images_below(path.absolute())
    dataset = _unlabelled(path.absolute(), "images in a folder", locations, skipped)
    notes = [
        f"{path}: no folder in it is named as a class of the model, so every image below it is "
        "taken, without a label",
        *(f"{path}: {line}" for line in dataset.skipped_summary()),
    ]
    return Source(str(path), dataset, dataset.source_chunks(), tuple(notes))


def _unlabelled(
    root: Path, layout: str, locations: list[str], skipped: Iterable[Skipped] = ()
) -> Dataset:
    return Dataset(
        Origin(root, layout, (), np.array(locations, np.str_), source=sources.SOURCES["folder"]),
        class_names=(),
        splits=("test",),
        split_codes=np.zeros(len(locations), np.int8),
        labels=np.full(len(locations), UNLABELLED, np.int32),
        skipped=tuple(skipped),
    )
