"""Which rows of a table are samples: one file each, and each file once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fer_data.data.sources.file_lookup import SEVERAL_FILES, FileLookup, normal
from fer_data.data.sources.image_column import ImageColumn
from fer_data.data.sources.split_column import in_split_folder
from fer_data.data.sources.table_columns import Table, quoted
from fer_data.errors import DataError

T = TypeVar("T")


def taken(values: Sequence[T], rows: NDArray[np.int64]) -> list[T]:
    """Return the values of some rows, in order; each row at most once."""
    if len(rows) == len(values):
        return list(values)
    return [values[row] for row in rows.tolist()]


def decided(
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
        found = lookup.candidates(name)
        left = [place for place in found if below and lookup.files[place].startswith(f"{below}/")]
        if len(left) != 1 and splits is not None:
            left = [
                place
                for place in left or found
                if in_split_folder(lookup.files[place], splits[row])
            ]
        if len(left) != 1:
            first, second = (quoted(lookup.files[place]) for place in (left or found)[:2])
            raise DataError(
                f"{table.where(row)}: {quoted(name)} is several files, as {first} and {second}; "
                "give the folder of the images that are meant, or name them with their folders"
            )
        places[row] = left[0]
    return places


def first_of_each(
    table: Table,
    image_column: str,
    places: NDArray[np.int64],
    kept: NDArray[np.int64],
    aspects: Mapping[str, Sequence[Any] | None],
) -> NDArray[np.int64]:
    """Return which of the kept rows to use so that each file is one sample.

    Parameters
    ----------
    table : Table
    image_column : str
    places : ndarray of int64, shape [N]
        File of each row of the table.
    kept : ndarray of int64, shape [K]
        Rows that have a file.
    aspects : mapping of str to sequence of length K or None
        What rows of one file have to agree in: label, split, group.

    Raises
    ------
    DataError
        If two rows of one file disagree, or have different names.
    """
    _, first, inverse = np.unique(places[kept], return_index=True, return_inverse=True)
    names = table.columns[image_column]
    for number in np.flatnonzero(first[inverse] != np.arange(len(kept))).tolist():
        before = int(first[inverse[number]])
        row, row_before = int(kept[number]), int(kept[before])
        where = f"{table.where(row_before)} and {row + table.first_row:,}"
        if normal(names[row]) != normal(names[row_before]):
            raise DataError(
                f"{where}: {quoted(names[row_before])} and {quoted(names[row])} are one file; "
                "name the images with their folders"
            )
        for aspect, values in aspects.items():
            if values is not None and values[number] != values[before]:
                several = "multi-label: " if aspect == "label" else ""
                raise DataError(
                    f"{where}: {several}{quoted(names[row])} has the {aspect} "
                    f"{quoted(str(values[before]))} and the {aspect} "
                    f"{quoted(str(values[number]))}; expected one for each image"
                )
    return np.sort(first)
