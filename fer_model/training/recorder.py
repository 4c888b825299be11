"""What keeps a training: history, best model, and a checkpoint to continue from.

The checkpoint holds everything, so that a run killed anywhere ends as it would have: weights and
optimizer, and in a JSON with them the step, the epoch's running metrics, the plateau's count, the
best accuracy, the history so far, and dropout's random states, which Keras does not save.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import keras

from fer_data.util.files import write_text
from fer_model.training import models
from fer_model.training.on_device import net_of
from fer_model.training.runs import Run

_SECONDS_WITHIN_AN_EPOCH = 120.0
"""Between the checkpoints of an epoch, at least."""

_LEAST_RATIO = 20
"""Of the seconds between two checkpoints to those that the first one took; a best model is saved at
once."""


class Stopped(Exception):
    """The training stopped where it was asked to, with a checkpoint."""


@dataclass
class Progress:
    """Where a training stands.

    Attributes
    ----------
    epoch, step : int
        The epoch under way, and how many of its steps are done.
    seconds : float
        Spent on the epoch so far.
    running : list
        The epoch's running metrics: each metric variable's value.
    random : list of list of int
        State of each layer's random numbers.
    plateau : dict
        State of the learning rate's plateau.
    best : float
        Best validation accuracy so far.
    history : list of dict
        A row an epoch.
    """

    epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    running: list[Any] = field(default_factory=list)
    random: list[list[int]] = field(default_factory=list)
    plateau: dict[str, float] = field(default_factory=dict)
    best: float = -1.0
    history: list[dict[str, float]] = field(default_factory=list)


class Plateau(keras.callbacks.ReduceLROnPlateau):
    """Keras's plateau, which can go on where it was."""

    def __init__(self, progress: Progress, **options: Any) -> None:
        super().__init__(monitor="val_loss", **options)
        self._progress = progress

    def on_train_begin(self, logs: Any = None) -> None:
        """Take up the count where it was."""
        super().on_train_begin(logs)
        for name, value in self._progress.plateau.items():
            setattr(self, name, value)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Let Keras decide on the rate, and note its count."""
        super().on_epoch_end(epoch, logs)
        self._progress.plateau = {
            "best": float(self.best),
            "wait": self.wait,
            "cooldown_counter": self.cooldown_counter,
        }


class Recorder(keras.callbacks.Callback):
    """Writes history, model and checkpoint of a run. Comes after `Plateau`."""

    def __init__(
        self,
        run: Run,
        metadata: models.ModelMetadata,
        progress: Progress,
        averaging: Averaging,
        *,
        epochs: int,
        steps: int,
        keep: str,
    ) -> None:
        super().__init__()
        self.stop_requested = False
        self._run = run
        self._metadata = metadata
        self._progress = progress
        self._averaging = averaging
        self._epochs = epochs
        self._steps = steps
        self._keep = keep
        self._saved_at = time.monotonic()
        self._saving = 0.0
        self._began_at = 0.0

    def ask_to_stop(self) -> None:
        """Stop after the step under way."""
        self.stop_requested = True

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Take up the clock of an epoch that was interrupted."""
        self._began_at = time.monotonic() - self._progress.seconds

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Write a checkpoint now and then, and stop where that was asked for."""
        self._progress.step += 1
        if self._progress.running:
            # The metrics are sums, and Keras makes their variables in the first step: what an
            # interrupted epoch had summed up can be added only now.
            variables = self.model.metrics_variables
            for variable, value in zip(variables, self._progress.running, strict=True):
                variable.assign_add(value)
            self._progress.running = []
        if self._progress.step == self._steps:
            return  # the epoch is validated first: a checkpoint has a step to go on with
        stopping = self.stop_requested
        if stopping or self._waited(_SECONDS_WITHIN_AN_EPOCH):
            variables = self.model.metrics_variables
            self._progress.running = [
                keras.ops.convert_to_numpy(variable).tolist() for variable in variables
            ]
            self._save_checkpoint()
            self._progress.running = []
        if stopping:
            raise Stopped

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Note the epoch, and save where it is time to.

        A best model is saved at once, with the checkpoint that knows of it.
        """
        progress = self._progress
        row = {name: float(value) for name, value in (logs or {}).items()}
        rate = keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)
        row["learning_rate"] = float(rate)
        row["seconds"] = time.monotonic() - self._began_at
        row["steps"] = progress.step
        progress.history.append({"epoch": epoch + 1, **row})
        better = row["val_accuracy"] > progress.best
        progress.best = max(progress.best, row["val_accuracy"])
        progress.epoch, progress.step, progress.seconds = epoch + 1, 0, 0.0
        write_history(self._run, progress)
        is_best = better and self._keep == "best"
        stopping = self.stop_requested
        if is_best or stopping or progress.epoch == self._epochs or self._waited():
            self._save_checkpoint(with_model=is_best or self._keep == "last")
        self._began_at = time.monotonic()
        if stopping:
            raise Stopped

    def _waited(self, seconds: float = 0.0) -> bool:
        """Whether the last checkpoint is long ago, in seconds and for what it took."""
        return time.monotonic() - self._saved_at > max(seconds, _LEAST_RATIO * self._saving)

    def _save_checkpoint(self, *, with_model: bool = False) -> None:
        """Save where the training stands, and the run's model if the epoch's end is one to keep."""
        began = time.monotonic()
        net = net_of(self.model)
        if with_model:
            with self._averaging.averaged():
                models.save(net, self._run.model_path, self._metadata)
        self._progress.random = [
            keras.ops.convert_to_numpy(state).tolist() for state in random_states(net)
        ]
        if self._progress.step:
            self._progress.seconds = began - self._began_at
        models.save(net, self._run.checkpoint_path, self._metadata, training=asdict(self._progress))
        self._saved_at = time.monotonic()
        self._saving = self._saved_at - began


def random_states(model: keras.Model) -> list[keras.Variable]:
    """Return the states of a model's random layers, in their order."""
    return [
        layer.seed_generator.state for layer in model.layers if hasattr(layer, "seed_generator")
    ]


def write_history(run: Run, progress: Progress) -> None:
    """Write ``history.csv``, which there is none of before the first epoch's end."""
    if not progress.history:
        (run.path / "history.csv").unlink(missing_ok=True)
        return
    import pandas as pd

    table = pd.DataFrame(progress.history)
    write_text(run.path / "history.csv", table.to_csv(index=False, float_format="%.8g"))


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
            self._last = [keras.ops.convert_to_numpy(variable) for variable, _ in self._pairs()]

    def on_train_end(self, logs: Any = None) -> None:
        """Put the weights back, so that another `fit` goes on where this one ended."""
        for (variable, _), value in zip(self._pairs(), self._last, strict=False):
            variable.assign(value)

    def _swap(self) -> None:
        for variable, average in self._pairs():
            value = keras.ops.convert_to_numpy(variable).copy()
            variable.assign(average)
            average.assign(value)

    def _pairs(self) -> list[tuple[keras.Variable, keras.Variable]]:
        optimizer = self.model.optimizer
        if not optimizer.use_ema:
            return []
        averages = optimizer._model_variables_moving_average
        return list(zip(optimizer._trainable_variables, averages, strict=True))
