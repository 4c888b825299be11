"""A comparison as it is trained: bars in a terminal, a line an epoch elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from fer_model.comparison.protocol import Cell
from fer_model.comparison.runner import Event
from fer_model.training.runs import Run
from fer_model.words import duration

_SILENT = 2.0
"""Seconds in which there is nothing to tell."""


class ComparisonDisplay:
    """Shows how far a comparison is, by the events of its processes.

    Parameters
    ----------
    console : rich.console.Console
    figure : str
        What is printed of a finished run.
    """

    def __init__(self, console: Console, figure: str) -> None:
        self.console = console
        self._figure = figure
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._bar_of: dict[Cell, TaskID] = {}
        self._place: dict[Cell, int] = {}
        self._done: dict[Cell, int] = {}
        self._before: dict[Cell, int] = {}
        self._num_ended = 0

    def begin(self, cells: Sequence[Cell], num_steps: int) -> None:
        """Take note of the runs that are missing, and of the steps of a training."""
        self._num_cells, self._num_steps = len(cells), num_steps
        self._total = num_steps * sum(cell.arm.head is None for cell in cells)
        self._began = time.monotonic()
        if cells:
            self._whole = self._bars.add_task("All runs", total=self._total, left="")
            self._bars.start()

    def show(self, cell: Cell, event: Event) -> None:
        """Show an event."""
        kind = event["event"]
        if kind == "begin":
            self._place.setdefault(cell, len(self._place) + 1)
            self._bar_of[cell] = self._bars.add_task(str(cell), total=self._num_steps, left="")
        if kind in ("step", "epoch"):
            # What an earlier command did costs no time now
            self._before.setdefault(cell, event["number"] - 1 if kind == "step" else 0)
            self._done[cell] = event["number"]
        if kind in ("end", "failed") and cell in self._bar_of:
            self._bars.remove_task(self._bar_of.pop(cell))
        if kind == "end":
            self._num_ended += 1
            self._done[cell] = self._num_steps if cell.arm.head is None else 0
        left = self._left()
        self._bars.update(self._whole, completed=sum(self._done.values()), left=left)
        if cell in self._bar_of:
            self._bars.update(self._bar_of[cell], completed=self._done.get(cell, 0))
        left = f"; {left}" if left else ""
        if kind == "epoch" and not self.console.is_terminal:
            figures = ", ".join(
                f"{name.replace('val_', 'validation ')} {value:.4f}"
                for name, value in event["figures"].items()
                if name in ("loss", "val_loss", "val_accuracy")
            )
            where = f"run {self._place[cell]} of {self._num_cells}: {cell}"
            epoch = f"epoch {event['epoch']} of {event['epochs']}"
            self._print(f"{where}: {epoch}: {figures}{left}")
        elif kind == "end":
            value = Run(cell.folder).metrics["test"][self._figure]
            self._print(
                f"run {self._num_ended} of {self._num_cells}: {cell}: "
                f"{self._figure.replace('_', ' ')} {value:.4f} "
                f"({duration(event['seconds'])}{left})"
            )
        elif kind == "failed":
            self._print(f"run failed: {cell}: {event['error']}", style="red")

    def close(self) -> None:
        """Take the bars away."""
        self._bars.stop()

    def _print(self, text: str, style: str | None = None) -> None:
        self.console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    def _left(self) -> str:
        """Return the time left, once a hundredth of all is done."""
        before = sum(self._before.values())
        done = sum(self._done.values())
        if not 0.01 * self._total <= done < self._total or done <= before:
            return ""
        spent = time.monotonic() - self._began
        return f"about {duration(spent * (self._total - done) / (done - before))} left"


class RunLines:
    """Tells of runs that end, a line each, once they have taken two seconds in all.

    Parameters
    ----------
    console : rich.console.Console
    num_runs : int
    """

    def __init__(self, console: Console, num_runs: int) -> None:
        self._console, self._num_runs = console, num_runs
        self._num_ended, self._began = 0, time.monotonic()

    def show(self, name: str, seconds: float) -> None:
        """Tell of a run that has ended."""
        self._num_ended += 1
        spent = time.monotonic() - self._began
        if spent < _SILENT:
            return
        left = spent / self._num_ended * (self._num_runs - self._num_ended)
        self._console.print(
            f"run {self._num_ended} of {self._num_runs}: {name} ({duration(seconds)}"
            + (f"; about {duration(left)} left)" if left else ")"),
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
