"""From what people have to a `Dataset`: one function that all others begin with."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from fer_data.data import sources
from fer_data.data.dataset import Dataset
from fer_data.data.options import LoadOptions
from fer_data.data.selection import selected
from fer_data.errors import UsageError

DatasetLike = str | Path | Dataset
"""What `load`, and with it every public function, takes as data."""


def load(source: DatasetLike, **options: Any) -> Dataset:
    """Read the samples of a data set; no image is decoded.

    Parameters
    ----------
    source : path or Dataset
        A folder of class folders, a folder of split folders with class folders in them, a csv as
        FER2013 is published (``fer2013.csv``, ``icml_face_data.csv``, Kaggle's ``train.csv`` and
        ``test.csv``), gzipped or not, a ``.npz`` file, parquet files as Hugging Face lays image
        data out, or TFRecord files with their ``index.json``. A `Dataset` is returned as it is.
    **options
        The fields of `fer_data.LoadOptions`: ``skip_bad``, ``test_apart``, ``layout``,
        ``labels``, ``image_column``, ``label_column``, ``split_column``, ``label_from``,
        ``exclude``, ``splits``, ``fold``, ``ferplus``, ``soft``, ``contempt``, ``keep_unusable``.

    Returns
    -------
    Dataset

    Raises
    ------
    DataError
        If the path is none of these, may be meant in several ways, its rows cannot be read, or an
        option does not fit it.
    UsageError
        If there is no such option, options do not fit each other, or a `Dataset` is given some.

    Examples
    --------
    >>> data = fer_data.load("fer2013.csv", exclude="exclusions.csv")  # doctest: +SKIP
    >>> data.class_names, data.counts("train")                         # doctest: +SKIP
    >>> table = "HAM10000/metadata.csv"
    >>> fer_data.load("HAM10000/", labels=table, label_column="dx")     # doctest: +SKIP
    """
    if isinstance(source, Dataset):
        if options:
            raise UsageError(f"{', '.join(options)}: a Dataset was loaded with its options already")
        return source
    if not isinstance(source, str | os.PathLike):
        raise UsageError(
            f"source: expected the path of a data set or a Dataset, got {type(source).__name__}"
        )
    known = [one.name for one in fields(LoadOptions)]
    if unknown := [name for name in options if name not in known]:
        raise UsageError(f"{', '.join(unknown)}: no option of load, which takes {', '.join(known)}")
    chosen = LoadOptions(**options)
    if chosen.exclude is not None and not chosen.skip_bad:
        found = selected(sources.read(source, replace(chosen, skip_bad=True)), chosen)
        if not found.num_bad:
            return replace(found, options=chosen)  # what is bad is excluded
    return selected(sources.read(source, chosen), chosen)


def load_skipping_bad(source: DatasetLike, **options: Any) -> Dataset:
    """Read a data set as `load` does, its bad rows and images skipped whatever the options say."""
    if not isinstance(source, Dataset):
        return load(source, **options | {"skip_bad": True})
    return replace(load(source, **options), options=replace(source.options, skip_bad=True))
