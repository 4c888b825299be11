"""Ensembles of an arm's seeds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fer_data.analysis.predictions import PREDICTIONS, load_predictions
from fer_model.comparison.reading import ensemble_of, read_results
from tests.made_comparison import make_comparison


def test_an_ensemble_answers_by_the_mean_probability_of_an_arms_seeds(tmp_path: Path) -> None:
    results = read_results(make_comparison(tmp_path / "out"))
    found = ensemble_of(results)
    assert results.training is not None
    assert (found.arms, found.num_seeds) == (results.arms, 1)
    for place, of_arm in enumerate(results.training.runs):
        probabilities = [load_predictions(run.path / PREDICTIONS).probabilities for run in of_arm]
        guesses = np.mean(probabilities, axis=0, dtype=np.float64).argmax(axis=1)
        np.testing.assert_array_equal(found.predicted[place, 0], guesses)
        assert found.scores[place, 0, 0] == np.mean(guesses == results.labels)
