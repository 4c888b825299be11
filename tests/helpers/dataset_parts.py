"""Datasets from counts, and parts of a dataset as plain values."""

from __future__ import annotations

from pathlib import Path

from fer_data.data.dataset import Dataset
from fer_data.data.sources.table import build


def classes_of(dataset: Dataset) -> list[str]:
    return [dataset.class_names[label] for label in dataset.labels]


def splits_of(dataset: Dataset) -> list[str]:
    return [dataset.splits[code] for code in dataset.split_codes]


def skipped(dataset: Dataset) -> dict[str, str]:
    return {item.name: item.reason for item in dataset.skipped}


def made_dataset(counts: dict[str, dict[str, int]]) -> Dataset:
    samples = [
        (split, name, f"{split}/{name}/{number}.png")
        for split, classes in counts.items()
        for name, often in classes.items()
        for number in range(often)
    ]
    names = {name for classes in counts.values() for name in classes}
    return build(Path("/data"), "made up", names, samples)
