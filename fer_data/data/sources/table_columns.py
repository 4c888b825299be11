"""A table as columns of text, and the limits that every table is read within."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fer_data.data.missing import is_missing
from fer_data.errors import DataError

MAX_TEXT_BYTES = 1 << 30
"""Of a table's text, unpacked."""

MAX_COLUMNS = 10_000

MAX_CELLS = 100_000_000

MAX_CELL_CHARACTERS = 1 << 17
"""The csv module's own limit."""

ROWS_AT_ONCE = 4096

_MAX_REPEATED = 1 << 14


@dataclass(frozen=True, eq=False)
class Table:
    """A table of text.

    Attributes
    ----------
    path : path
        The file; only named in messages.
    kind : str
        What it is, for people: ``csv``, ``COCO json``, …
    columns : dict of str to list of str
        Every column by its name, in the order of the file; all have one length. An empty cell is
        the empty string.
    first_row : int
        Number of the first data row, counted as a spreadsheet does: 2 below a header.
    """

    path: Path
    kind: str
    columns: dict[str, list[str]] = field(repr=False)
    first_row: int = 1

    @property
    def num_rows(self) -> int:
        """How many data rows there are."""
        return len(next(iter(self.columns.values()), ()))

    def where(self, row: int) -> str:
        """Return file and row of the data row with a number from 0, for people."""
        return f"{self.path}: row {row + self.first_row:,}"


class ColumnBuilder:
    """Columns of text that grow by blocks of rows; repeated values are stored once."""

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self.path = path
        self.columns: dict[str, list[str]] = {name: [] for name in column_names(path, names)}
        self._seen: list[dict[str, str]] = [{} for _ in self.columns]
        self.num_rows = 0

    @property
    def rows_at_once(self) -> int:
        """How many rows a block may have."""
        return max(1, min(ROWS_AT_ONCE, 1_000_000 // max(1, len(self.columns))))

    def extend(self, rows: Sequence[Sequence[str]]) -> None:
        """Add rows, each as long as there are columns."""
        self.num_rows += len(rows)
        check_cells(self.path, self.num_rows, len(self.columns))
        for column, seen, values in zip(
            self.columns.values(), self._seen, zip(*rows, strict=True), strict=False
        ):
            stripped = [value.strip() for value in values]
            if len(seen) < _MAX_REPEATED:
                stripped = list(map(seen.setdefault, stripped, stripped))
            column += stripped


def column_names(path: Path, names: Iterable[object]) -> list[str]:
    """Return the names of columns without outer blanks; ``column_3`` where the third has none.

    Raises
    ------
    DataError
        If there are too many, or two columns have one name.
    """
    stripped = [str(name).strip() for name in names]
    if len(stripped) > MAX_COLUMNS:
        raise DataError(
            f"{path}: row 1 has {len(stripped):,} columns; expected a table of images and labels "
            f"with at most {MAX_COLUMNS:,}"
        )
    stripped = [name or f"column_{number}" for number, name in enumerate(stripped, 1)]
    seen: set[str] = set()
    for name in stripped:
        if name in seen:
            raise DataError(f"{path}: row 1 has two columns {quoted(name)}; rename one")
        seen.add(name)
    return stripped


def check_cells(path: Path, num_rows: int, num_columns: int) -> None:
    """Refuse a table with more than `MAX_CELLS` cells.

    Raises
    ------
    DataError
        If there are more.
    """
    if num_rows * num_columns > MAX_CELLS:
        raise DataError(
            f"{path}: row {num_rows:,} of {num_columns:,} columns: more than {MAX_CELLS:,} cells; "
            "keep only the columns of images, labels, splits and groups"
        )


def cell_text(value: Any) -> str:
    """Return a value as a cell's text: nothing for one that is missing, JSON for lists."""
    if isinstance(value, str):
        return value.strip()
    if is_missing(value):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def columns_of_records(path: Path, records: Iterable[Any], first_row: int) -> dict[str, list[str]]:
    """Return the columns of mappings; a cell is empty where a mapping lacks the name.

    Raises
    ------
    DataError
        If a record is no mapping, or there is too much.
    """
    columns: dict[str, list[str]] = {}
    seen: dict[str, str] = {}
    number = -1
    for number, record in enumerate(records):
        row = number + first_row
        if not isinstance(record, dict):
            kind = type(record).__name__
            raise DataError(f"{path}: row {row:,} is a {kind}; expected an object of named values")
        for name, value in record.items():
            if name not in columns:
                columns[name] = [""] * number
                if len(columns) > MAX_COLUMNS:
                    raise DataError(f"{path}: row {row:,}: more than {MAX_COLUMNS:,} names")
                check_cells(path, number + 1, len(columns))
            text = cell_text(value)
            if len(text) > MAX_CELL_CHARACTERS:
                raise DataError(f"{path}: row {row:,}: {quoted(name)} is {len(text):,} characters")
            if len(seen) < _MAX_REPEATED:
                text = seen.setdefault(text, text)
            columns[name].append(text)
        if len(record) < len(columns):
            for column in columns.values():
                if len(column) == number:
                    column.append("")
        if not number % ROWS_AT_ONCE:
            check_cells(path, number + 1, len(columns))
    names = column_names(path, columns)
    return dict(zip(names, columns.values(), strict=True))


def table_of_frame(frame: Any, path: str | Path = "DataFrame") -> Table:
    """Return the table of a pandas DataFrame, or of anything with ``columns`` and ``[name]``.

    Examples
    --------
    >>> import pandas as pd
    >>> table_of_frame(pd.DataFrame({"file": ["a.png", "b.png"], "label": [0, None]})).columns
    {'file': ['a.png', 'b.png'], 'label': ['0.0', '']}
    """
    path = Path(path)
    if not len(frame):
        raise DataError(f"{path}: a table without rows; expected one for each image")
    given = list(frame.columns)
    columns = {
        name: [cell_text(value) for value in frame[own].tolist()]
        for own, name in zip(given, column_names(path, given), strict=True)
    }
    return Table(path, "DataFrame", columns, first_row=0)


def quoted(text: str, longest: int = 80) -> str:
    """Return a text from the data in quotes, on one line, shortened, nothing in it unprintable."""
    return repr(text if len(text) <= longest else text[:longest] + "…")
