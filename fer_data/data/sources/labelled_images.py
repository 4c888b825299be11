"""A folder of images whose labels stand in a table, or in the names of the files.

It is read so where the options say it: `labels` names the table, `label_from` a pattern of names.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fer_data.data.dataset import UNLABELLED, Dataset
from fer_data.data.labels import SPLITS, split_of_folder
from fer_data.data.options import LoadOptions
from fer_data.data.sources import folder
from fer_data.data.sources.labels_table import TableMatch, match_table
from fer_data.data.sources.name_pattern import labels_from_names
from fer_data.data.sources.tables import read_table
from fer_data.errors import DataError

pieces, state = folder.pieces, folder.state


def recognises(path: Path) -> bool:
    """Whether the path is to be read so: never by itself, only where the options say it."""
    return False


def read(path: Path, options: LoadOptions) -> Dataset:
    """Read the samples in the order of the table, or of the files' names.

    Where the table has no column of splits, a folder that is named as a split tells it; else all
    is the training split.
    """
    if not path.is_dir():
        raise DataError(f"{path}: expected the folder that holds the images, got a file")
    files, left_out = folder.pictures_below(path)
    match, words = _match(path, files, options)
    names = sorted({label for label in match.labels if label is not None})
    if not names:
        raise DataError(f"{path}: {words}: no image has a label")
    places = {name: place for place, name in enumerate(names)}
    found = [files[row] for row in match.rows.tolist()]
    splits = match.splits or [_split_of(file) for file in found]
    present = [split for split in SPLITS if split in set(splits)]
    return Dataset(
        root=path,
        layout=words,
        class_names=tuple(names),
        splits=tuple(present),
        split_codes=np.array([present.index(split) for split in splits], np.int8),
        labels=np.array(
            [UNLABELLED if label is None else places[label] for label in match.labels], np.int32
        ),
        locations=np.array(found, np.str_),
        left_out=tuple(one for one in left_out if "hidden" not in one.reason),
        notes=match.notes,
    )


def names(dataset: Dataset) -> list[str]:
    """Return each file's name; the folders that it lies in mean nothing."""
    return [location.rpartition("/")[2] for location in dataset.locations.tolist()]


def _match(path: Path, files: Sequence[str], options: LoadOptions) -> tuple[TableMatch, str]:
    if options.label_from is not None:
        return labels_from_names(files, options.label_from), "images with labels in their names"
    assert options.labels is not None
    table = Path(options.labels)
    below = table.parent.relative_to(path).as_posix() if table.is_relative_to(path) else ""
    match = match_table(
        read_table(table),
        files,
        image_column=options.image_column,
        label_column=options.label_column,
        split_column=options.split_column,
        below="" if below == "." else below,
    )
    return match, f"images with labels in {table.name}"


def _split_of(file: str) -> str:
    for part in file.split("/")[:-1]:
        if split := split_of_folder(part):
            return split
    return "train"
