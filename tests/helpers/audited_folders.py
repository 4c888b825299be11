"""Folders with problems for the audit to find."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fer_data.auditing import (
    KINDS,
    Audit,
    Finding,
)
from fer_data.data.dataset import Dataset
from fer_data.data.reading import load
from tests.helpers.drawn_images import brightened, drawn_images, shifted

Pixels = NDArray[np.uint8]


def write(root: Path, images: dict[str, list[Pixels]], prefix: str = "") -> Path:
    """Write images as PNG files: {"train/cat": [...]}, numbered from 0."""
    for folder, found in images.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        for number, image in enumerate(found):
            Image.fromarray(image).save(root / folder / f"{prefix}{number:03d}.png")
    return root


def plain(root: Path, **more: list[Pixels]) -> Path:
    """Write two splits of two classes with nothing wrong in them, and `more` after those."""
    every = list(drawn_images(120))
    return write(
        root,
        {
            "train/cat": every[:40] + more.get("cat", []),
            "train/dog": every[40:80] + more.get("dog", []),
            "test/cat": every[80:100] + more.get("test_cat", []),
            "test/dog": every[100:] + more.get("test_dog", []),
        },
    )


def only(found: Audit, kind: str) -> Finding:
    (finding,) = found.of_kinds((kind,))
    return finding


def samples(found: Audit, finding: Finding) -> list[list[str]]:
    names = found.dataset.sample_ids()
    return [[names[row] for row in group] for group in finding.groups]


def augmented(image: Pixels, random: np.random.Generator) -> Pixels:
    """Return what people save to disk to have more of a class."""
    if random.random() < 0.5:
        image = image[:, ::-1]
    moved = shifted(image, *random.integers(-2, 3, 2).tolist())
    return brightened(moved, int(random.integers(-25, 26)))


def polluted(root: Path) -> Path:
    """Write a class that was oversampled on disk, by flips, shifts, brightness, before a split."""
    random = np.random.default_rng(0)
    every = drawn_images(190)
    rare = [augmented(image, random) for image in every[:10] for _ in range(6)]
    order = random.permutation(len(rare))
    return write(
        root,
        {
            "train/common": list(every[10:110]),
            "train/other": list(every[110:150]),
            "train/rare": [rare[i] for i in order[:40]],
            "test/common": list(every[150:170]),
            "test/other": list(every[170:]),
            "test/rare": [rare[i] for i in order[40:]],
        },
    )


EVERY = KINDS.keys() - {"image-drift", "similar-images"}  # which have tests of their own


WITHOUT_GROUPS = EVERY - {"leaked-groups"}


def everything(root: Path) -> Path:
    """Write a data set that has at least one of every kind of finding."""
    polluted(root)
    first = drawn_images(190)[10:16]
    ramp = np.tile(np.linspace(40, 200, 48), (48, 1)).astype(np.uint8)
    spot = np.zeros((48, 48), np.uint8)
    spot[:8, :8] = 200
    write(
        root,
        {
            "train/Other": [first[0], first[1]],
            "test/common": [first[2], np.full((48, 48), 9, np.uint8)],
            "train/common": [
                *(first[3], first[3], np.full((48, 48), 9, np.uint8), ramp, spot, 255 - spot),
                *((128 + first[4] // 100), shifted(first[5], 1, 0)),
            ],
        },
        "more",
    )
    other = drawn_images(3, seed=9)
    Image.fromarray(np.stack([other[0]] * 3, axis=-1)).save(root / "train/common/rgb.png")
    Image.fromarray(other[1]).resize((64, 64)).save(root / "train/common/size.png")
    (root / "train/common/broken.png").write_bytes(b"not an image")
    return root


def grouped(data: Dataset, **samples: list[int]) -> Dataset:
    """Return a dataset whose groups are these, by name, and each other sample alone."""
    groups = len(samples) + np.arange(len(data))
    for number, indices in enumerate(samples.values()):
        groups[indices] = number
    names = np.array([*samples, *[""] * len(data)])
    return replace(data, groups=groups, group_names=names)


def group_across(root: Path) -> Dataset:
    """Return the dataset of a folder with a group in each split."""
    data = load(root)
    return grouped(data, patient=[int(data.indices(split)[0]) for split in data.splits])
