"""From what people have to a `Dataset`: one function that all others begin with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from fer_data.data import sources
from fer_data.data.class_names import with_class_names
from fer_data.data.dataset import Dataset
from fer_data.data.labels_present import with_notes_on_classes, without_unlabelled
from fer_data.data.options import LoadOptions, check_options
from fer_data.data.relabelling import relabelled
from fer_data.data.selection import divided, without_excluded
from fer_data.errors import FerError, UsageError, skippable

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
        or a mapping of splits to such. What `fer_data.split`
        returns. A `Dataset` is returned as it is, or, with the options ``exclude``, ``relabel``,
        ``soft``, ``splits``, ``fold`` and ``class_names``, what these make of it.
    **options
        The fields of `fer_data.LoadOptions`.

    Returns
    -------
    Dataset

    Raises
    ------
    DataError
        If the path is none of these, may be meant in several ways, its rows cannot be read, some
        samples of a split have a label and others none, or an option does not fit it.
    UsageError
        If there is no such option, options do not fit each other, or a `Dataset` is given one that
        has no effect on it any more.

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
    dataset = load_unlabelled_too(source, **options)
    is_as_given = dataset is _held(source)
    if is_as_given:
        return dataset
    dataset = without_unlabelled(dataset, skip_bad=dataset.options.skip_bad)
    return with_notes_on_classes(dataset)


def load_unlabelled_too(source: DatasetLike, **options: Any) -> Dataset:
    """Read a data set as `load` does, samples without a label in labelled splits included."""
    check_options(options)
    chosen, source = LoadOptions(**options), _held(source)
    if isinstance(source, Dataset):
        return _reloaded(source, chosen, options)
    dataset = _changed(sources.read(source, chosen), chosen)
    bad = next((item.error for item in dataset.skipped if item.error), "")
    if bad and not chosen.skip_bad:  # and not excluded either
        raise skippable(bad)
    return dataset


def _held(source: DatasetLike) -> DatasetLike:
    """Return what `fer_data.split` returned as its dataset, and all else as it is."""
    held = getattr(source, "dataset", None)
    return held if isinstance(held, Dataset) else source


_CHANGES = (with_class_names, without_excluded, relabelled, divided)
"""What options make of a dataset that was read, in this order; each takes it and the options."""


def _changed(dataset: Dataset, options: LoadOptions) -> Dataset:
    for change in _CHANGES:
        dataset = change(dataset, options)
    return dataset


_OF_ANY_DATASET = ("exclude", "relabel", "soft", "splits", "fold", "class_names", "skip_bad")


def _reloaded(dataset: Dataset, chosen: LoadOptions, given: dict[str, Any]) -> Dataset:
    """Return what options that apply to any dataset make of one."""
    if others := [name for name in given if name not in _OF_ANY_DATASET]:
        raise UsageError(f"{', '.join(others)}: a Dataset was loaded with its options already")
    for name, value in given.items():
        own = getattr(dataset.options, name)
        if (value is None or value is False) and not (own is None or own is False):
            raise UsageError(
                f"{name}={value}: this Dataset was loaded with {name}={_shown(own)}, which cannot "
                "be undone; load the data again"
            )
    if not given:
        return dataset
    return replace(_changed(dataset, chosen), options=replace(dataset.options, **given))


def _shown(value: Any) -> str:
    return repr(str(value) if isinstance(value, Path) else value)


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
