"""Trainings that are stopped, and runs that must be the same."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from fer_model.training import models
from fer_model.training.recipe import Recipe
from fer_model.training.runs import Run
from fer_model.training.train import train

QUICK = Recipe(net="small", epochs=2, learning_rate=3e-3, batch_size=32, rescale=1 / 255)
"""Of trainings that take seconds."""


class StopAfter(keras.callbacks.Callback):
    """Sends this process Ctrl-C after a number of steps."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.left = steps

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.left -= 1
        if self.left == 0:
            signal.raise_signal(signal.SIGINT)


def interrupted(recipe: Recipe, data: Any, out: Path, **options: Any) -> Run:
    """Return a run that a callback stopped."""
    with pytest.raises(KeyboardInterrupt, match="Stopped; "):
        train(recipe, data, out, **options)
    run = Run.open(out)
    assert not run.is_finished
    return run


def assert_same_run(one: Run, other: Run) -> None:
    first, second = (models.load(run.model_path)[0].get_weights() for run in (one, other))
    for weights, others in zip(first, second, strict=True):
        np.testing.assert_array_equal(weights, others)
    columns = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "steps"]
    pd.testing.assert_frame_equal(one.history[columns], other.history[columns])
    pd.testing.assert_frame_equal(one.predictions, other.predictions)
