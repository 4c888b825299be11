"""Datasets of PyTorch's kind, and of sources that a user registers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import fer_data
from fer_data import Source
from fer_data.data.sources import SOURCES
from fer_data.errors import DataError, UsageError

NAMES = ["cat"] * 6 + ["dog"] * 3 + ["owl"]


@pytest.fixture
def images() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (10, 12, 16, 3), np.uint8)


class Photos:
    """A dataset as PyTorch users write one."""

    def __init__(self, images: NDArray[np.uint8], transform: Any = None) -> None:
        self.images, self.transform = images, transform
        self.targets = [0, 1, 1, 0, 0, 0, 0, 0, 1, 2]
        self.classes = ["ant", "bee", "fly"]

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        image = self.images[index]
        if self.transform:
            image = self.transform(image)
        return image, self.targets[index]


class Subset:
    def __init__(self, dataset: Any, indices: list[int]) -> None:
        self.dataset, self.indices = dataset, indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Any:
        return self.dataset[self.indices[index]]


def test_a_dataset_of_pytorch_s_kind_is_a_source(images: NDArray[np.uint8]) -> None:
    photos = Photos(images, transform=lambda image: image / 255)
    data = fer_data.load({"train": photos, "val": Subset(photos, [8, 9])})
    assert data.counts["train"] == {"ant": 6, "bee": 3, "fly": 1}
    assert data.counts["validation"] == {"ant": 0, "bee": 1, "fly": 1}
    assert any("transform" in note for note in data.notes)
    loader = fer_data.open_loader(
        data, split="validation", image_size=(12, 16), color="rgb", augment="none"
    )
    assert np.array_equal(next(iter(loader)).images, images[8:])
    named = fer_data.load(photos, label_from=lambda one: ["x"] * len(one))
    assert named.class_names == ("x",)


def test_a_dataset_without_labels_says_where_they_may_be(images: NDArray[np.uint8]) -> None:
    photos = Photos(images)
    del photos.targets
    with pytest.raises(DataError, match="label_from"):
        fer_data.load(photos)


def test_an_item_that_is_no_image_is_named(images: NDArray[np.uint8]) -> None:
    photos = Photos(images)
    photos.images = images / 255
    with pytest.raises(DataError, match="image 0: is ndarray float64"):
        fer_data.open_loader(fer_data.load(photos))


class Mine:
    """What only a source of one's own can read."""


def test_sources_are_registered(images: NDArray[np.uint8]) -> None:
    arrays = SOURCES["arrays"]
    mine = Source(
        "mine",
        lambda data: isinstance(data, Mine),
        lambda data, options: arrays.read((images, NAMES), options),
        *(arrays.state, arrays.chunks, arrays.names),
        of_paths=False,
    )
    with pytest.raises(UsageError):
        fer_data.load([Mine()])
    with pytest.raises(UsageError, match="registered already"):
        fer_data.register_source(arrays)
    before = dict(SOURCES)
    try:
        fer_data.register_source(mine)
        data = fer_data.load(Mine())
        assert (data.kind, data.counts["train"]["cat"]) == ("mine", 6)
    finally:
        SOURCES.clear()
        SOURCES.update(before)


def test_the_images_of_a_dataset_of_objects_are_its_fingerprint(images: NDArray[np.uint8]) -> None:
    def digest(of: NDArray[np.uint8]) -> str:
        return fer_data.open_store(fer_data.load(Photos(of))).fingerprint

    assert digest(images) == digest(images.copy())
    assert digest(images) != digest(255 - images)
