"""Scores of predictions, and their confusion matrix."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from sklearn.metrics import f1_score

from fer_model.render import scores_table
from fer_model.training import plots
from fer_model.training.score import score


def test_scores_agree_with_a_count_by_hand() -> None:
    labels = np.array([0, 0, 0, 1, 1, 2])
    probabilities = np.eye(4, dtype=np.float32)[[0, 0, 1, 1, 1, 0]] * 0.97 + 0.0075
    scores = score(labels, probabilities, ("a", "b", "c", "never"))
    assert scores["accuracy"] == pytest.approx(4 / 6)
    assert scores["balanced_accuracy"] == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert scores["macro_f1"] == pytest.approx((2 / 3 + 4 / 5 + 0) / 3)
    assert scores["geometric_mean"] == 0
    assert scores["per_class"]["b"] == {
        "precision": pytest.approx(2 / 3),
        "recall": 1.0,
        "f1": pytest.approx(4 / 5),
        "support": 2,
    }
    assert scores["confusion"] == [[2, 1, 0, 0], [0, 2, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    assert scores["loss"] == pytest.approx(-(4 * np.log(0.9775) + 2 * np.log(0.0075)) / 6, rel=1e-5)


def test_a_class_without_samples_has_no_recall_and_counts_where_it_is_predicted() -> None:
    labels = np.array([0] * 6 + [2] * 6)
    guess = np.array([0] * 4 + [1] * 2 + [2] * 5 + [1])
    scores = score(labels, np.eye(4, dtype=np.float32)[guess], ("x", "absent", "z", "never"))
    assert scores["macro_f1"] == pytest.approx(f1_score(labels, guess, average="macro"))
    absent, never = scores["per_class"]["absent"], scores["per_class"]["never"]
    assert absent == {"precision": 0.0, "recall": None, "f1": 0.0, "support": 0}
    assert never == {"precision": None, "recall": None, "f1": None, "support": 0}
    out = io.StringIO()
    Console(file=out, width=100).print(scores_table(scores, "scores"))
    text = out.getvalue()
    assert [line.count("–") for line in text.splitlines() if "never" in line] == [3]


def test_a_confusion_matrix_of_many_classes_is_drawn_no_larger_and_of_more_skipped(
    tmp_path: Path,
) -> None:
    def scored(num: int) -> Any:
        labels = np.arange(num).repeat(2)
        names = tuple(f"class {number}" for number in range(num))
        return score(labels, np.eye(num, dtype=np.float32)[labels], names)

    plots.confusion(scored(100), tmp_path / "confusion.png", "test")
    with Image.open(tmp_path / "confusion.png") as image:
        assert max(image.size) < 4000
    assert "confusion" not in scored(101)


def test_the_geometric_mean_is_that_of_the_recalls() -> None:
    labels = np.array([0, 0, 1, 1])
    probabilities = np.eye(2, dtype=np.float32)[[0, 1, 1, 1]]
    scores = score(labels, probabilities, ("a", "b"))
    assert scores["geometric_mean"] == pytest.approx(np.sqrt(0.5 * 1.0))
