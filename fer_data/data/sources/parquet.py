"""Parquet files as Hugging Face lays image data out; what needs pyarrow is in `parquet_table`.

A data set is a folder with ``data/<split>-00000-of-0000N.parquet`` (or the same without ``data/``),
or one file, of one split.
"""

from __future__ import annotations

import re
from pathlib import Path

from fer_data.data.dataset import Dataset
from fer_data.data.options import LoadOptions
from fer_data.data.origin import Origin
from fer_data.data.skipped import Skipped
from fer_data.data.sources import source
from fer_data.data.sources.content import State
from fer_data.data.split_names import split_of_folder
from fer_data.errors import DataError
from fer_data.extras import require
from fer_data.util.lazy import LazyFunction

_FILE = re.compile(r"(?P<split>[A-Za-z_]+)(-\d{5}-of-\d{5,})?(-[0-9a-f]{16})?\.parquet", re.ASCII)


def recognises(path: Path) -> bool:
    """Whether the path is a parquet file, or a folder with some in it or in ``data/``."""
    if path.is_file():
        with source.reading(path), open(path, "rb") as file:
            return file.read(4) == b"PAR1"
    return path.is_dir() and bool(listed(path))


def state(origin: Origin) -> State:
    """Return the state of each file."""
    return source.state_of_files(origin.root, (file for _, file in split_files(origin.root)[0]))


def read(path: Path, options: LoadOptions) -> Dataset:
    """Read the dataset in the order split, file, row; images are not looked at.

    Raises
    ------
    UsageError
        If pyarrow is not installed.
    """
    require(f"{path}: parquet", "pyarrow")
    dataset: Dataset = _read(path, options)
    return dataset


chunks = LazyFunction("fer_data.data.sources.parquet_table", "chunks")
names = LazyFunction("fer_data.data.sources.parquet_table", "names")
_read = LazyFunction("fer_data.data.sources.parquet_table", "read")


def split_files(path: Path) -> tuple[list[tuple[str | None, Path]], list[Skipped]]:
    """Return the files in order, each with its split, and what is none of them.

    The split of a single file is None where its name tells none.
    """
    if path.is_file():
        return [(split_of_file(path), path)], []
    files, skipped = source.inside(
        path, "parquet", ((split_of_file(file), file) for file in listed(path))
    )
    if not any(split for split, _ in files):
        raise DataError(
            f"{path}: no parquet file here that names its split; "
            "expected data/train-00000-of-00001.parquet"
        )
    return files, skipped


def split_of_file(path: Path) -> str | None:
    """Return the split that a file's name tells, or None."""
    match = _FILE.fullmatch(path.name)
    return split_of_folder(match["split"]) if match else None


def listed(path: Path) -> list[Path]:
    """Return the parquet files of a folder: those in its ``data/``, or its own."""
    inside = path / "data"
    return sorted(inside.glob("*.parquet")) or sorted(path.glob("*.parquet"))
