"""Scores of predictions, and how they are kept: no keras."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from fer_data.analysis.predictions import SavedPredictions
from fer_data.loading.loader import Loader
from fer_data.util.words import printable

_MOST_CONFUSED = 100
"""Classes; of a thousand, the counts of a confusion matrix are 22 MB of JSON."""


def score(
    labels: NDArray[np.integer[Any]],
    probabilities: NDArray[np.float32],
    class_names: tuple[str, ...],
) -> dict[str, Any]:
    """Score predictions.

    Parameters
    ----------
    labels : ndarray of int, shape [N]
    probabilities : ndarray of float32, shape [N, C]
    class_names : tuple of str, length C

    Returns
    -------
    dict
        ``num_samples``, ``accuracy``, ``balanced_accuracy`` (mean recall), ``macro_f1``,
        ``geometric_mean`` (of the recalls; Kubat and Matwin 1997), each over the classes that
        have samples, the macro F1 as in scikit-learn also over those that are only predicted;
        ``loss`` (mean cross-entropy in nats); ``per_class`` with ``precision``, ``recall``, ``f1``
        and ``support`` of each class, of one without samples None where it is undefined;
        ``confusion``, counts by label (rows) and prediction (columns), of up to 100 classes.
    """
    every = np.arange(len(class_names))
    predicted = probabilities.argmax(axis=1)
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predicted, labels=every, zero_division=0.0
    )
    present = support > 0
    is_scored = present | (np.bincount(predicted, minlength=len(every)) > 0)
    chosen = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    recalls = recall[present]
    geometric_mean = np.exp(np.log(recalls).mean()) if recalls.all() else 0.0
    scores = {
        "num_samples": len(labels),
        "accuracy": float((predicted == labels).mean()),
        "balanced_accuracy": float(recall[present].mean()),
        "macro_f1": float(f1[is_scored].mean()),
        "geometric_mean": float(geometric_mean),
        "loss": float(-np.log(np.clip(chosen, 1e-7, None)).mean()),
        "per_class": {
            name: {
                "precision": float(precision[label]) if is_scored[label] else None,
                "recall": float(recall[label]) if present[label] else None,
                "f1": float(f1[label]) if is_scored[label] else None,
                "support": int(support[label]),
            }
            for label, name in enumerate(class_names)
        },
    }
    if len(class_names) <= _MOST_CONFUSED:
        scores["confusion"] = confusion_matrix(labels, predicted, labels=every).tolist()
    return scores


def with_samples(
    split: str, loader: Loader, probabilities: NDArray[np.float32]
) -> SavedPredictions:
    """Return the probabilities of one epoch of a loader, float32 [N, C], with its samples."""
    dataset = loader.store.dataset
    return SavedPredictions(
        class_names=tuple(map(printable, dataset.class_names)),
        splits=np.full(len(loader.rows), split),
        samples=np.array(dataset.sample_ids(loader.rows), np.str_),
        labels=loader.labels.astype(np.int64),
        probabilities=probabilities,
    )
