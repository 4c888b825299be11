"""Figures of whole probabilities, which stand in the folders of a comparison's runs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from fer_data.analysis.predictions import PREDICTIONS, load_predictions
from fer_model.comparison.results import Results
from fer_model.statistics.calibration import (
    Calibration,
    calibration,
    temperature,
    with_temperature,
)


def recalibrated(results: Results) -> tuple[Calibration | None, ...]:
    """Return each arm's calibration, all seeds together, after temperature scaling.

    Every run has a temperature of its own, fitted on its validation predictions. None for an arm
    of which a run has none.
    """
    runs = results.training.runs if results.training else ()
    found: list[Calibration | None] = []
    for of_arm in runs:
        parts = []
        for run in of_arm:
            predictions = load_predictions(run.path / PREDICTIONS)
            validation = predictions.of_split("validation")
            if not len(validation.labels):
                break
            test = predictions.of_split("test")
            fitted = temperature(validation.probabilities, validation.labels)
            scaled = with_temperature(test.probabilities, fitted)
            parts.append((scaled.max(axis=1), scaled.argmax(axis=1) == test.labels))
        else:
            confidence, right = (np.concatenate(each) for each in zip(*parts, strict=True))
            found.append(calibration(confidence, right))
            continue
        found.append(None)
    return tuple(found) or (None,) * len(results.arms)


def aurocs(results: Results) -> NDArray[np.float64]:
    """Return each run's area under the ROC curve, float64 [A, S]; NaN where it is unknown.

    One class against the rest, the mean over the classes that have test samples (Hand and Till
    2001 call it macro-averaged; as `sklearn.metrics.roc_auc_score` with ``multi_class="ovr"``).
    """
    runs = results.training.runs if results.training else ()
    found = np.full((len(results.arms), len(results.seeds)), np.nan)
    for place, of_arm in enumerate(runs):
        for number, run in enumerate(of_arm):
            test = load_predictions(run.path / PREDICTIONS).of_split("test")
            found[place, number] = macro_auroc(test.probabilities, test.labels)
    return found


def macro_auroc(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Return the mean over classes of the Mann-Whitney statistic; NaN with a single class."""
    counts = np.bincount(labels, minlength=probabilities.shape[1])
    areas = []
    for label in np.flatnonzero((counts > 0) & (counts < len(labels))).tolist():
        ranks = stats.rankdata(probabilities[:, label])
        num = int(counts[label])
        above = ranks[labels == label].sum() - num * (num + 1) / 2
        areas.append(above / (num * (len(labels) - num)))
    return float(np.mean(areas)) if areas else float("nan")
