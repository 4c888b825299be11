"""What models are fed is the same on every backend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_data.errors import UsageError
from fer_data.loading.loader import Loader
from fer_data.loading.opening import open_loader
from fer_data.sampling.shard import Shard
from fer_model.training import nets
from fer_model.training import train as train_module
from fer_model.training.feed import Batches, Epochs, feed
from fer_model.training.on_device import table_rows
from fer_model.training.recipe import Recipe
from fer_model.training.train import resume, train
from tests.helpers.runs import StopAfter, assert_same_run, interrupted

BALANCES = ("none", "oversample", "class-weights", "batch")


@pytest.fixture(scope="module")
def data(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return {"data": faces, "cache": tmp_path_factory.mktemp("cache")}


def opened(data: dict[str, Any], **options: Any) -> Loader:
    return open_loader(**data, image_size=(8, 8), augment="strong", batch_size=40, **options)


def epoch_of(batches: Batches) -> list[Any]:
    return [batches[index] for index in range(len(batches))]


def assert_equal(found: Any, expected: Any) -> None:
    keras.tree.assert_same_structure(found, expected)
    for one, other in zip(keras.tree.flatten(found), keras.tree.flatten(expected), strict=True):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)


@pytest.mark.parametrize("are_planned", [False, True])
@pytest.mark.parametrize("balance", BALANCES)
@pytest.mark.parametrize(("start", "steps"), [(0, None), (3, None), (2, 7), (9, 4), (0, 1)])
def test_batches_by_number_are_those_of_tensorflows_pipeline(
    data: dict[str, Any], are_planned: bool, balance: str, start: int, steps: int | None
) -> None:
    loader = opened(data, balance=balance, mix="mixup:0.4").at(start)
    options: dict[str, Any] = {"steps_per_epoch": steps, "label_smoothing": 0.1}
    if are_planned:
        options["rows"] = table_rows(loader)
    pipeline, batches = feed(loader, **options), Batches(loader, **options)
    for _ in range(3):
        expected = list(pipeline.as_numpy_iterator())
        assert len(batches) == len(expected)
        for one, other in zip(epoch_of(batches), expected, strict=True):
            assert_equal(one, other)
        batches.iteration += 1


@pytest.mark.parametrize(
    ("augment", "mix", "dtype"),
    [("flip", "none", "uint8"), ("strong", "none", "float32"), ("flip", "mixup:0.4", "float32")],
)
def test_images_are_fed_as_whole_numbers_where_that_loses_nothing(
    data: dict[str, Any], augment: str, mix: str, dtype: str
) -> None:
    loader = open_loader(**data, augment=augment, mix=mix)
    fed = next(iter(feed(loader).as_numpy_iterator()))[0]
    assert fed.dtype == dtype
    assert np.array_equal(fed, loader.batch(0).images)


@pytest.mark.parametrize("net", ["small", "fast"])
def test_a_net_rescales_pixels_of_either_dtype(net: str) -> None:
    keras.utils.set_random_seed(0)
    plain = nets.build(net, (16, 16, 1), 3)
    keras.utils.set_random_seed(0)
    scaled = nets.build(net, (16, 16, 1), 3, rescale=1 / 255)
    images = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 1), np.uint8)
    expected = plain.predict(images.astype(np.float32) / np.float32(255), verbose=0)
    for dtype in (np.uint8, np.float32):
        found = scaled.predict(images.astype(dtype), verbose=0)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    assert isinstance(scaled.layers[-1], keras.layers.Dense)  # as new heads need it


@given(order=st.lists(st.integers(0, 20), min_size=1), start=st.integers(0, 30))
@settings(max_examples=40)
def test_batches_may_be_asked_for_in_any_order(
    data: dict[str, Any], order: list[int], start: int
) -> None:
    loader = opened(data).at(start)
    batches = Batches(loader)
    for index in order:
        assert_equal(batches[index], loader.arrays(start + index))


@pytest.mark.parametrize("initial_epoch", [0, 5])
def test_the_epoch_under_way_is_the_one_that_is_fed(
    data: dict[str, Any], initial_epoch: int
) -> None:
    loader = opened(data)
    batches, other = Batches(loader.at(7)), feed(loader)
    epochs = Epochs(batches, other)
    for num_before in range(3):
        epochs.on_epoch_begin(initial_epoch + num_before)
        assert_equal(batches[2], loader.arrays(7 + num_before * loader.num_steps + 2))


def test_smoothing_spreads_a_fraction_of_each_label(data: dict[str, Any]) -> None:
    _, labels = Batches(opened(data), label_smoothing=0.1)[0]
    assert sorted(set(labels.ravel().tolist())) == pytest.approx([0.1 / 7, 0.9 + 0.1 / 7])
    np.testing.assert_allclose(labels.sum(axis=1), 1, rtol=1e-6)


def test_a_feed_that_cannot_be_is_refused_at_once(data: dict[str, Any]) -> None:
    loader = opened(data)
    with pytest.raises(
        UsageError, match="steps_per_epoch: expected a whole number, 1 or more, got 0"
    ):
        Batches(loader, steps_per_epoch=0)
    with pytest.raises(UsageError, match="take whole batches"):
        Batches(opened(data, shard=Shard(0, 2)), rows=loader.rows)


@pytest.mark.slow
@pytest.mark.usefixtures("no_plots")
@pytest.mark.parametrize("protocol", ["standard", "notebook"])
def test_a_run_fed_by_numbers_is_the_run_fed_by_tensorflow(
    faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: Any
) -> None:
    recipe = Recipe(
        net="small",
        epochs=5,
        batch_size=64,
        image_size=(16, 16),
        loss="ldam-drw:0.5",  # another loss in the second half, and another fit
        label_smoothing=0.1,
        protocol=protocol,
    )
    whole = train(recipe, faces, tmp_path / "whole")
    monkeypatch.setattr(train_module, "feed", Batches)
    stopped = interrupted(recipe, faces, tmp_path / "run", callbacks=[StopAfter(3)])
    assert_same_run(whole, resume(stopped.path))
