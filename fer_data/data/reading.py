"""From what people have to a `Dataset`: one function that all others begin with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from difflib import get_close_matches
from typing import Any

from fer_data.data import sources
from fer_data.data.class_names import renamed
from fer_data.data.dataset import Dataset
from fer_data.data.options import LoadOptions
from fer_data.data.selection import selected
from fer_data.errors import FerError, UsageError

DatasetLike = Any
"""What `load`, and with it every public function, takes as data; see there."""


def load(source: DatasetLike, **options: Any) -> Dataset:
    """Read the samples of a data set; no image is decoded.

    Parameters
    ----------
    source : path, arrays, DataFrame, dataset or Dataset
        A path: a folder of class folders, of split folders with class folders in them, or of images
        with a table of labels (`labels`), or a zip archive of such a folder; a table of labels
        (`images`); a csv as FER2013 is published (``fer2013.csv``, ``icml_face_data.csv``, Kaggle's
        ``train.csv`` and ``test.csv``), gzipped or not; a ``.npz`` file, of Keras or MedMNIST, too;
        parquet files as Hugging Face lays image data out; TFRecord files; a folder that holds one
        of these files.
        Arrays: ``(images, labels)``, or ``{"train": (images, labels), "test": …}``; images are
        uint8 [N, H, W] or [N, H, W, 3] and are not copied, labels integers, text or one-hot.
        A DataFrame that names image files (`images`). A dataset of PyTorch's or of Hugging Face's,
        or a mapping of splits to such. A `Dataset` is returned as it is, or, with the options
        ``exclude``, ``relabel``, ``soft``, ``splits``, ``fold`` and ``class_names``, what these
        make of it.
    **options
        The fields of `fer_data.LoadOptions`.

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
    >>> import numpy as np, fer_data
    >>> train = (np.zeros((3, 48, 48), np.uint8), ["cat", "cat", "dog"])
    >>> test = (np.zeros((2, 48, 48), np.uint8), ["cat", "dog"])
    >>> data = fer_data.load({"train": train, "test": test})
    >>> data.splits, data.class_names, data.class_counts("train").tolist()
    (('train', 'test'), ('cat', 'dog'), [2, 1])
    >>> table = "HAM10000/metadata.csv"                                 # doctest: +SKIP
    >>> fer_data.load("HAM10000/", labels=table, label_column="dx")     # doctest: +SKIP
    """
    known = [one.name for one in fields(LoadOptions)]
    if unknown := [name for name in options if name not in known]:
        raise UsageError(
            f"{', '.join(unknown)}: no such option{_near(unknown[0], known)}. Options of reading "
            f"data are {', '.join(known)}"
        )
    chosen = LoadOptions(**options)
    if isinstance(source, Dataset):
        return _reloaded(source, chosen, options)
    if chosen.names_bad and not chosen.skip_bad:
        found = selected(sources.read(source, replace(chosen, skip_bad=True)), chosen)
        if not found.num_bad:
            return replace(found, options=chosen)  # what is bad is excluded
    return selected(sources.read(source, chosen), chosen)


def _near(name: str, known: Sequence[str]) -> str:
    found = get_close_matches(name, known, 1)
    return f"; did you mean {found[0]}?" if found else ""


def _reloaded(dataset: Dataset, chosen: LoadOptions, given: dict[str, Any]) -> Dataset:
    """Return what options that apply to any dataset make of one."""
    allowed = ("exclude", "relabel", "soft", "splits", "fold", "class_names", "skip_bad")
    if others := [name for name in given if name not in allowed]:
        raise UsageError(f"{', '.join(others)}: a Dataset was loaded with its options already")
    if not given:
        return dataset
    found = selected(renamed(dataset, chosen.class_names), chosen)
    return replace(found, options=replace(dataset.options, **given))


def is_reloadable(dataset: Dataset) -> bool:
    """Whether the dataset's path and options give it again, in another process, say."""
    if dataset.origin.arrays or not dataset.origin.root.is_absolute():
        return False
    try:
        again = load(dataset.root, **dataset.options.to_dict())
    except FerError:
        return False
    return again.digest() == dataset.digest()


def load_skipping_bad(source: DatasetLike, **options: Any) -> Dataset:
    """Read a data set as `load` does, its bad rows and images skipped whatever the options say."""
    if not isinstance(source, Dataset):
        return load(source, **options | {"skip_bad": True})
    return replace(load(source, **options), options=replace(source.options, skip_bad=True))
