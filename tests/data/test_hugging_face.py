"""Datasets of Hugging Face, by their own package."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fer_data
from fer_data.errors import DataError

pytestmark = pytest.mark.extra("datasets")

PIXELS = np.random.default_rng(0).integers(0, 256, (8, 9, 7, 3), np.uint8)


def made(**columns: Any) -> Any:
    """Return a dataset with the images in `image`, and columns of class labels or of text."""
    import datasets
    from PIL import Image

    classes = datasets.ClassLabel(names=["cat", "dog"])
    features = {
        name: classes if isinstance(values[0], int) else datasets.Value("string")
        for name, values in columns.items()
    }
    return datasets.Dataset.from_dict(
        {"image": [Image.fromarray(pixels) for pixels in PIXELS], **columns},
        features=datasets.Features({"image": datasets.Image(), **features}),
    )


def test_images_and_labels_are_those_of_the_dataset() -> None:
    data = fer_data.load(made(label=[0, 0, 0, 0, 0, 1, 1, 0]))
    assert data.counts == {"train": {"cat": 6, "dog": 2}}
    loader = fer_data.open_loader(data, augment="none", balance="none", shuffle=False)
    assert np.array_equal(next(iter(loader)).images, PIXELS)


def test_splits_and_groups_are_those_of_the_dataset() -> None:
    import datasets

    whole = made(label=[0, 0, 0, 0, 0, 1, 1, 0], patient=list("aabbccdd"))
    splits = datasets.DatasetDict({"train": whole, "validation": whole.select([0, 5])})
    data = fer_data.load(splits, group_column="patient")
    assert data.counts["validation"] == {"cat": 1, "dog": 1}
    assert data.groups is not None
    assert data.groups.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 0, 2]


def test_of_several_columns_of_labels_one_is_named() -> None:
    data = made(fine=[0] * 8, coarse=[1] * 8)
    with pytest.raises(DataError) as caught:
        fer_data.load(data)
    assert caught.value.fix == {"label_column": ("fine", "coarse")}
    found = fer_data.load(data, label_column="coarse")
    assert found.counts == {"train": {"cat": 0, "dog": 8}}
