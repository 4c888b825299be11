"""FER2013 csv files for tests, as the four published layouts have them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_data.fer2013 import csv_blocks, csv_rows

FLAT = " ".join(["7"] * 2304)
"""A good cell: one flat colour."""


def noise(number: int, *, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (number, 48, 48), np.uint8)


def cell(image: NDArray[np.uint8]) -> str:
    return " ".join(map(str, image.ravel().tolist()))


def write_csv(
    path: Path, lines: Iterable[str], *, header: str = "emotion,pixels,Usage", end: str = "\n"
) -> Path:
    path.write_bytes("".join(line + end for line in (header, *lines)).encode("utf-8"))
    return path


def write_noise_csv(path: Path, codes: list[int], usages: list[str]) -> NDArray[np.uint8]:
    """Write a csv of noise, and return the images."""
    images = noise(len(codes))
    rows = zip(codes, images, usages, strict=True)
    write_csv(path, [f"{code},{cell(image)},{usage}" for code, image, usage in rows])
    return images


LINES = [f"3,{FLAT},Training", f"6,{FLAT},PublicTest"]


PLAIN = "\n".join(["emotion,pixels,Usage", *LINES, ""]).encode()


# Any csv


def parse_all(path: Path, *, merge_test: bool = True) -> csv_rows.Rows:
    """Parse a whole csv with its pixels."""
    whole = csv_rows.Rows()
    with csv_blocks.open_csv(path) as (columns, blocks):
        for block in blocks:
            part = csv_rows.parse(block, columns, merge_test=merge_test, with_pixels=True)
            whole.rows += part.rows
            whole.labels += part.labels
            whole.splits += part.splits
            whole.rejects += part.rejects
            whole.pixels = np.concatenate([whole.pixels, part.pixels])
    return whole
