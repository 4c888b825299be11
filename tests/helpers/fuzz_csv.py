"""Fuzz targets: csv files and cells of pixels."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterator
from functools import lru_cache
from unittest.mock import patch

from fer_data.data.sources.source import check_bad_rows
from fer_data.errors import DataError
from fer_data.fer2013 import csv_blocks, csv_rows
from fer_data.fer2013.csv_columns import Columns
from fer_data.fer2013.emotions import EMOTIONS, EMOTIONS_BY_CODE, split_of_usage
from fer_data.fer2013.pixel_text import NUM_PIXELS, parse_pixels
from tests.helpers.fuzz_files import saved, unpacked

# csv files


def try_csv(data: bytes) -> None:
    """Read a csv: the first byte says whether it is zipped, and how long a block is."""
    how, text = (data[0] if data else 0), unpacked(data[1:])
    raw = gzip.compress(text, 1) if how & 1 else text
    path = saved(raw, "any.csv")
    found, refusal, num_bad = [], "", 0
    try:
        with (
            patch.object(csv_blocks, "BLOCK_BYTES", 777 if how & 2 else 1 << 20),
            csv_blocks.open_csv(path) as (columns, blocks),
        ):
            for block in blocks:
                part = csv_rows.parse(block, columns, merge_test=bool(how & 4), with_pixels=True)
                num_bad += len(part.rejects)
                check_bad_rows(path, num_bad)
                alone = csv_rows.parse(block, columns, merge_test=bool(how & 4), with_pixels=False)
                assert {*part.rows} <= {*alone.rows}
                assert {bad.row for bad in alone.rejects} <= {bad.row for bad in part.rejects}
                assert not {*part.rows} & {bad.row for bad in part.rejects}
                pixels = (image.tobytes() for image in part.pixels)
                found += list(zip(part.rows, part.labels, part.splits, pixels, strict=True))
    except DataError as error:
        refusal = str(error)
    if refusal:
        assert refusal.startswith(str(path))
        assert "\n" not in refusal
        return
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    assert found == list(slow_rows(raw, columns, merge_test=bool(how & 4)))


def slow_rows(
    raw: bytes, columns: Columns, *, merge_test: bool
) -> Iterator[tuple[int, int, str, bytes]]:
    """Read a csv as simply as can be: all at once, by Python's csv module, value by value."""
    head, *lines = raw.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    text = head.decode("utf-8", "replace").strip()
    names = [name.strip(' \t"').lower() for name in text.split(",")]
    assert [name.lower() for name in columns.names] == names
    for row, line in enumerate(lines):
        try:
            (cells,) = csv.reader([line.decode("latin-1").removesuffix("\r")], strict=True)
        except (csv.Error, ValueError):
            continue
        if len(cells) != len(names):
            continue
        label, split = -1, "test" if columns.emotion is None else "train"
        if columns.emotion is not None:
            code = cells[columns.emotion].strip(BLANKS).lower()
            if re.fullmatch(r"[0-6](\.0*)?", code):
                label = EMOTIONS.index(EMOTIONS_BY_CODE[int(float(code))])
            elif code in EMOTIONS:
                label = EMOTIONS.index(code)
            else:
                continue
        if columns.usage is not None:
            usage = split_of_usage(cells[columns.usage].strip(BLANKS), merge_test=merge_test)
            if usage is None:
                continue
            split = usage
        values = slow_values(cells[columns.pixels])
        if values is not None:
            yield row, label, split, values


BLANKS = " \t\n\r\x0b\x0c"


@lru_cache(100)  # slow indeed
def slow_values(cell: str) -> bytes | None:
    tokens = [token for token in re.split(f"[{BLANKS}]+", cell) if token]
    if len(tokens) != NUM_PIXELS or not all(re.fullmatch("[0-9]{1,3}", token) for token in tokens):
        return None
    values = [int(token) for token in tokens]
    return bytes(values) if max(values) <= 255 else None


CSV_SEEDS = [
    how + text
    for how in (b"\0", b"\1", b"\2", b"\7")
    for text in (
        b"emotion,pixels,Usage\n3,@,Training\n6,~ 4,PublicTest\n0,1 ~,PrivateTest",
        b"emotion, Usage, pixels\r\n 3 ,Training,@\r\n9,Training,@\r\n\r\n1,PublicTest,~ 256\r\n",
        b'\xef\xbb\xbf"emotion","pixels"\n"3","@"\n"4","~ 1"\n5,"@\n',
        b"pixels\n@\n~  001\n\n1 2 3\n~ x\n",
        b"emotion,pixels,Usage\n3,@,Training,\n3,@\n3,@,training\n,@,Training\n",
        b"id,label,pixels,split\n0,3.0,@,VAL\n1,Happy,@,test\n2,6.,@,x\n3,7,@,train\n",
        b"\xff\xfee\0m\0o\0",
        b"emotion,pixels\r3,@\r",
    )
] + [b"\0" + gzip.compress(b"pixels\n" + b"1 " * 2304, 9, mtime=0)]


# Pixels


def try_pixels(data: bytes) -> None:
    """Parse cells, which a newline ends."""
    cells = unpacked(data).split(b"\n")
    pixels, causes = parse_pixels(cells)
    assert pixels.shape == (len(cells), NUM_PIXELS)
    for place, cell in enumerate(cells):
        expected = slow_values(cell.decode("latin-1"))
        assert (place in causes) == (expected is None), place
        if expected is not None:
            assert pixels[place].tobytes() == expected


PIXEL_SEEDS = [
    b"@",
    b"~ 255\n@\n1~\n@\n@\n~ 256",
    b" @ \n\t~\t4",
    b"~ 0004",
    b"~ -1\n~ 1.5\n~ +3\n~ \xd9\xa3\n~ nan",
    b"",
    b"\n",
    b"@ @",
]
