"""Runs of a comparison, one after the other, in this process."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from fer_data.errors import DataError
from fer_model.comparison.grid import TRIES, Display
from fer_model.comparison.protocol import Cell, Protocol, is_finished
from fer_model.heads.new_head import with_new_head
from fer_model.training.runs import Run, is_run
from fer_model.training.train import resume, train


def train_in_turn(
    protocol: Protocol,
    cells: Sequence[Cell],
    out: Path,
    display: Display,
    *,
    cache: str | Path | None = None,
) -> tuple[list[Run], dict[str, Any]]:
    """Train runs in turn, a run that fails once more.

    Ctrl-C stops after the step under way; with the runs that are missing then it goes on.

    Returns
    -------
    (list of Run, dict)
        The run that was stopped, if any, and the failures by name, with the last error.

    Raises
    ------
    DataError
        If the data cannot be read or has changed.
    """
    failures: dict[str, Any] = {}
    for cell in cells:
        if cell.arm.head is not None and not is_finished(_base(protocol, cell, out)):
            error = f"not made: {_base(protocol, cell, out)}, which it is made for, is not finished"
            display.failed(cell, error)
            failures[str(cell)] = {"tries": 0, "error": error}
            continue
        for tries in range(1, TRIES + 1):
            began = time.monotonic()
            try:
                keras.backend.clear_session()
                display.training(cell)
                run = make(protocol, cell, out, [_Steps(display)], cache=cache)
            except DataError as error:  # which would be the same for every run
                raise DataError(f"{cell}: {error}") from None
            except Exception as error:  # whatever a backend may raise: it costs one run, not all
                display.failed(cell, f"{type(error).__name__}: {error}")
                failures[str(cell)] = {"tries": tries, "error": f"{type(error).__name__}: {error}"}
                continue
            failures.pop(str(cell), None)
            if not run.is_finished:
                return [run], failures
            display.end(cell, run, time.monotonic() - began)
            break
    return [], failures


def make(
    protocol: Protocol,
    cell: Cell,
    out: Path,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    *,
    cache: str | Path | None = None,
) -> Run:
    """Make one run of a comparison, or go on with it; that of a new head needs its base."""
    if cell.arm.head is not None:
        base = _base(protocol, cell, out)
        return with_new_head(Run.open(base.folder), cell.arm.head, cell.folder, cache=cache)
    if is_run(cell.folder):
        return resume(cell.folder, cache=cache, callbacks=callbacks)
    data = protocol.data
    return train(
        protocol.recipe_of(cell),
        data["path"],
        cell.folder,
        cache=cache,
        callbacks=callbacks,
        **data["options"],
    )


def _base(protocol: Protocol, cell: Cell, out: Path) -> Cell:
    """Return the run that a new head is made for."""
    (base,) = [
        one for one in protocol.needed(out) if one.arm == cell.arm.trained and one.seed == cell.seed
    ]
    return base


class _Steps(keras.callbacks.Callback):
    """Tells a display of the steps, a few times a second at most."""

    def __init__(self, display: Display) -> None:
        super().__init__()
        self._display = display
        self._told_at = 0.0
        self._before = 0
        self._steps = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Take note of the epoch that begins, perhaps in its midst."""
        self._steps = max(self._steps, self.params["steps"] or 0)
        self._before = epoch * self._steps

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Tell of a step."""
        if time.monotonic() - self._told_at > 0.25:
            self._told_at = time.monotonic()
            self._display.step(self._before + batch + 1)
