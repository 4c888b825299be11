"""The draws of all epochs in sequence, divided into batches."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from fer_data.sampling.planner import EpochPlan, Planner


@dataclass(frozen=True)
class Steps:
    """Which draws each step takes.

    Attributes
    ----------
    epoch_size : int
        Draws of an epoch.
    batch_size : int
        Of all shards together.
    drop_last : bool
        Whether all batches are full. The rest of an epoch then begins the next one; otherwise the
        last batch of an epoch may be smaller.
    """

    epoch_size: int
    batch_size: int
    drop_last: bool

    @property
    def per_epoch(self) -> int:
        """Batches of an epoch."""
        whole, rest = divmod(self.epoch_size, self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    @property
    def smallest(self) -> int:
        """Samples of the smallest batch."""
        rest = 0 if self.drop_last else self.epoch_size % self.batch_size
        return rest or self.batch_size

    def window(self, step: int) -> tuple[int, int]:
        """Return where a step, counted from 0 through all epochs, begins and ends."""
        if self.drop_last:
            return step * self.batch_size, (step + 1) * self.batch_size
        epoch, place = divmod(step, self.per_epoch)
        start = epoch * self.epoch_size + place * self.batch_size
        return start, min(start + self.batch_size, (epoch + 1) * self.epoch_size)


class Draws:
    """The draws of a planner, any part of them; safe to use by several threads."""

    def __init__(self, planner: Planner) -> None:
        self.planner = planner
        self._plans: dict[int, EpochPlan] = {}
        self._lock = Lock()

    def plan(self, epoch: int) -> EpochPlan:
        """Return an epoch's plan; the two used last are kept, as a batch may lie across both."""
        with self._lock:
            plan = self._plans.pop(epoch, None) or self.planner.epoch(epoch)
            self._plans[epoch] = plan
            if len(self._plans) > 2:
                del self._plans[next(iter(self._plans))]
            return plan

    def between(self, start: int, stop: int) -> NDArray[np.int64]:
        """Return draws, as `EpochPlan.draws` has them, counted from 0 through all epochs."""
        size = self.planner.schedule.size
        parts = [
            self.plan(epoch).draws[max(start - epoch * size, 0) : stop - epoch * size]
            for epoch in range(start // size, (stop - 1) // size + 1)
        ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)
