"""Parquet files as Hugging Face lays image data out; what needs pyarrow is in `parquet_table`.

A data set is a folder with ``data/<split>-00000-of-0000N.parquet`` (or the same without ``data/``),
or one file, of one split.
"""

from __future__ import annotations

import re
from pathlib import Path

from fer_data.errors import DataError
from fer_data.labels import SPLITS, split_of_folder
from fer_data.manifest import LeftOut, Manifest
from fer_data.readers import source
from fer_data.readers.content import State
from fer_data.readers.piece import Pieces

_FILE = re.compile(r"(?P<split>[A-Za-z_]+)(-\d{5}-of-\d{5,})?(-[0-9a-f]{16})?\.parquet", re.ASCII)


def recognises(path: Path) -> bool:
    """Whether the path is a parquet file, or a folder with some in it or in ``data/``."""
    if path.is_file():
        with source.reading(path), open(path, "rb") as file:
            return file.read(4) == b"PAR1"
    return path.is_dir() and bool(_listed(path))


def state(path: Path) -> State:
    """Return the state of each file."""
    if path.is_file():
        return source.state(path)
    found = State()
    for _, file in split_files(path)[0]:
        found.add(str(file.relative_to(path)), file.stat())
    return found


def read(path: Path, *, merge_test: bool = True, skip_bad: bool = False) -> Manifest:
    """Read the manifest in the order split, file, row; pictures are not looked at.

    `merge_test` is for csv files: splits are taken as they are named.
    """
    from fer_data.readers import parquet_table  # only here pyarrow is imported

    return parquet_table.read(path, skip_bad=skip_bad)


def pieces(manifest: Manifest) -> Pieces:
    """Return the rows, a row group a piece."""
    from fer_data.readers import parquet_table

    return parquet_table.pieces(manifest)


def names(manifest: Manifest) -> list[str]:
    """Return each picture's ``path``, or a name made of split and number where it has none."""
    from fer_data.readers import parquet_table

    return parquet_table.names(manifest)


def split_files(path: Path) -> tuple[list[tuple[str | None, Path]], list[LeftOut]]:
    """Return the files in order, each with its split, and what is none of them.

    The split of a single file is None where its name tells none.
    """
    if path.is_file():
        return [(split_of_file(path), path)], []
    found: list[tuple[str | None, Path]] = []
    left_out = []
    root = path.resolve()
    for file in _listed(path):
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


def _listed(path: Path) -> list[Path]:
    inside = path / "data"
    return sorted(inside.glob("*.parquet")) or sorted(path.glob("*.parquet"))
