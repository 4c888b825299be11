"""Small files and folders of which public layouts are made up."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

Counts = Mapping[str, Mapping[str, int]]


def image(number: int) -> bytes:
    file = io.BytesIO()
    pixels = np.random.default_rng(number).integers(0, 256, (6, 6, 3), np.uint8)
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def put(root: Path, *names: str) -> None:
    """Write images, each another one."""
    for number, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(image(number))


def folders(root: Path, *paths: str, size: int = 2, name: str = "{}.jpg") -> None:
    """Write so many images into each of some folders."""
    put(root, *(f"{path}/{name.format(n)}" for path in paths for n in range(size)))


def text(root: Path, name: str, content: str = "x\n") -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(content)


def table(root: Path, name: str, header: str, rows: Iterable[Sequence[object]]) -> None:
    """Write a csv."""
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([header.split(","), *rows])
    text(root, name, file.getvalue())


def each(splits: str, names: str, size: int = 2) -> Counts:
    """Return the counts of a balanced data set."""
    return {split: dict.fromkeys(names.split(), size) for split in splits.split()}


def below(splits: str, names: str) -> list[str]:
    return [f"{split}/{name}" for split in splits.split() for name in names.split()]


def arrays(
    split: str, number: int, images: str, labels: str, *, column: bool = False, least: int = 0
) -> dict[str, Any]:
    """Return images of a split and labels of three classes, as arrays by their names."""
    pixels = np.random.default_rng(number).integers(0, 256, (number, 28, 28, 3), np.uint8)
    codes = (least + np.arange(number) % 3).astype(np.uint8)
    return {images.format(split): pixels, labels.format(split): codes[:, None] if column else codes}
