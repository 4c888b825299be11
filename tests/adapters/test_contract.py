"""One contract over every strategy and adapter: the batches are the loader's, to the bit."""

from __future__ import annotations

import itertools
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fer_data
from fer_data.errors import UsageError
from fer_data.loading.loader import Loader
from fer_data.loading.opening import open_loader
from tests.conftest import MakeFolder, write_noise
from tests.helpers.extras import marked
from tests.helpers.registered import every_balance

Arrays = tuple[np.ndarray, ...]
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


COUNTS = {"train/a": 11, "train/b": 5, "train/c": 2, "train/d": 1}


@pytest.fixture
def data(make_folder: MakeFolder) -> Path:
    return make_folder(COUNTS, side=12)


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


def test_a_loader_that_begins_within_an_epoch_ends_with_it(data: Path) -> None:
    loader = opened(data, "oversample", {})
    epoch = numpy_iterator(loader.at(loader.num_steps + 2))
    assert len(list(epoch())) == loader.num_steps - 2
    assert len(list(epoch())) == loader.num_steps


@pytest.mark.parametrize("drop_remainder", [False, True])
@pytest.mark.parametrize("balance", list(dict.fromkeys(balance for balance, _ in CASES)))
@pytest.mark.parametrize("adapter", marked(["tf.data", "keras", "torch"]))
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
    with pytest.raises(UsageError, match="data was"):
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


def test_fit_on_a_py_dataset_sees_epoch_after_epoch(data: Path) -> None:
    from fer_data.adapters.keras_dataset import keras_dataset

    loader = opened(data, "oversample", {})
    model, seen = noting_model()
    model.fit(keras_dataset(loader, workers=3), epochs=3, verbose=0, shuffle=False)
    assert seen == [loader.batch(step).labels.tolist() for step in range(3 * loader.num_steps)]


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
    import fer_data

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


def test_a_py_dataset_refuses_another_order_than_the_loaders(data: Path) -> None:
    import tensorflow as tf

    from fer_data.adapters.keras_dataset import keras_dataset

    model, seen = noting_model()
    dataset = keras_dataset(opened(data, "oversample", {}))
    with pytest.raises((UsageError, tf.errors.OpError), match="shuffle=False"):
        model.fit(dataset, epochs=3, verbose=0)  # Keras shuffles by default
    assert len(seen) < len(dataset)


@pytest.mark.parametrize("adapter", ["tf_dataset", "keras_dataset"])
@pytest.mark.parametrize("steps", [0, -1, 2.5, True, "3"])
def test_steps_per_epoch_is_a_number_of_steps(data: Path, adapter: str, steps: Any) -> None:
    import fer_data

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


WORKER = """
import sys, json, hashlib
import fer_data

def batches(path, index, count, engine):
    loader = fer_data.open_loader(
        path, balance="batch", batch_size=12, drop_remainder=True, augment="strong", image_size=12,
        seed=9, shard=fer_data.Shard(index, count),
    )
    dataset = fer_data.tf_dataset(loader) if engine == "tf.data" else loader
    for _ in range(2):
        for batch in dataset:
            if engine == "tf.data":
                images, labels = batch[0].numpy(), batch[1].numpy().argmax(1)
            else:
                images, labels = batch.images, batch.labels
            digests = [hashlib.md5(image.tobytes()).hexdigest() for image in images]
            yield labels.tolist(), digests

path, index, *counts = sys.argv[1:]
print(json.dumps({
    engine: {count: list(batches(path, int(index), int(count), engine)) for count in counts}
    for engine in ("numpy", "tf.data")
}))
"""


@pytest.fixture(scope="module")
def in_processes(
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, dict[int, list[Any]]]:
    """Engine to number of processes to the shards that each of them gives; one gives the whole."""
    data = write_noise(tmp_path_factory.mktemp("shards") / "data", COUNTS, side=12)
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(data), str(index), *counts],
            stdout=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                "PYTHONHASHSEED": str(index),
                "FER_DATA_CACHE": str(tmp_path_factory.mktemp("cache")),
            },
        )
        for index, counts in enumerate([["1", "2", "3"], ["2", "3"], ["3"]])
    ]
    texts = [worker.communicate()[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 3
    found = [json.loads(text.splitlines()[-1]) for text in texts]
    return {
        engine: {count: [of[engine][str(count)] for of in found[:count]] for count in (1, 2, 3)}
        for engine in ("numpy", "tf.data")
    }


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["numpy", "tf.data"])
@pytest.mark.parametrize("count", [2, 3])
def test_processes_with_a_pipeline_each_give_the_whole_in_parts(
    in_processes: dict[str, dict[int, list[Any]]], count: int, engine: str
) -> None:
    (whole,), shards = in_processes["numpy"][1], in_processes[engine][count]
    assert len(whole) == 2
    joined = [
        [
            list(itertools.chain(*(part[0] for part in parts))),
            list(itertools.chain(*(part[1] for part in parts))),
        ]
        for parts in zip(*shards, strict=True)
    ]
    assert joined == whole
    for labels, _ in itertools.chain(*shards):
        often = np.bincount(labels, minlength=4)
        assert often.max() - often.min() <= 1
