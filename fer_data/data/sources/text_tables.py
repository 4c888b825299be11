"""Tables of text lines: csv, tsv and semicolons, and lists of ``path label``, gzipped or not."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import IO

from fer_data.data.first_bytes import HEAD_BYTES, kind_of
from fer_data.data.sources import source
from fer_data.data.sources.named_content import open_unpacked
from fer_data.data.sources.table_columns import MAX_TEXT_BYTES, ColumnBuilder, Table, quoted
from fer_data.data.sources.tree_paths import SUFFIXES
from fer_data.errors import DataError

MAX_ROW_BYTES = 1 << 20

_DELIMITERS = {",": "csv", ";": "csv with semicolons", "\t": "tsv", "|": "csv with |"}

_USUAL = frozenset(
    {"image", "images", "img", "file", "filename", "file_name", "filepath", "file_path"}
    | {"path", "image_name", "image_path", "image_id", "id", "name", "label", "labels"}
    | {"class", "target"}
)
"""What a list's first line is made of where it is a header."""


class Lines:
    """The lines of a text file, each checked before it is a string.

    Attributes
    ----------
    number : int
        Of the last line, from 1.
    row_bytes : int
        Read since it was set to 0, which whoever puts rows together does at the end of each.
    """

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self.path, self._file = path, file
        self.number = self.row_bytes = self._bytes = 0

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = self._file.readline(MAX_ROW_BYTES + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self.row_bytes += len(line)
        self._bytes += len(line)
        if self.row_bytes > MAX_ROW_BYTES:
            raise self.error(f"a row of more than {MAX_ROW_BYTES:,} bytes; expected a table")
        if self._bytes > MAX_TEXT_BYTES:
            raise self.error(f"a table of more than {MAX_TEXT_BYTES:,} bytes; shorten it")
        if self.number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if b"\0" in line:
            raise self.error("a NUL byte; expected text")
        try:
            return line.decode()
        except UnicodeDecodeError:
            raise self.error("not UTF-8; save the table as UTF-8") from None

    def error(self, cause: str) -> DataError:
        """Return an error that names the file and the last line."""
        return DataError(f"{self.path}: row {self.number:,}: {cause}")


@contextmanager
def open_lines(path: Path) -> Iterator[Lines]:
    """Open a text file, gzipped or not.

    Raises
    ------
    DataError
        If it is no text by its first bytes.
    """
    with source.reading(path), open_unpacked(path) as file:
        if kind := kind_of(file.read(HEAD_BYTES)):
            raise DataError(f"{path}: expected a table of text, got {kind}")
        file.seek(0)
        yield Lines(path, file)


def read_delimited(path: Path) -> Table:
    """Read a csv of any delimiter; a first row that names an image file is no header."""
    with open_lines(path) as lines:
        head = _first_lines(lines)
        order = "\t,;|" if ".tsv" in [suffix.lower() for suffix in path.suffixes] else ",;\t|"
        delimiter = _delimiter(head, order)
        first = _cells(head[0], delimiter)
        names = None if any(names_image(cell) for cell in first) else first
        return _delimited(lines, head, delimiter, names, len(first))


def read_list(path: Path) -> Table:
    """Read a list of lines ``path label``, ``path<tab>label`` or ``path,label``."""
    with open_lines(path) as lines:
        head = _first_lines(lines)
        delimiter = _delimiter(head, ",;|")
        first = _split_at_blank(head[0])
        if "\t" in head[0]:
            delimiter = "\t"
        elif names_image(first[0]) or len(_cells(head[0], delimiter)) == 1:
            delimiter = " "
        if delimiter == " ":
            rows = (
                _split_at_blank(line) for line in chain(head, _resetting(lines)) if line.strip()
            )
            return _table(lines, f"list of {'path label' if first[1:] else 'paths'}", rows, first)
        cells = _cells(head[0], delimiter)
        usual = any(cell.strip().lower() in _USUAL for cell in cells)
        names = cells if usual else ["file_name", "label"] if len(cells) == 2 else None
        return _delimited(lines, head, delimiter, names, len(cells), header=usual)


def names_image(cell: str) -> bool:
    """Whether a cell reads as the name of an image file."""
    stem, dot, ending = cell.strip().rpartition(".")
    return bool(stem and dot) and f".{ending.lower()}" in SUFFIXES


def _table(lines: Lines, kind: str, rows: Iterator[list[str]], first: list[str]) -> Table:
    """Return the table of a list without delimiters."""
    header = all(cell.strip().lower() in _USUAL for cell in first)
    names = next(rows) if header else ["file_name", "label"][: len(first)]
    return _built(lines, kind, names, rows, first_row=2 if header else 1)


def _delimited(
    lines: Lines,
    head: list[str],
    delimiter: str,
    names: list[str] | None,
    width: int,
    *,
    header: bool = True,
) -> Table:
    lines.row_bytes = 0
    reader = csv.reader(
        chain(head, lines), delimiter=delimiter, skipinitialspace=delimiter != "\t", strict=True
    )
    kind = _DELIMITERS[delimiter]
    if names is None or not header:
        names, header = names or [f"column_{number + 1}" for number in range(width)], False
        kind += " without a header"
    try:
        if header:
            names = next(reader)
        return _built(lines, kind, names, reader, first_row=2 if header else 1)
    except csv.Error as error:
        raise DataError(f"{lines.path}: row {reader.line_num:,}: {error}; correct it") from None


def _built(
    lines: Lines, kind: str, names: list[str], rows: Iterator[list[str]], *, first_row: int
) -> Table:
    columns = ColumnBuilder(lines.path, names)
    width, at_once = len(columns.columns), columns.rows_at_once
    block: list[list[str]] = []
    lines.row_bytes = 0
    for row in rows:
        lines.row_bytes = 0
        if not any(row) or not any(map(str.strip, row)):
            continue  # a spreadsheet's empty last rows
        if len(row) != width:
            raise lines.error(
                f"{len(row):,} cells ({quoted(row[0])}, …); expected {width:,} as in row 1"
            )
        block.append(row)
        if len(block) == at_once:
            columns.extend(block)
            block = []
    if block:
        columns.extend(block)
    return Table(lines.path, kind, columns.columns, first_row)


def _first_lines(lines: Lines) -> list[str]:
    """Return up to two lines from the first that is not empty on."""
    for line in _resetting(lines):
        if line.strip():
            return [line, *islice(_resetting(lines), 1)]
    raise DataError(f"{lines.path}: an empty file; expected a table of images and labels")


def _resetting(lines: Lines) -> Iterator[str]:
    for line in lines:
        lines.row_bytes = 0
        yield line


def _delimiter(head: list[str], order: str) -> str:
    """Return the delimiter that gives the first lines the same, or else the most, cells."""

    def score(delimiter: str) -> tuple[bool, int]:
        numbers = [len(_cells(line, delimiter)) for line in head if line.strip()]
        return len(set(numbers)) == 1 and numbers[0] > 1, numbers[0]

    return max(order, key=score)


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:  # reading the table will say what
        return [line]


def _split_at_blank(line: str) -> list[str]:
    return line.strip().rsplit(None, 1)
