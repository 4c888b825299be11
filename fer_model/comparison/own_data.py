"""Data that no path gives again: a comparison keeps it, or its splits, in its own folder."""

from __future__ import annotations

import csv
import filecmp
import io
import os
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from fer_data.data.dataset import Dataset
from fer_data.data.decode import PixelFormat
from fer_data.data.image_format import FormatRequest
from fer_data.data.reading import is_reloadable, load
from fer_data.data.store import open_store
from fer_data.errors import DataError, UsageError
from fer_data.util.files import write_text
from fer_data.writers import convert
from fer_model.comparison.protocol import FILE

OWN_DATA, OWN_SPLITS = "data.npz", "splits.csv"
"""The images; or, where the images are in files, which sample is in which split."""


def kept_in(out: Path, dataset: Dataset, form: PixelFormat | FormatRequest) -> Dataset:
    """Write a dataset to a comparison's folder, unless it is there, and return it as read there.

    Of files, the splits alone are written. Images are where there are no files (arrays), and where
    samples were given other labels in memory.

    Raises
    ------
    DataError
        If the folder holds other data, or cannot be written.
    UsageError
        If the data has soft labels, which the file cannot hold.
    """
    with TemporaryDirectory(dir=out, prefix=".data-") as folder:
        new = Path(folder) / OWN_SPLITS
        if dataset.origin.arrays or not _by_splits(new, dataset):
            new = Path(folder) / OWN_DATA
            _write_images(new, dataset, form)
        path = out / new.name
        if not path.exists() or not (out / FILE).exists():  # of a call that declared nothing
            os.replace(new, path)
        elif not filecmp.cmp(new, path, shallow=False):
            raise DataError(f"{path}: is other data than what is given; choose another folder")
    if path.name == OWN_SPLITS:
        return load(dataset.root, **_options(path, dataset))
    return load(path, class_names=list(dataset.class_names))


def _options(splits: Path, dataset: Dataset) -> dict[str, object]:
    return replace(dataset.options, splits=splits, fold=None).to_dict()


def _by_splits(path: Path, dataset: Dataset) -> bool:
    """Write the splits of a dataset; whether they give it again, with its path and options."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["sample", "split"])
    splits = [dataset.splits[code] for code in dataset.split_codes.tolist()]
    writer.writerows(zip(dataset.sample_ids(), splits, strict=True))
    write_text(path, text.getvalue())
    return is_reloadable(replace(dataset, options=replace(dataset.options, splits=path, fold=None)))


def _write_images(path: Path, dataset: Dataset, form: PixelFormat | FormatRequest) -> None:
    if dataset.soft_labels is not None:
        raise UsageError(f"{dataset.root}: soft labels are not kept; write the data to files first")
    convert(dataset, path, form=open_store(dataset, form=form).form)
