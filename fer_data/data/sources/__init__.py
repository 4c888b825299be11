"""From what users have to a `Dataset`: one module a layout, picked by looking at the path."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from fer_data.data.dataset import Dataset
from fer_data.data.options import LoadOptions
from fer_data.data.origin import Source
from fer_data.data.sources import folder_listing
from fer_data.data.sources.tree_paths import SUFFIXES
from fer_data.errors import DataError, UsageError
from fer_data.util.files import existing
from fer_data.util.lazy import LazyFunction

__all__ = ["SOURCES", "layout_of", "names", "read", "register_source", "source_of"]


def _source(name: str, module: str, *, of_paths: bool) -> Source:
    """Return the source of a module, which is imported when the source is first asked."""
    return Source(
        name,
        recognises=LazyFunction(module, "recognises"),
        read=LazyFunction(module, "read"),
        state=LazyFunction(module, "state"),
        chunks=LazyFunction(module, "chunks"),
        names=LazyFunction(module, "names"),
        of_paths=of_paths,
    )


_HERE = "fer_data.data.sources"

SOURCES = {
    source.name: source
    for source in (
        _source("arrays", f"{_HERE}.arrays", of_paths=False),
        _source("hugging-face", f"{_HERE}.hugging_face", of_paths=False),
        _source("torch", f"{_HERE}.torch_dataset", of_paths=False),
        _source("tfrecord", f"{_HERE}.tfrecord", of_paths=True),
        _source("parquet", f"{_HERE}.parquet", of_paths=True),
        _source("folder", f"{_HERE}.folder", of_paths=True),
        _source("npz", f"{_HERE}.npz", of_paths=True),
        _source("csv", "fer_data.fer2013.fer_csv", of_paths=True),
        _source("labelled-images", f"{_HERE}.labelled_images", of_paths=True),
    )
}
"""Every source by its name. The first that recognises a path, or an object, reads it."""


def register_source(source: Source) -> None:
    """Let `fer_data.load` read another kind of data; it is asked before those that are there.

    Raises
    ------
    UsageError
        If a source of this name is there already.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> from dataclasses import replace
    >>> class Mine:
    ...     images, labels = np.zeros((2, 48, 48), np.uint8), ["cat", "dog"]
    >>> arrays = fer_data.load((Mine.images, Mine.labels)).origin.source
    >>> def is_mine(data):
    ...     return isinstance(data, Mine)
    >>> def read(data, options):
    ...     return arrays.read((data.images, data.labels), options)
    >>> fer_data.register_source(replace(arrays, name="mine", recognises=is_mine, read=read))
    >>> fer_data.load(Mine()).class_names
    ('cat', 'dog')
    """
    if source.name in SOURCES:
        raise UsageError(f"source {source.name!r} is registered already")
    others = dict(SOURCES)
    SOURCES.clear()
    SOURCES.update({source.name: source} | others)


def read(data: Any, options: LoadOptions) -> Dataset:
    """Read the table of samples of a path or an object; nothing is selected. See `fer_data.load`.

    Raises
    ------
    DataError
        If it is no data set, may be meant in several ways, or its rows cannot be read.
    UsageError
        If a layout of folders is named for a file.
    """
    if isinstance(data, str | os.PathLike):
        data = existing(Path(data))
    source = source_of(data, options)
    columns = [name for name in _COLUMNS if getattr(options, name) is not None]
    if columns and source.name not in _WITH_COLUMNS:
        raise UsageError(
            f"{', '.join(columns)}: there is no table of labels; name it",
            fix={"labels": ()},
        )
    try:
        dataset: Dataset = source.read(data, options)
    except DataError:
        may_hold_file = source.name in ("folder", "parquet") and options.layout is None
        alone = _only_file(data) if may_hold_file else None
        if alone is None:
            raise
        source, file = alone
        dataset = source.read(file, options)
        dataset = dataset.noted(f"read from {file.name}, the only file of data in it")
    if dataset.options == LoadOptions():  # a source may know options for the dataset's own root
        dataset = replace(dataset, options=options)
    return replace(dataset, origin=replace(dataset.origin, source=source))


def _only_file(folder: Path) -> tuple[Source, Path] | None:
    """Return the only file of data in a folder, and the source that reads it."""
    file = folder_listing.only_file(folder)
    for ending, name in _SOURCE_OF_ENDING:
        if file and file.name.lower().endswith(ending) and SOURCES[name].recognises(file):
            return SOURCES[name], file
    return None


_SOURCE_OF_ENDING = ((".csv", "csv"), (".csv.gz", "csv"), (".npz", "npz"), (".parquet", "parquet"))

_COLUMNS = ("image_column", "label_column", "split_column", "group_column")
_WITH_COLUMNS = ("labelled-images", "hugging-face", "parquet", "tfrecord")


def source_of(data: Any, options: LoadOptions) -> Source:
    """Return the source that reads an absolute path, or an object.

    Raises
    ------
    DataError
        If a path has none of the layouts.
    UsageError
        If an object is none that is read, or a layout of folders is named for a file.
    """
    is_path = isinstance(data, Path)
    if is_path and (options.labels is not None or options.label_from is not None):
        return SOURCES["labelled-images"]
    if is_path and options.layout is not None:
        if not SOURCES["folder"].recognises(data):
            raise UsageError(
                f"{data}: layout {options.layout} is of folders; leave it out for a file"
            )
        return SOURCES["folder"]
    if is_path and data.is_file() and data.suffix.lower() in SUFFIXES:
        raise DataError(f"{data}: is an image; name the folder that holds the class folders")
    for source in SOURCES.values():
        if source.of_paths == is_path and source.recognises(data):
            return source
    if is_path:
        raise DataError(
            f"{data}: neither a folder of class folders nor a csv with a pixels column "
            "(fer2013.csv, icml_face_data.csv, train.csv, test.csv), and no zip archive, .npz, "
            "parquet or TFRecord files either"
        )
    if SOURCES["labelled-images"].recognises(data):  # a DataFrame
        return SOURCES["labelled-images"]
    raise UsageError(
        f"source: expected a path, (images, labels), a mapping of splits to these, a DataFrame, "
        f"a dataset of PyTorch or Hugging Face, or a Dataset; got {type(data).__name__}"
    )


def names(dataset: Dataset) -> list[str]:
    """Return a file name for each sample, the source's own where it has some.

    It comes from the data: not to be made a path of without a look.
    """
    assert dataset.origin.source is not None
    return dataset.origin.source.names(dataset)


def layout_of(path: str | Path) -> str:
    """Return the name of a data set's layout: a key of `SOURCES`.

    Raises
    ------
    DataError
        If it has none of them.
    """
    return source_of(existing(path), LoadOptions()).name
