"""Drift: whether splits have the same classes in the same proportions, and similar images."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from scipy.spatial.distance import jensenshannon

from fer_data.analysis.drift import chi_square_tail, class_drift, cohens_d, image_drift
from tests.conftest import MakeFolder, Run

COUNTS = st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000)), min_size=1, max_size=9)


@given(st.floats(0, 2000), st.integers(1, 400))
@example(0.0, 1)
@example(1e-300, 2)
@example(1e5, 3)
@example(3.84, 1)
@settings(deadline=None, max_examples=60)
def test_the_tail_is_scipy_s(statistic: float, degrees: int) -> None:
    expected = scipy_stats.chi2.sf(statistic, degrees)
    assert chi_square_tail(statistic, degrees) == pytest.approx(expected, rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("degrees", [1, 2, 3, 6, 7])
def test_the_tail_is_stable_for_large_values(degrees: int) -> None:
    assert chi_square_tail(1e9, degrees) == 0.0
    assert 0 < chi_square_tail(1300, degrees) < 1e-270
    assert chi_square_tail(0, degrees) == 1.0


def test_without_freedom_nothing_can_differ() -> None:
    assert chi_square_tail(0, 0) == 1.0
    assert chi_square_tail(1, 0) == 0.0


@given(COUNTS)
@settings(deadline=None, max_examples=60)
def test_figures_are_scipy_s(pairs: list[tuple[int, int]]) -> None:
    train, other = np.array(pairs).T
    found = class_drift({"train": train, "test": other})
    if not train.any() or not other.any():
        assert found == ()
        return
    (drift,) = found
    table = np.array([train, other])
    table = table[:, table.any(axis=0)]
    if table.shape[1] > 1:
        expected = scipy_stats.chi2_contingency(table, correction=False)
        assert drift.chi_square == pytest.approx(expected.statistic, abs=1e-9)
        assert drift.degrees == expected.dof
        assert drift.p_value == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-300)
        v = scipy_stats.contingency.association(table, method="cramer")
        assert drift.cramers_v == pytest.approx(v, abs=1e-7)
    else:
        assert (drift.chi_square, drift.degrees, drift.p_value) == (0, 0, 1)
        assert drift.cramers_v == 0
    distance = jensenshannon(train / train.sum(), other / other.sum(), base=2)
    assert drift.js_distance == pytest.approx(np.nan_to_num(distance), abs=1e-7)


@given(COUNTS, st.integers(1, 50))
@settings(deadline=None, max_examples=60)
def test_the_same_fractions_are_no_drift_and_no_class_in_common_is_all_of_it(
    pairs: list[tuple[int, int]], times: int
) -> None:
    counts = np.array(pairs)[:, 0] + 1
    (same,) = class_drift({"train": counts * times, "test": counts})
    assert same.cramers_v == pytest.approx(0, abs=1e-6)
    assert same.js_distance == pytest.approx(0, abs=1e-6)
    assert same.size == "negligible"
    nothing = np.zeros_like(counts)
    apart = [np.concatenate(sides) for sides in ((counts, nothing), (nothing, counts))]
    (drift,) = class_drift({"train": apart[0], "test": apart[1]})
    assert drift.cramers_v == pytest.approx(1)
    assert drift.js_distance == pytest.approx(1)
    assert drift.size == "large"


@pytest.mark.parametrize(
    ("other", "word"),
    [([50, 50], "negligible"), ([60, 40], "small"), ([85, 15], "medium"), ([99, 1], "large")],
)
def test_words_go_by_the_effect_size(other: list[int], word: str) -> None:
    (drift,) = class_drift({"train": [50, 50], "test": other})
    assert drift.size == word


def test_splits_without_a_labelled_sample_are_not_compared() -> None:
    assert class_drift({"train": [0, 0], "test": [1, 2]}) == ()
    assert class_drift({"test": [1, 2]}) == ()
    assert class_drift({}) == ()
    (only,) = class_drift({"train": [3, 1], "validation": [0, 0], "test": [1, 2]})
    assert only.split == "test"
    (single,) = class_drift({"train": [5], "test": [2]})
    assert (single.cramers_v, single.p_value, single.js_distance) == (0, 1, 0)


# images


def test_images_are_described_by_split_and_set_against_train() -> None:
    values = np.array([1.0, 2, 3, 4, 5, 6, 7, 99])
    codes = np.array([0, 0, 0, 0, 1, 1, 1, -1])
    train, test, empty = image_drift({"brightness": values}, codes, ["train", "test", "empty"])
    assert (train.measure, train.split, train.num_samples) == ("brightness", "train", 4)
    assert (train.mean, train.cohens_d) == (2.5, 0)
    assert train.std == pytest.approx(np.std([1, 2, 3, 4], ddof=1))
    pooled = math.sqrt((3 * np.var([1, 2, 3, 4], ddof=1) + 2 * np.var([5, 6, 7], ddof=1)) / 5)
    assert test.cohens_d == pytest.approx(3.5 / pooled)
    assert empty.num_samples == 0
    assert all(math.isnan(figure) for figure in (empty.mean, empty.std, empty.cohens_d))


def test_without_a_training_split_there_is_no_distance() -> None:
    (found,) = image_drift({"m": np.ones(3, np.float32)}, np.zeros(3, int), ["test"])
    assert (found.mean, found.std) == (1, 0)
    assert math.isnan(found.cohens_d)


def test_cohen_s_d_is_defined_where_nothing_varies() -> None:
    assert cohens_d(np.ones(3), np.ones(2)) == 0
    assert cohens_d(np.ones(3), np.zeros(2)) == -math.inf
    assert math.isnan(cohens_d(np.ones(1), np.ones(1)))
    assert math.isnan(cohens_d(np.ones(3), np.ones(0)))


# the command line


def test_stats_show_the_drift_and_fail_above_a_value(run: Run, make_folder: MakeFolder) -> None:
    root = make_folder({"train/a": 12, "train/b": 4, "test/a": 2, "test/b": 6}, side=8)
    shown = run("stats", root).out
    assert "Class distribution of each split" in shown
    assert "medium" in shown
    found = json.loads(run("stats", root, "--json").out)["drift"]["test"]
    assert found["size"] == "medium"
    v = found["cramers_v"]
    assert run("stats", root, "--fail-drift", f"{v + 0.001}").code == 0
    failed = run("stats", root, "--fail-drift", f"{v - 0.001}", "--fail-over", "2")
    assert failed.code == 1
    assert failed.err.splitlines() == [
        "fer-data: imbalance ratio 3.00 is over 2",
        f"fer-data: Cramér's V of train and test, {v:.3f}, is over {v - 0.001:g}",
    ]
    alone = run("stats", root / "train", "--fail-drift", "0.1")
    assert (alone.code, "to compare" in alone.err) == (2, True)
    assert "alike" not in run("stats", root / "train").out
