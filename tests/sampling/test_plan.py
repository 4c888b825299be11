"""The promises of an epoch plan, over every strategy."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fer_data.errors import UsageError
from fer_data.sampling.planner import EpochPlan, Planner, plan_epoch
from fer_data.sampling.schedule import EpochSize, Schedule
from fer_data.sampling.strategy import Strategy
from tests.helpers.registered import every_sampling

EVERY = every_sampling(class_names="ab")
NAMES = tuple("abcdef")
strategies = st.sampled_from(EVERY)
sizes = st.sampled_from([None, "natural", 1, 7, 40])
label_lists = st.lists(st.integers(0, 5), min_size=1, max_size=60).map(
    lambda labels: np.array([0, 1, *labels])
)
seeds = st.integers(0, 2**64)
epochs = st.integers(0, 10**6)


def planned(
    labels: np.ndarray,
    strategy: Strategy,
    *,
    seed: int = 0,
    epoch: int = 0,
    epoch_size: EpochSize = None,
) -> EpochPlan:
    options = {"epoch_size": epoch_size, "class_names": NAMES}
    return plan_epoch(labels, strategy, seed=seed, epoch=epoch, **options)  # type: ignore[arg-type]


def drawn_of_each(labels: np.ndarray, plan: EpochPlan) -> np.ndarray:
    return np.bincount(labels[plan.samples], minlength=6)


def uses(plans: list[EpochPlan]) -> Counter[int]:
    return Counter(int(sample) for plan in plans for sample in plan.samples)


@given(label_lists, strategies, sizes, seeds, epochs)
def test_the_same_arguments_give_the_same_plan(
    labels: np.ndarray, strategy: Strategy, size: EpochSize, seed: int, epoch: int
) -> None:
    first = planned(labels, strategy, seed=seed, epoch=epoch, epoch_size=size)
    planned(labels, strategy, seed=seed + 1, epoch=epoch + 1)  # other calls leave no trace
    again = planned(labels, strategy, seed=seed, epoch=epoch, epoch_size=size)
    assert first.samples.tolist() == again.samples.tolist()
    assert first.repeats.tolist() == again.repeats.tolist()


@given(label_lists, strategies, sizes, seeds, epochs)
def test_every_epoch_draws_each_class_as_often_as_the_strategy_says_to_within_one(
    labels: np.ndarray, strategy: Strategy, size: EpochSize, seed: int, epoch: int
) -> None:
    counts = np.bincount(labels, minlength=6)
    quotas = strategy.quotas(counts, epoch=epoch, class_names=NAMES)
    plan = planned(labels, strategy, seed=seed, epoch=epoch, epoch_size=size)
    wanted = {None: round(quotas.sum()), "natural": len(labels)}.get(size, size)  # type: ignore[call-overload]
    assert len(plan) == wanted
    off = drawn_of_each(labels, plan) - quotas * (wanted / quotas.sum())
    assert (abs(off) < 1 + 1e-6).all()
    if size is None and (quotas == np.rint(quotas)).all():
        assert drawn_of_each(labels, plan).tolist() == quotas.tolist()


@given(label_lists, strategies, sizes, st.integers(0, 12))
def test_the_draws_before_an_epoch_are_the_sum_of_the_epochs_before(
    labels: np.ndarray, strategy: Strategy, size: EpochSize, epoch: int
) -> None:
    schedule = Schedule(
        strategy, np.bincount(labels, minlength=6), epoch_size=size, class_names=NAMES
    )
    plans = [planned(labels, strategy, epoch=before, epoch_size=size) for before in range(epoch)]
    drawn = sum((drawn_of_each(labels, plan) for plan in plans), np.zeros(6, np.int64))
    assert schedule.before(epoch).tolist() == drawn.tolist()


@given(st.lists(st.integers(1, 50), min_size=1, max_size=40).map(np.array), st.integers(1, 60))
def test_no_class_is_neglected_for_good_by_short_epochs(counts: np.ndarray, size: int) -> None:
    schedule = Schedule(Strategy(), counts, epoch_size=size)
    num_epochs = 100_000
    np.testing.assert_allclose(
        schedule.before(num_epochs), size * num_epochs * counts / counts.sum(), rtol=0, atol=20
    )


@given(st.lists(st.integers(0, 9), min_size=1, max_size=60), seeds, st.integers(0, 1000))
def test_classes_take_turns_so_that_any_run_of_draws_is_balanced(
    labels: list[int], seed: int, epoch: int
) -> None:
    strategy = Strategy("batch")
    plans = [plan_epoch(labels, strategy, seed=seed, epoch=epoch + more) for more in (0, 1, 2)]
    drawn = np.array(labels)[np.concatenate([plan.samples for plan in plans])]
    present = sorted(set(labels))
    for length in (1, 3, len(present), 2 * len(present) + 1):
        for start in range(len(drawn) - length + 1):
            often = np.bincount(drawn[start : start + length], minlength=10)[present]
            assert often.max() - often.min() <= 1


@given(label_lists, seeds, epochs)
def test_a_natural_epoch_shows_each_sample_once(labels: np.ndarray, seed: int, epoch: int) -> None:
    plan = plan_epoch(labels, Strategy(), seed=seed, epoch=epoch)
    assert sorted(plan.samples) == list(range(len(labels)))
    assert set(plan.repeats) == {epoch}


@given(label_lists, strategies, sizes, seeds, st.integers(1, 6))
@example(np.array([0] * 7 + [1]), Strategy("oversample"), None, 0, 5)
@example(np.array([0] * 7 + [1] * 3), Strategy("undersample"), None, 0, 6)
def test_samples_of_a_class_are_used_equally_often_over_any_number_of_epochs(
    labels: np.ndarray, strategy: Strategy, size: EpochSize, seed: int, num_epochs: int
) -> None:
    plans = [
        planned(labels, strategy, seed=seed, epoch=epoch, epoch_size=size)
        for epoch in range(num_epochs)
    ]
    used = uses(plans)
    for label in set(labels.tolist()):
        often = [used[sample] for sample in np.flatnonzero(labels == label).tolist()]
        assert max(often) - min(often) <= 1


@given(label_lists, strategies, sizes, seeds, epochs)
def test_inside_one_epoch_uses_of_a_class_differ_by_at_most_two(
    labels: np.ndarray, strategy: Strategy, size: EpochSize, seed: int, epoch: int
) -> None:
    used = uses([planned(labels, strategy, seed=seed, epoch=epoch, epoch_size=size)])
    for label in set(labels.tolist()):
        often = [used[sample] for sample in np.flatnonzero(labels == label).tolist()]
        assert max(often) - min(often) <= 2


@given(label_lists, strategies, sizes, seeds, st.integers(1, 6))
def test_the_uses_of_a_sample_are_numbered_in_the_order_in_which_they_are_trained(
    labels: np.ndarray, strategy: Strategy, size: EpochSize, seed: int, num_epochs: int
) -> None:
    plans = [
        planned(labels, strategy, seed=seed, epoch=epoch, epoch_size=size)
        for epoch in range(num_epochs)
    ]
    uses_so_far: Counter[int] = Counter()
    for plan in plans:
        for sample, repeat in zip(plan.samples.tolist(), plan.repeats.tolist(), strict=True):
            assert repeat == uses_so_far[sample]
            uses_so_far[sample] += 1


def test_a_class_larger_than_a_block_is_covered_too() -> None:
    labels = np.repeat([0, 1], [10_000, 3])
    plans = [plan_epoch(labels, Strategy("oversample"), seed=3, epoch=epoch) for epoch in (0, 1)]
    used = uses(plans)
    assert {used[sample] for sample in range(10_000)} == {2}
    assert {used[sample] for sample in range(10_000, 10_003)} <= {6666, 6667}


@pytest.mark.parametrize("strategy", EVERY, ids=str)
def test_epochs_and_seeds_have_orders_of_their_own(strategy: Strategy) -> None:
    labels = np.repeat(np.arange(4), [50, 40, 30, 20])
    orders = {
        tuple(planned(labels, strategy, seed=seed, epoch=epoch).samples)
        for seed in range(3)
        for epoch in range(3)
    }
    assert len(orders) == 9


def test_an_order_is_close_to_uniform() -> None:
    labels = np.zeros(4, np.int64)
    orders = Counter(
        tuple(plan_epoch(labels, Strategy(), seed=0, epoch=epoch).samples) for epoch in range(4800)
    )
    assert len(orders) == 24
    statistic = sum((count - 200) ** 2 / 200 for count in orders.values())
    assert statistic < 49.7  # chi-square with 23 degrees of freedom, 0.1 %; seed 0 is fixed


def test_an_unshuffled_epoch_is_in_order() -> None:
    plan = plan_epoch([1, 0, 1], Strategy(), seed=0, epoch=2, shuffle=False)
    assert plan.samples.tolist() == [0, 1, 2]
    assert plan.repeats.tolist() == [2, 2, 2]


@pytest.mark.parametrize("size", ["big", 0, -3, 2.5])
def test_a_size_that_is_invalid_is_refused(size: object) -> None:
    with pytest.raises(UsageError, match="choose own, natural or a number"):
        planned(np.array([0, 1]), Strategy(), epoch_size=size)  # type: ignore[arg-type]


def test_a_balanced_epoch_has_no_order_of_its_own() -> None:
    with pytest.raises(UsageError, match="shuffle it"):
        plan_epoch([0, 1], Strategy("oversample"), seed=0, epoch=0, shuffle=False)


def test_a_thousand_classes_and_classes_of_one_sample_are_planned() -> None:
    labels = np.concatenate([np.arange(1000), np.zeros(500, np.int64)])
    for strategy in (Strategy("oversample"), Strategy("batch"), Strategy("power", 0.5)):
        plan = plan_epoch(labels, strategy, seed=0, epoch=3)
        assert len(set(labels[plan.samples])) == 1000


@given(label_lists, strategies, sizes, seeds, st.permutations(range(5)))
def test_a_planner_plans_the_same_in_whatever_order_it_is_asked(
    labels: np.ndarray, strategy: Strategy, size: EpochSize, seed: int, order: list[int]
) -> None:
    planner = Planner(labels, strategy, seed=seed, epoch_size=size, class_names=NAMES)
    for epoch in order:
        expected = planned(labels, strategy, seed=seed, epoch=epoch, epoch_size=size)
        assert planner.epoch(epoch).draws.tolist() == expected.draws.tolist()


@pytest.mark.parametrize("labels", [list("aab"), [0.0, 1.5], [[0, 1]], [0, -1, 1]])
def test_labels_that_are_no_numbers_of_classes_are_refused(labels: list[object]) -> None:
    with pytest.raises(UsageError, match="expected"):
        plan_epoch(labels, Strategy(), seed=0, epoch=0)


def test_a_strategy_may_be_given_as_text() -> None:
    plan = plan_epoch([0, 0, 1], "oversample", seed=0, epoch=0)
    assert sorted(plan.samples) == [0, 1, 2, 2]
