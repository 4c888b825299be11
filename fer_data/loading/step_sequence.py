"""The steps of some epochs, as a sequence for loaders with random access."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any


class StepSequence(Sequence[Any]):
    """The steps of some epochs; a pickle is as small as that of its sampler."""

    def __init__(self, sampler: Any, num_steps: int) -> None:
        self._sampler, self._num_steps = sampler, num_steps

    def __repr__(self) -> str:
        return f"{self._num_steps:,} steps of {self._sampler!r}"

    def __len__(self) -> int:
        return self._num_steps

    def __getitem__(self, step: Any) -> Any:
        if isinstance(step, slice):
            return [self[index] for index in range(*step.indices(len(self)))]
        step = operator.index(step)
        if not -len(self) <= step < len(self):
            raise IndexError(f"step {step} of {len(self)}")
        return self._sampler[step % len(self)]
