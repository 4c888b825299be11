"""FER2013 csv files for tests, as the four published layouts have them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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
