"""How long a comparison still takes, from what its trainings took so far in this command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fer_model.comparison.protocol import Cell

_SOUND = 10.0
"""Seconds of steps that are measured before anything is said, where no training has ended."""


@dataclass
class _Clock:
    """A training in one process: when it began and ended, its first and its latest step."""

    begun: float
    first: tuple[float, float] | None = None
    last: tuple[float, float] | None = None
    ended: float | None = None

    @property
    def of_steps(self) -> tuple[float, float]:
        """Seconds that steps took, and which part of a training they are."""
        if self.first is None or self.last is None:
            return 0.0, 0.0
        return self.last[0] - self.first[0], self.last[1] - self.first[1]

    @property
    def besides(self) -> float:
        """Seconds before the first step and, where it has ended, after the last one."""
        before = 0.0 if self.first is None else self.first[0] - self.begun
        after = 0.0 if self.ended is None or self.last is None else self.ended - self.last[0]
        return before + after


class TimeLeft:
    """Estimates the time that is left.

    Steps are measured by the clock of the process that trains, from the first one there: what an
    earlier command did, and what libraries take to start, is no part of them. New heads, which take
    seconds, are neither measured nor counted.

    Parameters
    ----------
    steps : mapping of Cell to int
        Of each training that is missing.
    num_at_once : int
        Trainings at a time.
    """

    def __init__(self, steps: Mapping[Cell, int], num_at_once: int = 1) -> None:
        self._steps, self._num_at_once = dict(steps), num_at_once
        self._clocks: list[_Clock] = []
        self._of: dict[Cell, _Clock] = {}

    def begin(self, cell: Cell, at: float) -> None:
        """Take note that a training begins, or goes on, at so many seconds of its clock."""
        if cell in self._steps:
            self._of[cell] = _Clock(at)
            self._clocks.append(self._of[cell])

    def step(self, cell: Cell, number: int, at: float) -> None:
        """Take note of a step that is done, counted over the whole training."""
        if cell in self._of and cell in self._steps:
            clock = self._of[cell]
            clock.last = at, number / self._steps[cell]
            clock.first = clock.first or clock.last

    def end(self, cell: Cell, at: float) -> None:
        """Take note that a training is finished."""
        if cell in self._of:
            clock = self._of[cell]
            if clock.first is None:  # the user's own, whose steps nobody counts
                clock.first, clock.last = (clock.begun, 0.0), (at, 1.0)
            clock.ended = at

    def give_up(self, cell: Cell) -> None:
        """Take note that a training is not tried again; what its steps took stays a measure."""
        self._steps.pop(cell, None)

    @property
    def seconds(self) -> float | None:
        """How long it still takes; None before there is a sound figure."""
        seconds = sum(clock.of_steps[0] for clock in self._clocks)
        parts = sum(clock.of_steps[1] for clock in self._clocks)
        ended = [clock for clock in self._clocks if clock.ended is not None]
        if parts <= 0 or not (ended or seconds >= _SOUND):
            return None
        known = ended or [clock for clock in self._clocks if clock.first is not None]
        besides = sum(clock.besides for clock in known) / len(known)
        left = [self._part_left(cell) for cell in self._steps]
        num_left = sum(part > 0 for part in left)
        num_to_begin = sum(cell not in self._of for cell in self._steps)
        spent = sum(left) * seconds / parts + num_to_begin * besides
        return spent / max(1, min(self._num_at_once, num_left))

    def _part_left(self, cell: Cell) -> float:
        clock = self._of.get(cell)
        if clock is None or clock.last is None:
            return 1.0
        return 0.0 if clock.ended is not None else 1.0 - clock.last[1]
