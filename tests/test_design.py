"""What a comparison can find, and what it says: designs, seeds needed, verdicts."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from fer_data.errors import UsageError
from fer_model.statistics.design import (
    Design,
    detectable,
    margin,
    pictures_needed,
    seeds_needed,
    smallest_difference,
    smallest_difference_measured,
)
from fer_model.statistics.differences import paired_differences
from fer_model.statistics.verdict import CANNOT_TELL, HELPS, HURTS, verdicts
from tests.trainings import CLASS_NAMES, SCENARIOS, draw, made


@pytest.mark.parametrize("num_seeds", [1, 3, 6])
@pytest.mark.parametrize("pictures", [0.0, 1.0, 4.0])
def test_the_detectable_difference_is_found_with_the_wanted_power(
    num_seeds: int, pictures: float
) -> None:
    """In a simulated normal case: 20,000 comparisons, within 4 standard errors."""
    seeds = 1.0 if num_seeds > 1 else 0.0
    if pictures + seeds == 0:
        assert detectable(0, 0, 1, num_arms=2, alpha=0.05, power=0.8) == 0
        return
    difference = detectable(pictures, seeds, num_seeds, num_arms=3, alpha=0.05, power=0.8)
    random = np.random.default_rng(1)
    of_seeds = random.normal(size=(20_000, num_seeds)) * math.sqrt(seeds * num_seeds)
    estimates = difference + of_seeds.mean(1) + math.sqrt(pictures) * random.normal(size=20_000)
    measured = of_seeds.var(axis=1, ddof=1) / num_seeds if num_seeds > 1 else np.zeros(20_000)
    found = estimates > margin(pictures, measured, num_seeds, 0.0125)
    assert np.mean(found) == pytest.approx(0.8, abs=4 * math.sqrt(0.8 * 0.2 / 20_000))


def test_seeds_alone_are_student_s_t_test() -> None:
    assert margin(0.0, 4.0, 5, 0.025) == pytest.approx(2 * stats.t.isf(0.025, 4))
    assert margin(4.0, 0.0, 5, 0.025) == pytest.approx(2 * stats.norm.isf(0.025))


def test_a_design_finds_less_with_fewer_pictures_seeds_or_more_arms() -> None:
    numbers = [467, 56, 496, 895, 607, 653, 415]
    names = CLASS_NAMES
    found = smallest_difference(numbers, Design(), class_names=names)
    assert list(found) == ["accuracy", "balanced_accuracy", *(f"recall of {n}" for n in names)]
    assert found["accuracy"] < found["balanced_accuracy"] < found["recall of disgust"]
    assert found["recall of disgust"] == max(found.values())
    for harder in (Design(num_arms=5), Design(disagreement=0.4), Design(seed_spread=0.02)):
        worse = smallest_difference(numbers, harder, class_names=names)
        assert all(worse[figure] > found[figure] for figure in found)
    better = smallest_difference(numbers, Design(num_seeds=6), class_names=names)
    assert all(better[figure] < found[figure] for figure in found)


def test_one_seed_is_the_classical_paired_test() -> None:
    found = smallest_difference([300, 100], Design(num_seeds=1))
    z = stats.norm.isf(0.025) + stats.norm.isf(0.2)
    assert found["accuracy"] == pytest.approx(z * math.sqrt(0.2 / 400))
    assert found["recall of 1"] == pytest.approx(z * math.sqrt(0.2 / 100))
    assert found["balanced_accuracy"] == pytest.approx(z * math.sqrt(0.2 * (1 / 300 + 1 / 100) / 4))


@pytest.mark.parametrize(
    "change",
    [{"num_arms": 1}, {"num_seeds": 0}, {"alpha": 0}, {"disagreement": 2}, {"seed_spread": -1}],
)
def test_designs_that_cannot_be_meant_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Design(**change)  # type: ignore[arg-type]


def test_seeds_needed_are_the_fewest_that_go_beyond_the_margin() -> None:
    predicted = draw(replace(SCENARIOS["mixed"], effect=0.4), np.random.default_rng(3))
    checked = 0
    for row in paired_differences(predicted).rows:
        more = seeds_needed(row, num_arms=2)
        parts = row.components
        of_one = max(parts.seeds, parts.interaction * parts.num_seeds)
        if row.p_holm <= 0.05:
            assert more == 0
        elif more is None:
            assert abs(row.estimate) <= margin(parts.pictures, of_one / 10_000, 10_000, 0.025)
        else:
            total = parts.num_seeds + more
            assert abs(row.estimate) > margin(parts.pictures, of_one / total, total, 0.025)
            if more > 1:
                few = total - 1
                assert abs(row.estimate) <= margin(parts.pictures, of_one / few, few, 0.025)
            checked += 1
    assert checked


def test_where_pictures_lack_no_number_of_seeds_is_named() -> None:
    predicted = made(num_arms=2, num_seeds=1, num=200, seed=5)
    tripled = replace(predicted, predicted=np.repeat(predicted.predicted, 3, axis=1))
    found = paired_differences(tripled)
    for verdict in verdicts(found):
        row = verdict.difference
        if row.p_holm > 0.05 and row.estimate:
            assert verdict.more_seeds is None
            assert pictures_needed(row, num_arms=2) > 1
            assert "times as many would be needed" in verdict.text


def test_measured_variances_tell_what_more_seeds_would_find() -> None:
    predicted = draw(SCENARIOS["seeds"], np.random.default_rng(0))
    row = paired_differences(predicted).of("arm 1", "accuracy")
    now = smallest_difference_measured(row, num_arms=2)
    later = smallest_difference_measured(row, num_arms=2, num_seeds=12)
    assert 0 < later < now / 2


def test_verdicts_say_what_the_adjusted_p_value_says() -> None:
    scenario = replace(SCENARIOS["chance"], num_arms=3, num_seeds=6, effect=2.0)
    found = paired_differences(draw(scenario, np.random.default_rng(0)))
    words = set()
    for verdict in verdicts(found):
        row = verdict.difference
        decided = HELPS if row.estimate > 0 else HURTS
        assert verdict.word == (decided if row.p_holm <= 0.05 else CANNOT_TELL)
        assert (verdict.more_seeds == 0) == (verdict.word != CANNOT_TELL)
        assert row.arm in verdict.text
        assert row.figure.replace("_", " ").replace("f1", "F1") in verdict.text
        assert f"{row.p_holm:.2g} adjusted for 2 comparisons" in verdict.text
        assert f"{100 * row.estimate:+.1f}".replace("-", "−") in verdict.text
        words.add(verdict.word)
    assert words == {HELPS, HURTS, CANNOT_TELL}
