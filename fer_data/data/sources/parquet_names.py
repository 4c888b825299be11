"""The files of a parquet data set, and the splits that their names tell."""

from __future__ import annotations

import re
from pathlib import Path

from fer_data.data.labels import SPLITS, split_of_folder
from fer_data.data.left_out import LeftOut
from fer_data.errors import DataError

_FILE = re.compile(r"(?P<split>[A-Za-z_]+)(-\d{5}-of-\d{5,})?(-[0-9a-f]{16})?\.parquet", re.ASCII)


def split_files(path: Path) -> tuple[list[tuple[str | None, Path]], list[LeftOut]]:
    """Return the files in order, each with its split, and what is none of them.

    The split of a single file is None where its name tells none.
    """
    if path.is_file():
        return [(split_of_file(path), path)], []
    found: list[tuple[str | None, Path]] = []
    left_out = []
    root = path.resolve()
    for file in listed(path):
        split = split_of_file(file)
        if split is None:
            left_out.append(
                LeftOut(str(file.relative_to(path)), "a parquet file of no known split")
            )
        elif not file.is_file():
            left_out.append(LeftOut(str(file.relative_to(path)), "not a regular file"))
        elif not file.resolve().is_relative_to(root):
            reason = "a symbolic link that leads out of the data set"
            left_out.append(LeftOut(str(file.relative_to(path)), reason))
        else:
            found.append((split, file))
    if not found:
        raise DataError(
            f"{path}: no parquet file here that names its split; "
            "expected data/train-00000-of-00001.parquet"
        )
    found.sort(key=lambda item: (SPLITS.index(item[0] or ""), item[1].name))
    return found, left_out


def split_of_file(path: Path) -> str | None:
    """Return the split that a file's name tells, or None."""
    match = _FILE.fullmatch(path.name)
    return split_of_folder(match["split"]) if match else None


def listed(path: Path) -> list[Path]:
    """Return the parquet files of a folder: those in its ``data/``, or its own."""
    inside = path / "data"
    return sorted(inside.glob("*.parquet")) or sorted(path.glob("*.parquet"))
