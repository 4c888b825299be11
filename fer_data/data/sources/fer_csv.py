"""FER2013's csv files: ``fer2013.csv``, ``icml_face_data.csv``, ``train.csv``, ``test.csv``.

A file is read in blocks of whole lines, so memory stays flat however long it is. A data row is
known by its number, counted from 0 as in the published csv; its line is that number plus two.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import os
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from fer_data.data.class_names import ClassNames, parsed
from fer_data.data.dataset import UNLABELLED, Dataset, LeftOut
from fer_data.data.first_bytes import HEAD_BYTES, in_gzip, kind_of
from fer_data.data.labels import EMOTIONS, EMOTIONS_BY_CODE, SPLITS, USAGES, split_of_usage
from fer_data.data.options import LoadOptions
from fer_data.data.origin import Origin
from fer_data.data.sources import source
from fer_data.data.sources.csv_columns import Columns, choose, label_of, other_codes, unknown_word
from fer_data.data.sources.piece import Found, Pieces
from fer_data.data.sources.pixel_text import FEWEST_BYTES, parse_pixels, wrong_number
from fer_data.errors import DataError, skippable

BLOCK_BYTES = 1 << 20
"""Blocks of 4 MiB were new memory each time, and reading them took several times as long."""

MAX_LINE_BYTES = 1 << 20

state, names = source.state, source.made_names

_SHORT = 64
_ROWS_LOOKED_AT = 200
_RETURN = ord("\r")

_EXPECTED_EMOTIONS = ", ".join(f"{code} {name}" for code, name in enumerate(EMOTIONS_BY_CODE))


@dataclass(frozen=True)
class Block:
    """Some whole lines of a csv: the numbers of their data rows, and the bytes.

    Another process gets the place of the bytes, where that can be told, and reads them itself:
    bytes through a pipe cost as much as to parse a third of them.
    """

    first_row: int
    stop_row: int
    data: bytes
    place: tuple[Path, int] | None = None

    def __reduce__(self) -> Any:
        if self.place is None:
            return Block, (self.first_row, self.stop_row, self.data)
        return _read_again, (self.first_row, self.stop_row, *self.place, len(self.data))


def _read_again(first_row: int, stop_row: int, path: Path, offset: int, size: int) -> Block:
    with source.reading(path), open(path, "rb") as file:
        data = os.pread(file.fileno(), size, offset)
    if len(data) != size:
        raise DataError(f"{path}: became shorter while it was read; run the command again")
    return Block(first_row, stop_row, data)


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
    """

    rows: list[int] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)
    pixels: NDArray[np.uint8] = field(default_factory=lambda: np.empty((0, 48, 48), np.uint8))
    rejects: list[Reject] = field(default_factory=list)


def recognises(path: Path) -> bool:
    """Whether the path is a file, and no table of labels by its ending and its header.

    What is wrong with one that is no csv at all, reading tells.
    """
    if not path.is_file():
        return False
    ending = Path(path.stem if path.suffix.lower() == ".gz" else path).suffix.lower()
    return ending not in _TABLES and not (ending == ".csv" and _names_no_pixels(path))


_TABLES = frozenset((".tsv", ".jsonl", ".ndjson", ".json", ".lst", ".txt"))
_HEADER_BYTES = 1 << 16


def _names_no_pixels(path: Path) -> bool:
    """Whether the first line is text in several columns, none of them of pixels."""
    opener = gzip.open if path.suffix.lower() == ".gz" else open
    try:
        with opener(path, "rb") as file:
            line, end, _ = file.read(_HEADER_BYTES).partition(b"\n")
        text = line.decode("utf-8-sig").rstrip("\r")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError):
        return False
    names = [name.strip(' "').lower() for name in re.split(r"[,;\t]", text)]
    is_text = bool(end) and text.replace("\t", " ").isprintable()
    return is_text and len(names) > 1 and "pixels" not in names and names != ["emotion", "usage"]


def read(path: Path, options: LoadOptions) -> Dataset:
    """Read the dataset of a csv in the order of its rows.

    Of pixels only the length is looked at: that there can be as many as there must be.
    """
    rows: list[int] = []
    labels: list[int] = []
    splits: list[str] = []
    left_out: list[LeftOut] = []
    are_values_known = False
    num_codes = _num_codes(options.class_names)
    with open_csv(path, num_codes) as (columns, blocks):
        for block in blocks:
            part = parse(block, columns, merge_test=not options.test_apart, with_pixels=False)
            if not num_codes and not are_values_known and has_bad_value(part.rejects, columns):
                check_values(path)
                are_values_known = True
            if part.rejects and not options.skip_bad:
                raise skippable(str(bad_row(path, part.rejects[0])))
            left_out += [LeftOut(bad.where, f"bad {bad.column}") for bad in part.rejects]
            source.check_bad_rows(path, len(left_out))
            rows += part.rows
            labels += part.labels
            splits += part.splits
    if not num_codes and may_be_other_codes(columns, labels):
        check_values(path)
    if not rows:
        first = f" (the first: {left_out[0].name}, {left_out[0].reason})" if left_out else ""
        raise DataError(f"{path}: {columns.layout}, but no usable row in it{first}")
    present = [split for split in SPLITS if split in set(splits)]
    return Dataset(
        Origin(
            path,
            columns.layout,
            columns.class_names,
            np.array(rows, np.int64),
            image_format=((48, 48), (48, 48), "grey"),
        ),
        class_names=columns.class_names,
        splits=tuple(present),
        split_codes=np.array([present.index(split) for split in splits], np.int8),
        labels=np.array(labels, np.int32),
        left_out=tuple(left_out),
        notes=columns.notes,
    )


@dataclass(frozen=True)
class BlockRows:
    """The rows of a block that a dataset has; its row `start` is the csv's row ``rows[0]``."""

    path: Path
    block: Block
    columns: Columns
    rows: list[int]
    start: int

    def __len__(self) -> int:
        return len(self.rows)

    def pictures(self) -> Iterator[Found]:
        """Yield the pixels, uint8 [48, 48], then what is wrong with bad rows."""
        place = {row: place for place, row in enumerate(self.rows, self.start)}
        found = parse(self.block, self.columns, merge_test=True, with_pixels=True)
        for row, pixels in zip(found.rows, found.pixels, strict=True):
            if row in place:
                yield Found(place[row], f"{self.path}: row {row}", pixels)
        for reject in found.rejects:
            if reject.row in place:
                error = bad_row(self.path, reject)
                yield Found(place[reject.row], f"{self.path}: {reject.where}", error)


def pieces(origin: Origin, rows: NDArray[np.int64]) -> Pieces:
    """Return the rows, a block a piece."""
    number = -(-origin.root.stat().st_size // BLOCK_BYTES)
    return Pieces(_pieces(origin, origin.locations[rows]), number)


def _pieces(origin: Origin, locations: NDArray[Any]) -> Iterator[BlockRows]:
    num_codes = 0 if origin.class_names == EMOTIONS else len(origin.class_names)
    with open_csv(origin.root, num_codes) as (columns, blocks):
        for block in blocks:
            bounds = [block.first_row, block.stop_row]
            start, stop = np.searchsorted(locations, bounds).tolist()
            if start < stop:
                rows = locations[start:stop].tolist()
                yield BlockRows(origin.root, block, columns, rows, start)


def bad_row(path: Path, reject: Reject) -> DataError:
    """Return what is wrong with a bad row."""
    return DataError(f"{path}: {reject.where}, column {reject.column}: {reject.cause}")


@contextmanager
def open_csv(path: Path, num_codes: int = 0) -> Iterator[tuple[Columns, Iterator[Block]]]:
    """Open a csv, gzipped or not, and give its columns and its blocks of whole lines.

    With `num_codes`, labels are numbers below it, in place of FER2013's codes.

    Raises
    ------
    DataError
        If the file cannot be read, is no gzip though it begins like one, lacks a column, or has
        a line of more than a mebibyte, or as much of blank lines.
    """
    with source.reading(path):
        file = open(path, "rb")  # noqa: SIM115  # closed below
    with file:
        with source.reading(path):
            head = file.read(HEAD_BYTES)
            file.seek(0)
            gzipped = head.startswith(b"\x1f\x8b")
            stream = gzip.GzipFile(fileobj=file) if gzipped else file
            if gzipped:
                head = stream.read(HEAD_BYTES)
                stream.seek(0)
            if kind := in_gzip(head) if gzipped else kind_of(head):
                raise DataError(f"{path}: {kind}")
            header = _header(path, stream.readline(MAX_LINE_BYTES))
        blocks = _blocks(path, stream, placed=not gzipped)
        first = list(islice(blocks, 1))
        columns = choose(str(path), header, _first_rows(first))
        yield replace(columns, num_codes=num_codes), chain(first, blocks)


def _first_rows(blocks: Iterable[Block]) -> list[list[str]]:
    """Return some rows as text, long cells cut: columns are chosen by the short ones."""
    return [
        [bytes(field[:_SHORT]).decode("utf-8", "replace") for field in _fields(line)]
        for block in blocks
        for line in block.data.split(b"\n")[:_ROWS_LOOKED_AT]
        if line.strip()
    ]


def _fields(line: bytes) -> list[bytes]:
    line = line.removesuffix(b"\r")
    return line.split(b",") if b'"' not in line else _quoted_fields(line)


def check_values(path: Path) -> None:
    """Refuse a csv whose labels or splits are of another list, whether bad rows are skipped or not.

    Raises
    ------
    DataError
        If codes begin at 1, or go on after FER2013's, or a word that is none of its classes, or of
        the splits, comes more than once.
    """
    labels: Counter[bytes] = Counter()
    usages: Counter[bytes] = Counter()
    with open_csv(path) as (columns, blocks):
        for block in blocks:
            for line in block.data.split(b"\n"):
                fields = _fields(line)
                if len(fields) == columns.number:
                    for counts, place in ((labels, columns.emotion), (usages, columns.usage)):
                        if place is not None:
                            counts[fields[place][:_SHORT]] += 1
    if columns.emotion is not None:
        name = columns.names[columns.emotion]
        if reason := other_codes(labels, is_emotion=name.lower() == "emotion"):
            raise DataError(f"{path}: column {name}: {reason}")
        if word := unknown_word(labels, lambda value: label_of(value) is not None):
            raise _of_another_list(path, name, word, labels, f"is none of {_EXPECTED_EMOTIONS}")
    if columns.usage is not None:
        name = columns.names[columns.usage]
        if word := unknown_word(usages, lambda value: _split_of(value, True) is not None):
            raise _of_another_list(path, name, word, usages, f"is none of {', '.join(USAGES)}")


def _of_another_list(
    path: Path, column: str, word: str, counts: Counter[bytes], why: str
) -> DataError:
    number = sum(count for value, count in counts.items() if value.strip() == word.encode())
    return DataError(
        f"{path}: column {column}: {word!r} in {number:,} rows {why}; "
        "rename it, or take its rows out"
    )


def may_be_other_codes(columns: Columns, labels: Iterable[int]) -> bool:
    """Whether labels that are all known may still be of another list, as no code is 0."""
    if columns.emotion is None or columns.names[columns.emotion].lower() == "emotion":
        return False
    found = set(labels)
    return EMOTIONS.index(EMOTIONS_BY_CODE[0]) not in found or len(found) == 1


def has_bad_value(rejects: list[Reject], columns: Columns) -> bool:
    """Whether a label or a split is among what is bad."""
    places = (columns.emotion, columns.usage)
    names = {columns.names[place] for place in places if place is not None}
    return any(reject.column in names for reject in rejects)


def parse(block: Block, columns: Columns, *, merge_test: bool, with_pixels: bool) -> Rows:
    """Parse a block's lines; a bad row becomes a `Reject`, never an exception."""
    found = Rows()
    cells: list[bytes | memoryview] = []
    view = memoryview(block.data)
    for row, (start, stop) in enumerate(_lines(block.data), start=block.first_row):
        if len(found.rejects) > source.MAX_BAD_ROWS:  # `check_bad_rows` ends it
            break
        fields: Sequence[bytes | memoryview]
        if plain := _plain_fields(view, start, stop, columns.number):
            fields = plain
        else:
            line = block.data[start:stop]
            if not line.strip():
                continue
            fields = _fields(line)
        parsed = _label_and_split(row, fields, columns, merge_test)
        if isinstance(parsed, Reject):
            found.rejects.append(parsed)
            continue
        cell = fields[columns.pixels]
        if len(cell) < FEWEST_BYTES:
            found.rejects.append(Reject(row, "pixels", wrong_number(len(bytes(cell).split()))))
            continue
        label, split = parsed
        found.rows.append(row)
        found.labels.append(label)
        found.splits.append(split)
        cells.append(cell)
    if with_pixels:
        _add_pixels(found, cells)
    return found


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
    return view[start:stop] if stop - start > _SHORT else bytes(view[start:stop])


def _add_pixels(found: Rows, cells: list[bytes | memoryview]) -> None:
    pixels, causes = parse_pixels(cells)
    found.rejects += [Reject(found.rows[i], "pixels", cause) for i, cause in causes.items()]
    found.rejects.sort(key=lambda reject: reject.row)
    kept = [i for i in range(len(cells)) if i not in causes]
    found.rows = [found.rows[i] for i in kept]
    found.labels = [found.labels[i] for i in kept]
    found.splits = [found.splits[i] for i in kept]
    found.pixels = (pixels[kept] if causes else pixels).reshape(-1, 48, 48)


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
        split = _split_of(bytes(fields[columns.usage]), merge_test)
        if split is None:
            shown = _shown(fields[columns.usage])
            return Reject(
                row, columns.names[columns.usage], f"{shown} is none of {', '.join(USAGES)}"
            )
    assert label is not None
    assert split is not None
    return label, split


def _expected(columns: Columns) -> str:
    return f"0 to {columns.num_codes - 1}" if columns.num_codes else _EXPECTED_EMOTIONS


def _num_codes(class_names: ClassNames | None) -> int:
    """Return how many codes class names number, where they are not those of FER2013; else 0."""
    names = None if class_names is None else parsed(class_names)
    if names is None or isinstance(names, str):
        return 0
    if isinstance(names, Mapping):
        return max(map(int, names)) + 1 if all(map(str.isdecimal, names)) else 0
    return 0 if set(names) <= set(EMOTIONS) else len(names)


@lru_cache(maxsize=64)
def _split_of(value: bytes, merge_test: bool) -> str | None:
    return split_of_usage(value.strip().decode("utf-8", "replace"), merge_test=merge_test)


def _blocks(path: Path, stream: BinaryIO | gzip.GzipFile, *, placed: bool) -> Iterator[Block]:
    row = 0
    rest = b""
    while True:
        with source.reading(path):
            offset = stream.tell() - len(rest)
            data = stream.read(BLOCK_BYTES)
        place = (path, offset) if placed else None
        if not data:
            break
        if len(data) >= MAX_LINE_BYTES and not data.strip():
            raise DataError(f"{path}: nothing but blank lines from line {row + 2} on")
        whole, newline, tail = data.rpartition(b"\n")
        if newline:
            whole = rest + whole
            stop = row + whole.count(b"\n") + 1
            yield Block(row, stop, whole, place)
            row, rest = stop, tail
        else:
            rest += tail
        if len(rest) > MAX_LINE_BYTES:
            raise DataError(f"{path}: line {row + 2} is longer than {MAX_LINE_BYTES:,} bytes")
    if rest:
        yield Block(row, row + 1, rest, place)


def _header(path: Path, line: bytes) -> list[str]:
    if len(line) == MAX_LINE_BYTES:
        raise DataError(f"{path}: line 1 is longer than {MAX_LINE_BYTES:,} bytes")
    if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DataError(f"{path}: no column pixels; the header is UTF-16, save the file as UTF-8")
    text = line.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").strip()
    if "\r" in text:
        raise DataError(f"{path}: lines end in CR alone; save it with LF or CRLF")
    names = [name.strip(' \t"') for name in text.split(",")]
    if "pixels" not in map(str.lower, names):
        shown = text[:80] + "…" if len(text) > 80 else text
        raise DataError(
            f"{path}: no column pixels; the header is {shown!r}, "
            "expected one like 'emotion,pixels,Usage'"
        )
    return names


def _quoted_fields(line: bytes) -> list[bytes]:
    try:
        (fields,) = csv.reader([line.decode("latin-1")], strict=True)
    except (csv.Error, ValueError):
        return []
    return [value.encode("latin-1") for value in fields]


def _shown(value: bytes | memoryview) -> str:
    text = bytes(value[:20]).decode("utf-8", "replace")
    return repr(text + "…" if len(value) > 20 else text)
