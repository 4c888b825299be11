"""Parts of a dataset as plain values."""

from __future__ import annotations

from fer_data.data.dataset import Dataset


def classes_of(dataset: Dataset) -> list[str]:
    return [dataset.class_names[label] for label in dataset.labels]


def splits_of(dataset: Dataset) -> list[str]:
    return [dataset.splits[code] for code in dataset.split_codes]


def skipped(dataset: Dataset) -> dict[str, str]:
    return {item.name: item.reason for item in dataset.skipped}
