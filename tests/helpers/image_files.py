"""Image files for tests of decoding and of stores."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from tests.helpers.csv_files import noise

GREY = noise(1, seed=3)[0]


def save(image: Image.Image, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    return path


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
