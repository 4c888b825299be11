"""A training of the user's own, on any framework: images in, probabilities out; no keras."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fer_data.analysis.predictions import PREDICTIONS, save_predictions
from fer_data.data.reading import DatasetLike
from fer_data.data.store import open_store
from fer_data.errors import DataError, TrainingError
from fer_data.util.files import write_json
from fer_data.util.folders import atomic_folder
from fer_model.environment import versions
from fer_model.training.parts import about_data, divide
from fer_model.training.recipe import Recipe
from fer_model.training.runs import Run
from fer_model.training.score import score, with_samples

Fit = Callable[..., ArrayLike]
"""``fit(train, test, seed) -> probabilities``: two loaders and a seed to float [N, C], a row for
each sample of the test loader, in its order. With a parameter ``validation`` it is given a loader
of the validation samples, too, which are not trained on."""


def train_own(
    fit: Fit, recipe: Recipe, data: DatasetLike, out: Path, *, cache: str | Path | None = None
) -> Run:
    """Train by a function of the user's, and leave a run folder with its predictions and scores.

    Parameters
    ----------
    fit : Fit
    recipe : Recipe
        What the loaders do: balance, mix, augmentation, size of batches and images.
    data : path or Dataset
        With a test split.
    out : path
        A folder that does not exist, or is empty; it appears when all is done.
    cache : path, optional

    Raises
    ------
    TrainingError
        If what the function returns are no probabilities of the test samples.
    """
    store = open_store(data, form=recipe.requested, cache=cache)
    recipe = recipe.with_form(store.form)
    size = "natural" if recipe.epoch_size == "own" else recipe.epoch_size  # as many steps an arm
    parts = divide(replace(recipe, epoch_size=size), store)
    if parts.test is None:
        raise DataError(f"{store.dataset.root}: no labelled test split")
    began = time.monotonic()
    takes_validation = "validation" in inspect.signature(fit).parameters
    more = {"validation": parts.validation} if takes_validation else {}
    given = fit(parts.train, parts.test, recipe.seed, **more)
    probabilities = _checked(given, len(parts.test.rows), parts.test.num_classes)
    seconds = time.monotonic() - began
    with atomic_folder(out) as temporary:
        run = Run.create(temporary, recipe, about_data(store, parts), versions(own_training=True))
        save_predictions(run.path / PREDICTIONS, with_samples("test", parts.test, probabilities))
        metrics: dict[str, Any] = {
            "test": score(parts.test.labels, probabilities, store.dataset.class_names),
            "training": {"steps": parts.train.step, "seconds": seconds},
        }
        write_json(run.path / "metrics.json", metrics)
    return Run(out)


def _checked(given: ArrayLike, num_samples: int, num_classes: int) -> NDArray[np.float32]:
    try:
        probabilities = np.asarray(given, np.float32)
    except (TypeError, ValueError) as error:
        raise TrainingError(f"fit: expected an array of probabilities, got {error}") from None
    if probabilities.shape != (num_samples, num_classes):
        raise TrainingError(
            f"fit: expected probabilities of shape {(num_samples, num_classes)}, a row for each "
            f"test sample and a column for each class, got shape {probabilities.shape}"
        )
    if not np.isfinite(probabilities).all():
        raise TrainingError("fit: the probabilities are not finite: the training diverged")
    sums = probabilities.sum(axis=1, dtype=np.float64)
    if probabilities.min() < 0 or abs(sums - 1).max() > 0.01:
        raise TrainingError(
            "fit: expected probabilities, of 0 or more and with rows that sum to 1, got a least of "
            f"{probabilities.min():.3g} and sums of {sums.min():.3g} to {sums.max():.3g}; "
            "apply a softmax"
        )
    return probabilities
