"""Predictions that were given: run folders among them, and what is suspicious about them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import fer_model
from fer_data.analysis.predictions import SavedPredictions, save_predictions
from fer_data.errors import DataError

NAMES = ("cat", "dog", "eel")
LABELS = np.repeat([0, 1, 2], [40, 20, 10])


def probabilities(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    powers = np.exp(1.5 * np.eye(3)[LABELS] + random.normal(size=(len(LABELS), 3)))
    return powers / powers.sum(axis=1, keepdims=True)


RUNS = {
    "none": [probabilities(0), probabilities(1)],
    "own": [probabilities(2), probabilities(3)],
}


def test_run_folders_stand_for_their_predictions_next_to_arrays(tmp_path: Path) -> None:
    runs = []
    for number, values in enumerate(RUNS["none"]):
        (tmp_path / f"seed-{number}").mkdir()
        saved = SavedPredictions(
            NAMES,
            np.array(["test"] * len(LABELS)),
            np.array([f"s{place:02}" for place in range(len(LABELS))]),
            LABELS,
            values.astype(np.float32),
        )
        save_predictions(tmp_path / f"seed-{number}" / "predictions.npz", saved)
        runs.append(tmp_path / f"seed-{number}")
    results = fer_model.compare_predictions(LABELS, {"none": runs, "own": RUNS["own"]})
    arrays = fer_model.compare_predictions(LABELS, RUNS, class_names=NAMES)
    np.testing.assert_array_equal(results.predicted_labels, arrays.predicted_labels)
    with pytest.raises(DataError, match="label"):
        fer_model.compare_predictions(LABELS[::-1], {"none": runs, "own": RUNS["own"]})


def test_what_is_suspicious_about_predictions_is_noted() -> None:
    one = RUNS["own"][0]
    runs = {**RUNS, "twice": [one, one], "backwards": [one[::-1], one[::-1] * 0.5 + 1 / 6]}
    notes = "; ".join(fer_model.Summary(fer_model.compare_predictions(LABELS, runs)).notes())
    assert "all runs of twice are the same" in notes
    assert "no better than chance (balanced accuracy 33.3 %): backwards" in notes
    usual = "; ".join(fer_model.Summary(fer_model.compare_predictions(LABELS, RUNS)).notes())
    assert "are the same" not in usual
    assert "chance" not in usual


def test_renamed_arms_keep_their_control_and_are_explained() -> None:
    runs = {"none": RUNS["none"], "crt": RUNS["own"], "retrained": RUNS["none"][::-1]}
    results = fer_model.compare_predictions(LABELS, runs)
    renamed = fer_model.Summary(results.rename({"crt": "cRT", "retrained": "Control"}))
    cost = fer_model.Summary(results).cost_of("crt")
    assert "against its control retrained" in cost
    assert renamed.cost_of("cRT") == cost.replace("retrained", "Control")
    assert renamed.notes()[0] == "names of arms: cRT is crt, Control is retrained"
