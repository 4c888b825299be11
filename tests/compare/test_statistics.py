"""Differences between arms: intervals, p-values and verdicts."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fer_model.statistics
from fer_data.errors import UsageError
from fer_model.statistics import differences as differences_module
from fer_model.statistics.design import seeds_needed
from fer_model.statistics.differences import Differences, paired_differences
from fer_model.statistics.intervals import interval
from fer_model.statistics.p_values import holm, mcnemar
from fer_model.statistics.scores import Predicted
from fer_model.statistics.verdict import CANNOT_TELL, EQUIVALENT, HELPS, HURTS, verdicts
from tests.helpers.imports import FRAMEWORKS, imported
from tests.helpers.trainings import (
    made,
    taken,
)

MODULES = [file.stem for file in sorted(Path(fer_model.statistics.__path__[0]).glob("[a-z]*.py"))]


def test_the_modules_import_no_framework() -> None:
    code = "\n".join(f"import fer_model.statistics.{name}" for name in MODULES)
    assert not imported(code) & {*FRAMEWORKS, "sklearn", "imblearn", "pandas"}


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_is_the_step_down_of_bonferroni(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    climbed = 0.0
    for rank, place in enumerate(order):
        climbed = max(climbed, min(1.0, (len(order) - rank) * p_values[place]))
        assert adjusted[place] == pytest.approx(climbed)
    assert (adjusted >= p_values).all()


def test_holm_of_a_published_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_mcnemar_counts_the_images_that_one_alone_gets_right() -> None:
    labels = np.zeros(10, np.int64)
    base = np.array([1, 1, 1, 1, 1, 1, 0, 0, 0, 0])
    guesses = np.array([[base, labels], [labels, labels]])
    predicted = Predicted(("x", "y"), ("a", "b"), labels, guesses, np.arange(10))
    assert mcnemar(predicted, "y").tolist() == [2 * 0.5**6, 1.0]
    with pytest.raises(UsageError, match="no arm z"):
        mcnemar(predicted, "z")


def test_the_same_seed_gives_the_same_answer() -> None:
    first, again, other = (paired_differences(made(), seed=seed).rows for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_differences_are_of_means_over_seeds_paired_by_seed() -> None:
    predicted = made(num_seeds=4)
    differences = paired_differences(predicted, baseline="arm 1", num_draws=200)
    assert differences.arms == ("arm 0", "arm 2")
    row = differences.of("arm 2", "macro_f1")
    by_seed = predicted.scores[2, :, 2] - predicted.scores[1, :, 2]
    assert row.by_seed == pytest.approx(by_seed)
    assert row.estimate == pytest.approx(by_seed.mean())
    assert row.value - row.baseline_value == pytest.approx(row.estimate)
    assert row.components.seeds == pytest.approx(by_seed.var(ddof=1))
    assert row.low < row.estimate < row.high


def test_swapping_arm_and_baseline_turns_the_interval_over() -> None:
    predicted = made(num_arms=2, num=500, num_seeds=3)
    there = paired_differences(predicted).rows
    back = paired_differences(predicted, baseline="arm 1").rows
    for one, other in zip(there, back, strict=True):
        assert other.estimate == pytest.approx(-one.estimate)
        assert (other.low, other.high) == pytest.approx((-one.high, -one.low))
        assert other.p_value == pytest.approx(one.p_value)


def test_an_interval_without_zero_goes_with_a_small_p_value() -> None:
    for seed in range(20):
        for row in paired_differences(made(seed=seed, num=150), num_draws=399).rows:
            assert (row.p_value <= 0.05) <= (not row.low < 0 < row.high)
            assert (row.p_value > 0.052) <= (row.low <= 0 <= row.high)


def test_one_seed_has_images_alone_and_says_so() -> None:
    predicted = made(num_arms=2, num_seeds=1, num=400)
    differences = paired_differences(predicted)
    row = differences.of("arm 1", "accuracy")
    assert row.of_images_alone
    assert math.isnan(row.components.seeds)
    right = (predicted.predicted == predicted.labels)[:, 0].astype(float)
    half = 1.96 * (right[1] - right[0]).std() / math.sqrt(400)
    assert (row.high - row.low) / 2 == pytest.approx(half, rel=0.08)
    assert "another training may differ" in verdicts(differences)[0].text
    with pytest.raises(UsageError, match="no spread"):
        seeds_needed(row, num_arms=2)


def test_copies_of_one_image_make_nothing_surer() -> None:
    predicted = made(num_arms=2, num=200)
    copies = taken(predicted, np.repeat(np.arange(200), 3))
    assert paired_differences(copies).rows == paired_differences(predicted).rows


def test_seeds_that_agree_leave_the_images_alone() -> None:
    predicted = made(num_arms=2, num_seeds=1, num=500)
    tripled = replace(predicted, predicted=np.repeat(predicted.predicted, 3, axis=1))
    for one, three in zip(
        paired_differences(predicted).rows, paired_differences(tripled).rows, strict=True
    ):
        assert (three.low, three.high) == pytest.approx((one.low, one.high), abs=1e-9)
        assert three.components.interaction == pytest.approx(0, abs=1e-12)


def test_a_class_without_an_image_has_no_recall() -> None:
    predicted = replace(made(), class_names=tuple("abcde"))
    differences = paired_differences(predicted, num_draws=200)
    assert ("arm 1", "recall of d") in {(row.arm, row.figure) for row in differences.rows}
    assert "recall of e" not in {row.figure for row in differences.rows}
    with pytest.raises(KeyError):
        differences.of("arm 1", "recall of e")


def two_arms(labels: list[int], base: list[int], other: list[int]) -> Differences:
    guesses = np.array([[base] * 3, [other] * 3])
    predicted = Predicted(("x", "y"), ("a", "b"), np.array(labels), guesses, np.arange(len(labels)))
    return paired_differences(predicted)


def test_a_class_with_one_duplicate_group_tells_nothing() -> None:
    row = two_arms([0] * 30 + [1], [0] * 31, [0] * 30 + [1]).of("y", "recall of b")
    assert (row.estimate, row.low, row.high, row.p_value) == (1.0, -1.0, 1.0, 1.0)


def test_a_geometric_mean_of_zero_tells_nothing() -> None:
    row = two_arms([0] * 30 + [1] * 9, [0] * 39, [0] * 30 + [1] * 9).of("y", "geometric_mean")
    assert (row.estimate, row.low, row.high, row.p_value) == (1.0, -1.0, 1.0, 1.0)


def test_five_images_won_are_too_few_and_six_are_enough() -> None:
    for num, p_value in ((5, 2 * 0.5**5), (6, 2 * 0.5**6)):
        differences = two_arms([0] * 90, [1] * num + [0] * (90 - num), [0] * 90)
        row = differences.of("y", "recall of a")
        assert row.num_discordant == num
        assert row.p_value == pytest.approx(p_value)
        assert (row.low <= 0) == (num == 5)
        verdict = next(
            candidate for candidate in verdicts(differences) if candidate.difference is row
        )
        assert verdict.word == (CANNOT_TELL if num == 5 else HELPS)
        assert ("differ on 5 test images" in verdict.text) == (num == 5)


def test_arms_that_never_differ_may_still_differ_elsewhere() -> None:
    row = two_arms([0] * 50, [0] * 50, [0] * 50).of("y", "recall of a")
    assert (row.estimate, row.p_value) == (0.0, 1.0)
    reach = 1 - 0.025 ** (1 / 50)
    assert (row.low, row.high) == pytest.approx((-reach, reach))


def test_means_over_classes_may_differ_elsewhere_by_the_mean_of_the_classes_reaches() -> None:
    differences = two_arms([0] * 58 + [1] * 2, [0] * 60, [0] * 60)
    reaches = [1 - 0.025 ** (1 / num) for num in (58, 2)]
    assert differences.of("y", "accuracy").high == pytest.approx(1 - 0.025 ** (1 / 60))
    for figure in ("balanced_accuracy", "macro_f1"):
        row = differences.of("y", figure)
        assert (-row.low, row.high) == pytest.approx((np.mean(reaches),) * 2, rel=1e-3)


def test_arms_are_compared_in_groups_that_fit_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    predicted = made(num_arms=5)
    whole = paired_differences(predicted, baseline="arm 1", num_draws=200).rows
    monkeypatch.setattr(differences_module, "_MAX_DEVIATIONS", 2 * 8 * 200)
    assert paired_differences(predicted, baseline="arm 1", num_draws=200).rows == whole


def test_draws_without_the_class_are_skipped() -> None:
    draws = np.concatenate([np.linspace(-1, 1, 999), np.full(500, np.nan)])
    bounds = interval(draws, 0.5, 20, 0.9)
    assert bounds == pytest.approx(interval(draws[:999], 0.5, 20, 0.9))
    assert bounds[:2] == pytest.approx((-0.4, 1.4), abs=2e-3)
    assert bounds[2] == 2 * (250 + 1) / (999 + 1)


@given(st.integers(0, 10_000), st.floats(0, 0.5))
@settings(max_examples=20)
def test_a_verdict_follows_from_the_interval_of_all_arms_and_the_margin(
    seed: int, margin: float
) -> None:
    differences = paired_differences(made(num=400, seed=seed), num_draws=200)
    for verdict in verdicts(differences, margin=margin):
        row = verdict.difference
        low, high = row.simultaneous
        assert low <= row.low <= row.high <= high
        assert (verdict.word == EQUIVALENT) == (-margin < low and high < margin)
        assert verdict.word in (EQUIVALENT, CANNOT_TELL) or row.p_holm <= 0.05
        assert verdict.word not in (HELPS, HURTS) or (row.estimate > 0) == (verdict.word == HELPS)
    with pytest.raises(UsageError, match="margin"):
        verdicts(differences, margin=1)


@pytest.mark.parametrize("change", [{"num_draws": 10}, {"level": 1.0}, {"baseline": "none"}])
def test_impossible_options_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        paired_differences(made(), **change)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="two or more"):
        paired_differences(made(num_arms=1))
