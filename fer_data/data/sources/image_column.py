"""Which column of a table names the images: the one whose values are files of the listing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_data.data.sources.file_lookup import LEVELS, NO_FILE, FileLookup, refusal
from fer_data.data.sources.table_columns import Table, quoted
from fer_data.errors import DataError

MIN_FOUND = 0.95
"""Fraction of the rows whose value must be a file; less is a column that only looks alike."""

MAX_REPEATS = 5
"""How often an image may be named on average; classes are named more often."""

_WITHOUT_EXTENSION = 2

_FIRST, _SAMPLE, _SAMPLE_FOUND = 8, 256, 0.8


@dataclass(frozen=True, eq=False)
class ImageColumn:
    """The column that names the images.

    Attributes
    ----------
    name : str
    places : ndarray of int64, shape [N]
        File of each row, `NO_FILE` or `SEVERAL_FILES`.
    levels : ndarray of int8, shape [N]
        Which of `LEVELS` found it.
    aliases : tuple of str
        Columns that name the same files.
    """

    name: str
    places: NDArray[np.int64]
    levels: NDArray[np.int8]
    aliases: tuple[str, ...] = ()


def find_image_column(table: Table, lookup: FileLookup, given: str | None) -> ImageColumn:
    """Return the column that names the images.

    Raises
    ------
    DataError
        If no column does, several do, or a name is no relative path.
    """
    column = _given(table, lookup, given) if given is not None else _only(table, lookup)
    names = table.columns[column.name]
    for row in np.flatnonzero(column.places == NO_FILE).tolist():
        if reason := refusal(names[row]):
            raise DataError(
                f"{table.where(row)}: {quoted(names[row])} is {reason}; expected paths "
                "relative to the folder of the images"
            )
    so_named = FileLookup([path for path in lookup.files if column.name in path])
    if table.first_row > 1 and so_named.find(column.name, _WITHOUT_EXTENSION) != NO_FILE:
        raise DataError(
            f"{table.path}: row 1: the column's name {quoted(column.name)} is an image; "
            "add a first row with the names of the columns"
        )
    return column


def _given(table: Table, lookup: FileLookup, name: str) -> ImageColumn:
    values = table.columns[name]
    column = ImageColumn(name, *lookup.find_all(values))
    if (column.places == NO_FILE).all() and not any(map(refusal, values)):
        raise DataError(f"{table.path}: {_none_found(values, name, lookup)}")
    return column


def _only(table: Table, lookup: FileLookup) -> ImageColumn:
    samples = {name: _sample(values) for name, values in table.columns.items()}
    samples = {name: sample for name, sample in samples.items() if _names_rows(sample)}
    full: list[ImageColumn] = []
    tried: set[str] = set()
    for level in range(len(LEVELS)):
        for name, sample in samples.items():
            if name not in tried and _fraction(lookup, sample, level) >= _SAMPLE_FOUND:
                tried.add(name)
                places, levels = lookup.find_all(table.columns[name])
                enough = np.mean(places != NO_FILE) >= MIN_FOUND
                if enough and _names_rows(table.columns[name]):
                    full.append(ImageColumn(name, places, levels))
        if full:
            break
    if not full:
        raise _no_column(table, lookup, samples)
    # Codes of classes can be names of files too, as 0 is that of 0.png.
    num_names = {column.name: len(set(table.columns[column.name])) for column in full}
    most = max(num_names.values())
    first, *others = [column for column in full if 2 * num_names[column.name] > most]
    differing = [other.name for other in others if not np.array_equal(other.places, first.places)]
    if differing:
        names = [first.name, *(other.name for other in others)]
        raise DataError(
            f"{table.path}: {len(names)} columns name files, and not the same ones. Choose one",
            fix={"image_column": names},
        )
    aliases = tuple(other.name for other in others)
    return ImageColumn(first.name, first.places, first.levels, aliases)


def _no_column(table: Table, lookup: FileLookup, samples: dict[str, list[str]]) -> DataError:
    fractions = {
        name: _fraction(lookup, sample, len(LEVELS) - 1) for name, sample in samples.items()
    }
    some = sorted((n for n in fractions if fractions[n]), key=lambda n: -fractions[n])
    if some:
        cause = _none_found(table.columns[some[0]], some[0], lookup)
        return DataError(
            f"{table.path}: no column names an image in at least {MIN_FOUND:.0%} of its rows: "
            f"{cause}. Give the folder with all images, or name the column",
            fix={"image_column": some},
        )
    for name, sample in samples.items():
        for value in sample:
            reason = refusal(value)
            if reason and lookup.find(value.replace("\\", "/").rpartition("/")[2]) != NO_FILE:
                return DataError(
                    f"{table.path}: column {quoted(name)} holds {quoted(value)}, {reason}; "
                    "expected paths relative to the folder of the images"
                )
    columns = ", ".join(quoted(name) for name in list(table.columns)[:12])
    file = quoted(lookup.files[0]) if lookup.files else "none"
    return DataError(
        f"{table.path}: no column of {columns} names the images (the first file is {file}, row "
        f"{table.first_row} has {quoted(next(iter(table.columns.values()))[0])}). "
        "Give the folder of the images"
    )


def _none_found(values: Sequence[str], name: str, lookup: FileLookup) -> str:
    places, _ = lookup.find_all(values)
    lacking = np.flatnonzero(places == NO_FILE).tolist()
    return (
        f"{quoted(name)} has {len(values) - len(lacking):,} of {len(values):,}"
        f" (no file for {quoted(values[lacking[0]])})"
    )


def _sample(values: Sequence[str]) -> list[str]:
    """Return values from all over the column, the first of them quickly looked at."""
    if len(values) <= _SAMPLE:
        return list(values)
    return [values[row] for row in np.linspace(0, len(values) - 1, _SAMPLE).astype(int).tolist()]


def _names_rows(values: Sequence[str]) -> bool:
    """Whether so many values differ as names do: one may be in several splits or rows."""
    return len(values) <= 2 or MAX_REPEATS * len(set(values)) >= len(values)


def _fraction(lookup: FileLookup, sample: list[str], level: int) -> float:
    fraction = 0.0
    for part in (sample[:: max(1, len(sample) // _FIRST)], sample):
        fraction = float(np.mean(lookup.find_all(part, level)[0] != NO_FILE))
        if not fraction:
            break
    return fraction
