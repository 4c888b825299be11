"""A folder of images whose labels stand in a table, or in the names of the files.

It is read so where the options say it: `labels` names the table, `label_from` a pattern of names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.data.dataset import Dataset
from fer_data.data.options import LoadOptions
from fer_data.data.skipped import Skipped
from fer_data.data.sources import archive, folder, source
from fer_data.data.sources.labels_table import TableMatch, match_table
from fer_data.data.sources.name_pattern import labels_from_names, split_of_path
from fer_data.data.sources.table import build
from fer_data.data.sources.table_columns import quoted
from fer_data.data.sources.tables import TABLE_SUFFIXES, Table, read_table, table_of_frame
from fer_data.data.sources.tree_paths import unpacked_ending
from fer_data.errors import DataError, UsageError, skippable

chunks, state = folder.chunks, folder.state


def recognises(data: Any) -> bool:
    """Whether this is the path of a table of labels, or a DataFrame; options name a folder."""
    if isinstance(data, Path):
        return data.is_file() and unpacked_ending(data) in TABLE_SUFFIXES
    return is_frame(data)


def is_frame(data: Any) -> bool:
    """Whether this is a DataFrame."""
    return hasattr(data, "columns") and hasattr(data, "iloc")


def read(data: Any, options: LoadOptions) -> Dataset:
    """Read the samples in the order of the table, or of the files' names.

    Where the table has no column of splits, a folder that is named as a split tells it; else all
    is the training split. The options of the dataset are those that read its root, the folder of
    the images, again.
    """
    path, options, frame = _folder_and_table(data, options)
    if frame is None and options.labels is not None:
        frame = read_table(options.labels)
    try:
        files, skipped = folder.images_below(path)
    except DataError as error:
        if not isinstance(data, Path) or data == path:
            raise
        is_csv = unpacked_ending(data) == ".csv"
        why = "has no column pixels, so it " if is_csv else ""
        raise DataError(
            f"{data}: {why}is read as a table of labels, and {error}", fix={"images": ()}
        ) from None
    match, words = _match(path, files, options, frame)
    bad = _bad(path, match, options)
    names = sorted({label for label in match.labels if label is not None})
    if not names:
        raise DataError(f"{path}: {words}: no image has a label")
    located = [files[row] for row in match.rows.tolist()]
    splits = match.splits or [split_of_path(file) for file in located]
    groups, group_names = _groups(match.groups)
    others = [
        item
        for item in skipped
        if "hidden" not in item.reason and path / item.name != options.labels
    ]
    samples = zip(splits, match.labels, located, strict=True)
    dataset = build(path, words, names, samples, [*bad, *others])
    return replace(
        dataset,
        origin=replace(dataset.origin, table_rows=match.table_rows),
        groups=groups,
        group_names=group_names,
        notes=match.notes,
        options=options if options.labels is None else replace(options, images=None),
    )


def _bad(path: Path, match: TableMatch, options: LoadOptions) -> list[Skipped]:
    """Return what a table has no image or no one label for, or refuse it unless it is skipped.

    Those are rows whose image is missing, and files whose rows disagree.
    """
    missing = [
        Skipped(name, "has no file", f"{where}: no file {quoted(name)} in {path}")
        for where, name in match.missing
    ]
    bad = [*missing, *match.disputed]
    if bad and not options.may_skip_bad:
        number, files = len(missing) + len(match.rows), len(match.rows) + len(match.disputed)
        more = ""
        if missing:
            more = f" ({len(missing):,} of {number:,} rows have no file)" if missing[1:] else ""
        elif match.disputed[1:]:
            more = f" ({len(match.disputed):,} of {files:,} images have rows that disagree)"
        raise skippable(f"{bad[0].error}{more}")
    source.check_bad_rows(path, len(bad))
    return bad


def names(dataset: Dataset) -> list[str]:
    """Return each file's name; the folders that it lies in mean nothing."""
    return [location.rpartition("/")[2] for location in dataset.locations.tolist()]


def _folder_and_table(data: Any, options: LoadOptions) -> tuple[Path, LoadOptions, Table | None]:
    """Return the folder of the images, the options with the table in them, and a frame's table."""
    if is_frame(data):
        if options.images is None:
            raise UsageError("DataFrame: name the folder of its images", fix={"images": []})
        return existing_folder(options.images), options, table_of_frame(data)
    if folder.recognises(data):
        if options.images is not None:
            raise UsageError(
                f"{data}: is the folder of images already; leave images out, or load the table",
                fix={"images": []},
            )
        if options.labels is not None:
            options = replace(options, labels=_table_path(data, Path(options.labels)))
        return data, options, None
    if options.labels is not None or options.label_from is not None:
        raise DataError(f"{data}: expected the folder or zip archive that holds the images")
    images = data.parent if options.images is None else existing_folder(options.images)
    return images, replace(options, labels=data), None


def _table_path(root: Path, path: Path) -> Path:
    """Return a table's path: where there is no such file, the one below the images that ends so."""
    if path.exists() or not path.is_relative_to(Path.cwd()):
        return path
    inside = path.relative_to(Path.cwd()).as_posix()
    if root.is_dir():
        return root / inside if (root / inside).is_file() else path
    matches = [name for name in archive.members_of(root) if f"/{name}".endswith(f"/{inside}")]
    if len(matches) > 1 and inside not in matches:
        raise DataError(
            f"{root}: {len(matches)} tables {inside} in it; name one of them",
            fix={"labels": [str(root / name) for name in matches]},
        )
    return root / (inside if inside in matches else matches[0]) if matches else path


def existing_folder(path: str | Path) -> Path:
    """Return an absolute path, of a folder or a zip archive that is there."""
    path = Path(path).absolute()
    if not folder.recognises(path):
        raise DataError(f"{path}: no folder of images")
    return path


def _match(
    path: Path, files: Sequence[str], options: LoadOptions, frame: Table | None
) -> tuple[TableMatch, str]:
    if isinstance(options.label_from, str):
        return labels_from_names(files, options.label_from), "images with labels in their names"
    assert frame is not None
    table = frame.path
    below = table.parent.relative_to(path).as_posix() if table.is_relative_to(path) else ""
    match = match_table(
        frame,
        files,
        image_column=options.image_column,
        label_column=options.label_column,
        split_column=options.split_column,
        group_column=options.group_column,
        below="" if below == "." else below,
    )
    return match, f"images with labels in {table.name}"


def _groups(
    values: list[str | None] | None,
) -> tuple[NDArray[np.int64] | None, NDArray[np.str_]]:
    """Return the group of each sample and the groups' names; one without is its own."""
    if values is None:
        return None, np.zeros(0, np.str_)
    named = sorted({value for value in values if value is not None})
    place = {name: code for code, name in enumerate(named)}
    groups, alone = [], len(named)
    for value in values:
        groups.append(alone if value is None else place[value])
        alone += value is None
    return np.array(groups, np.int64), np.array([*named, *[""] * (alone - len(named))], np.str_)
