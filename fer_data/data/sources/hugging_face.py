"""Datasets of Hugging Face's ``datasets``: a ``Dataset``, or a ``DatasetDict`` of splits."""

from __future__ import annotations

from typing import Any

import numpy as np

from fer_data.data.dataset import Dataset
from fer_data.data.options import LoadOptions
from fer_data.data.sources import memory
from fer_data.data.sources.memory import Part, dataset_of, part_of
from fer_data.errors import DataError

chunks, state, names = memory.chunks, memory.state, memory.names

_IMAGE_WORDS = ("image", "img", "images", "picture", "photo")


class Images:
    """The column of images, each as its bytes or as Pillow's image."""

    def __init__(self, dataset: Any, column: str) -> None:
        self._dataset, self._column = dataset, column

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, index: int) -> Any:
        """Return one image."""
        return self._dataset[index][self._column]


def recognises(data: Any) -> bool:
    """Whether this is a dataset of Hugging Face's, or a mapping of splits to such."""
    if isinstance(data, dict):
        return bool(data) and all(_is_dataset(value) for value in data.values())
    return _is_dataset(data)


def read(data: Any, options: LoadOptions) -> Dataset:
    """Read the dataset; its columns are chosen by their features and names, and reported."""
    datasets = data if isinstance(data, dict) else {str(data.split or "train"): data}
    if not isinstance(data, dict) and "[" in next(iter(datasets)):
        datasets = {"train": data}
    parts, notes = {}, []
    for split, dataset in datasets.items():
        image, label = columns_of(dataset, options)
        parts[str(split)] = _part(dataset, image, label, options)
        notes.append(f"image from {image!r}, label from {label!r}")
    return dataset_of("Hugging Face dataset", "Hugging Face dataset", parts).noted(*set(notes))


def columns_of(dataset: Any, options: LoadOptions) -> tuple[str, str]:
    """Return the columns of images and of labels.

    Raises
    ------
    DataError
        If there is none, or several may be it and none is named.
    """
    features = dataset.features
    kinds = {name: type(feature).__name__ for name, feature in features.items()}
    images = [name for name, kind in kinds.items() if kind == "Image"]
    image = _one(features, options.image_column, images, _IMAGE_WORDS, "image_column")
    labels = [name for name, kind in kinds.items() if kind == "ClassLabel"]
    if not labels and options.label_column is None:
        simple = ("string", "int64", "int32", "int16", "int8", "large_string")
        labels = [
            name
            for name, feature in features.items()
            if name != image and getattr(feature, "dtype", None) in simple
        ]
    return image, _one(features, options.label_column, labels, ("label", "labels"), "label_column")


def _one(
    features: Any, named: str | None, candidates: list[str], words: tuple[str, ...], argument: str
) -> str:
    if named is not None:
        if named not in features:
            raise DataError(
                f"Hugging Face dataset: no column {named!r}; choose another",
                fix={argument: list(features)},
            )
        return named
    if len(candidates) == 1:
        return candidates[0]
    by_name = [name for name in candidates if name.lower() in words]
    if len(by_name) == 1:
        return by_name[0]
    what = argument.removesuffix("_column")
    raise DataError(
        f"Hugging Face dataset: {'no column' if not candidates else 'several columns'} may be the "
        f"{what}; name one",
        fix={argument: candidates or list(features)},
    )


def _part(dataset: Any, image: str, label: str, options: LoadOptions) -> Part:
    names = getattr(dataset.features[label], "names", None) or ()
    plain = dataset.with_format(None)
    values = plain[label]
    part = part_of("Hugging Face dataset", range(len(dataset)), np.array(values[:]), names)
    groups = None
    if options.group_column is not None:
        groups = np.array([str(value) for value in plain[options.group_column]], np.str_)
    return Part(Images(plain, image), part.labels, part.class_names, groups)


def _is_dataset(value: Any) -> bool:
    return hasattr(value, "features") and hasattr(value, "column_names") and hasattr(value, "split")
