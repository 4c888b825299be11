"""FER2013's csv, gzipped or not: 48x48 grey pictures of the seven emotions."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from fer_data.data.dataset import Dataset
from fer_data.data.decode import PixelFormat
from fer_data.data.labels import EMOTIONS, EMOTIONS_BY_CODE, USAGES
from fer_data.data.store import PixelStore
from fer_data.errors import DataError
from fer_data.util.progress import track
from fer_data.writers.one_form import OneForm

_ROWS_AT_ONCE = 1024
_NUMBERS = np.array([f"{value} ".encode() for value in range(256)], "S4")
"""The text of each value, with zero bytes where it is shorter than four."""

_USAGE_OF_SPLIT = {split: usage for usage, split in USAGES.items()} | {"test": "PrivateTest"}


def check_csv(dataset: Dataset) -> None:
    """Refuse what the csv cannot hold, pictures aside.

    Raises
    ------
    DataError
        If a class is no emotion, a split none of the csv's, or some samples have no label.
    """
    for name in dataset.class_names:
        if name not in EMOTIONS:
            raise DataError(
                f"{dataset.root}: class {name!r} is none of FER2013's seven emotions "
                f"({', '.join(EMOTIONS)}), which is all that its csv holds; "
                "rename it, or choose another format",
                fix={"to": []},
            )
    if _is_unlabelled(dataset):
        return
    if (unlabelled := np.flatnonzero(dataset.labels < 0)).size:
        name = dataset.sample_ids(unlabelled[:1])[0]
        raise DataError(
            f"{dataset.root}: {name} has no label, and others have; a FER2013 csv has labels for "
            "all or for none; choose another format",
            fix={"to": ["npz", "parquet"]},
        )
    usages = [_USAGE_OF_SPLIT.get(split) for split in dataset.splits]
    for split, usage in zip(dataset.splits, usages, strict=True):
        if usage is None or usages.count(usage) > 1:
            raise DataError(
                f"{dataset.root}: a FER2013 csv has no {split} split beside "
                f"{', '.join(other for other in dataset.splits if other != split) or 'others'}, "
                f"only {', '.join(USAGES)}; rename the split, or choose another format",
                fix={"to": []},
            )


def write_csv(store: PixelStore, path: Path) -> None:
    """Write a store of 48x48 grey pictures in the published column order, gzipped for ``.gz``."""
    dataset = store.dataset
    codes = [EMOTIONS_BY_CODE.index(name) for name in dataset.class_names]
    usages = [_USAGE_OF_SPLIT.get(split, "") for split in dataset.splits]
    labelled = not _is_unlabelled(dataset)
    starts = range(0, len(dataset), _ROWS_AT_ONCE)
    with _created(path) as file:
        file.write(b"emotion,pixels,Usage\n" if labelled else b"pixels\n")
        for start in track(starts, total=len(starts), description="Writing rows"):
            for row in range(start, min(start + _ROWS_AT_ONCE, len(dataset))):
                cell = _cell(store.pixels[row])
                if labelled:
                    usage = usages[dataset.split_codes[row]]
                    file.write(f"{codes[dataset.labels[row]]},".encode() + cell)
                    file.write(f",{usage}\n".encode())
                else:
                    file.write(cell + b"\n")


def _cell(pixels: NDArray[np.uint8]) -> bytes:
    return _NUMBERS[pixels.ravel()].tobytes().replace(b"\0", b"")[:-1]


def _is_unlabelled(dataset: Dataset) -> bool:
    """Whether it is as Kaggle's test.csv: one test split, without labels."""
    return dataset.splits == ("test",) and bool((dataset.labels < 0).all())


@contextmanager
def _created(path: Path) -> Iterator[BinaryIO]:
    with open(path, "wb") as file:
        if path.suffix.lower() != ".gz":
            yield file
            return
        with gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as zipped:
            yield cast(BinaryIO, zipped)


WRITER = OneForm(
    "a FER2013 csv holds 48x48 grey pictures only",
    PixelFormat(48, 48, "grey"),
    check_csv,
    write_csv,
)
