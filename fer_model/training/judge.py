"""What a run's model is worth: predictions and scores of the samples that it was not trained on."""

from __future__ import annotations

from typing import Any

import numpy as np

from fer_data.analysis.predictions import PREDICTIONS, concatenated, save_predictions
from fer_data.errors import TrainingError
from fer_data.util.files import atomic_file
from fer_model.training import models, plots
from fer_model.training.evaluate import predict
from fer_model.training.parts import Parts
from fer_model.training.runs import Run
from fer_model.training.score import score, with_samples
from fer_model.training.test_time import averaged


def judge(run: Run, parts: Parts) -> dict[str, Any]:
    """Write a run's predictions, weights and confusion plots; return its scores by split."""
    model, metadata = models.load(run.model_path)
    with atomic_file(run.path / "model.weights.h5") as temporary:
        model.save_weights(temporary)
    splits = {"test": parts.test} if parts.test else {}
    if run.recipe.protocol == "standard":  # the notebook's validation is the test split, flipped
        splits["validation"] = parts.validation
    judged = averaged(model, run.recipe.test_time)
    metrics: dict[str, Any] = {}
    predicted = []
    for split, loader in splits.items():
        probabilities = predict(judged, loader)
        if not np.isfinite(probabilities).all():
            raise TrainingError(
                f"{run.path}: predictions are not finite: the training diverged; lower the "
                "learning rate"
            )
        metrics[split] = score(loader.labels, probabilities, metadata.class_names)
        predicted.append(with_samples(split, loader, probabilities))
        if "confusion" in metrics[split]:
            plots.confusion(metrics[split], run.path / "plots" / f"confusion-{split}.png", split)
    save_predictions(run.path / PREDICTIONS, concatenated(predicted))
    return metrics
