"""Match a labels table with the images that there are.

The listing of the image folder is all that is needed: names from the table are looked up in it, no
path is joined and nothing is opened. What was read from which column is in the notes; what is
doubtful is an error with the choices in `DataError.fix`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fer_data.data.skipped import Skipped
from fer_data.data.sources.column_values import is_group
from fer_data.data.sources.file_lookup import LEVELS, NO_FILE, SEVERAL_FILES, FileLookup, normal
from fer_data.data.sources.image_column import ImageColumn, find_image_column
from fer_data.data.sources.label_column import find_label_column
from fer_data.data.sources.split_column import find_split_column, in_split_folder
from fer_data.data.sources.table_columns import Table, quoted
from fer_data.errors import DataError
from fer_data.util.words import counted

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class TableMatch:
    """The samples of a table: images of a listing with labels.

    Attributes
    ----------
    rows : ndarray of int64, shape [N]
        Which file each sample is, in the order of the table; no file twice.
    labels : list of str or None, length N
        Class names, None where the table has none.
    splits : list of str, length N, or None
        Of `fer_data.data.split_names.SPLITS`.
    groups : list of str or None, length N, or None
        Values of the group column, None where it is empty.
    columns : dict of str to tuple of str
        Which columns were used as ``image``, ``label``, ``split`` and ``group``, and which are
        ``unused``.
    notes : tuple of str
        For people, a line each.
    missing : tuple of (str, str)
        Of each row that names no file: the row, as an error calls it, and the name.
    disputed : tuple of Skipped
        Files whose rows disagree, none of which is a sample.
    table_rows : ndarray of int64, shape [N], optional
        Which row of the table each sample is; None without a table.
    """

    rows: NDArray[np.int64]
    labels: list[str | None]
    splits: list[str] | None
    groups: list[str | None] | None
    columns: dict[str, tuple[str, ...]]
    notes: tuple[str, ...]
    missing: tuple[tuple[str, str], ...] = ()
    disputed: tuple[Skipped, ...] = ()
    table_rows: NDArray[np.int64] | None = None


def match_table(
    table: Table,
    files: Sequence[str],
    *,
    image_column: str | None = None,
    label_column: str | Sequence[str] | None = None,
    split_column: str | None = None,
    group_column: str | None = None,
    below: str = "",
) -> TableMatch:
    """Find out which files a table labels, and how.

    Parameters
    ----------
    table : Table
    files : sequence of str
        Relative paths of the images below their folder, with ``/``.
    image_column, label_column, split_column : str, optional
        Columns of the names of images, of labels and of splits; by default those that can only be
        it. One-hot labels have several columns, in a sequence or with commas between them.
    group_column : str, optional
        Column of what a sample belongs to: a patient, a lesion, a track. Never guessed.
    below : str
        Folder of the listing whose files come first where a name is in several folders, as that
        in which the table lies.

    Raises
    ------
    DataError
        If columns are missing or could be several, a name is in several folders, or two names of
        different folders are one file.

    Examples
    --------
    >>> from pathlib import Path
    >>> columns = {"id": ["b", "a", "c", "d"], "diagnosis": ["0", "1", "1", "0"]}
    >>> files = ["train_images/a.png", "train_images/b.png", "train_images/c.png", "x/d.png"]
    >>> match = match_table(Table(Path("train.csv"), "csv", columns, 2), files)
    >>> match.rows.tolist(), match.labels
    ([1, 0, 2, 3], ['0', '1', '1', '0'])
    """
    for argument, name in {
        "image_column": image_column,
        "split_column": split_column,
        "group_column": group_column,
    }.items():
        if name is not None and name not in table.columns:
            raise DataError(
                f"{table.path}: no column {quoted(name)}; choose another",
                fix={argument: list(table.columns)},
            )
    if not files:
        raise DataError(f"{table.path}: no images to label; give the folder that holds them")
    lookup = FileLookup(files)
    images = find_image_column(table, lookup, image_column)
    left = {
        name: values
        for name, values in table.columns.items()
        if name not in (images.name, *images.aliases, group_column)
    }
    others = {name: values for name, values in left.items() if name != label_column}
    split = find_split_column(table, others, split_column)
    places = _decided(table, lookup, images, left.get(split.name or ""), below)
    kept = np.flatnonzero(places != NO_FILE)
    rest = {name: _taken(values, kept) for name, values in left.items() if name != split.name}
    label = find_label_column(table.path, rest, label_column)
    splits = _taken(split.splits, kept) if split.splits is not None else None
    groups = None
    if group_column is not None:
        groups = [value or None for value in _taken(table.columns[group_column], kept)]
    aspects = {"label": label.labels, "split": splits, "group": groups}
    once, disputed = _one_of_each(table, images.name, files, places, kept, aspects)
    columns = {
        "image": (images.name,),
        "label": label.names,
        "split": () if split.name is None else (split.name,),
        "group": () if group_column is None else (group_column,),
    }
    used = {name for names in columns.values() for name in names}
    columns["unused"] = tuple(name for name in table.columns if name not in used)
    match = TableMatch(
        rows=places[kept[once]],
        labels=_taken(label.labels, once),
        splits=None if splits is None else _taken(splits, once),
        groups=None if groups is None else _taken(groups, once),
        columns=columns,
        notes=(),
        table_rows=kept[once],
        missing=tuple(
            (table.where(row), table.columns[images.name][row])
            for row in np.flatnonzero(places == NO_FILE).tolist()
        ),
        disputed=disputed,
    )
    notes = (
        *_about_columns(table, match),
        *label.notes,
        *split.notes,
        *(() if group_column else _about_groups(rest)),
        *_about_files(images, match, len(files), places[kept]),
    )
    return replace(match, notes=notes)


def _taken(values: Sequence[T], rows: NDArray[np.int64]) -> list[T]:
    """Return the values of some rows, in order; each row at most once."""
    if len(rows) == len(values):
        return list(values)
    return [values[row] for row in rows.tolist()]


def _decided(
    table: Table,
    lookup: FileLookup,
    images: ImageColumn,
    splits: Sequence[str] | None,
    below: str,
) -> NDArray[np.int64]:
    """Return each row's file where names that several files have are decided.

    A file below the folder `below` comes first, then one in a folder named as the row's split.

    Raises
    ------
    DataError
        If a name still stands for several files.
    """
    places = images.places.copy()
    for row in np.flatnonzero(places == SEVERAL_FILES).tolist():
        name = table.columns[images.name][row]
        candidates = lookup.candidates(name)
        left = [
            place for place in candidates if below and lookup.files[place].startswith(f"{below}/")
        ]
        if len(left) != 1 and splits is not None:
            left = [
                place
                for place in left or candidates
                if in_split_folder(lookup.files[place], splits[row])
            ]
        if len(left) != 1:
            first, second = (quoted(lookup.files[place]) for place in (left or candidates)[:2])
            raise DataError(
                f"{table.where(row)}: {quoted(name)} is several files, as {first} and {second}; "
                "give the folder of the images that are meant, or name them with their folders"
            )
        places[row] = left[0]
    return places


def _one_of_each(
    table: Table,
    image_column: str,
    files: Sequence[str],
    places: NDArray[np.int64],
    kept: NDArray[np.int64],
    aspects: Mapping[str, Sequence[Any] | None],
) -> tuple[NDArray[np.int64], tuple[Skipped, ...]]:
    """Return which of the kept rows to use so that each file is one sample, and disputed files.

    Parameters
    ----------
    table : Table
    image_column : str
    files : sequence of str
    places : ndarray of int64, shape [N]
        File of each row of the table.
    kept : ndarray of int64, shape [K]
        Rows that have a file.
    aspects : mapping of str to sequence of length K or None
        What rows of one file have to agree in: label, split, group.

    Raises
    ------
    DataError
        If two rows of one file have different names.
    """
    _, first, inverse = np.unique(places[kept], return_index=True, return_inverse=True)
    names = table.columns[image_column]
    rows_of: dict[int, list[int]] = {}
    for number in np.flatnonzero(first[inverse] != np.arange(len(kept))).tolist():
        before = int(first[inverse[number]])
        row, row_before = int(kept[number]), int(kept[before])
        if normal(names[row]) != normal(names[row_before]):
            raise DataError(
                f"{table.where(row_before)} and {row + table.first_row:,}: "
                f"{quoted(names[row_before])} and {quoted(names[row])} are one file; "
                "name the images with their folders"
            )
        rows_of.setdefault(before, [before]).append(number)
    disputed = {}
    for before, numbers in rows_of.items():
        name = files[places[kept[before]]]
        for aspect, values in aspects.items():
            given = {} if values is None else {values[number]: number for number in numbers[::-1]}
            if len(given) > 1:
                disputed[before] = _disputed(table, name, aspect, given, kept)
                break
    return np.setdiff1d(first, list(disputed)), tuple(disputed.values())


def _disputed(
    table: Table,
    name: str,
    aspect: str,
    given: Mapping[str | None, int],
    kept: NDArray[np.int64],
) -> Skipped:
    """Return a file whose rows give it different values of one aspect, each from a kept row."""
    (value, number), (other, another), *more = sorted(given.items(), key=lambda item: item[1])
    shown = " and ".join(
        f"no {aspect}" if one is None else f"the {aspect} {quoted(str(one))}"
        for one in (value, other)
    )
    if None in given:
        reason = f"has a {aspect} in some of its rows only"
    else:
        reason = f"has {'several' if more else 'two'} {aspect}s"
    where = f"{table.where(int(kept[number]))} and {int(kept[another]) + table.first_row:,}"
    several = "multi-label: " if aspect == "label" and None not in given else ""
    error = f"{where}: {several}{quoted(name)} has {shown}; expected one for each image"
    return Skipped(name, reason, error)


def _about_columns(table: Table, match: TableMatch) -> Iterator[str]:
    parts = []
    for role, names in match.columns.items():
        if names and role != "unused":
            parts.append(f"{role} from {_shown(names)}")
    unused = match.columns["unused"]
    end = f"; not used: {_shown(unused)}" if unused else ""
    yield f"{table.path.name} ({table.kind}): {', '.join(parts)}{end}"


def _about_files(
    images: ImageColumn, match: TableMatch, num_files: int, places: NDArray[np.int64]
) -> Iterator[str]:
    for level in np.unique(images.levels[images.places != NO_FILE]).tolist():
        if level:
            number = int(((images.levels == level) & (images.places != NO_FILE)).sum())
            yield f"{counted(number, 'row')} matched by {LEVELS[level]}"
    if repeated := int(np.isin(places, match.rows).sum()) - len(match.rows):
        yield f"{counted(repeated, 'row')} repeated word for word, used once"
    if lacking := num_files - len(match.rows) - len(match.disputed):
        yield f"{counted(lacking, 'image')} in no row, skipped"


def _about_groups(columns: dict[str, list[str]]) -> Iterator[str]:
    for name, values in columns.items():
        number = len(set(values))
        if is_group(name, number, len(values)):
            yield (
                f"column {quoted(name)} repeats ({number:,} values in {len(values):,} rows): keep "
                f"what it groups in one split with group_column={name!r}"
            )


def _shown(names: Sequence[str], most: int = 8) -> str:
    return ", ".join(map(quoted, names[:most])) + (", …" if len(names) > most else "")
