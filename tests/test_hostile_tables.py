"""Npz, parquet and TFRecord files that are made to do harm: one line each, in little memory."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fer_data
from fer_data import readers
from fer_data.errors import DataError
from fer_data.readers import source
from fer_data.writers import convert
from tests.conftest import MakeFolder
from tests.test_formats import GOOD, content, write_npz


def refused(path: Path) -> str:
    """Return the one line that the data set is refused with."""
    with pytest.raises(DataError) as caught:
        content(path)
    said = str(caught.value)
    assert said.startswith(str(path))
    assert "\n" not in said
    return said


# npz


def npz_with(path: Path, name: str, header: bytes) -> Path:
    """Write a good npz, one array of which is another header and no values."""
    write_npz(path, **{key: value for key, value in GOOD.items() if key != name})
    with zipfile.ZipFile(path, "a") as file:
        start = b"\x93NUMPY\1\0" + struct.pack("<H", len(header))
        file.writestr(f"{name}.npy", start + header)
    return path


def header(descr: str, shape: str) -> bytes:
    return f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}\n".encode()


@pytest.mark.parametrize(
    ("name", "head", "message"),
    [
        ("labels", header("<i8", "(10000000000000,)"), r"labels is int64 \[10000000000000\]"),
        ("pixels", header("|u1", "(10000000000000, 4, 4)"), "not as long as its shape"),
        ("labels", b"{'descr': '<i8', 'shape': (2,", "labels has no header"),
        ("pixels", b"-" * 9000, "pixels has no header"),
        ("class_names", b"(" * 9000, "class_names has no header"),
        ("class_names", header("<U0", "(100000000,)"), r"class_names is <U0 \[100000000\]"),
        ("class_names", header("<U1", "(100000000,)"), "100,000,000 texts; expected 65,536"),
        ("samples", header("<U0", "(100000000,)"), r"samples is <U0 \[100000000\]"),
        ("samples", header("<U1", "(100000000,)"), "100,000,000 texts; expected 2 at the most"),
    ],
)
def test_a_header_of_an_npz_is_not_trusted(
    tmp_path: Path, name: str, head: bytes, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        raise DataError(refused(npz_with(tmp_path / "x.npz", name, head)))


@pytest.mark.parametrize("name", ["class_names", "samples"])
def test_letters_beyond_unicode_are_refused(tmp_path: Path, name: str) -> None:
    texts = np.array([ord("a"), 0x110000], np.uint32).view("<U1")
    said = refused(write_npz(tmp_path / "x.npz", **GOOD | {name: texts}))
    assert f"{name} has a letter that is none of Unicode's" in said


def test_an_npz_of_rows_without_a_byte_each_is_refused(tmp_path: Path) -> None:
    number = 200_000
    some = np.zeros(number, np.int8)
    changed: dict[str, Any] = {"labels": some, "split_codes": some}
    nothing = {"pixels": np.zeros((number, 1, 1), np.uint8)}
    path = write_npz(tmp_path / "x.npz", **GOOD | changed | nothing)
    assert "more than 100,000 bad rows" in refused(path)


@pytest.mark.parametrize("name", ["x" * 1200, "ü" * 1200, "a/" * 600 + "x.png"])
def test_an_npz_s_long_names_are_read_back(tmp_path: Path, name: str) -> None:
    names = np.array([name, "y.png"])
    convert(write_npz(tmp_path / "x.npz", **GOOD, samples=names), tmp_path / "y.npz")
    assert readers.names(fer_data.read(tmp_path / "y.npz")) == [name, "y.png"]


def test_a_name_that_no_file_can_have_is_not_taken(tmp_path: Path) -> None:
    names = np.array(["ü" * 4000, "y.png"])
    path = write_npz(tmp_path / "x.npz", **GOOD, samples=names)
    assert readers.names(fer_data.read(path)) == ["train_00000.png", "y.png"]


# Any layout


@pytest.mark.parametrize("kind", ["folder", "parquet"])
def test_more_bad_pictures_than_are_ever_skipped_are_refused(
    make_folder: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    path = make_folder({"train/cat": 4})
    if kind == "parquet":
        convert(path, tmp_path / "hub", to="parquet")
        path = tmp_path / "hub"
    monkeypatch.setattr(fer_data.decode, "MAX_PIXELS", 48)  # so that every picture is bad
    with pytest.raises(DataError, match="not one picture"):
        fer_data.open_store(path, skip_bad=True)
    monkeypatch.setattr(source, "MAX_BAD_ROWS", 3)
    with pytest.raises(DataError, match="more than 3 bad rows"):
        fer_data.open_store(path, skip_bad=True)
