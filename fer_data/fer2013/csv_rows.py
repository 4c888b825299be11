"""The rows of a block: labels, splits, pixels, and what is wrong with bad ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_data.data.chosen import UNLABELLED
from fer_data.data.sources import source
from fer_data.errors import DataError
from fer_data.fer2013.csv_blocks import SHORT, Block, fields_of
from fer_data.fer2013.csv_columns import Columns, label_of
from fer_data.fer2013.emotions import EMOTIONS_BY_CODE, USAGES, split_of_usage
from fer_data.fer2013.pixel_text import FEWEST_BYTES, parse_pixels, wrong_number

_RETURN = ord("\r")

EXPECTED_EMOTIONS = ", ".join(f"{code} {name}" for code, name in enumerate(EMOTIONS_BY_CODE))


@dataclass(frozen=True)
class Reject:
    """A bad row: its number from 0, the column at fault, and the cause."""

    row: int
    column: str
    cause: str

    @property
    def where(self) -> str:
        """Row and line of the file, for people."""
        return f"row {self.row} (line {self.row + 2})"

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON holds it."""
        return {"row": self.row, "column": self.column, "cause": self.cause}


@dataclass
class Rows:
    """The rows of a block.

    Attributes
    ----------
    rows : list of int
        Data row numbers.
    labels : list of int
        Labels, `UNLABELLED` without an emotion column.
    splits : list of str
        Split names.
    pixels : ndarray of uint8, shape [n, 48, 48]
        Empty unless asked for.
    rejects : list of Reject
        The bad rows, which are in none of the above.
    usages : set of (bytes, str)
        Values of the usage column, each with its split.
    """

    rows: list[int] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)
    pixels: NDArray[np.uint8] = field(default_factory=lambda: np.empty((0, 48, 48), np.uint8))
    rejects: list[Reject] = field(default_factory=list)
    usages: set[tuple[bytes, str]] = field(default_factory=set)


def bad_row(path: Path, reject: Reject) -> DataError:
    """Return what is wrong with a bad row."""
    return DataError(f"{path}: {reject.where}, column {reject.column}: {reject.cause}")


def parse(block: Block, columns: Columns, *, merge_test: bool, with_pixels: bool) -> Rows:
    """Parse a block's lines; a bad row becomes a `Reject`, never an exception."""
    rows = Rows()
    cells: list[bytes | memoryview] = []
    usages = rows.usages
    view = memoryview(block.data)
    for row, (start, stop) in enumerate(_lines(block.data), start=block.first_row):
        if len(rows.rejects) > source.MAX_BAD_ROWS:  # `check_bad_rows` ends it
            break
        fields: Sequence[bytes | memoryview]
        if plain := _plain_fields(view, start, stop, columns.number):
            fields = plain
        else:
            line = block.data[start:stop]
            if not line.strip():
                continue
            fields = fields_of(line)
        parsed = _label_and_split(row, fields, columns, merge_test)
        if isinstance(parsed, Reject):
            rows.rejects.append(parsed)
            continue
        cell = fields[columns.pixels]
        if len(cell) < FEWEST_BYTES:
            rows.rejects.append(Reject(row, "pixels", wrong_number(len(bytes(cell).split()))))
            continue
        label, split = parsed
        if columns.usage is not None:
            usages.add((bytes(fields[columns.usage]), split))
        rows.rows.append(row)
        rows.labels.append(label)
        rows.splits.append(split)
        cells.append(cell)
    if with_pixels:
        _add_pixels(rows, cells)
    return rows


def _lines(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield where each line begins and ends."""
    start = 0
    while (stop := data.find(b"\n", start)) >= 0:
        yield start, stop
        start = stop + 1
    yield start, len(data)


def _plain_fields(
    view: memoryview, start: int, stop: int, number: int
) -> list[bytes | memoryview] | None:
    """Return the fields of a line as it mostly is; None where it begins with no digit, or differs.

    Only short fields are copied: copies of all pixels, twice, took longer than to parse them.
    """
    data = view.obj
    assert isinstance(data, bytes)
    if not data[start : start + 1].isdigit() or data.find(b'"', start, stop) >= 0:
        return None
    if data[stop - 1] == _RETURN:
        stop -= 1
    fields: list[bytes | memoryview] = []
    while (end := data.find(b",", start, stop)) >= 0:
        fields.append(_field(view, start, end))
        start = end + 1
    fields.append(_field(view, start, stop))
    return fields if len(fields) == number else None


def _field(view: memoryview, start: int, stop: int) -> bytes | memoryview:
    return view[start:stop] if stop - start > SHORT else bytes(view[start:stop])


def _add_pixels(rows: Rows, cells: list[bytes | memoryview]) -> None:
    pixels, causes = parse_pixels(cells)
    rows.rejects += [Reject(rows.rows[i], "pixels", cause) for i, cause in causes.items()]
    rows.rejects.sort(key=lambda reject: reject.row)
    kept = [i for i in range(len(cells)) if i not in causes]
    rows.rows = [rows.rows[i] for i in kept]
    rows.labels = [rows.labels[i] for i in kept]
    rows.splits = [rows.splits[i] for i in kept]
    rows.pixels = (pixels[kept] if causes else pixels).reshape(-1, 48, 48)


def _label_and_split(
    row: int, fields: Sequence[bytes | memoryview], columns: Columns, merge_test: bool
) -> tuple[int, str] | Reject:
    if len(fields) != columns.number:
        cause = f"{len(fields)} fields where the header has {columns.number}"
        return Reject(row, "(all)", cause)
    label: int | None = UNLABELLED
    split: str | None = "test" if columns.emotion is None else "train"
    if columns.emotion is not None:
        label = label_of(bytes(fields[columns.emotion]), columns.num_codes)
        if label is None:
            shown = _shown(fields[columns.emotion])
            return Reject(
                row, columns.names[columns.emotion], f"{shown} is none of {_expected(columns)}"
            )
    if columns.usage is not None:
        split = split_of(bytes(fields[columns.usage]), merge_test)
        if split is None:
            shown = _shown(fields[columns.usage])
            return Reject(
                row, columns.names[columns.usage], f"{shown} is none of {', '.join(USAGES)}"
            )
    assert label is not None
    assert split is not None
    return label, split


def _expected(columns: Columns) -> str:
    return f"0 to {columns.num_codes - 1}" if columns.num_codes else EXPECTED_EMOTIONS


@lru_cache(maxsize=64)
def split_of(value: bytes, merge_test: bool) -> str | None:
    """Return the split of a value, or None of what is none."""
    return split_of_usage(value.strip().decode("utf-8", "replace"), merge_test=merge_test)


def _shown(value: bytes | memoryview) -> str:
    text = bytes(value[:20]).decode("utf-8", "replace")
    return repr(text + "…" if len(value) > 20 else text)
