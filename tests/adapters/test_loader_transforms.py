"""Transforms in loaders: for training and rare classes alone, refused early, resumed by name."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from fer_data.errors import UsageError
from fer_data.loading.opening import open_loader
from fer_data.transforms import ForRare, Keys, Ops, PerImage
from fer_data.transforms.transform import checked_fingerprint
from tests.conftest import MakeFolder
from tests.helpers.image_functions import halved, jittered, keys_of


@pytest.fixture
def data(make_folder: MakeFolder) -> Path:
    return make_folder({"train/a": 30, "train/b": 20, "train/c": 3}, side=12)


def test_only_rare_classes_get_the_stronger_preset(data: Path) -> None:
    loader = open_loader(
        data, augment="flip", augment_rare="strong", balance="oversample", image_size=12
    )
    batch = loader.batch(0)
    plain = np.array(loader.store.pixels[batch.samples])
    plain[batch.parameters.flipped] = plain[batch.parameters.flipped][:, :, ::-1]
    equal = [np.array_equal(one, other) for one, other in zip(batch.images, plain, strict=True)]
    assert equal == (batch.labels != 2).tolist()


def test_evaluation_is_never_augmented_nor_mixed(make_folder: MakeFolder) -> None:
    data = make_folder({"train/a": 3, "test/a": 5, "train/zoo": 0}, side=12)
    loader = open_loader(
        data,
        split="test",
        augment="strong",
        augment_rare=jittered,
        mix="mixup:1",
        epoch_size=2,
        image_size=12,
    )
    assert np.array_equal(loader.batch(0).images, loader.store.pixels[loader.rows])


def test_color_on_grey_images_is_refused_when_the_loader_is_opened(data: Path) -> None:
    with pytest.raises(UsageError, match="expected RGB images"):
        open_loader(data, augment="color", image_size=12)


def test_a_loader_calls_a_function_and_resumes_with_it(data: Path) -> None:
    loader = open_loader(data, augment=jittered, batch_size=10, image_size=12)
    batches = iter(loader)
    next(batches)
    again = open_loader(data, augment=jittered, batch_size=10, image_size=12, state=loader.state())
    for one, other in zip(batches, again, strict=True):
        images = np.array(loader.store.pixels[one.samples])
        expected = PerImage(jittered).apply(
            np, images, Keys(0, one.samples, one.repeats, one.labels)
        )
        assert np.array_equal(one.images, expected)
        assert np.array_equal(one.images, other.images)
    with pytest.raises(UsageError, match=r"augment was .*jittered, is .*halved"):
        open_loader(data, augment=halved, batch_size=10, image_size=12, state=loader.state())


def test_only_what_can_be_imported_has_a_fingerprint(data: Path) -> None:
    assert PerImage(jittered).fingerprint == "tests.helpers.image_functions:jittered"
    for function in (lambda image, rng: image, partial(jittered), keys_of([1]).count):
        transform = PerImage(function)
        assert transform.fingerprint is None
        assert ForRare(transform, Ops([]), np.array([True])).fingerprint is None
        with pytest.raises(UsageError, match="function that can be imported"):
            checked_fingerprint(transform)
        loader = open_loader(data, augment=function, image_size=12)
        with pytest.raises(UsageError, match="function that can be imported"):
            loader.state()
        with pytest.raises(UsageError, match="function that can be imported"):
            loader.from_state({})
        assert "function" in repr(loader)
