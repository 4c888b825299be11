"""Npz and parquet files that are made to do harm: one line each, in little memory."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import fer_data
from fer_data.data import sources
from fer_data.data.sources import source
from fer_data.errors import DataError
from fer_data.writers import convert
from tests.conftest import MakeFolder
from tests.helpers.format_files import GOOD, PIXELS, content, encoded, write_npz


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
    assert sources.names(fer_data.load(tmp_path / "y.npz")) == [name, "y.png"]


def test_a_name_that_no_file_can_have_is_not_taken(tmp_path: Path) -> None:
    names = np.array(["ü" * 4000, "y.png"])
    path = write_npz(tmp_path / "x.npz", **GOOD, samples=names)
    assert sources.names(fer_data.load(path)) == ["train_00000.png", "y.png"]


# Parquet

IMAGE = pa.struct({"bytes": pa.binary(), "path": pa.string()})


def write_parquet(
    path: Path, *, paths: Any = ("x.png", "y.png"), labels: Any = ("a", "b"), about: str = ""
) -> Path:
    images = pa.array([encoded(pixels) for pixels in PIXELS])
    paths, labels = (
        value if isinstance(value, pa.Array) else pa.array(value) for value in (paths, labels)
    )
    image = pa.StructArray.from_arrays([images, paths], ["bytes", "path"])
    table = pa.table({"image": image, "label": labels})
    pq.write_table(table.replace_schema_metadata({"huggingface": about}), path)
    return path


NO_UTF8 = pa.array([b"a", b"\xff"]).view(pa.string())


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"labels": NO_UTF8}, "broken parquet .*Invalid UTF8 sequence"),
        ({"paths": NO_UTF8}, "broken parquet .*Invalid UTF8 sequence"),
        ({"labels": ["a", "b" * 4097]}, "a label of more than 4,096 bytes"),
        ({"labels": pa.array([0, 1]), "about": "[" * 100_000}, "column label has no class names"),
    ],
)
def test_parquet_made_to_do_harm_is_one_line(
    tmp_path: Path, changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        raise DataError(refused(write_parquet(tmp_path / "x.parquet", **changed)))


@pytest.mark.parametrize(
    "kind",
    [
        pa.large_string(),
        pa.string_view(),
        pa.dictionary(pa.int8(), pa.string()),
        pa.dictionary(pa.int32(), pa.large_string()),
    ],
)
def test_text_of_any_kind_is_taken_for_labels_and_paths(tmp_path: Path, kind: pa.DataType) -> None:
    labels, paths = pa.array(["b", None]), pa.array(["x.png", None])
    if pa.types.is_dictionary(kind):
        labels, paths = labels.dictionary_encode(), paths.dictionary_encode()
    path = write_parquet(tmp_path / "x.parquet", labels=labels.cast(kind), paths=paths.cast(kind))
    found = [(sample.class_name, sample.name) for sample in content(path)]
    assert found == [("b", "x.png"), (None, "train_00001.png")]


def test_a_path_that_no_file_can_have_is_not_taken(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "x.parquet", paths=["x" * 100_000, "y.png"])
    assert sources.names(fer_data.load(path)) == ["train_00000.png", "y.png"]


@contextmanager
def counted() -> Iterator[pa.MemoryPool]:
    """Count what Arrow takes within a block."""
    usual = pa.default_memory_pool()
    pool = pa.proxy_memory_pool(usual)
    pa.set_memory_pool(pool)
    try:
        yield pool
    finally:
        pa.set_memory_pool(usual)


def write_once_each(path: Path, image: pa.Array, labels: pa.Array) -> None:
    """Write a file in which a value stands once however many rows have it."""
    table = pa.table({"image": image, "label": labels})
    pq.write_table(table, path, compression="zstd", dictionary_pagesize_limit=1 << 30)
    assert path.stat().st_size < 16384


def test_a_image_that_is_every_row_s_takes_little_memory(tmp_path: Path) -> None:
    row = {"bytes": b"x" * (4 << 20), "path": None}
    path = tmp_path / "x.parquet"
    write_once_each(path, pa.array([row] * 64, IMAGE), pa.array(["a"] * 64))
    with counted() as memory:
        (chunk,) = fer_data.load(path).source_chunks().chunks
        assert all(found.raw == row["bytes"] for found in chunk.raw_images())
    assert 0 < memory.max_memory() < 160 << 20  # of 256


@pytest.mark.parametrize("which", ["label", "path"])
def test_a_long_text_that_is_every_row_s_takes_little_memory(tmp_path: Path, which: str) -> None:
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 500, pa.int8()), ["x" * (1 << 20)])
    names = {"label": pa.array(["y"] * 500), "path": pa.array(["y"] * 500)} | {which: text}
    images = pa.array([b"x"] * 500)
    image = pa.StructArray.from_arrays([images, names["path"]], ["bytes", "path"])
    path = tmp_path / "x.parquet"
    write_once_each(path, image, names["label"])
    with counted() as memory:
        if which == "label":
            assert "a label of more than 4,096 bytes" in refused(path)
        else:
            assert sources.names(fer_data.load(path))[499] == "train_00499.png"
    assert 0 < memory.max_memory() < 50 << 20  # of 500


def test_rows_without_a_byte_each_are_refused_before_they_are_read(tmp_path: Path) -> None:
    rows = {"image": pa.nulls(300_000, IMAGE), "label": pa.nulls(300_000, pa.string())}
    pq.write_table(pa.table(rows), tmp_path / "x.parquet")
    assert "more than 100,000 bad rows" in refused(tmp_path / "x.parquet")


# Any layout


@pytest.mark.parametrize("kind", ["folder", "parquet"])
def test_more_bad_images_than_are_ever_skipped_are_refused(
    make_folder: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    path = make_folder({"train/cat": 4, "train/zoo": 0})
    if kind == "parquet":
        convert(path, tmp_path / "hub", to="parquet")
        path = tmp_path / "hub"
    monkeypatch.setattr(fer_data.data.decode, "MAX_PIXELS", 48)  # so that every image is bad
    with pytest.raises(DataError, match="not one image"):
        fer_data.open_store(path, skip_bad=True)
    monkeypatch.setattr(source, "MAX_BAD_ROWS", 3)
    with pytest.raises(DataError, match="more than 3 bad rows"):
        fer_data.open_store(path, skip_bad=True)
