"""Runs that answer all images of a class alike: no image shows a spread, but the seeds do."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from fer_model.statistics.data_sets import mean_difference
from fer_model.statistics.differences import Difference, Differences, paired_differences
from fer_model.statistics.scores import Predicted
from fer_model.statistics.verdict import CANNOT_TELL, EQUIVALENT, HELPS, verdicts

LABELS = np.repeat(np.arange(6), 40)
RIGHT, FIRST = LABELS, 0 * LABELS


def compared(*runs: list[np.ndarray], labels: np.ndarray = LABELS) -> Differences:
    names = tuple(f"class {label}" for label in range(labels.max() + 1))
    arms = ("none", *(f"arm {place}" for place in range(1, len(runs))))
    predicted = Predicted(arms, names, labels, np.array(runs), np.arange(len(labels)))
    return paired_differences(predicted)


def half_of_seeds(row: Difference) -> float:
    """Return the half-width of Student's interval of the seeds' differences alone."""
    num = len(row.by_seed)
    return float(stats.t.isf(0.025, num - 1) * np.std(row.by_seed, ddof=1) / math.sqrt(num))


@st.composite
def alike(draw: st.DrawFn) -> Predicted:
    """Draw predictions of two arms whose runs answer each class all alike."""
    num_classes, num_seeds = draw(st.integers(2, 4)), draw(st.integers(1, 5))
    sizes = draw(st.lists(st.integers(1, 60), min_size=num_classes, max_size=num_classes))
    answer = st.integers(0, num_classes - 1)
    shape = 2 * num_seeds * num_classes
    answers = np.array(draw(st.lists(answer, min_size=shape, max_size=shape)))
    labels = np.repeat(np.arange(num_classes), sizes)
    predicted = answers.reshape(2, num_seeds, num_classes)[..., labels]
    names = tuple("abcd"[:num_classes])
    return Predicted(("none", "arm"), names, labels, predicted, np.arange(len(labels)))


@given(alike())
@settings(max_examples=150, deadline=None)
def test_an_interval_is_absent_or_holds_that_of_the_seeds_alone(predicted: Predicted) -> None:
    exact = predicted.figures[predicted.recalls]
    if predicted.clusters_of_class.min() > 10:  # of fewer a draw may miss the class altogether
        exact = (*exact, "balanced_accuracy")
    for row in paired_differences(predicted, num_draws=199).rows:
        assert row.low <= row.estimate <= row.high
        assert row.low < row.high
        assert not row.is_open or row.p_value == 1
        if row.figure not in exact:
            continue
        assert row.low < row.estimate or row.low == -1
        assert row.estimate < row.high or row.high == 1
        if len(row.by_seed) == 1:
            continue
        half = half_of_seeds(row)
        assert row.low <= max(-1, row.estimate - half) + 1e-3
        assert row.high >= min(1, row.estimate + half) - 1e-3
        if row.p_value <= 0.05:
            assert abs(row.estimate) > half - 1e-3


@pytest.mark.parametrize(
    "figure", ["accuracy", "balanced_accuracy", "macro_f1", "recall of class 1"]
)
@pytest.mark.parametrize("changed", [None, "one more right", "one less right"])
def test_seeds_of_two_kinds_show_nothing_whether_or_not_an_image_differs(
    figure: str, changed: str | None
) -> None:
    good, bad = RIGHT.copy(), FIRST.copy()
    if changed == "one less right":
        good[50] = 0
    elif changed == "one more right":
        bad[50] = 1
    row = compared([FIRST] * 3, [good, RIGHT, bad]).of("arm 1", figure)
    assert 0.17 < row.p_value < 0.2
    assert row.low < row.estimate - 0.95 * half_of_seeds(row)


def test_two_seeds_of_two_kinds_have_no_interval() -> None:
    differences = compared([FIRST] * 2, [RIGHT, FIRST])
    (verdict,) = verdicts(differences, figure="balanced_accuracy")
    assert verdict.difference.is_open
    assert (verdict.word, verdict.difference.p_value) == (CANNOT_TELL, 1)
    assert "no interval" in verdict.text
    assert "p =" not in verdict.text


def test_seeds_that_cancel_are_no_equivalence() -> None:
    labels = np.repeat(np.arange(2), 5000)
    runs = [labels, 0 * labels] * 3
    differences = compared(runs, runs[::-1], labels=labels)
    (verdict,) = verdicts(differences, figure="balanced_accuracy")
    assert verdict.difference.num_discordant == 0
    assert verdict.word != EQUIVALENT
    assert verdict.difference.high > 0.4


def test_seeds_that_agree_leave_what_the_images_leave_open() -> None:
    differences = compared([FIRST] * 3, [RIGHT] * 3)
    row = differences.of("arm 1", "recall of class 1")
    assert row.low == pytest.approx(0.025 ** (1 / 40))
    (verdict,) = verdicts(differences, figure="balanced_accuracy")
    assert verdict.word == HELPS


def test_a_mean_over_data_sets_has_what_the_images_leave_open() -> None:
    rows = [compared([FIRST] * 3, [RIGHT] * 3).of("arm 1", "balanced_accuracy")] * 2
    mean = mean_difference(rows)
    assert 0.01 < mean.high - mean.estimate < rows[0].high - rows[0].estimate
