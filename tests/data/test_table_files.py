"""Files that hold a labels table: text, JSON, parquet, and hostile ones."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fer_data.data.sources.tables import read_table, table_of_frame
from fer_data.errors import DataError
from tests.helpers.label_tables import Columns, refusal, write_csv

# Files

PLAIN = {"file": ["a.png", "b, c.png", "d.png"], "label": ["x", 'y "z"', "naïve"]}


@pytest.mark.parametrize(
    ("name", "delimiter", "encoding"),
    [
        ("t.csv", ",", "utf-8"),
        ("t.csv", ";", "utf-8-sig"),
        ("t.csv", "\t", "utf-8"),
        ("t.tsv", "\t", "utf-8-sig"),
        ("T.CSV", ",", "utf-8"),
    ],
)
def test_text_tables(tmp_path: Path, name: str, delimiter: str, encoding: str) -> None:
    table = read_table(write_csv(tmp_path / name, PLAIN, delimiter, encoding))
    assert table.columns == PLAIN
    assert table.where(0).endswith("row 2")


def records(columns: Columns) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def test_other_formats_of_the_same_table(tmp_path: Path) -> None:
    lines = "\n".join(map(json.dumps, records(PLAIN)))
    (tmp_path / "t.jsonl").write_text(lines)
    (tmp_path / "t.json").write_text(json.dumps(records(PLAIN)))
    (tmp_path / "map.json").write_text(json.dumps(dict(zip(*PLAIN.values(), strict=True))))
    pq.write_table(pa.table(PLAIN), tmp_path / "t.parquet")
    (tmp_path / "t.csv.gz").write_bytes(
        gzip.compress(write_csv(tmp_path / "t.csv", PLAIN).read_bytes())
    )
    for name in ("t.jsonl", "t.json", "t.parquet", "t.csv.gz"):
        assert read_table(tmp_path / name).columns == PLAIN
    assert [*read_table(tmp_path / "map.json").columns.values()] == [*PLAIN.values()]


def test_values_of_every_kind_are_text(tmp_path: Path) -> None:
    rows = [{"f": "a", "n": 1, "x": 0.50, "b": True}, {"f": "b", "n": None, "l": ["p", "q"]}]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, rows)))
    columns = read_table(tmp_path / "t.jsonl").columns
    assert columns["n"] == ["1", ""]
    assert columns["x"] == ["0.5", ""]
    assert columns["b"] == ["true", ""]
    assert columns["l"] == ["", '["p", "q"]']
    values = {"i": [1, None], "d": pa.array(["u", "u"]).dictionary_encode(), "l": [["p"], []]}
    pq.write_table(pa.table({**values, "bytes": [b"x", b"y"]}), tmp_path / "t.parquet")
    columns = read_table(tmp_path / "t.parquet").columns
    assert columns["i"] == ["1", ""]
    assert columns["d"] == ["u", "u"]
    assert list(columns) == ["i", "d", "l"]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("a b.png 3\nc.png 4\n", {"file_name": ["a b.png", "c.png"], "label": ["3", "4"]}),
        ("a.png\t3\n\nc.png\t4", {"file_name": ["a.png", "c.png"], "label": ["3", "4"]}),
        ("a,3\nc,4\n\n", {"file_name": ["a", "c"], "label": ["3", "4"]}),
        ("image,label\na,3\nc,4\n", {"image": ["a", "c"], "label": ["3", "4"]}),
        ("image label\na 3\nc 4\n", {"image": ["a", "c"], "label": ["3", "4"]}),
        ("a.png\nc.png\n", {"file_name": ["a.png", "c.png"]}),
    ],
)
def test_lists(tmp_path: Path, text: str, columns: Columns) -> None:
    (tmp_path / "t.txt").write_text(text)
    assert read_table(tmp_path / "t.txt").columns == columns


def test_a_csv_whose_first_row_names_an_image_has_no_header(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a.png,3\nb.png,4\n")
    table = read_table(tmp_path / "t.csv")
    assert [*table.columns.values()] == [["a.png", "b.png"], ["3", "4"]]
    assert table.where(0).endswith("row 1")


def test_a_data_frame_is_a_table() -> None:
    import pandas as pd

    frame = pd.DataFrame(PLAIN | {"n": [1.0, None, 3.0]})
    assert table_of_frame(frame).columns == {**PLAIN, "n": ["1.0", "", "3.0"]}


HOSTILE = {
    "nul.csv": b"f,label\na.png,x\nb\0.png,y\n",
    "latin.csv": b"f,label\na.png,x\nb.png,\xe9\n",
    "ragged.csv": b"f,label\na.png,x\nb.png,y,z\n",
    "short.csv": b"f,label\na.png,x\nb.png\n",
    "quote.csv": b'f,label\na.png,x\n"b.png,y\n',
    "long.csv": b"f,label\na.png,x\n" + b"b" * (2 << 20) + b",y\n",
    "many_lines.csv": b'f,label\na.png,x\n"' + b"b\n" * (1 << 20) + b'",y\n',
    "twice.csv": b"f,f\na.png,x\n",
    "wide.csv": b",".join(b"%d" % number for number in range(100_000)) + b"\n",
    "empty.csv": b"",
    "header.csv": b"f,label\n",
    "zip.csv": b"PK\3\4" + bytes(100),
    "utf16.csv": "f,label\na.png,x\n".encode("utf-16"),
    "lfs.csv": b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n",
    "html.csv": b"<!DOCTYPE html>\n<html></html>\n",
    "broken.csv.gz": gzip.compress(b"f,label\n" * 1000)[:30],
    "ragged.txt": b"a.png x\nb.png\n",
    "nul.jsonl": b'{"f": "a"}\n{"f": "\0"}\n',
    "list.jsonl": b'{"f": "a"}\n[1]\n',
    "broken.jsonl": b'{"f": "a"}\n{"f": \n',
    "deep.jsonl": b'{"f": "a"}\n' + b"[" * 100_000 + b"\n",
    "deep.json": b"[" * 100_000,
    "number.json": b"3",
    "names.json": b'{"a.png": {"x": 1}}',
    "lists.json": b'{"a.png": ["x", "y"], "b.png": ["x"]}',
    "coco.json": b'{"images": [{"id": 1}], "annotations": []}',
    "category.json": b'{"images": [], "annotations": [{"image_id": 1, "category_id": 2}]}',
    "t.parquet": b"PAR1" + bytes(40) + b"PAR1",
    "t.xlsx": b"PK\3\4",
    "t.xls": b"\xd0\xcf\x11\xe0",
    "t.pkl": b"\x80\x04.",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_bad_files_end_in_one_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(HOSTILE[name])
    with pytest.raises(DataError) as caught:
        read_table(path)
    said = str(caught.value)
    assert said.startswith(str(path))
    assert "\n" not in said
    assert len(said) < len(str(path)) + 400
    in_row = {"nul": 3, "latin": 3, "ragged": 3, "short": 3, "long": 3, "list": 2, "broken": 2}
    if name.endswith((".csv", ".jsonl")) and (row := in_row.get(path.stem)):
        assert f"row {row - name.endswith('nul.jsonl')}" in said


def test_control_characters_do_not_reach_an_error() -> None:
    files = ["a.png", "b.png", "c.png"]
    columns = {"f\x1b[31m": files, "x\u202e\n": ["1\x1b", "2", "2"], "z": ["p", "q", "p"]}
    assert str(refusal(columns, files)).isprintable()


def test_parquet_without_pyarrow(tmp_path: Path) -> None:
    pq.write_table(pa.table(PLAIN), tmp_path / "t.parquet")
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from fer_data.data.sources.tables import read_table\n"
        "from fer_data.errors import UsageError\n"
        "try:\n    read_table(sys.argv[1])\nexcept UsageError as error:\n    print(error)\n"
        "assert 'pandas' not in sys.modules\n"
    )
    arguments = [sys.executable, "-c", code, str(tmp_path / "t.parquet")]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert "pip install 'fer-data[parquet]'" in done.stdout
