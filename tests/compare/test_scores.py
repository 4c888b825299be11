"""Scores of several runs at once: accuracy, recalls, F1, and their weighted forms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from imblearn.metrics import geometric_mean_score
from sklearn.metrics import balanced_accuracy_score, f1_score

from fer_data.errors import UsageError
from fer_model.statistics import scores as scores_module
from fer_model.statistics.bootstrap import bootstrap
from fer_model.statistics.differences import paired_differences
from fer_model.statistics.scores import Predicted, shot_groups
from tests.helpers.trainings import (
    made,
    taken,
)


@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(1, 40))
@settings(max_examples=40)
def test_the_figures_are_those_of_scikit_learn(seed: int, num_classes: int, num: int) -> None:
    predicted = made(num_arms=2, num=num, num_classes=num_classes, seed=seed)
    labels = predicted.labels
    present = np.unique(labels)
    for arm, training in np.ndindex(2, 2):
        guess = predicted.predicted[arm, training]
        recall = [float((guess[labels == label] == label).mean()) for label in present]
        expected = [
            (guess == labels).mean(),
            np.mean(recall),
            f1_score(labels, guess, average="macro", zero_division=0.0),
            geometric_mean_score(labels, guess, labels=present),
        ]
        found = predicted.scores[arm, training]
        np.testing.assert_allclose(found[:4], expected, atol=1e-12)
        np.testing.assert_allclose(found[4:-1][present], recall)
        assert np.isnan(np.delete(found[4:-1], present)).all()
        assert found[-1] == min(recall)
    if len(present) == num_classes:
        expected_mean = balanced_accuracy_score(labels, predicted.predicted[0, 0])
        assert predicted.scores[0, 0, 1] == pytest.approx(expected_mean)


def test_the_figures_are_those_of_a_run() -> None:
    from fer_model.training.score import score

    predicted = made()
    guess = predicted.predicted[1, 1]
    expected = score(
        predicted.labels, np.eye(4, dtype=np.float32)[guess], class_names=predicted.class_names
    )
    for figure, value in zip(predicted.figures[:-1], predicted.scores[1, 1, :-1], strict=True):
        name = figure.removeprefix("recall of ")
        wanted = expected["per_class"][name]["recall"] if name != figure else expected[figure]
        assert value == pytest.approx(wanted)


def test_a_class_with_no_image_right_makes_the_geometric_mean_zero() -> None:
    labels = np.array([0, 0, 1, 1])
    predicted = Predicted(("x",), ("a", "b"), labels, np.array([[[0, 0, 0, 0]]]), np.arange(4))
    assert predicted.scores[0, 0].tolist() == [0.5, 0.5, pytest.approx(1 / 3), 0.0, 1.0, 0.0, 0.0]


def test_predictions_may_be_lists_and_must_be_numbers() -> None:
    predicted = Predicted(("x",), ("a", "b"), [0, 1], [[[0, 0]]], [0, 1])  # type: ignore[arg-type]
    assert predicted.scores[0, 0, 0] == 0.5
    with pytest.raises(UsageError, match=r"^labels: expected whole numbers"):
        Predicted(("x",), ("a", "b"), list("ab"), [[list("aa")]], [0, 1])  # type: ignore[arg-type]


@given(st.integers(0, 10_000), st.integers(1, 20))
@settings(max_examples=20)
def test_shots_are_means_of_recalls_by_training_counts(seed: int, num: int) -> None:
    counts = (500, 101, 100, 20, 19, 3)
    plain = made(num_classes=6, seed=seed, num=num)
    groups = shot_groups(counts, np.bincount(plain.labels, minlength=6))
    predicted = replace(plain, groups=groups)
    present = set(plain.labels.tolist())
    wanted = {"many": {0, 1}, "medium": {2, 3}, "few": {4, 5}}
    wanted = {name: labels & present for name, labels in wanted.items() if labels & present}
    assert [name.removesuffix("_shot_accuracy") for name in groups] == (
        list(wanted) if len(wanted) > 1 else []
    )
    for name in groups:
        columns = [4 + label for label in wanted[name.removesuffix("_shot_accuracy")]]
        found = predicted.scores[..., predicted.figures.index(name)]
        np.testing.assert_allclose(found, predicted.scores[..., columns].mean(axis=-1))
        row = paired_differences(predicted, num_draws=100).of("arm 1", name)
        assert row.low <= row.estimate <= row.high
    assert shot_groups((), np.ones(6)) == {}
    with pytest.raises(UsageError, match="ascending"):
        shot_groups(counts, np.ones(6), (100, 20))


@given(st.integers(0, 10_000))
@settings(max_examples=20)
def test_weights_count_as_copies_of_whole_clusters(seed: int) -> None:
    predicted = made(seed=seed, num_clusters=12)
    weights = np.random.default_rng(seed).integers(0, 3, predicted.num_clusters)
    weights[0] = 1
    rows = np.repeat(np.arange(60), weights[predicted.cluster_places])
    # A class that a draw misses does not count in its macro F1; one that there is not does.
    assume(len(np.unique(predicted.labels[rows])) == predicted.num_classes)
    found = predicted.weighted_scores(weights[:, None].astype(np.float32))[..., 0]
    np.testing.assert_allclose(found, taken(predicted, rows).scores, atol=1e-12)


def test_the_memory_of_one_step_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = paired_differences(made(), num_draws=200)
    monkeypatch.setattr(scores_module, "_MAX_ELEMENTS", 60 * 7)
    assert made().step < 10
    for one, other in zip(paired_differences(made(), num_draws=200).rows, whole.rows, strict=True):
        assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=1e-12)


def test_a_thousand_classes_fit_in_small_steps() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 1000, 5000)
    guesses = np.where(random.random((3, 2, 5000)) < 0.7, labels, 0)
    names = tuple(map(str, range(1000)))
    predicted = Predicted(("x", "y", "z"), names, labels, guesses, np.arange(5000))
    assert predicted.step * predicted.counts.shape[0] <= scores_module._MAX_ELEMENTS
    deviations = bootstrap(predicted, [1, 2], 0, 20, random)
    assert deviations.of_mean.shape == (2, 1005, 20)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"arms": ("x", "y")}, r"expected \["),
        ({"arms": ("x", "y", "x")}, "once"),
        ({"labels": np.full(60, 4)}, "classes from 0 to 3"),
        ({"predicted": np.full((3, 2, 60), -1)}, "go from -1"),
        ({"predicted": np.zeros((3, 60), np.int64)}, r"expected \["),
        ({"predicted": np.zeros((3, 0, 60), np.int64)}, "nothing to score"),
        ({"clusters": np.arange(59)}, "one of each"),
    ],
)
def test_predictions_that_do_not_fit_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        replace(made(), **change)  # type: ignore[arg-type]
