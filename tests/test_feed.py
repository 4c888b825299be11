"""What models are fed is the same on every backend, and needs TensorFlow on one of them alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_data.batching.door import open_loader
from fer_data.batching.loader import Loader
from fer_model.training.feed import Batches, Epochs, feed
from fer_model.training.on_device import table_rows

BALANCES = ("none", "oversample", "class-weights", "batch")


@pytest.fixture(scope="module")
def path(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return {"path": faces, "cache": tmp_path_factory.mktemp("cache")}


def opened(path: dict[str, Any], **options: Any) -> Loader:
    return open_loader(**path, image_size=(8, 8), augment="strong", batch_size=40, **options)


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
    path: dict[str, Any], are_planned: bool, balance: str, start: int, steps: int | None
) -> None:
    loader = opened(path, balance=balance, mix="mixup:0.4").at(start)
    options: dict[str, Any] = {"steps_per_epoch": steps, "label_smoothing": 0.1}
    if are_planned:
        options["rows"] = table_rows(loader)
    pipeline, batches = feed(loader, **options), Batches(loader, **options)
    for _ in range(3):
        expected = list(pipeline.as_numpy_iterator())
        assert len(batches) == len(expected)
        for one, other in zip(epoch_of(batches), expected, strict=True):
            assert_equal(one, other)
        batches.epoch += 1


@given(order=st.lists(st.integers(0, 20), min_size=1), start=st.integers(0, 30))
@settings(max_examples=40)
def test_batches_may_be_asked_for_in_any_order(
    path: dict[str, Any], order: list[int], start: int
) -> None:
    loader = opened(path).at(start)
    batches = Batches(loader)
    for index in order:
        assert_equal(batches[index], loader.arrays(start + index))


def test_the_epoch_under_way_is_the_one_that_is_fed(path: dict[str, Any]) -> None:
    loader = opened(path)
    batches, other = Batches(loader), feed(loader)
    Epochs(batches, other).on_epoch_begin(5)
    assert_equal(batches[2], loader.arrays(5 * loader.num_steps + 2))


def test_smoothing_spreads_a_share_of_each_label(path: dict[str, Any]) -> None:
    _, labels = Batches(opened(path, augment_rare=None), label_smoothing=0.1)[0]
    assert sorted(set(labels.ravel().tolist())) == pytest.approx([0.1 / 7, 0.9 + 0.1 / 7])
    np.testing.assert_allclose(labels.sum(axis=1), 1, rtol=1e-6)
