"""Fuzz targets: npz and parquet files."""

from __future__ import annotations

import io
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fer_data.data.options import LoadOptions
from fer_data.data.sources import SOURCES
from fer_data.errors import DataError
from tests.helpers.fuzz_files import saved

# Npz and parquet files


def use(layout: str, path: Path) -> None:
    """Read a data set's dataset, names and images; a refusal is one line that names it."""
    reader = SOURCES[layout]
    refusal = f"{path}"
    try:
        dataset = reader.read(path, LoadOptions(skip_bad=True))
        assert len(reader.names(dataset)) == len(dataset)
        row = 0
        for chunk in reader.chunks(dataset.origin, dataset.rows).chunks:
            for found in chunk.raw_images():
                assert found.row == row
                row += 1
        assert row == len(dataset)
    except DataError as error:
        refusal = str(error)
    assert refusal.startswith(str(path))
    assert "\n" not in refusal


ARRAYS = ("pixels", "labels", "class_names", "splits", "split_codes", "samples")


@cache
def whole_arrays() -> dict[str, bytes]:
    """Return the members of a small npz."""
    file = io.BytesIO()
    np.savez(
        file,
        pixels=np.arange(18, dtype=np.uint8).reshape(2, 3, 3),
        labels=np.array([1, -1]),
        class_names=np.array(["b", "a"]),
        splits=np.array(["test", "train"]),
        split_codes=np.array([1, 0]),
        samples=np.array(["x.png", "y.png"]),
    )
    with zipfile.ZipFile(file) as members:
        return {name: members.read(f"{name}.npy") for name in ARRAYS}


def npz_of(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, data in members.items():
            zipped.writestr(zipfile.ZipInfo(f"{name}.npy"), data)
    return file.getvalue()


def try_npz(data: bytes) -> None:
    """Read an npz one member of which, as the first byte says, is something else, or all of it."""
    how, data = (data[0] if data else 0) % 7, data[1:]
    changed = {ARRAYS[how]: data} if how < 6 else {}
    use("npz", saved(npz_of(whole_arrays() | changed) if changed else data, "any.npz"))


def npz_seeds() -> list[bytes]:
    whole = whole_arrays()
    odd = ["<U0", "<U9", ">U1", "|O", "<i1", "<M8[s]", "|V4"]
    return [
        *(bytes([place]) + whole[name] for place, name in enumerate(ARRAYS)),
        *(bytes([place]) + whole[ARRAYS[place]].replace(b"(2,)", b"(9,)") for place in (1, 2, 5)),
        *(b"\2" + whole["class_names"].replace(b"<U1", kind.encode()) for kind in odd),
        b"\6" + npz_of(whole),
        b"\6" + npz_of({**whole, "splits": b""}),
    ]


IMAGES = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"


def parquet_of(labels: pa.Array, about: bytes, **options: object) -> bytes:
    images = [{"bytes": IMAGES, "path": "x.gif"}, {"bytes": None, "path": None}, None]
    kind = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    table = pa.table({"image": pa.array(images, kind), "label": labels})
    file = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({b"huggingface": about}), file, **options)
    return file.getvalue()


FEATURES = b'{"info": {"features": {"label": {"names": ["b", "a"], "_type": "ClassLabel"}}}}'


def try_parquet(data: bytes) -> None:
    """Read parquet as it is, or with metadata, or text labels that end in a line, of its bytes."""
    how, data = (data[0] if data else 0) % 3, data[1:]
    if how == 1:
        data = parquet_of(pa.array([0, 1, -1]), data)
    elif how == 2:
        lines = (data.split(b"\n") + [None] * 3)[:3]
        data = parquet_of(pa.array(lines, pa.binary()).view(pa.string()), b"")
    use("parquet", saved(data, "any.parquet"))


def parquet_seeds() -> list[bytes]:
    small = {"write_statistics": False, "store_schema": False, "compression": "none"}
    return [
        b"\0" + parquet_of(pa.array([0, 1, None]), FEATURES, **small, use_dictionary=False),
        b"\0" + parquet_of(pa.array(["a", "b", "a"]), b"", **small),
        b"\0" + parquet_of(pa.array(["a", "b", None]).dictionary_encode(), b"", compression="zstd"),
        b"\1" + FEATURES,
        b'\1{"info": {"features": {"image": {"_type": "Image"}, "label": 3}}}',
        b'\1{"info": []}',
        b"\2a\nb\na",
        b"\2\xff\n\xed\xa0\x80\n",
    ]
