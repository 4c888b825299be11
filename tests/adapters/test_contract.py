"""One contract over every strategy and adapter: the batches are the loader's, to the bit."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fer_data
from fer_data.errors import UsageError
from fer_data.loading.loader import Loader
from tests.helpers.adapters import Arrays, assert_same, opened
from tests.helpers.extras import marked
from tests.helpers.registered import every_balance

Adapter = Callable[[Loader], Callable[[], Iterator[Arrays]]]
"""From a loader to a function whose every call gives an epoch's batches, as one-hot arrays."""


BALANCES = every_balance(class_names="bc")


SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"augment": "strong", "rescale": 1 / 255},
    {"augment": "flip", "augment_rare": "strong", "mix": "mixup:0.4", "drop_remainder": True},
    {"augment": "standard", "mix": "remix:1.0", "epoch_size": 13, "batch_size": 5},
)


SOFT = {"soft": True}
"""Not an option of `open_loader`, but of `opened`: soft labels come with a selection."""


CASES = [
    *zip(BALANCES, itertools.cycle(SETTINGS)),
    *(("batch", settings) for settings in SETTINGS[:3]),
    ("batch", SOFT),
    ("class-weights", {**SETTINGS[3], **SOFT}),
]
"""Every strategy, and every setting with some of them."""


def numpy_iterator(loader: Loader) -> Callable[[], Iterator[Arrays]]:
    def epoch() -> Iterator[Arrays]:
        for batch in loader:
            arrays = batch.images, batch.targets(loader.num_classes), batch.weights
            yield arrays[: 3 if loader.weights else 2]

    return epoch


def tf_data(loader: Loader) -> Callable[[], Iterator[Arrays]]:
    from fer_data.adapters.tfdata import tf_dataset

    dataset = tf_dataset(loader)
    return lambda: (tuple(x.numpy() for x in arrays) for arrays in dataset)


def keras_py_dataset(loader: Loader) -> Callable[[], Iterator[Arrays]]:
    from fer_data.adapters.keras_dataset import keras_dataset

    dataset = keras_dataset(loader, workers=2)
    dataset[len(dataset) - 1]  # Keras asks before the first epoch, and ends one before it
    dataset.on_epoch_end()

    def epoch() -> Iterator[Arrays]:
        dataset.on_epoch_begin()
        yield from (dataset[index] for index in range(len(dataset)))
        dataset.on_epoch_end()

    return epoch


def torch_with(num_workers: int) -> Adapter:
    def adapter(loader: Loader) -> Callable[[], Iterator[Arrays]]:
        from fer_data.adapters.torch_loader import torch_loader

        batches = torch_loader(loader, label_mode="one-hot", num_workers=num_workers)

        def epoch() -> Iterator[Arrays]:
            for images, *rest in batches:
                yield np.moveaxis(images.numpy(), 1, -1), *(x.numpy() for x in rest)

        return epoch

    return adapter


ADAPTERS: dict[str, Adapter] = {
    "numpy": numpy_iterator,
    "tf.data": tf_data,
    "keras": keras_py_dataset,
    "torch": torch_with(0),
}


@pytest.mark.parametrize(("balance", "settings"), CASES)
@pytest.mark.parametrize("adapter", marked(ADAPTERS))
def test_an_adapter_gives_the_loaders_batches_epoch_after_epoch(
    data: Path, adapter: str, balance: str, settings: dict[str, Any]
) -> None:
    loader = opened(data, balance, settings)
    epoch = ADAPTERS[adapter](opened(data, balance, settings))
    step = itertools.count()
    for _ in range(3):
        batches = list(epoch())
        assert len(batches) == loader.num_steps
        for found in batches:
            assert_same(found, loader.arrays(next(step)))


@pytest.mark.parametrize(
    ("balance", "settings"),
    [("batch", SETTINGS[2]), ("progressive:3", SETTINGS[2]), ("class-weights", SOFT)],
)
@pytest.mark.parametrize("adapter", marked(ADAPTERS))
def test_an_adapter_goes_on_from_a_state(
    data: Path, adapter: str, balance: str, settings: dict[str, Any]
) -> None:
    loader = opened(data, balance, settings)
    state = loader.state(2 * loader.num_steps)
    epoch = ADAPTERS[adapter](opened(data, balance, settings, state=state))
    for step, found in enumerate(epoch(), 2 * loader.num_steps):
        assert_same(found, loader.arrays(step))


@pytest.mark.parametrize("balance", list(dict.fromkeys(balance for balance, _ in CASES)))
@pytest.mark.parametrize("adapter", marked(["numpy", "torch"]))
def test_an_adapter_that_begins_within_an_epoch_ends_with_it(
    data: Path, adapter: str, balance: str
) -> None:
    loader = opened(data, balance, {})
    for first in {1, loader.num_steps - 1, loader.num_steps + 2}:
        epoch = ADAPTERS[adapter](loader.at(first))
        steps = itertools.count(first)
        for length in (loader.num_steps - first % loader.num_steps, loader.num_steps):
            batches = list(epoch())
            assert len(batches) == length
            for found in batches:
                assert_same(found, loader.arrays(next(steps)))


@pytest.mark.parametrize("drop_remainder", [False, True])
@pytest.mark.parametrize("balance", list(dict.fromkeys(balance for balance, _ in CASES)))
@pytest.mark.parametrize("adapter", marked(["tf.data", "keras"]))
def test_an_adapter_that_begins_within_an_epoch_gives_as_many_steps_as_any(
    data: Path, adapter: str, balance: str, drop_remainder: bool
) -> None:
    loader = opened(data, balance, {"drop_remainder": drop_remainder})
    for first in {1, loader.num_steps - 1, loader.num_steps + 2}:
        epoch = ADAPTERS[adapter](loader.at(first))
        steps = itertools.count(first)
        for _ in range(2):
            batches = list(epoch())
            assert len(batches) == loader.num_steps
            for found in batches:
                assert_same(found, loader.arrays(next(steps)))


@pytest.mark.parametrize(("balance", "settings"), CASES)
@pytest.mark.parametrize("count", [2, 3])
def test_shards_are_the_whole_batch_in_parts(
    data: Path, balance: str, settings: dict[str, Any], count: int
) -> None:
    from fer_data.sampling.shard import Shard

    settings = {**settings, "drop_remainder": True}
    whole = opened(data, balance, settings)
    parts = [opened(data, balance, settings, shard=Shard(i, count)) for i in range(count)]
    for step in range(2 * whole.num_steps + 1):
        shards = [part.arrays(step) for part in parts]
        joined = tuple(np.concatenate(arrays) for arrays in zip(*shards, strict=True))
        assert_same(joined, whole.arrays(step))


def test_shards_of_balanced_batches_are_balanced(data: Path) -> None:
    from fer_data.sampling.shard import Shard

    options = {"batch_size": 22, "drop_remainder": True, "epoch_size": 50}
    for index, step in itertools.product(range(3), range(9)):
        loader = opened(data, "batch", options, shard=Shard(index, 3))
        often = np.bincount(loader.batch(step).labels, minlength=4)
        assert often.max() - often.min() <= 1


def test_a_loader_is_pickled_without_its_pixels(data: Path) -> None:
    loader = opened(data, "oversample", SETTINGS[1])
    next(iter(loader))
    pickled = pickle.dumps(loader)
    assert len(pickled) < 5_000
    again = pickle.loads(pickled)
    assert again.state() == loader.state()
    assert_same(again.arrays(7), loader.arrays(7))


@pytest.mark.parametrize("mix", ["none", "mixup:0.5", "remix:1.0"])
@pytest.mark.parametrize("balance", ["batch", "class-weights"])
def test_soft_labels_are_the_targets_while_balancing_goes_by_the_labels(
    data: Path, balance: str, mix: str
) -> None:
    hard, soft = opened(data, balance, {"mix": mix}), opened(data, balance, {"mix": mix, **SOFT})
    fractions = soft.store.dataset.soft_labels
    assert fractions is not None
    for step in range(2 * soft.num_steps):
        expected, batch = hard.batch(step), soft.batch(step)
        assert np.array_equal(batch.samples, expected.samples)
        assert np.array_equal(batch.labels, expected.labels)
        assert np.array_equal(batch.images, expected.images)
        targets = fractions[batch.samples]
        if batch.mixed is not None:
            of_labels = batch.mixed.label_lam[:, None]
            targets = targets * of_labels + fractions[batch.mixed.samples] * (1 - of_labels)
        assert np.array_equal(batch.targets(4), targets)
        assert targets.dtype == np.float32
        np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-5)
        if balance == "class-weights":
            np.testing.assert_allclose(batch.weights, targets @ soft.class_weights, rtol=1e-5)
        else:
            assert (batch.weights == 1).all()


@pytest.mark.parametrize(
    "adapter",
    [
        "tf_dataset",
        "keras_dataset",
        pytest.param("torch_loader", marks=pytest.mark.extra("torch")),
    ],
)
def test_soft_labels_are_no_integers(data: Path, adapter: str) -> None:
    with pytest.raises(UsageError, match="int labels cannot hold them"):
        getattr(fer_data, adapter)(opened(data, "batch", SOFT), label_mode="int")


def test_the_state_covers_soft_labels(data: Path) -> None:
    soft = opened(data, "batch", SOFT)
    with pytest.raises(UsageError, match="soft was False, is True"):
        soft.from_state(opened(data, "batch", {}).state())
    dataset = soft.store.dataset
    assert dataset.soft_labels is not None
    other = replace(dataset, soft_labels=dataset.soft_labels[:, ::-1].copy())
    with pytest.raises(UsageError, match="the data differs"):
        replace(soft, store=replace(soft.store, dataset=other)).from_state(soft.state())
    with pytest.raises(UsageError, match="no soft labels"):
        replace(opened(data, "batch", {}), soft=True)


def test_a_pickled_loader_keeps_its_soft_labels(data: Path) -> None:
    loader = opened(data, "class-weights", SOFT)
    again = pickle.loads(pickle.dumps(loader))
    for step in range(loader.num_steps):
        assert_same(again.arrays(step), loader.arrays(step))


def test_threads_that_ask_at_once_get_the_same_batches(data: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    loader = opened(data, "oversample", SETTINGS[2])
    steps = [step for step in range(40) for _ in range(2)]
    np.random.default_rng(0).shuffle(steps)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(loader.arrays, steps))
    fresh = opened(data, "oversample", SETTINGS[2])
    for step, arrays in zip(steps, found, strict=True):
        assert_same(arrays, fresh.arrays(step))


@pytest.mark.extra("torch")
def test_processes_of_torch_change_nothing(data: Path) -> None:
    loader = opened(data, "batch", SETTINGS[1])
    epoch = torch_with(2)(loader)
    for step, found in enumerate(itertools.chain(epoch(), epoch())):
        assert_same(found, loader.arrays(step))
