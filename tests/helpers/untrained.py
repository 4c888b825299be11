"""Runs that were never trained: a net with random weights and random statistics in its layers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from fer_data.data.decode import PixelFormat
from fer_data.fer2013.emotions import EMOTIONS
from fer_model.training import models, nets
from fer_model.training.recipe import Recipe
from fer_model.training.runs import Run


def untrained_run(path: Path, recipe: Recipe, data: dict[str, Any] | None = None) -> Run:
    """Make a run folder whose model tells images apart, as fresh weights hardly do."""
    keras.utils.set_random_seed(0)
    form = PixelFormat(*(recipe.image_size or (48, 48)), recipe.color or "grey")
    model = nets.build(recipe.net, form.shape, len(EMOTIONS), rescale=recipe.rescale)
    random = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            scale = 1.0 if recipe.rescale < 1 else 50.0
            gamma, beta, mean, variance = (weights.shape for weights in layer.get_weights())
            layer.set_weights(
                [
                    random.uniform(0.5, 2, gamma),
                    random.normal(0, 0.5, beta),
                    random.normal(0, 0.1 * scale, mean),
                    random.uniform(0.1, 1, variance) * scale**2,
                ]
            )
    model.compile("sgd", "categorical_crossentropy", jit_compile=False)
    about = {"path": str(path / "gone"), "class_names": list(EMOTIONS), **(data or {})}
    run = Run.create(path, recipe.with_form(form), about, {})
    models.save(model, run.model_path, models.ModelMetadata(EMOTIONS, form))
    return run
