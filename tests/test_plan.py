"""The promises of an epoch plan, over every strategy."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fer_data.errors import UsageError
from fer_data.plan import EpochPlan, plan_epoch
from fer_data.sampling import SAMPLINGS
from fer_data.strategy import CHOICES, Strategy
from fer_data.weights import class_weights

EVERY = (
    *(Strategy(name) for name, found in SAMPLINGS.items() if not found.parameter),
    *(Strategy("power", alpha) for alpha in (0.0, 0.5, 1.0)),
    *(Strategy("effective", beta) for beta in (0.0, 0.9, 0.9999)),
    *(Strategy("repeat-factor", threshold) for threshold in (0.001, 0.3, 1.0)),
)
strategies = st.sampled_from(EVERY)
label_lists = st.lists(st.integers(0, 5), min_size=1, max_size=60).map(np.array)
seeds = st.integers(0, 2**64)
epochs = st.integers(0, 10**6)


def uses(plans: list[EpochPlan]) -> Counter[int]:
    return Counter(int(sample) for plan in plans for sample in plan.samples)


@given(label_lists, strategies, seeds, epochs)
def test_the_same_arguments_give_the_same_plan(
    labels: np.ndarray, strategy: Strategy, seed: int, epoch: int
) -> None:
    first = plan_epoch(labels, strategy, seed=seed, epoch=epoch)
    plan_epoch(labels, strategy, seed=seed + 1, epoch=epoch + 1)  # other calls leave no trace
    again = plan_epoch(labels, strategy, seed=seed, epoch=epoch)
    assert first.samples.tolist() == again.samples.tolist()
    assert first.repeats.tolist() == again.repeats.tolist()


@given(label_lists, strategies, seeds, epochs)
def test_every_epoch_draws_each_class_exactly_as_often_as_the_strategy_says(
    labels: np.ndarray, strategy: Strategy, seed: int, epoch: int
) -> None:
    plan = plan_epoch(labels, strategy, seed=seed, epoch=epoch)
    drawn = np.bincount(labels[plan.samples], minlength=labels.max() + 1)
    assert drawn.tolist() == strategy.draws(np.bincount(labels)).tolist()


@given(label_lists, seeds, epochs)
def test_a_natural_epoch_shows_each_sample_once(labels: np.ndarray, seed: int, epoch: int) -> None:
    plan = plan_epoch(labels, Strategy(), seed=seed, epoch=epoch)
    assert sorted(plan.samples) == list(range(len(labels)))
    assert set(plan.repeats) == {epoch}


@given(label_lists, strategies, seeds, st.integers(1, 6))
@example(np.array([0] * 7 + [1]), Strategy("oversample"), 0, 5)
@example(np.array([0] * 7 + [1] * 3), Strategy("undersample"), 0, 6)
def test_samples_of_a_class_are_used_equally_often_over_any_number_of_epochs(
    labels: np.ndarray, strategy: Strategy, seed: int, num_epochs: int
) -> None:
    plans = [plan_epoch(labels, strategy, seed=seed, epoch=epoch) for epoch in range(num_epochs)]
    used = uses(plans)
    for label in set(labels.tolist()):
        often = [used[sample] for sample in np.flatnonzero(labels == label).tolist()]
        assert max(often) - min(often) <= 1


@given(label_lists, strategies, seeds, epochs)
def test_inside_one_epoch_uses_of_a_class_differ_by_at_most_two(
    labels: np.ndarray, strategy: Strategy, seed: int, epoch: int
) -> None:
    used = uses([plan_epoch(labels, strategy, seed=seed, epoch=epoch)])
    for label in set(labels.tolist()):
        often = [used[sample] for sample in np.flatnonzero(labels == label).tolist()]
        assert max(often) - min(often) <= 2


@given(label_lists, strategies, seeds, st.integers(1, 6))
def test_the_repeats_of_a_sample_count_its_uses_from_zero(
    labels: np.ndarray, strategy: Strategy, seed: int, num_epochs: int
) -> None:
    plans = [plan_epoch(labels, strategy, seed=seed, epoch=epoch) for epoch in range(num_epochs)]
    pairs = [
        (int(sample), int(repeat))
        for plan in plans
        for sample, repeat in zip(plan.samples, plan.repeats, strict=True)
    ]
    often = Counter(sample for sample, _ in pairs)
    expected = [(sample, repeat) for sample, number in often.items() for repeat in range(number)]
    assert sorted(pairs) == sorted(expected)


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
        tuple(plan_epoch(labels, strategy, seed=seed, epoch=epoch).samples)
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


@pytest.mark.parametrize(
    "text",
    [
        *CHOICES,
        "oversample+class-weights",
        "power:0.5",
        "power:1e-07",
        "effective:0.9999",
        "repeat-factor:0.001",
        "power:0.5+class-weights",
    ],
)
def test_a_strategy_prints_what_it_parses(text: str) -> None:
    assert str(Strategy.parse(text)) == text


def test_natural_is_another_word_for_none() -> None:
    assert Strategy.parse("natural") == Strategy.parse("none") == Strategy()


@pytest.mark.parametrize(
    "text", ["oversample,class-weights", "class-weights+oversample", "class-weights,undersample"]
)
def test_correcting_twice_is_refused_unless_asked_for_by_name(text: str) -> None:
    with pytest.raises(UsageError, match=r"twice.*oversample\+class-weights"):
        Strategy.parse(text)


@given(st.text())
def test_any_other_text_is_a_usage_error(text: str) -> None:
    try:
        parsed = Strategy.parse(text)
    except UsageError:
        return
    assert Strategy.parse(str(parsed)) == parsed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("power", "power:ALPHA wants a number, 0 to 1, not None"),
        ("power:", "'' is not a number"),
        ("power:half", "'half' is not a number"),
        ("power:1.5", "0 to 1, not 1.5"),
        ("power:nan", "0 to 1, not nan"),
        ("effective:1", "0 or more and below 1, not 1.0"),
        ("repeat-factor:0", "above 0 and at most 1, not 0.0"),
        ("oversample:2", "oversample takes no parameter"),
        ("smote", "choose one of none, .*repeat-factor:T"),
    ],
)
def test_a_strategy_that_cannot_be_meant_says_what_is_wanted(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Strategy.parse(text)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=30).map(np.array), strategies)
def test_draws_leave_out_no_class_that_has_samples(counts: np.ndarray, strategy: Strategy) -> None:
    draws = strategy.draws(counts)
    assert draws.dtype == np.int64
    assert ((draws > 0) == (counts > 0)).all()


FER2013 = np.array([3995, 436, 4097, 7215, 4965, 4830, 3171])
"""The training split's counts, by label."""


@pytest.mark.parametrize("alpha", [0.0, 0.3, 0.5, 1.0])
def test_power_draws_are_those_of_the_formula_to_within_one(alpha: float) -> None:
    draws = Strategy("power", alpha).draws(FER2013)
    expected = [count**alpha for count in FER2013.tolist()]
    assert draws.sum() == FER2013.sum()
    np.testing.assert_allclose(draws, np.array(expected) / sum(expected) * 28_709, rtol=0, atol=1)


@pytest.mark.parametrize("beta", [0.0, 0.9, 0.999, 0.9999])
def test_effective_draws_are_those_of_the_formula_to_within_one(beta: float) -> None:
    draws = Strategy("effective", beta).draws(FER2013)
    expected = [count * (1 - beta) / (1 - beta**count) for count in FER2013.tolist()]
    assert draws.sum() == FER2013.sum()
    np.testing.assert_allclose(draws, np.array(expected) / sum(expected) * 28_709, rtol=0, atol=1)


def test_repeat_factors_are_those_of_the_formula() -> None:
    draws = Strategy("repeat-factor", 0.15).draws(FER2013)
    factors = [max(1, (0.15 / (count / 28_709)) ** 0.5) for count in FER2013.tolist()]
    np.testing.assert_allclose(draws, FER2013 * factors, rtol=0, atol=0.5)


@pytest.mark.parametrize("same", ["power:1", "effective:0", "repeat-factor:0.01"])
def test_the_natural_end_of_a_strategy_is_natural(same: str) -> None:
    assert Strategy.parse(same).draws(FER2013).tolist() == FER2013.tolist()


@pytest.mark.parametrize("same", ["power:0", "effective:0.999999999"])
def test_the_balanced_end_of_a_strategy_is_balanced(same: str) -> None:
    draws = Strategy.parse(same).draws(FER2013)
    assert draws.max() - draws.min() <= 1


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=20).filter(any))
def test_weights_give_each_class_the_same_share_and_samples_a_mean_of_one(
    counts: list[int],
) -> None:
    weights = class_weights(counts)
    shares = weights * counts
    assert len(weights) == len(counts)
    assert shares.sum() == pytest.approx(sum(counts))
    present = np.array(counts) > 0
    assert np.allclose(shares[present], shares[present][0])


def test_weights_are_those_of_the_formula() -> None:
    assert class_weights([30, 10]).tolist() == pytest.approx([40 / 60, 40 / 20])
