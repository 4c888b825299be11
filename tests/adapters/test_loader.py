"""The loader and its tf.data adapter: what a batch holds, and where it comes from."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer_data.errors import DataError, UsageError
from fer_data.loading.batches import Batch
from fer_data.loading.opening import open_loader
from fer_data.sampling.shard import Shard
from fer_data.util import keyed
from tests.conftest import MakeFolder
from tests.helpers.registered import every_balance

BALANCES = every_balance(class_names="ac")
COLUMNS = ("images", "labels", "weights", "samples", "repeats")
COUNTS = {"train/a": 11, "train/b": 5, "train/c": 2, "test/a": 3, "test/b": 2}


@pytest.fixture
def data(make_folder: MakeFolder) -> Path:
    return make_folder(COUNTS)


def facts(batch: Batch) -> tuple[list[int], list[int], list[bool]]:
    return batch.samples.tolist(), batch.repeats.tolist(), batch.parameters.flipped.tolist()


@pytest.mark.parametrize("balance", BALANCES)
def test_a_batch_is_what_its_record_says(data: Path, balance: str) -> None:
    loader = open_loader(data, balance=balance, batch_size=4, rescale=1 / 255)
    pixels, labels = loader.store.pixels, loader.store.dataset.labels
    for batch in loader.epoch(1):
        expected = pixels[batch.samples].astype(np.float32) * np.float32(1 / 255)
        expected[batch.parameters.flipped] = expected[batch.parameters.flipped][:, :, ::-1]
        assert batch.images.dtype == np.float32
        assert np.array_equal(batch.images, expected)
        assert batch.labels.tolist() == labels[batch.samples].tolist()
        first = keyed.bits(loader.sampler.seed, keyed.FLIP, batch.samples)
        assert batch.parameters.flipped.tolist() == (first ^ (batch.repeats % 2 == 1)).tolist()


@pytest.mark.parametrize("balance", BALANCES)
def test_an_epoch_draws_only_training_samples_and_as_many_as_it_says(
    data: Path, balance: str
) -> None:
    loader = open_loader(data, balance=balance, batch_size=4)
    drawn = np.concatenate([batch.samples for batch in loader.epoch(0)])
    assert len(drawn) == loader.num_samples
    assert set(drawn) <= set(loader.store.dataset.indices("train").tolist())


@pytest.mark.parametrize("balance", BALANCES)
def test_whole_batches_lose_nothing(data: Path, balance: str) -> None:
    whole = open_loader(data, balance=balance, batch_size=4, drop_remainder=True)
    loader = open_loader(data, balance=balance, batch_size=4)
    steps = 4 * loader.num_samples // 4
    found = [whole.batch(step) for step in range(steps)]
    assert {len(batch.samples) for batch in found} == {4}
    drawn = np.concatenate([batch.samples for batch in found])
    expected = [batch.samples for epoch in range(4) for batch in loader.epoch(epoch)]
    assert drawn.tolist() == np.concatenate(expected).tolist()


@pytest.mark.parametrize("balance", BALANCES)
def test_a_step_is_computed_not_replayed(data: Path, balance: str) -> None:
    through = open_loader(data, balance=balance, batch_size=4)
    walked = [facts(through.batch(step)) for step in range(3 * through.num_steps)]
    for step in reversed(range(len(walked))):
        fresh = open_loader(data, balance=balance, batch_size=4)
        assert facts(fresh.batch(step)) == walked[step]


def test_an_epoch_goes_on_from_any_batch(data: Path) -> None:
    loader = open_loader(data, balance="oversample", batch_size=4)
    whole = [facts(batch) for batch in loader.epoch(2)]
    assert [facts(batch) for batch in loader.epoch(2, start=3)] == whole[3:]


@pytest.mark.parametrize("drop_remainder", [False, True])
@pytest.mark.parametrize("shards", [1, 2])
@pytest.mark.parametrize("augment", ["flip", "strong"])
@pytest.mark.parametrize("mix", ["none", "remix:0.5"])
def test_batches_drawn_together_are_those_of_their_steps(
    data: Path, drop_remainder: bool, shards: int, augment: str, mix: str
) -> None:
    loader = open_loader(
        data,
        balance="oversample+class-weights",
        batch_size=5,
        augment=augment,
        mix=mix,
        drop_remainder=drop_remainder,
        shard=Shard(shards - 1, shards),
    )
    for epoch in range(2):
        for step, batch in enumerate(loader, epoch * loader.num_steps):
            assert loader.state()["step"] == (step + 1) % loader.num_steps
            alone = loader.batch(step)
            assert np.array_equal(batch.targets(3), alone.targets(3))
            found, expected = (
                [
                    *(getattr(loader, name) for name in COLUMNS),
                    *loader.parameters,
                    *(loader.mixed or ()),
                ]
                for loader in (batch, alone)
            )
            for one, other in zip(found, expected, strict=True):
                assert np.array_equal(one, other)


def test_an_iterator_ends_where_another_one_went_on(data: Path) -> None:
    loader = open_loader(data, batch_size=4)
    older = iter(loader)
    next(older)
    seen = [facts(batch) for batch in loader]
    assert seen == [facts(batch) for batch in loader.epoch(1)]  # an epoch that was left
    assert next(older, None) is None
    assert loader.state()["epoch"] == 2


def test_evaluation_splits_come_as_they_are(data: Path) -> None:
    loader = open_loader(data, split="test", augment="flip", batch_size=2)
    batches = list(loader.epoch(0))
    assert np.concatenate([batch.samples for batch in batches]).tolist() == loader.rows.tolist()
    assert all(batch.parameters == (None,) * 5 for batch in batches)


@pytest.mark.parametrize("balance", ["oversample", "undersample", "class-weights"])
def test_an_evaluation_split_is_never_balanced(data: Path, balance: str) -> None:
    with pytest.raises(UsageError, match="only train is ever balanced"):
        open_loader(data, split="test", balance=balance)


def test_class_weights_reach_the_batch_and_nothing_else_is_weighted(data: Path) -> None:
    weighted = open_loader(data, balance="class-weights", batch_size=32).batch(0)
    expected = {0: 18 / (3 * 11), 1: 18 / (3 * 5), 2: 18 / (3 * 2)}
    assert {
        label: pytest.approx(weight)
        for label, weight in zip(weighted.labels.tolist(), weighted.weights.tolist(), strict=True)
    } == expected
    assert set(open_loader(data, balance="oversample").batch(0).weights) == {1.0}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size: expected a whole number, 1 or more, got 0"),
        ({"seed": -1}, "seed: expected .* got -1"),
        ({"augment": "spin"}, r"augment: got 'spin'. Expected a preset "),
        ({"balance": "smote"}, "balance: got 'smote'. Did you mean oversample"),
        ({"balance": "oversample", "shuffle": False}, "no order of its own: shuffle it"),
        ({"batch_size": 100, "drop_remainder": True}, "100 is above the 18 of an epoch"),
        ({"color": "cmyk"}, "color is 'cmyk'"),
        ({"image_size": (0, 4)}, "image size is 0x4"),
    ],
)
def test_what_is_invalid_is_said(data: Path, options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        open_loader(data, **options)  # type: ignore[arg-type]


def test_a_missing_split_is_named(data: Path) -> None:
    with pytest.raises(DataError, match="no validation split here, only train, test"):
        open_loader(data, split="validation")


def test_colour_and_size_go_all_the_way(data: Path) -> None:
    batch = open_loader(data, image_size=(20, 30), color="rgb", batch_size=3).batch(0)
    assert batch.images.shape == (3, 20, 30, 3)


@pytest.mark.parametrize("balance", ["batch", "class-weights"])
def test_tf_data_gives_integer_labels_and_knows_its_length(data: Path, balance: str) -> None:
    from fer_data.adapters.tfdata import tf_dataset

    loader = open_loader(data, balance=balance, batch_size=4)
    dataset = tf_dataset(loader, label_mode="int")
    assert dataset.cardinality().numpy() == loader.num_steps
    for epoch in range(2):
        for expected, found in zip(loader.epoch(epoch), dataset, strict=True):
            assert np.array_equal(found[0].numpy(), expected.images)
            assert found[1].numpy().tolist() == expected.labels.tolist()
            assert len(found) == (3 if balance == "class-weights" else 2)


def test_tf_data_goes_on_from_any_step(data: Path) -> None:
    from fer_data.adapters.tfdata import tf_dataset

    loader = open_loader(data, balance="oversample", batch_size=4)
    expected = [loader.batch(step).labels.tolist() for step in range(4, 19)]
    dataset = tf_dataset(loader.at(4), label_mode="int", steps_per_epoch=5)
    found = [y.numpy().tolist() for _ in range(3) for _, y in dataset]
    assert found == expected
    assert dataset.cardinality().numpy() == 5


def test_fit_sees_epoch_after_epoch_and_none_twice(data: Path) -> None:
    import keras

    import fer_data

    seen: list[list[float]] = []

    dataset = fer_data.tf_dataset(data, balance="oversample", batch_size=8, augment="none")
    loader = open_loader(data, balance="oversample", batch_size=8, augment="none")
    model = keras.Sequential([keras.Input((48, 48, 1)), keras.layers.Flatten()])
    model.add(keras.layers.Dense(3, activation="softmax"))

    def note(labels: object, outputs: object) -> object:
        seen.append(np.asarray(labels).argmax(1).tolist())
        return keras.ops.mean(outputs)

    model.compile(loss=note, run_eagerly=True)
    model.fit(dataset, epochs=3, verbose=0, shuffle=False)
    expected = [batch.labels.tolist() for epoch in range(3) for batch in loader.epoch(epoch)]
    assert seen == expected


def test_another_process_draws_the_same(data: Path) -> None:
    code = (
        "import sys, fer_data, json\n"
        "loader = fer_data.open_loader(sys.argv[1], balance='oversample', batch_size=4, seed=5)\n"
        "print(json.dumps([[b.samples.tolist(), b.repeats.tolist(), b.parameters.flipped.tolist()]"
        " for b in loader.epoch(3)]))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, str(data)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "77"},
    )
    loader = open_loader(data, balance="oversample", batch_size=4, seed=5)
    expected = [list(facts(batch)) for batch in loader.epoch(3)]
    assert ended.stdout.strip() == str(expected).replace("True", "true").replace("False", "false")


def test_a_step_before_the_first_is_refused(data: Path) -> None:
    with pytest.raises(UsageError, match=r"step: expected .* got -1"):
        open_loader(data).batch(-1)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"image_size": (48, 48, 1)}, "image_size"),
        ({"image_size": "48"}, "image_size"),
        ({"use_multiprocessing": True}, "use_multiprocessing"),
        ({"balanc": "batch"}, "balanc"),
    ],
)
def test_an_option_that_there_is_not_is_named_in_one_line(
    data: Path, options: dict[str, Any], named: str
) -> None:
    from fer_data.adapters.keras_dataset import keras_dataset

    with pytest.raises(UsageError, match=f"^{named}: ") as refused:
        keras_dataset(data, **options)
    assert "\n" not in str(refused.value)


def test_what_is_no_path_is_refused() -> None:
    with pytest.raises(UsageError, match="got ndarray"):
        open_loader(np.zeros(3))  # type: ignore[arg-type]


def test_a_split_may_be_called_as_its_folder_may(make_folder: MakeFolder) -> None:
    root = make_folder({"train/a": 3, "train/b": 3, "val/a": 2, "val/b": 1})
    loader = open_loader(root, split="val")
    assert loader.num_samples == 3
    assert loader.settings()["shuffle"] == "False"
    with pytest.raises(UsageError, match="only train is ever balanced"):
        open_loader(root, split="val", balance="batch")


def test_a_process_ends_though_pipelines_are_at_work(data: Path) -> None:
    code = (
        "import sys, fer_data\n"
        "pipelines = [iter(fer_data.tf_dataset(sys.argv[1], augment=augment, batch_size=512,"
        " balance='batch', epoch_size=100_000, image_size=96)) for augment in ('flip', 'strong')]\n"
        "for batches in pipelines: next(batches)\n"
        "print('took a batch')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(data)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0
    assert done.stdout == "took a batch\n"
