"""Fuzz targets: images and stores."""

from __future__ import annotations

import contextlib
import io
from functools import cache
from pathlib import Path
from unittest.mock import patch

import numpy as np
from PIL import Image

from fer_data.data import decode, store
from fer_data.data.decode import PixelFormat, read_image
from fer_data.data.reading import load
from fer_data.errors import DataError
from fer_data.loading.opening import make_loader
from tests.helpers.fuzz_files import REFUSED, saved, scratch

# Images


def try_image(data: bytes) -> None:
    """Decode an image in the form that the first byte says."""
    how, data = (data[0] if data else 0), data[1:]
    form = PixelFormat(9, 7, "rgb" if how & 1 else "grey")
    path = saved(data, "image")
    image, refusal = None, ""
    try:
        with patch.object(decode, "MAX_PIXELS", 1 << 20):  # what is larger only takes longer
            image = read_image(path, form)
    except DataError as error:
        refusal = str(error)
    if image is None:
        assert refusal.startswith(str(path))
        return
    assert image.pixels.shape == form.shape
    assert image.pixels.dtype == np.uint8


def image_seeds() -> list[bytes]:
    ramp = np.arange(144, dtype=np.uint8).reshape(12, 12)
    grey = Image.fromarray(ramp)
    wide = Image.fromarray(ramp.astype(np.uint16) * 257)
    exif = Image.Exif()
    exif[0x0112] = 6
    many = [
        (grey, "PNG", {"exif": exif}),
        (grey.convert("RGBA"), "PNG", {"optimize": True}),
        (grey.convert("P"), "PNG", {"transparency": 3}),
        (wide, "PNG", {}),
        (grey.convert("1"), "PNG", {}),
        (grey, "JPEG", {"exif": exif}),
        (grey.convert("RGB"), "JPEG", {"progressive": True}),
        (grey.convert("CMYK"), "JPEG", {}),
        (grey, "BMP", {}),
        (grey.convert("1"), "BMP", {}),
        (grey.convert("RGBA"), "BMP", {}),
        (grey, "GIF", {}),
        (grey.convert("P"), "GIF", {"save_all": True, "append_images": [grey], "transparency": 1}),
        (grey.convert("RGB"), "WEBP", {"exif": exif}),
        (grey.convert("RGBA"), "WEBP", {"lossless": True}),
        (grey.convert("RGB"), "WEBP", {"save_all": True, "append_images": [wide.convert("RGB")]}),
        *(
            (grey, "TIFF", {"compression": kind})
            for kind in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits")
        ),
        (grey.convert("1"), "TIFF", {"compression": "group4"}),
        (grey.convert("RGB"), "TIFF", {"compression": "jpeg"}),
        (wide, "TIFF", {}),
        (Image.fromarray(ramp.astype(np.float32)), "TIFF", {}),
    ]
    seeds = []
    for place, (image, kind, options) in enumerate(many):
        file = io.BytesIO()
        image.save(file, kind, **options)
        seeds.append(bytes([place % 2]) + file.getvalue())
    return seeds


# Stores

NAMES = ("store.json", "pixels.npy")


@cache
def small_store() -> Path:
    """Build a store of a few images, and return its folder."""
    root = scratch() / "data"
    for split, name, number in (("train", "a", 3), ("train", "b", 2), ("test", "b", 1)):
        folder = root / split / name
        folder.mkdir(parents=True)
        for place in range(number):
            pixels = np.full((4, 4), 40 * place, np.uint8)
            Image.fromarray(pixels).save(folder / f"{place}.png")
    return store.open_store(root, form=PixelFormat(4, 4, "grey"), cache=scratch() / "cache").path


@cache
def whole_files() -> dict[str, bytes]:
    return {name: (small_store() / name).read_bytes() for name in NAMES}


def try_store(data: bytes) -> None:
    """Open a store one file of which, as the first byte says, is something else, and use it."""
    name, data = NAMES[(data[0] if data else 0) % 2], data[1:]
    whole = whole_files()
    broken = scratch() / "broken"
    broken.mkdir(exist_ok=True)
    for each in NAMES:
        (broken / each).write_bytes(data if each == name else whole[each])
    dataset = load(scratch() / "data", layout="class-folders")
    with contextlib.suppress(*REFUSED):
        found = store._map(broken, dataset)
        for split in found.dataset.splits:
            found.dataset.class_counts(split)
            found.dataset.num_unlabelled(split)
            found.dataset.without_samples(split)
        found.dataset.skipped_summary()
        assert len(found.dataset.sample_ids()) == len(found.pixels)
        assert str(found.report)
        with contextlib.suppress(*REFUSED):
            found.verify()
        batch = make_loader(found, found.dataset.indices("train"), batch_size=4).batch(1)
        assert batch.images.shape[1:] == found.form.shape


def store_seeds() -> list[bytes]:
    whole = whole_files()
    return [bytes([place]) + whole[name] for place, name in enumerate(NAMES)] + [
        b"\0" + whole["store.json"].replace(b"4", b"5"),
        b"\0{}",
    ]
