"""Scores of a model on labelled samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
from imblearn.metrics import geometric_mean_score
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from fer_data.analysis.predictions import SavedPredictions
from fer_data.data.class_names import renamed
from fer_data.data.labels import TEST_SPLITS, split_to_take
from fer_data.data.reading import DatasetLike, load
from fer_data.errors import DataError
from fer_data.loading.loader import Loader
from fer_data.loading.opening import open_loader
from fer_data.util.words import printable
from fer_model.training import models
from fer_model.training.feed import feed
from fer_model.training.runs import Run
from fer_model.training.test_time import averaged

_MOST_CONFUSED = 100
"""Classes; of a thousand, the counts of a confusion matrix are 22 MB of JSON."""


def predict(model: keras.Model, loader: Loader) -> NDArray[np.float32]:
    """Return the probabilities of one epoch of a loader, float32 [N, C], in its order."""
    return np.asarray(model.predict(feed(loader), verbose=0), np.float32)


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
    geometric_mean = geometric_mean_score(labels, predicted, labels=every[present])
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


def evaluate_run(
    run: str | Path,
    data: DatasetLike,
    *,
    split: str | None = None,
    test_time: str | None = None,
    cache: str | Path | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Score a run's model on a split of what `fer_data.load` takes; see `score`.

    The split is by default the first of `fer_data.data.labels.TEST_SPLITS` that there is, or the
    only one.

    Images are seen in the versions of `test_time`, the recipe's where it is not given. The data may
    lack some of the model's classes; where it names them otherwise, ``class_names`` maps its names
    to the model's.

    Raises
    ------
    DataError
        If the run has no model, the data has no such split, or other classes.
    UsageError
        If no split is named, and there are several without a test split.
    """
    opened = Run.open(run)
    dataset = load(data, **options)
    split = split_to_take(split, dataset.splits, str(dataset.root), TEST_SPLITS)
    model, use = models.load(opened.model_path)
    if unknown := [name for name in dataset.class_names if name not in use.class_names]:
        raise DataError(
            f"{dataset.root}: the model has no class {', '.join(map(printable, unknown[:8]))}; its "
            f"classes are {', '.join(map(printable, use.class_names[:40]))}",
            fix={"class_names": (f"{unknown[0]}={use.class_names[0]}",)},
        )
    dataset = renamed(dataset, use.class_names)
    loader = open_loader(
        dataset,
        split=split,
        # as in training: on some processors another size rounds another way
        batch_size=opened.recipe.batch_size,
        augment="none",
        shuffle=False,
        rescale=use.rescale,
        image_size=(use.form.height, use.form.width),
        color=use.form.color,
        fit=use.form.fit,
        cache=cache,
    )
    judged = averaged(model, test_time or opened.recipe.test_time)
    return score(loader.labels, predict(judged, loader), use.class_names)
