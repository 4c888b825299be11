"""The files of a parquet data set, and the splits that their names tell."""

from __future__ import annotations

import re
from pathlib import Path

from fer_data.data.labels import split_of_folder
from fer_data.data.skipped import Skipped
from fer_data.data.sources.source import inside
from fer_data.errors import DataError

_FILE = re.compile(r"(?P<split>[A-Za-z_]+)(-\d{5}-of-\d{5,})?(-[0-9a-f]{16})?\.parquet", re.ASCII)


def split_files(path: Path) -> tuple[list[tuple[str | None, Path]], list[Skipped]]:
    """Return the files in order, each with its split, and what is none of them.

    The split of a single file is None where its name tells none.
    """
    if path.is_file():
        return [(split_of_file(path), path)], []
    found, skipped = inside(path, "parquet", ((split_of_file(file), file) for file in listed(path)))
    if not any(split for split, _ in found):
        raise DataError(
            f"{path}: no parquet file here that names its split; "
            "expected data/train-00000-of-00001.parquet"
        )
    return found, skipped


def split_of_file(path: Path) -> str | None:
    """Return the split that a file's name tells, or None."""
    match = _FILE.fullmatch(path.name)
    return split_of_folder(match["split"]) if match else None


def listed(path: Path) -> list[Path]:
    """Return the parquet files of a folder: those in its ``data/``, or its own."""
    inside = path / "data"
    return sorted(inside.glob("*.parquet")) or sorted(path.glob("*.parquet"))
