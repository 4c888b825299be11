"""Batches of P classes with K samples each, for losses that compare samples with one another.

All classes are visited once a cycle, each cycle a random permutation, so classes are used equally
often, to within one. Where a batch lies across two cycles, the second begins with classes that the
batch does not have yet, so the classes of a batch always differ. The samples of a class come from
an endless stream of permutations, as a planner's do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.errors import UsageError
from fer_data.util.checks import whole_number
from fer_data.util.keyed import CLASSES, CYCLES, Streams, generator


class ClassBatches:
    """Draws such batches.

    Parameters
    ----------
    labels : ndarray of int64, shape [N]
    classes_per_batch, samples_per_class : int
        P and K.
    seed : int

    Raises
    ------
    UsageError
        If there are fewer than P classes with samples.
    """

    def __init__(
        self,
        labels: NDArray[np.int64],
        classes_per_batch: int | None,
        samples_per_class: int | None,
        *,
        seed: int,
    ) -> None:
        assert classes_per_batch is not None
        assert samples_per_class is not None
        self._classes, self._samples, self._seed = classes_per_batch, samples_per_class, seed
        counts = np.bincount(labels)
        members = np.split(np.argsort(labels, kind="stable"), np.cumsum(counts)[:-1])
        self._members = [rows for rows in members if len(rows)]
        if len(self._members) < classes_per_batch:
            raise UsageError(
                f"classes_per_batch: expected at most {len(self._members)}, as many classes have "
                f"samples, got {classes_per_batch}"
            )
        self._streams = Streams(seed, CYCLES)
        self._round: tuple[int, NDArray[np.int64]] = (-1, np.zeros(0, np.int64))

    def __str__(self) -> str:
        return f"{self._classes} classes of {self._samples} samples"

    def between(self, start: int, stop: int) -> NDArray[np.int64]:
        """Return draws, as `EpochPlan.draws` has them; both are whole numbers of batches."""
        size = self._classes * self._samples
        parts = [self._batch(step) for step in range(start // size, -(-stop // size))]
        return np.concatenate(parts)

    def _batch(self, step: int) -> NDArray[np.int64]:
        num = len(self._members)
        whole, place = divmod(step, num)  # that many batches are P cycles
        if self._round[0] != whole:
            self._round = whole, self._order(whole)
        first = place * self._classes
        visits = np.arange(first, first + self._classes)
        cycles = whole * self._classes + visits // num
        classes = self._round[1][visits]
        return np.concatenate(
            [
                self._stream(int(label), int(cycle) * self._samples)
                for label, cycle in zip(classes, cycles, strict=True)
            ]
        )

    def _order(self, whole: int) -> NDArray[np.int64]:
        """Return the classes of P cycles, in order, int64 [P * C]."""
        rng = generator(self._seed, CLASSES, whole)
        orders: list[NDArray[np.int64]] = []
        for cycle in range(self._classes):
            classes = rng.permutation(len(self._members))
            begun = cycle * len(self._members) % self._classes
            if begun:
                is_used = np.isin(classes, np.concatenate(orders)[-begun:])
                first = np.flatnonzero(~is_used)[: self._classes - begun]
                rest = np.setdiff1d(np.arange(len(classes)), first)
                classes = classes[np.concatenate([first, rest])]
            orders.append(classes)
        return np.concatenate(orders)

    def _stream(self, label: int, start: int) -> NDArray[np.int64]:
        """Return K draws of a class's endless stream."""
        members = self._members[label]
        numbers = np.arange(start, start + self._samples)
        draws = []
        for cycle in range(numbers[0] // len(members), numbers[-1] // len(members) + 1):
            here = numbers[numbers // len(members) == cycle] - cycle * len(members)
            drawn = self._streams.at(label, cycle).permutation(members)[here]
            draws.append(drawn + (cycle << 32))
        return np.concatenate(draws)


def batch_size_of(classes: Any, samples: Any, batch_size: Any) -> int:
    """Return the samples of a batch of so many classes with so many samples each.

    Raises
    ------
    UsageError
        If one is no number, or a batch size is given and is another.
    """
    for name, value in (("classes_per_batch", classes), ("samples_per_class", samples)):
        whole_number(name, value, 1)
    if batch_size not in (None, classes * samples):
        raise UsageError(
            f"batch_size: {classes} classes with {samples} samples are {classes * samples}, got "
            f"{batch_size}"
        )
    return int(classes * samples)
