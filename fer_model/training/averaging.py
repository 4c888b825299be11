"""The running average of a training's weights: validated and kept in place of the last ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras


class Averaging(keras.callbacks.Callback):
    """Validates with the averaged weights, which the optimizer keeps; the others train on.

    Where the optimizer keeps none, it does nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self._last: list[Any] = []

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Let the model have the averaged weights."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def on_test_begin(self, logs: Any = None) -> None:
        """Take the averaged weights."""
        self._swap()

    def on_test_end(self, logs: Any = None) -> None:
        """Take the others back."""
        self._swap()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Note the weights: at its end `fit` puts the averaged ones in their place."""
        if self._pairs():
            self._last = [keras.ops.convert_to_numpy(one) for one, _ in self._pairs()]

    def on_train_end(self, logs: Any = None) -> None:
        """Put the weights back, so that another `fit` goes on where this one ended."""
        for (one, _), value in zip(self._pairs(), self._last, strict=False):
            one.assign(value)

    def _swap(self) -> None:
        for one, average in self._pairs():
            value = keras.ops.convert_to_numpy(one).copy()
            one.assign(average)
            average.assign(value)

    def _pairs(self) -> list[tuple[keras.Variable, keras.Variable]]:
        optimizer = self.model.optimizer
        if not optimizer.use_ema:
            return []
        averages = optimizer._model_variables_moving_average
        return list(zip(optimizer._trainable_variables, averages, strict=True))
