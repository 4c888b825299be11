"""Strategies as text and as formulas, and class weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_data.errors import UsageError
from fer_data.sampling.schedule import Schedule
from fer_data.sampling.strategy import CHOICES, Strategy
from fer_data.sampling.weights import Scheme, class_weights
from tests.helpers.registered import every, every_balance

NAMES = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
FER2013 = np.array([3995, 436, 4097, 7215, 4965, 4830, 3171])
"""The training split's counts, by label."""


def draws(text: str, *, epoch: int = 0) -> np.ndarray:
    return Schedule(Strategy.parse(text), FER2013, class_names=NAMES).draws(epoch)


@pytest.mark.parametrize("text", [*CHOICES, *every_balance("bc"), "counts:a%2Cb%3D1%25=3, c =0"])
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


@pytest.mark.parametrize("alpha", [0.0, 0.3, 0.5, 1.0])
def test_power_draws_are_those_of_the_formula_to_within_one(alpha: float) -> None:
    drawn = draws(f"power:{alpha}")
    expected = [count**alpha for count in FER2013.tolist()]
    assert drawn.sum() == FER2013.sum()
    np.testing.assert_allclose(drawn, np.array(expected) / sum(expected) * 28_709, rtol=0, atol=1)


@pytest.mark.parametrize("beta", [0.0, 0.9, 0.999, 0.9999])
def test_effective_draws_are_those_of_the_formula_to_within_one(beta: float) -> None:
    drawn = draws(f"effective:{beta}")
    expected = [count * (1 - beta) / (1 - beta**count) for count in FER2013.tolist()]
    assert drawn.sum() == FER2013.sum()
    np.testing.assert_allclose(drawn, np.array(expected) / sum(expected) * 28_709, rtol=0, atol=1)


def test_repeat_factors_are_those_of_the_formula() -> None:
    drawn = draws("repeat-factor:0.15")
    factors = [max(1, (0.15 / (count / 28_709)) ** 0.5) for count in FER2013.tolist()]
    np.testing.assert_allclose(drawn, FER2013 * factors, rtol=0, atol=0.5)


@pytest.mark.parametrize("same", ["power:1", "effective:0", "repeat-factor:0.01"])
def test_the_natural_end_of_a_strategy_is_natural(same: str) -> None:
    assert draws(same).tolist() == FER2013.tolist()


@pytest.mark.parametrize("same", ["power:0", "effective:0.999999999"])
def test_the_balanced_end_of_a_strategy_is_balanced(same: str) -> None:
    drawn = draws(same)
    assert drawn.max() - drawn.min() <= 1


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=20).filter(any))
def test_weights_give_each_class_the_same_fraction_and_samples_a_mean_of_one(
    counts: list[int],
) -> None:
    weights = class_weights(counts)
    fractions = weights * counts
    assert len(weights) == len(counts)
    assert fractions.sum() == pytest.approx(sum(counts))
    present = np.array(counts) > 0
    assert np.allclose(fractions[present], fractions[present][0])


def test_weights_are_those_of_the_formula() -> None:
    assert class_weights([30, 10]).tolist() == pytest.approx([40 / 60, 40 / 20])


@pytest.mark.parametrize("counts", [[30, 10], [5, 0, 1], FER2013.tolist()])
@pytest.mark.parametrize("scheme", list(map(str, every(Scheme))))
def test_every_scheme_has_a_mean_of_one_over_the_samples(counts: list[int], scheme: str) -> None:
    weights = class_weights(counts, scheme)
    assert np.dot(weights, counts) == pytest.approx(sum(counts))
    assert ((weights > 0) == (np.array(counts) > 0)).all()


@pytest.mark.parametrize("counts", [{"a": 1.5}, ["a", "b"], 3, [[1, 2]], [1, -1], [1.5, 2]])
def test_class_weights_of_what_are_no_counts_are_refused(counts: Any) -> None:
    with pytest.raises(UsageError, match=r"^counts: expected a whole number"):
        class_weights(counts)


def test_schemes_are_those_of_their_formulas() -> None:
    effective = (1 - 0.99 ** FER2013.astype(float)) / (1 - 0.99)
    for scheme, inverse in (("effective:0.99", effective), ("power:0.25", FER2013**0.75)):
        weights = class_weights(FER2013, scheme)
        np.testing.assert_allclose(weights * inverse, (weights * inverse)[0], rtol=1e-9)


def test_progressive_goes_from_natural_to_balanced_and_stays() -> None:
    assert draws("progressive:4").tolist() == FER2013.tolist()
    halfway = (FER2013 + FER2013.sum() / 7) / 2
    np.testing.assert_allclose(draws("progressive:4", epoch=2), halfway, rtol=0, atol=1)
    for epoch in (4, 5, 1000):
        drawn = draws("progressive:4", epoch=epoch)
        assert drawn.max() - drawn.min() <= 1


def test_deferred_is_natural_and_then_balanced() -> None:
    assert draws("deferred:3", epoch=2).tolist() == FER2013.tolist()
    drawn = draws("deferred:3", epoch=3)
    assert drawn.max() - drawn.min() <= 1
    assert drawn.sum() == FER2013.sum()


def test_counts_are_given_and_other_classes_natural() -> None:
    drawn = draws("counts:disgust=2000,happy=0")
    assert drawn.tolist() == [3995, 2000, 4097, 0, 4965, 4830, 3171]


@pytest.mark.parametrize("text", ["counts:contempt=5", "counts:angry=1,Happy=2"])
def test_counts_of_a_class_that_is_not_there_are_refused(text: str) -> None:
    with pytest.raises(
        UsageError, match=r"there are no samples of '(contempt|Happy)', only of angry"
    ):
        draws(text)


@given(
    st.dictionaries(st.text(min_size=1), st.integers(0, 10**9), min_size=1, max_size=5),
    st.sampled_from(["", "balanced", "power:0.5"]),
)
def test_any_class_name_is_printed_so_that_it_parses(wanted: dict[str, int], weights: str) -> None:
    strategy = Strategy("counts", wanted, weights=weights)
    assert Strategy.parse(str(strategy)) == strategy


LABELS = np.repeat(np.arange(3), [40, 10, 4])


def test_a_sampler_says_how_many_and_the_plan_says_which() -> None:
    from imblearn.over_sampling import RandomOverSampler
    from imblearn.under_sampling import NearMiss, RandomUnderSampler

    for sampler, expected in (
        (RandomOverSampler(), "counts:a=40,b=40,c=40"),
        (RandomOverSampler(sampling_strategy={1: 25}, random_state=3), "counts:a=40,b=25,c=4"),
        (RandomUnderSampler(), "counts:a=4,b=4,c=4"),
        (NearMiss(n_neighbors=1), "counts:a=4,b=4,c=4"),
    ):
        assert str(Strategy.from_sampler(sampler, LABELS, "abc")) == expected


def test_what_is_no_sampler_of_samples_is_refused() -> None:
    from imblearn.over_sampling import SMOTE, RandomOverSampler
    from imblearn.under_sampling import TomekLinks

    for sampler, message in (
        (SMOTE(k_neighbors=1), "SMOTE.. makes new samples"),
        (TomekLinks(), "TomekLinks.. chooses by the distance"),
        (RandomOverSampler(sampling_strategy={0: 1}), "cannot resample these classes"),
        (3, "balance is a int"),
    ):
        with pytest.raises(UsageError, match=message):
            Strategy.from_sampler(sampler, LABELS, "abc")


def test_class_weights_take_counts_by_name() -> None:
    counts = {"cat": 10, "dog": 30}
    weights = class_weights(counts)
    assert weights == dict(zip(counts, class_weights([10, 30]), strict=True))
    assert class_weights(dict(reversed(counts.items()))) == weights
    with pytest.raises(UsageError, match=r"class_counts\('train'\)"):
        class_weights(["cat", "dog"])  # type: ignore[arg-type]
