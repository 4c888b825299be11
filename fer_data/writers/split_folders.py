"""A split as folders: OUT/SPLIT/CLASS/IMAGE, for tools that know nothing else."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path

from fer_data.data.png import encode_grey
from fer_data.errors import DataError, UsageError
from fer_data.splitting.result import Split
from fer_data.util.folders import built_whole
from fer_data.util.progress import track
from fer_data.writers.file_names import check_class_names


def write_split_folders(split: Split, out: str | Path) -> None:
    """Write a split as split folders with class folders in them.

    Images of a folder are hard links to the files, or copies where the file system has none; do
    not edit them. Rows of a csv become PNG files, named by the data's own split and the row, as
    ``fer-data convert-csv`` does. A name that comes twice in a folder gets its path before it.

    Parameters
    ----------
    split : Split
        Not of folds.
    out : path
        A folder that does not exist, or is empty. It appears when all is written.

    Raises
    ------
    UsageError
        If these are folds.
    DataError
        If `out` holds something, or cannot be written; or the data is neither class folders nor a
        csv, or a class name cannot be a folder's.
    """
    if split.num_folds:
        raise UsageError("folds cannot be folders: every fold would be in each of them")
    dataset = split.source
    if dataset.kind not in ("folder", "labelled-images", "csv"):
        raise DataError(
            f"{dataset.root}: only class folders and a FER2013 csv become folders here; "
            "convert it to a folder first (fer-data convert)"
        )
    check_class_names(dataset)
    out = Path(out).absolute()
    try:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise DataError(f"{out}: holds something already; choose another folder")
        with built_whole(out) as beside:
            _write(split, beside)
    except OSError as error:
        raise DataError(f"{out}: cannot be written ({error.strerror or error})") from None


def _write(split: Split, root: Path) -> None:
    dataset = split.source
    for side in split.names:
        for name in dataset.class_names:  # an empty class is a class all the same
            (root / side / name).mkdir(parents=True)
    targets = dict(_targets(split, root))
    parts = dataset.pieces()
    for part in track(parts.pieces, total=parts.number, description="Writing images"):
        for row, _, raw in part.pictures():
            if row not in targets:
                continue
            if isinstance(raw, DataError):
                raise raw
            _refuse_twice(targets[row])
            if isinstance(raw, Path):
                _link(raw, targets[row])
            else:  # bytes of a zip archive, or pixels of a csv
                targets[row].write_bytes(raw if isinstance(raw, bytes) else encode_grey(raw))


def _targets(split: Split, root: Path) -> list[tuple[int, Path]]:
    """Return the index of each sample with its file; samples without a label have none."""
    dataset, locations = split.source, split.source.locations.tolist()
    wanted = [
        (row, root / split.names[side] / dataset.class_names[dataset.labels[row]])
        for row, side in enumerate(split.sides.tolist())
        if dataset.labels[row] >= 0
    ]
    if dataset.in_table:
        own = [dataset.splits[code] for code in dataset.split_codes.tolist()]
        return [(row, folder / f"{own[row]}_{locations[row]:05d}.png") for row, folder in wanted]
    names = {row: os.path.basename(locations[row]) for row, _ in wanted}
    often = Counter((folder, names[row]) for row, folder in wanted)
    return [
        (
            row,
            folder / names[row]
            if often[folder, names[row]] == 1
            else folder / locations[row].replace("/", "-"),
        )
        for row, folder in wanted
    ]


def _refuse_twice(target: Path) -> None:
    if target.exists():
        raise DataError(f"{target.name}: two images of one class and split have this name")


def _link(source: Path, target: Path) -> None:
    source = source.resolve()  # a link to a link would lead elsewhere
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
