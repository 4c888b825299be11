"""The training of a last layer alone, on features that stay as they are."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from fer_data.loading.samplers import BalancedBatchSampler
from fer_data.sampling.strategy import Strategy
from fer_data.sampling.weights import class_weights
from fer_model.heads.choice import Head
from fer_model.losses.choice import LossChoice
from fer_model.training import devices
from fer_model.training.optimizing import optimizer
from fer_model.training.recipe import Recipe

_STEPS_AT_ONCE = 10
"""Steps between two returns to Python, which took a third of the processor's time."""


def train_head(
    features: NDArray[np.float32],
    labels: NDArray[np.int64],
    class_names: tuple[str, ...],
    recipe: Recipe,
) -> Head:
    """Train a dense layer with softmax, by a recipe's strategy, loss, optimizer and seed.

    Parameters
    ----------
    features : ndarray of float32, shape [N, D]
    labels : ndarray of int64, shape [N]
    class_names : tuple of str, length C
    recipe : Recipe
        Its batch size is at most N.
    """
    counts = np.bincount(labels, minlength=len(class_names))
    strategy, loss = Strategy.parse(recipe.balance), LossChoice.parse(recipe.loss)
    weights = None
    if strategy.weights:
        weights = class_weights(counts, strategy.weights).astype(np.float32)
    sampler = BalancedBatchSampler(
        labels,
        Strategy(strategy.name, *strategy.parameters),
        batch_size=recipe.batch_size,
        seed=recipe.seed,
        epoch_size="natural",
        drop_last=True,
        class_names=class_names,
    )
    smoothed = np.eye(len(class_names), dtype=np.float32) * (1 - recipe.label_smoothing)
    smoothed += recipe.label_smoothing / len(class_names)

    class Batches(keras.utils.PyDataset):
        """Steps from one to another, each computed when it is asked for."""

        def __init__(self, start: int, stop: int) -> None:
            super().__init__()
            self.start, self.num = start, stop - start

        def __len__(self) -> int:
            return self.num

        def __getitem__(self, step: int) -> tuple[NDArray[Any], ...]:
            rows = np.asarray(sampler[self.start + step])
            batch = features[rows], smoothed[labels[rows]]
            return batch if weights is None else (*batch, weights[labels[rows]])

    first = keras.initializers.GlorotUniform(seed=recipe.seed)
    model = keras.Sequential(
        [
            keras.Input(features.shape[1:]),
            keras.layers.Dense(len(class_names), activation="softmax", kernel_initializer=first),
        ]
    )
    steps = len(sampler)
    late = loss.late_epoch(recipe.epochs) * steps
    by = optimizer(recipe, model, recipe.epochs * steps)
    has_tensorflow = keras.backend.backend() == "tensorflow"
    for is_late, start, stop in ((False, 0, late), (True, late, recipe.epochs * steps)):
        if start < stop:
            model.compile(
                optimizer=by,
                loss=loss.build(counts, late=is_late),
                steps_per_execution=_STEPS_AT_ONCE if has_tensorflow else 1,
                jit_compile=devices.jit_compile(),
            )
            model.fit(Batches(start, stop), shuffle=False, verbose=0)
    return Head(*(np.asarray(part, np.float64) for part in model.get_weights()))
