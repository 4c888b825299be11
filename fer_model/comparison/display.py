"""A comparison as it is trained: bars in a terminal, one line in a notebook, many elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from fer_model.comparison.protocol import Cell
from fer_model.comparison.runner import Event
from fer_model.comparison.time_left import TimeLeft
from fer_model.statistics.scores import SUMMARIES
from fer_model.status_line import StatusLine, print_note
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
        What is printed of a finished run; balanced accuracy in place of a group's.
    """

    def __init__(self, console: Console, figure: str) -> None:
        self.console = console
        self._figure = figure if figure in SUMMARIES else "balanced_accuracy"
        self._line = StatusLine(console)
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
        self._num_ended = 0
        self._error = ""

    def begin(self, steps: Mapping[Cell, int], num_at_once: int) -> None:
        """Take note of the runs that are missing, with their steps; a new head has none."""
        self._steps = steps
        self._left = TimeLeft({cell: num for cell, num in steps.items() if num}, num_at_once)
        if steps:
            self._whole = self._bars.add_task("All runs", total=sum(steps.values()), left="")
            self._bars.start()

    def show(self, cell: Cell, event: Event) -> None:
        """Show an event."""
        kind = event["event"]
        if kind == "begin":
            self._place.setdefault(cell, len(self._place) + 1)
            self._bar_of[cell] = self._bars.add_task(str(cell), total=self._steps[cell], left="")
            self._left.begin(cell, event["at"])
        if kind in ("step", "epoch"):
            self._done[cell] = event["number"]
            self._left.step(cell, event["number"], event["at"])
        if kind in ("end", "failed") and cell in self._bar_of:
            self._bars.remove_task(self._bar_of.pop(cell))
        if kind == "end":
            self._num_ended += 1
            self._done[cell] = self._steps[cell]
            self._left.end(cell, event["at"])
        if kind == "failed" and event["is_given_up"]:
            self._left.give_up(cell)
        left = f"about {duration(self._left.seconds)} left" if self._left.seconds else ""
        self._bars.update(self._whole, completed=sum(self._done.values()), left=left)
        if cell in self._bar_of:
            self._bars.update(self._bar_of[cell], completed=self._done.get(cell, 0))
        self._tell(cell, event, f"; {left}" if left else "")

    def close(self) -> None:
        """Take the bars away."""
        self._bars.stop()

    def _tell(self, cell: Cell, event: Event, left: str) -> None:
        kind, num, before = event["event"], len(self._steps), self._error
        where = f"run {self._place.get(cell, 0)} of {num}: {cell}"
        if kind == "begin" and self._place[cell] == 1 and not self.console.is_terminal:
            self._line.show(f"{where}: begun")  # all that is heard of a user's own until its end
        elif kind == "step" and self._line.is_replaced:
            self._line.show(f"{where}: step {event['number']} of {self._steps[cell]}{left}")
        elif kind == "epoch" and not self.console.is_terminal:
            figures = ", ".join(
                f"{name.replace('val_', 'validation ')} {value:.4f}"
                for name, value in event["figures"].items()
                if name in ("loss", "val_loss", "val_accuracy")
            )
            epoch = f"epoch {event['epoch']} of {event['epochs']}"
            self._line.show(f"{where}: {epoch}: {figures}{left}")
        elif kind == "end":
            value = Run(cell.folder).metrics["test"][self._figure]
            self._line.show(
                f"run {self._num_ended} of {num}: {cell}: "
                f"{self._figure.replace('_', ' ')} {value:.4f} "
                f"({duration(event['seconds'])}{left})"
            )
        elif kind == "failed":
            error, self._error = event["error"], event["error"]
            text = f"run failed: {cell}: {'the same error' if error == before else error}"
            print_note(self.console, text, style="red")


class RunLines:
    """Tells of runs that end, a line each, once they have taken two seconds in all.

    Parameters
    ----------
    console : rich.console.Console
    num_runs : int
    """

    def __init__(self, console: Console, num_runs: int) -> None:
        self._line, self._num_runs = StatusLine(console), num_runs
        self._num_ended, self._began = 0, time.monotonic()

    def show(self, name: str, seconds: float) -> None:
        """Tell of a run that has ended."""
        self._num_ended += 1
        spent = time.monotonic() - self._began
        if spent < _SILENT:
            return
        left = spent / self._num_ended * (self._num_runs - self._num_ended)
        self._line.show(
            f"run {self._num_ended} of {self._num_runs}: {name} ({duration(seconds)}"
            + (f"; about {duration(left)} left)" if left else ")")
        )
