"""Ensembles of an arm's seeds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import fer_model
from fer_data.analysis.predictions import PREDICTIONS, load_predictions
from fer_model.reporting.table import arms_table
from tests.helpers.made_comparison import make_comparison, training_of

COLUMN = "balanced accuracy, ensemble of 3 seeds"


def test_an_ensemble_answers_by_the_mean_probability_of_an_arms_seeds(tmp_path: Path) -> None:
    results = fer_model.read_results(make_comparison(tmp_path / "out"))
    for place, of_arm in enumerate(training_of(results).runs):
        probabilities = [load_predictions(run.path / PREDICTIONS).probabilities for run in of_arm]
        guesses = np.mean(probabilities, axis=0, dtype=np.float64).argmax(axis=1)
        np.testing.assert_array_equal(results.ensemble_labels[place], guesses)
        assert results.ensemble_scores[place, 0] == np.mean(guesses == results.labels)


def test_every_output_has_the_ensembles_and_says_what_they_are(tmp_path: Path) -> None:
    results = fer_model.read_results(make_comparison(tmp_path / "out"))
    summary = fer_model.Summary(results)
    texts = [f"{100 * score:.1f}" for score in results.of_ensembles]
    assert arms_table(summary)[COLUMN].tolist() == texts
    assert COLUMN in fer_model.as_markdown(summary)
    fer_model.write_comparison(summary, tmp_path / "page.html")
    assert COLUMN in (tmp_path / "page.html").read_text("utf-8")
    scores = [arm["ensemble"]["balanced_accuracy"] for arm in summary.to_dict()["arms"]]
    assert scores == results.of_ensembles.tolist()
    frame = results.to_frame().groupby("arm", sort=False)["ensemble_balanced_accuracy"]
    assert frame.first().tolist() == frame.last().tolist() == scores
    assert any("the ensemble of 3 seeds" in note for note in summary.notes())


def test_labels_alone_and_one_seed_have_no_ensemble() -> None:
    labels = np.repeat([0, 1], [30, 10])
    sure = np.eye(2)[labels]
    arms = {"none": [sure, 1 - labels, sure], "own": [sure, sure, sure]}
    results = fer_model.compare_predictions(labels, arms)
    assert arms_table(fer_model.Summary(results))[COLUMN].tolist() == ["–", "100.0"]
    assert np.isnan(results.of_ensembles[0])
    single = fer_model.compare_predictions(labels, {"none": [sure], "own": [sure]})
    assert not any("ensemble" in name for name in arms_table(fer_model.Summary(single)).columns)
