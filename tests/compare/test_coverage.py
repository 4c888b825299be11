"""How often intervals cover the true difference, and p-values raise false alarms."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from fer_model.statistics.differences import paired_differences
from fer_model.statistics.evidence import WITHOUT_INTERVAL, clusters_of_figures
from tests.helpers.trainings import (
    SCENARIOS,
    Outcome,
    Scenario,
    draw,
    simulate,
    true_differences,
)

CLAIM = (0.93, 0.97)
"""What 95 % intervals must cover."""


FALSE_ALARMS = 0.05


CHANCE = 1e-3
"""That a bound below is broken although the claim is just true."""


def assert_covers(covered: np.ndarray) -> None:
    """Check hits of independent comparisons [R, F] against the claim.

    Hits of R comparisons with a coverage at an end of the claim are binomial; their quantiles at
    `CHANCE` are the bounds of each figure. The mean over the figures is known better: its bounds
    are so many standard errors wide, of the comparisons' own means.
    """
    number = len(covered)
    low = stats.binom.ppf(CHANCE, number, CLAIM[0])
    high = stats.binom.ppf(1 - CHANCE, number, CLAIM[1])
    hits = covered.sum(axis=0)
    assert ((low <= hits) & (hits <= high)).all(), (hits / number).round(4).tolist()
    means = covered.mean(axis=1)
    reach = stats.norm.isf(CHANCE) * means.std(ddof=1) / math.sqrt(number)
    assert CLAIM[0] - reach <= means.mean() <= CLAIM[1] + reach, (means.mean(), reach)


def assert_few(alarms: np.ndarray) -> None:
    """Check false alarms of independent comparisons [R, F] against 5 %, as `assert_covers` does."""
    most = stats.binom.ppf(1 - CHANCE, len(alarms), FALSE_ALARMS)
    assert (alarms.sum(axis=0) <= most).all(), alarms.mean(axis=0).round(4).tolist()


def test_the_true_differences_are_those_of_very_many_images() -> None:
    scenario = replace(SCENARIOS["mixed"], num_clusters=60_000, num_seeds=40)
    predicted = draw(scenario, np.random.default_rng(0))
    found = predicted.scores[1] - predicted.scores[0]
    error = found.std(axis=0, ddof=1) / math.sqrt(40)
    images = 0.5 / np.sqrt(clusters_of_figures(predicted))
    images[-1] = images[predicted.recalls].max()
    assert (np.abs(found.mean(axis=0) - true_differences(scenario)[0]) < 4 * (error + images)).all()


def test_there_is_no_true_difference_without_an_effect() -> None:
    assert not true_differences(replace(SCENARIOS["seeds"], effect=0.0)).any()


def few(name: str, level: float) -> np.ndarray:
    scenario = replace(SCENARIOS[name], num_clusters=400)
    return with_interval(simulate(scenario, 150, num_draws=199, level=level))[:, 0]


def with_interval(found: Outcome) -> np.ndarray:
    return found.covered[..., [name not in WITHOUT_INTERVAL for name in found.figures]]


@pytest.mark.parametrize("name", SCENARIOS)
def test_intervals_cover_in_a_few_comparisons(name: str) -> None:
    assert_covers(few(name, 0.95))


@pytest.mark.parametrize("name", ["chance", "seeds"])
def test_the_same_few_comparisons_refuse_intervals_that_cover_less(name: str) -> None:
    with pytest.raises(AssertionError):
        assert_covers(few(name, 0.85))


def test_the_same_bounds_refuse_intervals_of_images_alone() -> None:
    scenario = SCENARIOS["seeds"]
    truth = true_differences(scenario)[0]
    covered = []
    for number in range(60):
        predicted = draw(scenario, np.random.default_rng([number, 3]))
        rows = paired_differences(predicted, num_draws=199).rows
        parts = [row.components.images + row.components.interaction for row in rows]
        covered.append(np.abs([row.estimate for row in rows] - truth) < 1.96 * np.sqrt(parts))
    with pytest.raises(AssertionError):
        assert_covers(np.array(covered))


@pytest.mark.slow
@pytest.mark.parametrize("num_seeds", [3, 6])
@pytest.mark.parametrize("name", SCENARIOS)
def test_intervals_cover_the_true_difference(name: str, num_seeds: int) -> None:
    outcome = simulate(replace(SCENARIOS[name], num_seeds=num_seeds), 400)
    assert_covers(with_interval(outcome)[:, 0])


@pytest.mark.slow
@pytest.mark.parametrize("num_seeds", [3, 6])
@pytest.mark.parametrize("name", SCENARIOS)
def test_arms_that_do_not_differ_are_rarely_distinguished(name: str, num_seeds: int) -> None:
    outcome = simulate(replace(SCENARIOS[name], num_seeds=num_seeds, effect=0.0), 400)
    assert_covers(with_interval(outcome)[:, 0])
    assert_few(outcome.p_values[:, 0] <= 0.05)


@pytest.mark.slow
@pytest.mark.parametrize("num_seeds", [3, 6])
@pytest.mark.parametrize("name", SCENARIOS)
def test_of_five_arms_none_is_distinguished_by_chance(name: str, num_seeds: int) -> None:
    scenario = replace(SCENARIOS[name], num_arms=5, num_seeds=num_seeds)
    assert_covers(with_interval(simulate(scenario, 150))[:, -1])
    outcome = simulate(replace(scenario, effect=0.0), 150)
    assert_few(outcome.p_values[:, -1] <= 0.05)
    assert_few((outcome.p_holm <= 0.05).any(axis=1))


@pytest.mark.slow
@pytest.mark.parametrize("num_clusters", [350, 120])
def test_a_class_of_few_images_raises_no_false_alarm(num_clusters: int) -> None:
    """Of about 12 and 4 images: the intervals may be wide there, never too narrow."""
    scenario = Scenario("chance", 0.0, 0.0, 0.0, num_clusters=num_clusters, effect=0.0)
    alarms = []
    for number in range(300):
        predicted = draw(scenario, np.random.default_rng([number, num_clusters]))
        found = {row.figure: row for row in paired_differences(predicted, num_draws=399).rows}
        alarms.append([name in found and found[name].p_value <= 0.05 for name in predicted.figures])
    assert_few(np.array(alarms))
