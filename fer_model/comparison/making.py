"""One run of a comparison on Keras: a training, or a new head on one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras

from fer_data.data.dataset import Dataset
from fer_data.errors import TrainingError
from fer_model.comparison.protocol import Cell, Protocol
from fer_model.heads.new_head import with_new_head
from fer_model.training.own_code import code_of
from fer_model.training.own_nets import build_own
from fer_model.training.runs import Run, is_run
from fer_model.training.train import resume, train

_SECONDS_BETWEEN_STEPS = 0.25


def make(
    protocol: Protocol,
    cell: Cell,
    out: Path,
    data: Dataset,
    *,
    cache: str | Path | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Run:
    """Make a run, or go on with it. That of a new head needs the finished run that it is put on."""
    keras.backend.clear_session()
    recipe = protocol.recipe_of(cell)
    if cell.arm.head is not None:
        base = protocol.base(cell, out)
        if not Run(base.folder).model_path.exists():
            raise TrainingError(
                f"the head needs the model of {base}, which is not in {base.folder}; put it there, "
                "or delete that folder to train it again"
            )
        if "net" in recipe.own:  # which makes its layers known to Keras
            build_own(code_of("net", recipe.net), recipe.form.shape, len(data.class_names))
        return with_new_head(Run(base.folder), cell.arm.head, cell.folder, data=data, cache=cache)
    if is_run(cell.folder):
        own: dict[str, Any] = {name: code_of(name, key) for name, key in recipe.own.items()}
        return resume(cell.folder, data, cache=cache, callbacks=callbacks, verbose=0, **own)
    return train(recipe, data, cell.folder, cache=cache, callbacks=callbacks, verbose=0)


class StepEvents(keras.callbacks.Callback):
    """Tells of steps, a few times a second at most, and of epochs.

    Parameters
    ----------
    tell : callable
        Takes the name of an event and what belongs to it.
    epochs, steps : int
        Epochs of the whole training, and steps of an epoch.
    """

    def __init__(self, tell: Callable[..., None], epochs: int, steps: int) -> None:
        super().__init__()
        self._tell = tell
        self._epochs, self._steps = epochs, steps
        self._reported_at = 0.0
        self._before = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note where the epoch begins, perhaps in its midst."""
        self._before = (epoch + 1) * self._steps - (self.params["steps"] or 0)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Tell of a step."""
        if time.monotonic() - self._reported_at > _SECONDS_BETWEEN_STEPS:
            self._reported_at = time.monotonic()
            self._tell("step", number=self._before + batch + 1)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Tell of an epoch."""
        figures = {name: float(value) for name, value in (logs or {}).items()}
        number = (epoch + 1) * self._steps
        self._tell("epoch", epoch=epoch + 1, epochs=self._epochs, number=number, figures=figures)
