"""A comparison as its runs are trained: bars and the time left in a terminal, lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from fer_model.comparison.protocol import Cell
from fer_model.training.runs import Run
from fer_model.words import duration


class GridDisplay:
    """Shows how far a comparison is.

    Parameters
    ----------
    console : rich.console.Console
    figure : str
        What is told of a finished run.
    """

    def __init__(self, console: Console, figure: str) -> None:
        self.console = console
        self._figure = figure
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._total = self._done = 0
        self._ended = self._before = 0
        self._first: int | None = None
        self._num_at_once = 1
        self._spent = 0.0
        self._began = 0.0
        self._tell_at = 10.0

    def begin(self, cells: Sequence[Cell], num_steps: int, *, num_at_once: int = 1) -> None:
        """Take note of the runs that are missing, the steps of a training, and runs at once."""
        self._num_at_once = num_at_once
        self._num_cells = len(cells)
        self._num_steps = num_steps
        self._total = num_steps * sum(cell.arm.head is None for cell in cells)
        self._began = time.monotonic()
        if cells:
            self._whole = self._progress.add_task("All runs", total=self._total, left="")
            self._one = self._progress.add_task("", total=num_steps, left="", visible=False)
            self._progress.start()

    def training(self, cell: Cell) -> None:
        """Show that a run begins, or goes on."""
        self._cell, self._first = cell, None
        self._progress.reset(
            self._one, total=self._num_steps, description=str(cell), left="", visible=True
        )

    def step(self, number: int) -> None:
        """Move the bars to a step of the run under way."""
        if self._first is None:  # what an earlier command did costs no time now
            self._first = number - 1
            self._before += self._first
        done = self._done + number
        self._progress.update(self._whole, completed=done, left=self._left(done))
        self._progress.update(self._one, completed=number)
        spent = time.monotonic() - self._began
        if not self.console.is_terminal and spent >= self._tell_at:
            self._tell_at = 10 + 1.5 * spent
            left = self._left(done)
            self._print(
                f"run {self._ended + 1} of {self._num_cells}: {self._cell}: step {number:,} of "
                f"{self._num_steps:,}{f' ({left})' if left else ''}"
            )

    def end(self, cell: Cell, run: Run, seconds: float) -> None:
        """Show that a run is finished."""
        self._ended += 1
        if cell.arm.head is None:
            self._spent += seconds
            self._done += self._num_steps
        value = run.metrics["test"][self._figure]
        words = self._figure.replace("_", " ")
        left = self._left(self._done)
        self._progress.update(self._whole, completed=self._done, left=left)
        self._print(
            f"run {self._ended} of {self._num_cells}: {cell}: {words} {value:.4f} "
            f"({duration(seconds)}{f'; {left}' if left else ''})"
        )

    def failed(self, cell: Cell, error: str) -> None:
        """Show that a try of a run failed."""
        self._print(f"run failed: {cell}: {error}", style="red")

    def close(self) -> None:
        """Take the bars away."""
        self._progress.stop()

    def _print(self, text: str, style: str | None = None) -> None:
        self.console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    def _left(self, done: int) -> str:
        """Return the time left, once a hundredth of all is done."""
        if not 0.01 * self._total <= done < self._total:
            return ""
        spent = time.monotonic() - self._began
        done, total = done - self._before, self._total - self._before
        if self._num_at_once > 1:  # runs under way are not seen, so the clock says too little
            spent = self._spent / self._num_at_once
        seconds = spent * (total / max(done, 1) - 1)
        return f"about {duration(seconds)} left"
