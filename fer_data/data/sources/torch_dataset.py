"""Datasets of PyTorch's kind: a length, and an image with its label by index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fer_data.data.dataset import Dataset
from fer_data.data.options import LoadOptions
from fer_data.data.sources import memory
from fer_data.data.sources.memory import Part, dataset_of, part_of, without_transform
from fer_data.errors import DataError

chunks, state, names = memory.chunks, memory.state, memory.names


class Images:
    """The images of a dataset whose items are an image with a label, or an image alone."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, index: int) -> Any:
        """Return one image, as the dataset gives it."""
        item = self._dataset[index]
        return item[0] if isinstance(item, tuple | list) else item


def recognises(data: Any) -> bool:
    """Whether this is a dataset of PyTorch's kind, or a mapping of names to such."""
    if isinstance(data, dict):
        return bool(data) and all(_is_dataset(value) for value in data.values())
    return _is_dataset(data)


def read(data: Any, options: LoadOptions) -> Dataset:
    """Read the dataset; labels come from ``targets``, ``labels``, ``samples`` or `label_from`."""
    datasets = data if isinstance(data, dict) else {"train": data}
    parts = {str(split): _part(dataset, options) for split, dataset in datasets.items()}
    kind = type(next(iter(datasets.values()))).__name__
    whole_dataset = dataset_of(kind, "PyTorch dataset", parts)
    if any(without_transform(_innermost(item))[1] for item in datasets.values()):
        return whole_dataset.noted(f"{kind}: images as they are before its transform")
    return whole_dataset


def labels_of(dataset: Any, label_from: Any = None) -> tuple[Any, Sequence[str]]:
    """Return the labels of a dataset and the names of its classes, where it has some.

    Raises
    ------
    DataError
        If it says nowhere which label a sample has.
    """
    if callable(label_from):
        return label_from(dataset), getattr(dataset, "classes", ())
    if hasattr(dataset, "indices") and hasattr(dataset, "dataset"):  # a Subset
        labels, names = labels_of(dataset.dataset)
        return np.asarray(labels)[np.asarray(dataset.indices)], names
    if hasattr(dataset, "datasets"):  # a ConcatDataset
        parts = [labels_of(item) for item in dataset.datasets]
        return np.concatenate([np.asarray(labels) for labels, _ in parts]), parts[0][1]
    for name in ("targets", "labels"):
        values = getattr(dataset, name, None)
        if values is not None and not callable(values):
            return np.asarray(values), _names_of(dataset)
    samples = getattr(dataset, "samples", None)
    if isinstance(samples, list) and samples and isinstance(samples[0], tuple | list):
        return np.array([sample[1] for sample in samples]), _names_of(dataset)
    raise DataError(
        f"{type(dataset).__name__}: no labels in targets, labels or samples; say where they are "
        "with label_from=lambda dataset: [...]"
    )


def _names_of(dataset: Any) -> Sequence[str]:
    names = getattr(dataset, "classes", ())
    return [str(name) for name in names] if isinstance(names, tuple | list) else ()


def _part(dataset: Any, options: LoadOptions) -> Part:
    labels, names = labels_of(dataset, options.label_from)
    part = part_of(type(dataset).__name__, range(len(dataset)), labels, names)
    return Part(Images(_plain(dataset)), part.labels, part.class_names)


def _plain(dataset: Any) -> Any:
    """Return the dataset with the transform of the one that it is made of taken away."""
    inner = getattr(dataset, "dataset", None)
    if inner is None or not hasattr(dataset, "indices"):
        return without_transform(dataset)[0]
    return _Subset(_plain(inner), [int(index) for index in dataset.indices])


class _Subset:
    def __init__(self, dataset: Any, indices: list[int]) -> None:
        self._dataset, self._indices = dataset, indices

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: int) -> Any:
        return self._dataset[self._indices[index]]


def _innermost(dataset: Any) -> Any:
    while hasattr(dataset, "dataset") and hasattr(dataset, "indices"):
        dataset = dataset.dataset
    return dataset


def _is_dataset(value: Any) -> bool:
    if isinstance(value, str | bytes | dict | tuple | list | np.ndarray | Dataset):
        return False
    kind = type(value)
    return hasattr(kind, "__len__") and hasattr(kind, "__getitem__") and not hasattr(value, "loc")
