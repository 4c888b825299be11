"""The contract inside Keras's `fit`: every step once, in order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fer_data
from fer_data.errors import UsageError
from tests.helpers.adapters import assert_same, opened


def noting_model() -> tuple[Any, list[list[int]]]:
    """Return a model that has not been built, and the labels of the batches that it trains on."""
    import keras

    seen: list[list[int]] = []
    model = keras.Sequential([keras.Input((12, 12, 1)), keras.layers.Flatten()])
    model.add(keras.layers.Dense(4, activation="softmax"))

    def note(labels: object, outputs: object) -> object:
        seen.append(np.asarray(labels).argmax(1).tolist())
        return keras.ops.mean(outputs)

    model.compile(loss=note, run_eagerly=True)
    return model, seen


def test_a_batch_that_builds_a_model_is_no_epoch_of_a_py_dataset(data: Path) -> None:
    from fer_data.adapters.keras_dataset import keras_dataset

    loader = opened(data, "oversample", {})
    dataset = keras_dataset(loader)
    for _ in range(2):  # as Keras does where it has to build the model, and its metrics
        dataset.on_epoch_begin()
        assert_same(dataset[0], loader.arrays(0))
        dataset.on_epoch_end()
    for epoch in range(2):
        dataset.on_epoch_begin()
        for index in range(len(dataset)):
            assert_same(dataset[index], loader.arrays(epoch * loader.num_steps + index))
        dataset.on_epoch_end()


@pytest.mark.parametrize(
    ("first", "steps_per_epoch", "drop_remainder"),
    [(1, None, False), (4, None, False), (13, None, True), (4, 3, False), (3, 8, True)],
)
@pytest.mark.parametrize("adapter", ["tf_dataset", "keras_dataset"])
def test_fit_trains_every_step_from_where_a_state_stands(
    data: Path, adapter: str, first: int, steps_per_epoch: int | None, drop_remainder: bool
) -> None:

    loader = opened(data, "batch", {"drop_remainder": drop_remainder})  # 5 steps, or 4
    model, seen = noting_model()
    resumed = loader.from_state(loader.state(first))
    dataset = getattr(fer_data, adapter)(resumed, steps_per_epoch=steps_per_epoch)
    model.fit(dataset, epochs=3, verbose=0, shuffle=False)
    steps = range(first, first + 3 * (steps_per_epoch or loader.num_steps))
    assert seen == [loader.batch(step).labels.tolist() for step in steps]


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
@pytest.mark.parametrize("workers", [1, 4])
def test_fits_own_steps_per_epoch_neither_repeats_nor_skips_steps_of_a_py_dataset(
    data: Path, workers: int
) -> None:
    from fer_data.adapters.keras_dataset import keras_dataset

    loader = opened(data, "batch", {"augment": "strong"}).at(2)
    model, seen = noting_model()
    model.fit(
        keras_dataset(loader, workers=workers),
        epochs=3,
        steps_per_epoch=2,
        verbose=0,
        shuffle=False,
    )
    assert len(seen) >= loader.num_steps
    assert seen == [loader.batch(2 + step).labels.tolist() for step in range(len(seen))]


@pytest.mark.parametrize("shuffle", [{}, {"shuffle": True}])
@pytest.mark.parametrize("workers", [1, 3])
def test_fit_keeps_the_order_of_a_py_dataset_that_it_would_shuffle(
    data: Path, workers: int, shuffle: dict[str, bool]
) -> None:
    from fer_data.adapters.keras_dataset import keras_dataset

    loader = opened(data, "oversample", {})
    model, seen = noting_model()
    model.fit(keras_dataset(loader, workers=workers), epochs=3, verbose=0, **shuffle)
    assert seen == [loader.batch(step).labels.tolist() for step in range(3 * loader.num_steps)]


def test_a_py_dataset_refuses_another_order_than_the_loaders(data: Path) -> None:
    from fer_data.adapters.keras_dataset import keras_dataset

    dataset = keras_dataset(opened(data, "oversample", {}))
    dataset.on_epoch_begin()
    with pytest.raises(UsageError, match="in order"):
        dataset[2]


@pytest.mark.parametrize("adapter", ["tf_dataset", "keras_dataset"])
@pytest.mark.parametrize("steps", [0, -1, 2.5, True, "3"])
def test_steps_per_epoch_is_a_number_of_steps(data: Path, adapter: str, steps: Any) -> None:

    with pytest.raises(UsageError, match="steps_per_epoch"):
        getattr(fer_data, adapter)(opened(data, "natural", {}), steps_per_epoch=steps)


@pytest.mark.parametrize("num_steps", [1, 2, 3])
def test_fit_loses_no_short_epoch_of_a_py_dataset(data: Path, num_steps: int) -> None:
    from fer_data.adapters.keras_dataset import keras_dataset

    loader = opened(data, "natural", {"batch_size": 4, "epoch_size": 4 * num_steps})
    assert loader.num_steps == num_steps
    model, seen = noting_model()
    dataset = keras_dataset(loader)
    for _ in range(2):
        model.fit(dataset, epochs=2, verbose=0, shuffle=False)
    assert seen == [loader.batch(step).labels.tolist() for step in range(4 * num_steps)]
