"""Every adapter as a function that gives an epoch's batches, and loaders for them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fer_data.loading.loader import Loader
from fer_data.loading.opening import open_loader

Arrays = tuple[np.ndarray, ...]


COUNTS = {"train/a": 11, "train/b": 5, "train/c": 2, "train/d": 1}


def opened(data: Path, balance: str, settings: dict[str, Any], **more: Any) -> Loader:
    options = {"batch_size": 4, "seed": 3, "image_size": 12, **settings, **more}
    soft, state = options.pop("soft", False), options.pop("state", None)
    loader = open_loader(data, balance=balance, **options)
    if soft:
        loader = with_soft_labels(loader)
    return loader.from_state(state) if state else loader


def with_soft_labels(loader: Loader) -> Loader:
    """Return the loader with soft labels that lean to each sample's own class."""
    dataset = loader.store.dataset
    fractions = np.random.default_rng(0).random((len(dataset), 4), np.float32)
    fractions[np.arange(len(dataset)), dataset.labels] += 1
    fractions /= fractions.sum(axis=1, keepdims=True)
    store = replace(loader.store, dataset=replace(dataset, soft_labels=fractions))
    return replace(loader, store=store, soft=True)


def assert_same(found: Arrays, expected: Arrays) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)
