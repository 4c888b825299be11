"""What follows from the probabilities of runs, of which results keep no more than this."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from fer_model.statistics.calibration import temperature, with_temperature


class Output(NamedTuple):
    """What one run predicts.

    Attributes
    ----------
    test : ndarray
        Of N test samples: probabilities float [N, C], or predicted labels int [N].
    validation : (ndarray, ndarray), optional
        Of V validation samples: probabilities float [V, C] and labels int [V].
    """

    test: NDArray[Any]
    validation: tuple[NDArray[Any], NDArray[Any]] | None = None


class Outputs(NamedTuple):
    """What all runs predict; attributes are as in `fer_model.comparison.results.Results`."""

    predicted_labels: NDArray[np.int32]
    confidences: NDArray[np.float32]
    scaled_confidences: NDArray[np.float32]
    ensemble_labels: NDArray[np.int32]
    aurocs: NDArray[np.float64]


def outputs_of(runs: Iterable[Iterable[Output]], labels: NDArray[np.int64]) -> Outputs:
    """Return what the runs of each arm predict, for one run's probabilities in memory at a time.

    Parameters
    ----------
    runs : iterable of iterable of Output, [A][S]
    labels : ndarray of int64, shape [N]
        Of the test samples.
    """
    arms: list[list[list[Any]]] = []
    ensembles = []
    for of_arm in runs:
        parts, total = [], np.zeros(())
        for run in of_arm:
            parts.append(_of_run(run, labels))
            total = total + (run.test if run.test.ndim == 2 else np.nan)
        is_known = total.ndim == 2 and not np.isnan(total).any()
        ensembles.append(total.argmax(axis=1) if is_known else np.full(len(labels), -1))
        arms.append([list(part) for part in zip(*parts, strict=True)])
    predicted, confidences, scaled, areas = zip(*arms, strict=True)
    return Outputs(
        np.array(predicted, np.int32),
        np.array(confidences, np.float32),
        np.array(scaled, np.float32),
        np.array(ensembles, np.int32),
        np.array(areas, np.float64),
    )


def _of_run(run: Output, labels: NDArray[np.int64]) -> tuple[Any, Any, Any, float]:
    """Return predicted labels, confidences before and after temperature scaling, and AUROC."""
    unknown = np.full(len(labels), np.nan)
    if run.test.ndim == 1:
        return run.test, unknown, unknown, np.nan
    scaled = unknown
    if run.validation is not None and len(run.validation[1]):
        scaled = with_temperature(run.test, temperature(*run.validation)).max(axis=1)
    predicted = run.test.argmax(axis=1), run.test.max(axis=1)
    return *predicted, scaled, macro_auroc(run.test, labels)


def macro_auroc(probabilities: NDArray[Any], labels: NDArray[np.int64]) -> float:
    """Return the area under the ROC curve, the mean over classes; NaN with a single class.

    One class against the rest, by the Mann-Whitney statistic, over the classes that have samples
    (Hand and Till 2001 call it macro-averaged; as `sklearn.metrics.roc_auc_score` with
    ``multi_class="ovr"``).
    """
    counts = np.bincount(labels, minlength=probabilities.shape[1])
    areas = []
    for label in np.flatnonzero((counts > 0) & (counts < len(labels))).tolist():
        ranks = stats.rankdata(probabilities[:, label])
        num = int(counts[label])
        above = ranks[labels == label].sum() - num * (num + 1) / 2
        areas.append(above / (num * (len(labels) - num)))
    return float(np.mean(areas)) if areas else float("nan")
