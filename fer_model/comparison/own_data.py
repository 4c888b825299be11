"""Data that no path gives: kept in a comparison's folder, for the processes that train on it."""

from __future__ import annotations

import filecmp
import os
from pathlib import Path
from tempfile import TemporaryDirectory

from fer_data.data.dataset import Dataset
from fer_data.data.decode import PixelFormat
from fer_data.data.image_format import FormatRequest
from fer_data.data.reading import load
from fer_data.data.store import open_store
from fer_data.errors import DataError, UsageError
from fer_data.writers import convert

OWN_DATA = "data.npz"


def kept_in(out: Path, dataset: Dataset, form: PixelFormat | FormatRequest) -> Dataset:
    """Write a dataset to a comparison's folder, unless it is there, and return it as read there.

    Raises
    ------
    DataError
        If the folder holds other data, or cannot be written.
    UsageError
        If the data has soft labels, which the file cannot hold.
    """
    if dataset.soft_labels is not None:
        raise UsageError(f"{dataset.root}: soft labels are not kept; write the data to files first")
    path = out / OWN_DATA
    found = open_store(dataset, form=form).form
    with TemporaryDirectory(dir=out, prefix=".data-") as folder:
        new = Path(folder) / OWN_DATA
        convert(dataset, new, form=found)
        if not path.exists():
            os.replace(new, path)
        elif not filecmp.cmp(new, path, shallow=False):
            raise DataError(f"{path}: is other data than what is given; choose another folder")
    return load(path, class_names=list(dataset.class_names))
