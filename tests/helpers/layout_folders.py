"""Class folders, and files in them, for tests of layouts."""

from __future__ import annotations

from pathlib import Path

import fer_data
from tests.helpers.csv_files import FLAT, write_csv

CLASSES = {"cat": 3, "dog": 2}


def below(*folders: str) -> dict[str, int]:
    """Return two classes below each of some folders, for `make_folder`."""
    return {
        f"{folder}/{name}" if folder else name: number
        for folder in folders
        for name, number in CLASSES.items()
    }


def counts_of(root: Path, **options: str) -> dict[str, dict[str, int]]:
    dataset = fer_data.load(root, **options)  # type: ignore[arg-type]
    return {
        split: dict(zip(dataset.class_names, dataset.class_counts(split).tolist(), strict=True))
        for split in dataset.splits
    }


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


# Tables


def pixel_csv(path: Path, header: str, *rows: str) -> Path:
    return write_csv(path, [row.replace("@", FLAT) for row in rows], header=header)
