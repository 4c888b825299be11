"""FER2013's csv, gzipped or not: 48x48 grey images of the seven emotions."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from fer_data.data.dataset import Dataset
from fer_data.data.decode import PixelFormat
from fer_data.errors import DataError
from fer_data.fer2013.emotions import EMOTIONS, EMOTIONS_BY_CODE, USAGES
from fer_data.writers.uniform_format import Chunks, UniformFormat

_NUMBERS = np.array([f"{value} ".encode() for value in range(256)], "S4")
"""The text of each value, with zero bytes where it is shorter than four."""

_USAGE_OF_SPLIT = {split: usage for usage, split in USAGES.items()} | {"test": "PrivateTest"}


def check_csv(dataset: Dataset) -> None:
    """Refuse what the csv cannot hold, images aside.

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
            f"{dataset.root}: {name} has no label, but others have one; a FER2013 csv has labels "
            "for all or for none; choose another format",
            fix={"to": ["npz", "parquet"]},
        )
    usages = [_USAGE_OF_SPLIT.get(split) for split in dataset.splits]
    for split, usage in zip(dataset.splits, usages, strict=True):
        if usage is None or usages.count(usage) > 1:
            raise DataError(
                f"{dataset.root}: a FER2013 csv has no {split} split besides "
                f"{', '.join(other for other in dataset.splits if other != split) or 'others'}, "
                f"only {', '.join(USAGES)}; rename the split, or choose another format",
                fix={"to": []},
            )


def write_csv(dataset: Dataset, form: PixelFormat, chunks: Chunks, path: Path) -> None:
    """Write 48x48 grey images in the published column order, gzipped for ``.gz``."""
    codes = [EMOTIONS_BY_CODE.index(name) for name in dataset.class_names]
    usages = [_USAGE_OF_SPLIT.get(split, "") for split in dataset.splits]
    rows = zip(dataset.labels.tolist(), dataset.split_codes.tolist(), strict=True)
    labelled = not _is_unlabelled(dataset)
    with _created(path) as file:
        file.write(b"emotion,pixels,Usage\n" if labelled else b"pixels\n")
        for pixels in chain.from_iterable(chunks):
            label, split = next(rows)
            if labelled:
                file.write(f"{codes[label]},".encode() + _cell(pixels))
                file.write(f",{usages[split]}\n".encode())
            else:
                file.write(_cell(pixels) + b"\n")


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


WRITER = UniformFormat(
    "a FER2013 csv holds 48x48 grey images only",
    PixelFormat(48, 48, "grey"),
    check_csv,
    write_csv,
)
