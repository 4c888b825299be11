"""Data sets of every format, their contents, and files of each."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from fer_data import PixelFormat
from fer_data.data import sources
from fer_data.data.decode import decode
from fer_data.data.reading import load_unlabelled_too
from fer_data.errors import DataError
from tests.helpers.records import write_records

ODD_NAMES = ("cat", "a b", "100%", "Ünï-😀", "[red]", "猫", "a\nb", "-x", "train", "C:")


class Sample(NamedTuple):
    split: str
    class_name: str | None
    name: str
    shape: tuple[int, ...]
    pixels: bytes


def layout_of(path: Path) -> str | None:
    """Return the layout by which a folder of any class folders is read, be it of one class."""
    return "class-folders" if sources.layout_of(path) == "folder" else None


def content(path: Path, *, test_apart: bool = True) -> list[Sample]:
    """Return every sample of a data set, in order."""
    dataset = load_unlabelled_too(path, test_apart=test_apart, layout=layout_of(path))
    names = sources.names(dataset)
    found = []
    for chunk in dataset.source_chunks().chunks:
        for row, name, raw in chunk.raw_images():
            assert not isinstance(raw, DataError), raw
            label = dataset.labels[row]
            if not isinstance(raw, np.ndarray):
                with Image.open(raw if isinstance(raw, Path) else io.BytesIO(raw)) as image:
                    color = "rgb" if image.mode == "RGB" else "grey"
                    raw = decode(raw, PixelFormat(image.height, image.width, color), name).pixels
            pixels = raw[..., 0] if raw.shape[2:] == (1,) else raw
            split = dataset.splits[dataset.split_codes[row]]
            class_name = dataset.class_names[label] if label >= 0 else None
            found.append(Sample(split, class_name, names[row], pixels.shape, pixels.tobytes()))
    assert len(found) == len(dataset)
    return found


def files(root: Path) -> dict[str, bytes]:
    """Return the bytes of every file below a folder."""
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def encoded(pixels: np.ndarray, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def write_npz(path: Path, **arrays: Any) -> Path:
    np.savez_compressed(path, **arrays)
    return path


def target(root: Path, to: str) -> Path:
    return root / (f"x.{to}" if to in ("csv", "npz") else to)


def parquet_of(path: Path, columns: dict[str, pa.Array], features: dict[str, Any]) -> Path:
    table = pa.table(columns)
    about = {"huggingface": json.dumps({"info": {"features": features}})}
    pq.write_table(table.replace_schema_metadata(about), path)
    return path


IMAGES = [{"bytes": encoded(np.full((2, 2), value, np.uint8)), "path": None} for value in (1, 2, 3)]


LABEL = {"_type": "ClassLabel", "names": ["zebra", "ant"]}


KINDS = ["npz", "parquet", pytest.param("tfrecord", marks=pytest.mark.extra("tensorflow"))]


PIXELS = np.arange(2 * 4 * 4, dtype=np.uint8).reshape(2, 4, 4)


def source_of(kind: str, root: Path, class_name: str, names: list[str]) -> Path:
    if kind == "npz":
        return write_npz(
            root / "x.npz",
            pixels=PIXELS,
            labels=[0, 0],
            class_names=np.array([class_name]),
            samples=np.array(names),
        )
    if kind == "tfrecord":
        records = [
            {"image/encoded": encoded(x), "image/filename": name}
            | {"image/class/label": 0, "image/class/text": class_name}
            for x, name in zip(PIXELS, names, strict=True)
        ]
        return write_records(root / "records.tfrecord", records)
    images = [{"bytes": encoded(x), "path": name} for x, name in zip(PIXELS, names, strict=True)]
    label = {"_type": "ClassLabel", "names": [class_name]}
    return parquet_of(
        root / "x.parquet",
        {"image": pa.array(images), "label": pa.array([0, 0])},
        {"image": {"_type": "Image"}, "label": label},
    )


GOOD = {
    "pixels": PIXELS,
    "labels": np.array([0, 1]),
    "class_names": np.array(["a", "b"]),
    "splits": np.array(["train"]),
    "split_codes": np.array([0, 0]),
}
