"""Arrays of images with their labels: ``(images, labels)``, or one such pair for each split."""

from __future__ import annotations

from typing import Any

from fer_data.data.dataset import Dataset
from fer_data.data.options import LoadOptions
from fer_data.data.sources import memory
from fer_data.data.sources.memory import Part, checked_images, dataset_of, part_of
from fer_data.errors import DataError

chunks, state, names = memory.chunks, memory.state, memory.names

_NAME = "arrays"


def recognises(data: Any) -> bool:
    """Whether this is a pair of arrays, or a mapping of names to such pairs."""
    if isinstance(data, dict):
        return bool(data) and all(_is_pair(value) for value in data.values())
    return _is_pair(data)


def read(data: Any, options: LoadOptions) -> Dataset:
    """Read the dataset in the order of the arrays, which are not copied."""
    pairs = data if isinstance(data, dict) else {"train": data}
    parts = {
        str(split): _part(_NAME if len(pairs) == 1 else f"{_NAME} {split!r}", pair, options)
        for split, pair in pairs.items()
    }
    first = next(iter(parts.values())).images
    shape = "x".join(map(str, first.shape[1:]))
    return dataset_of(_NAME, f"arrays ({shape})", parts)


def _part(where: str, pair: Any, options: LoadOptions) -> Part:
    images, labels = pair
    return part_of(where, checked_images(where, images, from_float=options.from_float), labels)


def _is_pair(value: Any) -> bool:
    if not isinstance(value, tuple | list) or len(value) != 2:
        return False
    if isinstance(value[0], str):
        return False
    if isinstance(value[0], tuple | list) and value[0] and hasattr(value[0][0], "shape"):
        raise DataError(
            f"{_NAME}: got pairs in a tuple; name their splits: "
            '{"train": (x_train, y_train), "test": (x_test, y_test)}'
        )
    if not hasattr(value[0], "shape"):
        raise DataError(
            f"{_NAME}: expected (images, labels), got a {type(value[0]).__name__} of images; "
            "give an array, uint8 [N, H, W] or [N, H, W, 3]"
        )
    return True
