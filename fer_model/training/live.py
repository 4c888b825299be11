"""A training as it goes: curves in a terminal, one line in a notebook, else a line an epoch."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from fer_data.errors import Interrupted
from fer_data.util.words import counted
from fer_model.status_line import StatusLine, print_note
from fer_model.training.on_device import net_of
from fer_model.training.runs import Run

_SECONDS_BETWEEN_LINES = 0.5
_BLOCKS = "▁▂▃▄▅▆▇█"
_CURVES = (
    ("loss", "loss"),
    ("validation loss", "val_loss"),
    ("accuracy", "accuracy"),
    ("validation accuracy", "val_accuracy"),
)


def standard_error() -> Console:
    """Return the console that trainings are shown on."""
    return Console(stderr=True, emoji=False)


def tell_begun(run: Run) -> None:
    """Say that a run has the training that was asked for already."""
    what = "finished: nothing is trained" if run.is_finished else "not finished: it goes on"
    print_note(standard_error(), f"{run.path}: this training is there, {what}")


def stopped(run: Run, how: str) -> Interrupted:
    """Return what Ctrl-C raises: what there is of a run, and how it is continued."""
    has_best = run.recipe.keep == "best" and run.model_path.exists()
    best = f" The best model so far: {run.model_path}." if has_best else ""
    finished = counted(len(run.history), "epoch is", "epochs are")
    return Interrupted(f"Stopped; {finished} finished.{best} Continue with: {how}")


@contextmanager
def shown(
    console: Console,
    folder: str | Path,
    epochs: int,
    *,
    summary: bool = False,
) -> Iterator[list[keras.callbacks.Callback]]:
    """Give the callbacks that show a training on a console.

    Parameters
    ----------
    console : rich.console.Console
    folder : path
        Of the run.
    epochs : int
        Of the whole run.
    summary : bool
        Whether the net's layers are printed first.
    """
    live = LiveTraining(console, Path(folder), epochs=epochs, summary=summary)
    try:
        yield [live]
    finally:
        live.close()


class LiveTraining(keras.callbacks.Callback):
    """Shows steps, time left and the curves so far.

    Parameters
    ----------
    console : rich.console.Console
    folder : Path
        The run, to read its notes and, where it is resumed, its history.
    epochs : int
        Of the whole run.
    summary : bool
        Whether the net's layers are printed first.
    """

    def __init__(self, console: Console, folder: Path, *, epochs: int, summary: bool) -> None:
        super().__init__()
        self._console = console
        self._folder = folder
        self._epochs = epochs
        self._summary = summary
        self._history: list[dict[str, float]] = []
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = self._progress.add_task("")
        self._live: Live | None = None
        self._line = StatusLine(console)
        self._begun = False
        self._drawn_at = 0.0
        self._began_at = 0.0

    def on_train_begin(self, logs: Any = None) -> None:
        """Say what is trained, and open the display."""
        if self._begun:
            return
        self._begun = True
        run = Run.open(self._folder)
        self._history = run.history.to_dict("records")
        if self._summary:
            net_of(self.model).summary(
                print_fn=lambda text: self._console.print(text, highlight=False)
            )
        for note in run.data["notes"]:
            print_note(self._console, note)
        if self._console.is_terminal:
            self._live = Live(console=self._console, refresh_per_second=4)
            self._live.start()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Begin the bar again, over the steps that are left of the epoch."""
        self._began_at = time.monotonic()
        self._epoch = f"epoch {epoch + 1:>3} of {self._epochs}"
        self._progress.reset(
            self._task,
            total=self.params["steps"],
            description=f"Epoch {epoch + 1} of {self._epochs}",
        )

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Move the bar."""
        self._progress.advance(self._task)
        self._draw(logs or {})
        if self._line.is_replaced and time.monotonic() - self._drawn_at > _SECONDS_BETWEEN_LINES:
            self._drawn_at = time.monotonic()
            figures = ", ".join(
                f"{name} {float(value):.4f}" for name, value in (logs or {}).items()
            )
            step = f"step {batch + 1} of {self.params['steps']}"
            self._line.show(f"{self._epoch}, {step}: {figures}")

    def on_test_begin(self, logs: Any = None) -> None:
        """Say that the epoch is being validated."""
        self._progress.update(self._task, description="Validating")
        self._draw({}, now=True)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Add to the curves, or show a line where there is no terminal."""
        row = {name: float(value) for name, value in (logs or {}).items()}
        self._history.append(row)
        self._progress.update(self._task, description=f"Epoch {epoch + 1} of {self._epochs}")
        if self._live:
            self._draw({}, now=True)
        else:
            self._line.show(
                f"{self._epoch}: loss {row['loss']:.4f}, accuracy {row['accuracy']:.4f}, "
                f"validation loss {row['val_loss']:.4f}, accuracy {row['val_accuracy']:.4f}  "
                f"({time.monotonic() - self._began_at:.0f} s)"
            )

    def close(self) -> None:
        """Leave the display as it last was."""
        if self._live:
            self._live.stop()

    def _draw(self, logs: dict[str, Any], *, now: bool = False) -> None:
        if self._live and (now or time.monotonic() - self._drawn_at > 0.2):
            self._drawn_at = time.monotonic()
            self._live.update(Group(self._progress, self._table(logs)))

    def _table(self, logs: dict[str, Any]) -> Table:
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        width = max(10, self._console.width - 45)
        for title, name in _CURVES:
            values = [row[name] for row in self._history if name in row]
            latest = float(logs[name]) if name in logs else (values[-1] if values else None)
            shown = "" if latest is None else f"{latest:.4f}"
            table.add_row(title, shown, sparkline(values[-width:]))
        return table


def sparkline(values: list[float]) -> str:
    """Return values as a line of blocks, the lowest to the highest of them."""
    if not values:
        return ""
    low, high = min(values), max(values)
    scale = (len(_BLOCKS) - 1) / (high - low) if high > low else 0.0
    return "".join(_BLOCKS[round((value - low) * scale)] for value in values)
