"""Parquet files as Hugging Face lays image data out; what needs pyarrow is in `parquet_table`.

A data set is a folder with ``data/<split>-00000-of-0000N.parquet`` (or the same without ``data/``),
or one file, of one split.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_data.data.dataset import Dataset
from fer_data.data.options import LoadOptions
from fer_data.data.origin import Origin
from fer_data.data.sources import source
from fer_data.data.sources.chunk import Chunks
from fer_data.data.sources.content import State
from fer_data.data.sources.parquet_names import listed, split_files
from fer_data.extras import require


def recognises(path: Path) -> bool:
    """Whether the path is a parquet file, or a folder with some in it or in ``data/``."""
    if path.is_file():
        with source.reading(path), open(path, "rb") as file:
            return file.read(4) == b"PAR1"
    return path.is_dir() and bool(listed(path))


def state(origin: Origin) -> State:
    """Return the state of each file."""
    path = origin.root
    if path.is_file():
        return source.state(origin)
    found = State()
    for _, file in split_files(path)[0]:
        found.add(str(file.relative_to(path)), file.stat())
    return found


def read(path: Path, options: LoadOptions) -> Dataset:
    """Read the dataset in the order split, file, row; images are not looked at.

    Raises
    ------
    UsageError
        If pyarrow is not installed.
    """
    require(f"{path}: parquet", "pyarrow")
    from fer_data.data.sources import parquet_table

    return parquet_table.read(path, options)


def chunks(origin: Origin, rows: NDArray[np.int64]) -> Chunks:
    """Return the rows, a row group a chunk."""
    from fer_data.data.sources import parquet_table

    return parquet_table.chunks(origin, rows)


def names(dataset: Dataset) -> list[str]:
    """Return each image's ``path``, or a name made of split and number where it has none."""
    from fer_data.data.sources import parquet_table

    return parquet_table.names(dataset)
