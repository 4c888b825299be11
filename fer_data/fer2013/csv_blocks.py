"""A csv of pixels as blocks of whole lines, which any process can read alone."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

from fer_data.data.first_bytes import HEAD_BYTES
from fer_data.data.sources import source
from fer_data.data.sources.named_content import refuse_other_content
from fer_data.errors import DataError
from fer_data.fer2013.csv_columns import Columns, choose

BLOCK_BYTES = 1 << 20
"""Blocks of 4 MiB were new memory each time, and reading them took several times as long."""

MAX_LINE_BYTES = 1 << 20

SHORT = 64

_ROWS_LOOKED_AT = 200


@dataclass(frozen=True)
class Block:
    """Some whole lines of a csv: the numbers of their data rows, and the bytes.

    Another process gets the place of the bytes, where that is known, and reads them itself:
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
    with source.reading(path), open(path, "rb", buffering=0) as file:
        file.seek(offset)
        data = file.read(size)
    if len(data) != size:
        raise DataError(f"{path}: became shorter while it was read; run the command again")
    return Block(first_row, stop_row, data)


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
            refuse_other_content(path, head)
            header = _header(path, stream.readline(MAX_LINE_BYTES))
        blocks = _blocks(path, stream, placed=not gzipped)
        first = list(islice(blocks, 1))
        columns = choose(str(path), header, _first_rows(first))
        yield replace(columns, num_codes=num_codes), chain(first, blocks)


def _first_rows(blocks: Iterable[Block]) -> list[list[str]]:
    """Return some rows as text, long cells cut: columns are chosen by the short ones."""
    return [
        [bytes(field[:SHORT]).decode("utf-8", "replace") for field in fields_of(line)]
        for block in blocks
        for line in block.data.split(b"\n")[:_ROWS_LOOKED_AT]
        if line.strip()
    ]


def fields_of(line: bytes) -> list[bytes]:
    """Return the fields of a line."""
    line = line.removesuffix(b"\r")
    return line.split(b",") if b'"' not in line else _quoted_fields(line)


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
        lines, newline, tail = data.rpartition(b"\n")
        if newline:
            lines = rest + lines
            stop = row + lines.count(b"\n") + 1
            yield Block(row, stop, lines, place)
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
