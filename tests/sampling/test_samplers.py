"""Samplers of indices: exact, resumable at any step, sharded, picklable, for any labels."""

from __future__ import annotations

import pickle
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from imblearn.over_sampling import RandomOverSampler

import fer_data
from fer_data import BalancedBatchSampler, BalancedSampler, Shard
from fer_data.errors import UsageError
from fer_data.sampling.planner import plan_epoch
from fer_data.sampling.shard import WHOLE
from tests.helpers.registered import every_sampling

LABELS = np.repeat([0, 1, 2, 4], [23, 9, 4, 1])
NAMES = ("0", "1", "2", "3", "4")


def given_by(sampler: Any, epochs: int = 1) -> list[Any]:
    return [item for _ in range(epochs) for item in sampler]


@pytest.mark.parametrize("balance", every_sampling(NAMES), ids=str)
@pytest.mark.parametrize("drop_last", [False, True])
def test_batches_are_the_plan_s_draws(balance: str, drop_last: bool) -> None:
    sampler = BalancedBatchSampler(
        LABELS, balance, batch_size=4, seed=3, drop_last=drop_last, with_repeats=True
    )
    plans = [
        plan_epoch(LABELS, sampler.strategy, seed=3, epoch=epoch, class_names=NAMES)
        for epoch in range(3)
    ]
    wanted = [
        pair
        for plan in plans
        for pair in zip(plan.samples.tolist(), plan.repeats.tolist(), strict=True)
    ]
    batches = given_by(sampler, 3)
    assert len(batches) == 3 * len(sampler)
    found = [pair for batch in batches for pair in batch]
    assert found == wanted[: len(found)]
    assert len(found) == len(wanted) or drop_last
    assert {len(batch) for batch in batches[:-1]} <= ({4} if drop_last else {1, 2, 3, 4})
    assert sampler.plan(1).draws.tolist() == plans[1].draws.tolist()


@pytest.mark.parametrize("balance", every_sampling(NAMES), ids=str)
def test_it_goes_on_at_any_step_and_shards_are_parts_of_every_batch(balance: str) -> None:
    def made(shard: Shard = WHOLE) -> BalancedBatchSampler:
        return BalancedBatchSampler(
            LABELS, balance, batch_size=3, seed=1, drop_last=True, shard=shard
        )

    whole = given_by(made(), 3)
    assert [made()[step] for step in range(len(whole))] == whole
    parts = [given_by(made(Shard(index, 3)), 3) for index in range(3)]
    assert [list(chain(*step)) for step in zip(*parts, strict=True)] == whole
    num = len(made())
    for step in range(2 * num):
        resumed = made(Shard(1, 3))
        resumed.load_state_dict(made().state_dict(step))
        assert given_by(resumed, 2) == parts[1][step : (step // num + 2) * num]


def test_a_state_says_what_was_given_and_whether_it_goes_on() -> None:
    sampler = BalancedBatchSampler(LABELS, "batch", batch_size=5)
    assert len(sampler) == 8
    whole = [sampler[step] for step in range(24)]
    iteration = iter(sampler)
    assert [next(iteration) for _ in range(3)] == whole[:3]
    state = sampler.state_dict()
    assert (state["epoch"], state["step"], state["goes_on"]) == (0, 3, True)
    assert list(sampler) == whole[8:16]  # an iteration that was left
    other = BalancedBatchSampler(LABELS, "batch", batch_size=5)
    other.load_state_dict(state)
    other.set_epoch(0)  # which frameworks say before every epoch
    assert list(other) == whole[3:8]
    assert other.state_dict()["goes_on"] is False
    other.set_epoch(1)
    assert list(other) == whole[8:16]
    other.set_epoch(0)
    assert list(other) == whole[:8]


@pytest.mark.parametrize(("size", "fits"), [(5, True), (15, True), (2, False), (4, False)])
def test_another_batch_size_goes_on_after_whole_batches(size: int, fits: bool) -> None:
    labels = np.repeat([0, 1], [40, 20])
    first = BalancedBatchSampler(labels, "none", batch_size=10, drop_last=True)
    state = first.state_dict(3)  # 30 samples
    if size == 4:
        state = first.state_dict(1)
    second = BalancedBatchSampler(labels, "none", batch_size=size, drop_last=True)
    if not fits and size == 4:
        with pytest.raises(UsageError, match="no whole number of batches"):
            second.load_state_dict(state)
        return
    second.load_state_dict(state)
    assert second[second.step] == first.plan(0).samples[30 : 30 + size].tolist()


@pytest.mark.parametrize(
    "change",
    [
        {"labels": LABELS[::-1]},
        {"balance": "none"},
        {"seed": 1},
        {"epoch_size": 10},
    ],
)
def test_a_state_of_something_else_is_refused(change: dict[str, Any]) -> None:
    options: dict[str, Any] = {"labels": LABELS, "balance": "batch", "batch_size": 5}
    state = BalancedBatchSampler(**options).state_dict(2)
    with pytest.raises(UsageError):
        BalancedBatchSampler(**options | change).load_state_dict(state)
    for broken in ({}, {"epoch": 0, "step": 0}, state | {"step": 99}):
        with pytest.raises(UsageError):
            BalancedBatchSampler(**options).load_state_dict(broken)


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("balance", every_sampling(NAMES), ids=str)
def test_single_indices_are_the_same_draws(balance: str, count: int) -> None:
    shards = [
        BalancedSampler(LABELS, balance, seed=3, shard=Shard(index, count))
        for index in range(count)
    ]
    found = [given_by(shard, 2) for shard in shards]
    together = [index for parts_of_step in zip(*found, strict=True) for index in parts_of_step]
    plans = [
        plan_epoch(LABELS, shards[0].strategy, seed=3, epoch=epoch, class_names=NAMES).samples
        for epoch in range(3)
    ]
    assert together == np.concatenate(plans)[: len(together)].tolist()
    iteration = iter(shards[0])
    for _ in range(min(2, len(shards[0]) - 1)):
        next(iteration)
    resumed = BalancedSampler(LABELS, balance, seed=3, shard=Shard(0, count))
    resumed.load_state_dict(shards[0].state_dict())
    assert list(resumed) == list(iteration)
    assert resumed[1] == found[0][1]


@pytest.mark.parametrize(
    "labels",
    [
        list("aab"),
        np.array([0, 0, 1], np.uint8),
        [0, 0, 1],
        (False, False, True),
        pd.Series([0, 0, 1]),
        pd.Series(["a", "a", "b"], dtype="category"),
        fer_data.load((np.zeros((3, 2, 2), np.uint8), list("aab"))),
    ],
)
def test_labels_are_of_any_form(labels: Any) -> None:
    sampler = BalancedBatchSampler(labels, "oversample", batch_size=4)
    assert sorted(sampler[0])[:2] == [0, 1]
    assert sorted(sampler[0])[2:] == [2, 2]


class FrameworkSampler:
    """Iterable as a framework's, with no labels."""

    def __iter__(self) -> Any:
        return iter(range(100))

    def __len__(self) -> int:
        return 100


@pytest.mark.parametrize(
    "labels",
    [
        FrameworkSampler(),
        iter([0, 1]),
        range(3),
        None,
        7,
        [],
        [0, -1],
        [0.5, 1.0],
        ["a", None],
        np.zeros((3, 2), int),
        [1 << 40],
        fer_data.load(dict.fromkeys(("train", "test"), (np.zeros((2, 2, 2), np.uint8), [0, 1]))),
    ],
)
def test_what_are_no_labels_is_refused(labels: Any) -> None:
    with pytest.raises(fer_data.FerError):
        BalancedBatchSampler(labels, batch_size=2)


def test_blanks_around_labels_are_no_part_of_them() -> None:
    labels = ["cat", "dog ", " cat", "dog"]
    sampler = fer_data.BalancedBatchSampler(labels, "batch", batch_size=2)
    assert sampler.class_names == ("cat", "dog")
    assert repr(sampler).startswith("BalancedBatchSampler(4 samples, 2 classes, balance=batch")


@pytest.mark.parametrize("missing", [None, float("nan"), "", pd.NA])
def test_samples_without_a_label_are_counted(missing: Any) -> None:
    labels = np.array(["a", missing, "b", missing], object)
    with pytest.raises(UsageError, match="2 samples of 4 without a label"):
        BalancedBatchSampler(labels, batch_size=2)


@pytest.mark.parametrize("labels", [[1, 1, 1], ["a"] * 3])
def test_one_class_is_not_balanced(labels: Any) -> None:
    for balance in ("oversample", "batch", "power:0.5"):
        with pytest.raises(UsageError, match="one class only"):
            BalancedBatchSampler(labels, balance, batch_size=3)
    assert sorted(BalancedBatchSampler(labels, "none", batch_size=3)[0]) == [0, 1, 2]


def test_balance_is_a_name_a_dict_a_function_or_a_sampler() -> None:
    labels = np.array(["cat"] * 6 + ["dog"] * 2)
    for balance in (
        "oversample",
        {"dog": 6},
        lambda counts: np.full(len(counts), counts.max()),
        RandomOverSampler(),
    ):
        sampler = BalancedBatchSampler(labels, balance, batch_size=12)
        assert np.unique(labels[sampler[0]], return_counts=True)[1].tolist() == [6, 6]
        assert len(pickle.dumps(sampler)) < 1500
        assert pickle.loads(pickle.dumps(sampler))[1] == sampler[1]
    for wrong in ("class-weights", "oversample+class-weights", "mixup", {"emu": 1}, lambda c: [1]):
        with pytest.raises(UsageError):
            BalancedBatchSampler(labels, wrong, batch_size=2)


def test_combinations_are_balanced() -> None:
    labels = np.array(["cat"] * 8 + ["dog"] * 4)
    sites = np.array([0] * 6 + [1] * 2 + [0, 1, 1, 1])
    sampler = BalancedBatchSampler(labels, "batch", batch_size=4, by=[labels, sites])
    assert sampler.class_names == ("cat x 0", "cat x 1", "dog x 0", "dog x 1")
    for batch in sampler:
        assert len({(labels[index], sites[index]) for index in batch}) == 4
    with pytest.raises(UsageError, match="by"):
        BalancedBatchSampler(labels, batch_size=4, by=[sites[:3]])


@given(
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=9),
    classes=st.integers(1, 9),
    samples=st.integers(1, 5),
    seed=st.integers(0, 9),
)
def test_batches_of_p_classes_with_k_samples(
    sizes: list[int], classes: int, samples: int, seed: int
) -> None:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    options: dict[str, Any] = {"classes_per_batch": classes, "samples_per_class": samples}
    if classes > len(sizes):
        with pytest.raises(UsageError, match="classes_per_batch"):
            BalancedBatchSampler(labels, **options)
        return
    sampler = BalancedBatchSampler(labels, seed=seed, **options)
    visits = np.zeros(len(sizes), int)
    uses = np.zeros(len(labels), int)
    for step in range(2 * len(sizes)):
        batch = sampler[step]
        of_class = np.bincount(labels[batch], minlength=len(sizes))
        assert sorted(of_class[of_class > 0]) == [samples] * classes
        visits += of_class > 0
        np.add.at(uses, batch, 1)
        assert np.ptp(visits) <= 1
    for label in range(len(sizes)):
        assert np.ptp(uses[labels == label]) <= 1


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"batch_size": 0},
        {"batch_size": 2.5},
        {"batch_size": 4, "seed": -1},
        {"batch_size": 99, "drop_last": True},
        {"batch_size": 2, "shard": Shard(0, 3)},
        {"classes_per_batch": 2},
        {"classes_per_batch": 2, "samples_per_class": 2, "batch_size": 5},
        {"batch_size": 4, "shuffle": False},
    ],
)
def test_arguments_that_do_not_fit_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        BalancedBatchSampler(LABELS, **options)


def steps_of(sampler: BalancedBatchSampler) -> list[list[int]]:
    return list(sampler.epochs(4))[sampler.step : sampler.step + 3 * len(sampler)]


def tf_indices_of(sampler: BalancedBatchSampler) -> list[list[int]]:
    dataset = fer_data.tf_indices(sampler)
    return [batch.numpy().tolist() for _ in range(3) for batch in dataset]


def torch_loader_of(sampler: Any) -> list[list[int]]:
    from torch.utils.data import DataLoader

    first, num = sampler.step, len(sampler)
    loader: Any = DataLoader(range(len(LABELS)), batch_sampler=sampler)  # type: ignore[arg-type]
    found = [batch.tolist() for _ in range(4) for batch in loader]
    assert len(found) == 4 * num - first % num
    return found[: 3 * num]


def distributed_of(sampler: BalancedBatchSampler) -> list[list[int]]:
    from torch.utils.data import DataLoader

    size, count = sampler.batch_size, 2
    shards = []
    for index in range(count):
        own = fer_data.BalancedDistributedSampler(
            LABELS,
            sampler.strategy,
            batch_size=size // count,
            drop_last=True,
            seed=3,
            shard=Shard(index, count),
        )
        own.load_state_dict(sampler.state_dict())
        loader: Any = DataLoader(range(len(LABELS)), batch_size=size // count, sampler=own)  # type: ignore[arg-type]
        shards.append([batch.tolist() for _ in range(4) for batch in loader])
        assert len(own) == len(sampler) * size // count
    return [one + other for one, other in zip(*shards, strict=True)][: 3 * len(sampler)]


@pytest.mark.extra("torch")
def test_a_last_batch_that_only_one_process_would_drop_is_refused() -> None:
    from torch.utils.data import DataLoader

    for count in (1, 2):
        shard = Shard(0, count)
        sampler = fer_data.BalancedDistributedSampler(LABELS, "none", batch_size=7, shard=shard)
        loader: Any = DataLoader(range(len(LABELS)), batch_size=7, sampler=sampler, drop_last=True)  # type: ignore[arg-type]
        if count == 1:
            assert len(list(loader)) == len(LABELS) // 7
            continue
        with pytest.raises(UsageError, match="give drop_last to the sampler"):
            list(loader)


@pytest.mark.parametrize("balance", every_sampling(NAMES), ids=str)
@pytest.mark.parametrize(
    "adapter",
    [
        steps_of,
        pytest.param(tf_indices_of, marks=pytest.mark.extra("tensorflow")),
        pytest.param(torch_loader_of, marks=pytest.mark.extra("torch")),
        pytest.param(distributed_of, marks=pytest.mark.extra("torch")),
    ],
)
@pytest.mark.parametrize("first", [0, 1])
def test_an_adapter_gives_the_sampler_s_batches_from_where_it_stands(
    adapter: Any, balance: str, first: int
) -> None:
    sampler = BalancedBatchSampler(LABELS, balance, batch_size=4, seed=3, drop_last=True)
    first %= len(sampler)
    expected = [sampler[step] for step in range(first, first + 3 * len(sampler))]
    sampler.load_state_dict(sampler.state_dict(first))
    assert adapter(sampler) == expected


def test_an_epoch_that_skips_the_rest_of_a_loaded_one_is_refused() -> None:
    sampler = BalancedBatchSampler(LABELS, "batch", batch_size=5)
    sampler.load_state_dict(sampler.state_dict(3))
    with pytest.raises(UsageError, match="within epoch 0"):
        sampler.set_epoch(1)


def test_an_epoch_set_late_moves_nothing_that_is_under_way() -> None:
    sampler = BalancedBatchSampler(LABELS, "batch", batch_size=5)
    whole = [sampler[step] for step in range(16)]
    iteration = iter(sampler)
    found = [next(iteration), next(iteration)]
    sampler.set_epoch(0)  # as Lightning does
    assert sampler.state_dict()["step"] == 2
    assert found + list(iteration) == whole[:8]
    sampler.set_epoch(1)
    assert list(sampler) == whole[8:16]
