"""The loader's promises for any data and settings, on a store that is made in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fer_data.data.dataset import Dataset
from fer_data.data.decode import PixelFormat
from fer_data.data.origin import Origin
from fer_data.data.store import BuildReport, PixelStore
from fer_data.loading.batches import Batch
from fer_data.loading.loader import Loader
from fer_data.loading.opening import make_loader
from fer_data.sampling.shard import Shard
from fer_data.transforms.mixing import Mixing
from tests.helpers.registered import every, every_balance

STRATEGIES = st.sampled_from(
    [*every_balance(class_names="ab"), "batch+class-weights:effective:0.5"]
)
SETTINGS = st.fixed_dictionaries(
    {
        "batch_size": st.integers(3, 20),
        "epoch_size": st.sampled_from([None, "natural", 21, 50]),
        "seed": st.integers(0, 2**64),
        "augment": st.sampled_from(["none", "flip", "strong"]),
        "mix": st.sampled_from([None, *every(Mixing)]),
    }
)
WHOLE_BATCHES = SETTINGS.map(
    lambda settings: {
        **settings,
        "epoch_size": settings["epoch_size"] or 37,
        "drop_remainder": True,
    }
).filter(lambda settings: settings["epoch_size"] != "natural")
LABELS = st.lists(st.integers(0, 3), min_size=1, max_size=40).map(lambda more: [0, 1, *more])


def store_of(labels: list[int]) -> PixelStore:
    num = len(labels)
    dataset = Dataset(
        Origin(Path("/memory"), "made in memory", ("a", "b", "c", "d"), np.arange(num)),
        class_names=("a", "b", "c", "d"),
        splits=("train",),
        split_codes=np.zeros(num, np.int8),
        labels=np.array(labels, np.int32),
    )
    pixels = np.random.default_rng(0).integers(0, 256, (num, 8, 8, 1), np.uint8)
    return PixelStore(
        Path("/memory"), dataset, pixels, PixelFormat(8, 8, "grey"), BuildReport(num), "digest"
    )


def loader_of(labels: list[int], strategy: str, settings: dict[str, Any], **more: Any) -> Loader:
    store = store_of(labels)
    rows = np.arange(len(labels))
    return make_loader(store, rows, strategy, **{**settings, **more})


def assert_equal(one: Batch, other: Batch) -> None:
    assert np.array_equal(one.images, other.images)
    assert np.array_equal(one.targets(4), other.targets(4))
    assert np.array_equal(one.weights, other.weights)
    assert np.array_equal(one.samples, other.samples)
    assert np.array_equal(one.repeats, other.repeats)


@given(LABELS, STRATEGIES, WHOLE_BATCHES, st.integers(0, 10**6))
def test_a_step_far_ahead_is_computed_and_the_same_each_time(
    labels: list[int], strategy: str, settings: dict[str, Any], step: int
) -> None:
    loader = loader_of(labels, strategy, settings)
    first = loader.batch(step)
    loader.batch(step // 2)
    assert_equal(loader.batch(step), first)
    assert_equal(loader_of(labels, strategy, settings).batch(step), first)


@given(LABELS, STRATEGIES, WHOLE_BATCHES, st.integers(2, 3), st.integers(0, 30))
def test_shards_are_disjoint_and_complete_whatever_their_number(
    labels: list[int], strategy: str, settings: dict[str, Any], count: int, step: int
) -> None:
    whole = loader_of(labels, strategy, settings).batch(step)
    parts = [
        loader_of(labels, strategy, settings, shard=Shard(i, count)).batch(step)
        for i in range(count)
    ]
    for name in ("images", "labels", "weights", "samples", "repeats"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        assert np.array_equal(joined, getattr(whole, name))
    assert np.array_equal(np.concatenate([part.targets(4) for part in parts]), whole.targets(4))
    sizes = [len(part.images) for part in parts]
    assert max(sizes) - min(sizes) <= 1


@given(LABELS, STRATEGIES, SETTINGS, st.integers(0, 5))
def test_the_batches_of_an_epoch_hold_what_the_strategy_draws(
    labels: list[int], strategy: str, settings: dict[str, Any], epoch: int
) -> None:
    loader = loader_of(labels, strategy, settings)
    drawn = np.concatenate([batch.labels for batch in loader.epoch(epoch)])
    planned = loader.labels[loader.plan(epoch).samples]
    assert np.bincount(drawn, minlength=4).tolist() == np.bincount(planned, minlength=4).tolist()


@given(LABELS, STRATEGIES, SETTINGS, st.integers(1, 60))
def test_samples_of_a_class_are_used_equally_often_over_whole_epochs(
    labels: list[int], strategy: str, settings: dict[str, Any], steps: int
) -> None:
    loader = loader_of(labels, strategy, settings)
    steps -= steps % -loader.num_steps
    uses = np.zeros(len(labels), np.int64)
    for step in range(steps):
        np.add.at(uses, loader.sampler.between(*loader.sampler.steps.window(step))[0], 1)
    for label in set(labels):
        often = uses[np.array(labels) == label]
        assert often.max() - often.min() <= 1


@given(LABELS, STRATEGIES, WHOLE_BATCHES, st.integers(0, 40), st.integers(1, 3))
def test_a_run_that_goes_on_elsewhere_gives_what_is_left(
    labels: list[int], strategy: str, settings: dict[str, Any], step: int, count: int
) -> None:
    loader = loader_of(labels, strategy, settings)
    state = loader.state(step)
    again = loader_of(labels, strategy, settings, shard=Shard(0, count)).from_state(state)
    found = next(iter(again)).samples
    expected = loader.batch(step).samples
    assert found.tolist() == expected[: len(found)].tolist()
    assert again.state()["step"] == (state["step"] + 1) % loader.num_steps


@given(LABELS, STRATEGIES, SETTINGS, st.booleans(), st.integers(0, 10**6))
def test_successive_uses_of_a_sample_are_never_flipped_alike(
    labels: list[int], strategy: str, settings: dict[str, Any], whole: bool, step: int
) -> None:
    settings = {**settings, "augment": "flip", "epoch_size": 37, "drop_remainder": whole}
    loader = loader_of(labels, strategy, settings)
    last: dict[int, tuple[int, bool]] = {}
    for plan in map(loader.batch_plan, range(step, step + 3 * loader.num_steps)):
        uses = zip(plan.samples, plan.repeats, plan.parameters.flipped, strict=True)
        for sample, repeat, flipped in uses:
            assert last.get(sample, (repeat - 1, not flipped)) == (repeat - 1, not flipped)
            last[sample] = repeat, flipped
