"""What the logs of a training have in common: a row of figures after each epoch."""

from __future__ import annotations

from typing import Any

import keras


class EpochLog(keras.callbacks.Callback):
    """Gives an epoch's metrics and learning rate, under Keras's names, to `write`."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write what the epoch gave; epochs are counted from 1, as in ``history.csv``."""
        row = {name: float(value) for name, value in (logs or {}).items()}
        rate = keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)
        self.write(row | {"learning_rate": float(rate)}, epoch + 1)

    def write(self, row: dict[str, float], step: int) -> None:
        """Write figures of a step."""
        raise NotImplementedError
