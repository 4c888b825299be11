"""Csv files that are broken, or made to break the reader."""

from __future__ import annotations

import gzip
import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import fer_data
from fer_data.data.sources import source
from fer_data.errors import DataError
from fer_data.fer2013 import csv_blocks, csv_rows
from tests.conftest import Run
from tests.helpers.csv_files import FLAT, LINES, PLAIN, parse_all, write_csv
from tests.helpers.messages import one_line

HEADER = b"emotion,pixels,Usage\n"
MEBIBYTE = 1 << 20


def bomb(path: Path, line: bytes, *, mebibytes: int, header: bytes = HEADER) -> Path:
    """Write a gzip of a line over and over, which takes a thousandth of its size and no time."""
    member = gzip.compress(line * (MEBIBYTE // len(line)))
    path.write_bytes(gzip.compress(header) + member * mebibytes)
    return path


@pytest.fixture
def blocks_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Gets an entry for each read of a gzip; few bad rows are skipped, so that tests are quick."""
    monkeypatch.setattr(source, "MAX_BAD_ROWS", 5000)
    reads: list[int] = []
    read = gzip.GzipFile.read

    def counted(self: gzip.GzipFile, size: int | None = -1) -> bytes:
        reads.append(1)
        return read(self, size)

    monkeypatch.setattr(gzip.GzipFile, "read", counted)
    return reads


@pytest.mark.parametrize(
    ("line", "header", "message"),
    [
        (b"\n", HEADER, "nothing but blank lines from line 2 on"),
        (b" \r\n", HEADER, "nothing but blank lines from line 2 on"),
        (b"3,,Training\n", HEADER, r"row 0 \(line 2\), column pixels: 0 values where 2,304"),
        (b"3," + b" " * 4000 + b",Training\n", HEADER, "column pixels: 0 values where 2,304"),
        (b"\0", HEADER, "line 2 is longer than 1,048,576 bytes"),
        (b'"', HEADER, "line 2 is longer than 1,048,576 bytes"),
        (b",", HEADER, "line 2 is longer than 1,048,576 bytes"),
        (b",pixels", b"", "line 1 is longer than 1,048,576 bytes"),
    ],
)
def test_a_bomb_in_a_gzip_ends_early_and_in_little_memory(
    tmp_path: Path, blocks_read: list[int], line: bytes, header: bytes, message: str
) -> None:
    path = bomb(tmp_path / "fer.csv.gz", line, mebibytes=1000, header=header)
    assert path.stat().st_size < 8 * MEBIBYTE
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=message) as refused:
            fer_data.load(path)
        assert tracemalloc.get_traced_memory()[1] < 100 * MEBIBYTE
    finally:
        tracemalloc.stop()
    assert "\n" not in str(refused.value)
    assert len(blocks_read) <= 4


def test_a_bomb_of_bad_rows_ends_early_though_they_are_skipped(
    tmp_path: Path, blocks_read: list[int]
) -> None:
    path = bomb(tmp_path / "fer.csv.gz", b"3,,Training\n", mebibytes=1000)
    with pytest.raises(DataError, match="more than 5,000 bad rows; this is not such a data set"):
        fer_data.load(path, skip_bad=True)
    assert len(blocks_read) <= 4
    with pytest.raises(DataError, match="more than 5,000 bad rows"):
        fer_data.convert_csv(path, tmp_path / "out", skip_bad=True)
    assert sorted(tmp_path.iterdir()) == [path]


def test_many_rows_that_parse_are_data_and_are_read_in_flat_memory(tmp_path: Path) -> None:
    row = f"3,{FLAT},Training\n".encode()
    path = bomb(tmp_path / "fer.csv.gz", row, mebibytes=8)
    number = 8 * (MEBIBYTE // len(row))
    tracemalloc.start()
    try:
        found = 0
        with csv_blocks.open_csv(path) as (columns, blocks):
            for block in blocks:
                part = csv_rows.parse(block, columns, merge_test=True, with_pixels=True)
                found += len(part.pixels)
        assert tracemalloc.get_traced_memory()[1] < 10 * MEBIBYTE
    finally:
        tracemalloc.stop()
    assert found == number == len(fer_data.load(path))


def test_a_run_of_blank_lines_within_the_data_is_no_end_of_it(tmp_path: Path) -> None:
    path = tmp_path / "fer.csv"
    path.write_bytes(PLAIN + b"\n" * (MEBIBYTE // 2) + LINES[0].encode())
    assert fer_data.load(path).locations.tolist() == [0, 1, 2 + MEBIBYTE // 2]


@pytest.mark.parametrize("code", ["utf-16", "utf-16-be", "utf-16-le", "utf-32"])
def test_utf_16_is_refused_by_its_name_where_it_can_be_recognised(
    tmp_path: Path, code: str
) -> None:
    path = tmp_path / "fer.csv"
    path.write_bytes(PLAIN.decode().encode(code))
    with pytest.raises(
        DataError, match=r"no column pixels; the header is|binary|UTF-16"
    ) as refused:
        fer_data.load(path)
    assert ("UTF-16 text; save it as UTF-8" in str(refused.value)) == (
        code in ("utf-16", "utf-32")  # which begin with a mark
    )


def test_lines_that_end_in_cr_alone_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "fer.csv"
    path.write_bytes(PLAIN.replace(b"\n", b"\r"))
    with pytest.raises(DataError, match="lines end in CR alone; save it with LF or CRLF"):
        fer_data.load(path)


def test_a_newline_within_quotes_ends_the_row(tmp_path: Path) -> None:
    broken = FLAT[:2000] + "\n" + FLAT[2000:]
    path = write_csv(tmp_path / "fer.csv", [LINES[0], f'3,"{broken}",Training', LINES[1]])
    with pytest.raises(DataError, match=r"row 1 \(line 3\), column \(all\)"):
        fer_data.load(path)
    data = fer_data.load(path, skip_bad=True)
    assert data.locations.tolist() == [0, 3]
    assert [item.name for item in data.skipped] == ["row 1 (line 3)", "row 2 (line 4)"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("7", "nan"),
        ("7", "-7"),
        ("7", "256"),
        ("7", "7.0"),
        ("7", "+7"),
        ("7", "٧"),
        ("7", "7e0"),
        ("7", ""),
        (" ", "  \xa0"),
        (" ", ";"),
    ],
)
def test_a_value_that_is_no_pixel_is_a_bad_row_of_a_store_too(
    tmp_path: Path, old: str, new: str
) -> None:
    bad = FLAT.replace(old, new, 1)
    path = write_csv(tmp_path / "fer.csv", [LINES[0], f"3,{bad},Training", LINES[1]])
    with pytest.raises(DataError, match=r"row 1 \(line 3\), column pixels: "):
        fer_data.open_store(path)
    store = fer_data.open_store(path, skip_bad=True)
    assert store.dataset.locations.tolist() == [0, 2]
    assert np.unique(store.pixels).tolist() == [7]


def test_ten_million_columns_in_a_row_are_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer.csv", [LINES[0], "," * 10_000_000])
    with pytest.raises(DataError, match="line 3 is longer than 1,048,576 bytes"):
        fer_data.load(path)


def test_as_many_columns_in_a_row_as_a_line_can_have_are_a_bad_row(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer.csv", [LINES[0], "," * 900_000, LINES[1]])
    with pytest.raises(DataError, match="900001 fields where the header has 3"):
        fer_data.load(path)
    assert parse_all(path).rows == [0, 2]


@pytest.mark.parametrize("header", ["pixels" + ",x" * 5_000_000, "x," * 5_000_000 + "pixels"])
def test_ten_million_columns_in_the_header_are_refused(tmp_path: Path, header: str) -> None:
    path = write_csv(tmp_path / "fer.csv", LINES, header=header)
    with pytest.raises(DataError, match="line 1 is longer than 1,048,576 bytes"):
        fer_data.load(path)


@pytest.mark.parametrize(
    "arguments", [["stats"], ["plan"], ["samples", "--"], ["convert-csv"]], ids=lambda one: one[0]
)
@pytest.mark.parametrize("kind", ["pipe", "device", "empty"])
def test_a_csv_that_is_none_is_one_line_and_never_waited_for(
    run: Run, tmp_path: Path, arguments: list[str], kind: str
) -> None:
    path = tmp_path / "fer.csv"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path = Path("/dev/zero")
    else:
        path.touch()
    out = [] if arguments[0] in ("stats", "plan") else [tmp_path / "out.png"]
    line = one_line(run(*arguments, path, *out))
    causes = {"pipe": "is a FIFO", "device": "is a device", "empty": "an empty file"}
    assert causes[kind] in line
    assert not (tmp_path / "out.png").exists()
