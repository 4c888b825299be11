"""Which sample is drawn at each position of an epoch, and how often it was drawn before.

One pure function of (labels, strategy, seed, epoch): no state, no clock, no global generator. The
draws of a class are one endless stream, cycle after cycle, each cycle a fresh permutation of the
class; an epoch takes the next draws of it. So two samples of a class have been used equally
often, to within one, whatever the strategy, and any epoch is computed without the epochs before it.

An epoch is shuffled by shuffling the order of its *classes*; each class then fills its positions
with its stream, in order. That is as random as shuffling the samples, as a stream's cycles are
random permutations themselves, and the uses of a sample are numbered in the order in which they
are trained, so that what alternates by use (flips) alternates in training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fer_data.errors import UsageError
from fer_data.sampling.schedule import EpochSize, Schedule
from fer_data.sampling.strategy import Strategy
from fer_data.util.keyed import CYCLES, ORDER, Streams, generator

LOWER_HALF = (1 << 32) - 1

_BLOCK = 1024
"""Draws of a small class are made this many at a time: each call of a generator has its cost."""


@dataclass(frozen=True, eq=False)
class EpochPlan:
    """The draws of an epoch, in order.

    Attributes
    ----------
    draws : ndarray of int64, shape [M]
        Each one number: the sample in its lower 32 bits, the repeat in its upper ones. A plan is
        as small as that, as new memory is what costs most in planning.

    Examples
    --------
    >>> import fer_data
    >>> plan = fer_data.plan_epoch([0, 0, 0, 1], "oversample", seed=0, epoch=0)
    >>> sorted(plan.samples.tolist()), plan.repeats.max().item()
    ([0, 1, 2, 3, 3, 3], 2)
    """

    draws: NDArray[np.int64]

    @property
    def samples(self) -> NDArray[np.int64]:
        """Index into the labels that were planned, int64 [M]."""
        return self.draws & LOWER_HALF

    @property
    def repeats(self) -> NDArray[np.int64]:
        """How often that sample was drawn before, in this epoch and all earlier ones, int64 [M]."""
        return self.draws >> 32

    def __len__(self) -> int:
        return len(self.draws)


class Planner:
    """Plan any epoch; what all epochs have in common is computed once.

    Parameters
    ----------
    labels : array_like of int, shape [N]
        Label of each sample, 0 or more.
    strategy : Strategy or str
        How often each class is drawn; text as `Strategy.parse` takes it.
    seed : int
        0 or more.
    epoch_size : int, "own", "natural" or None
        Samples of an epoch: a number, the strategy's own (None too), or as many as there are.
    class_names : sequence of str
        Needed only by the strategy ``counts``.
    shuffle : bool
        Whether epochs are shuffled. An unshuffled epoch is in the order of `labels`; only a natural
        epoch of its own size can be unshuffled.

    Attributes
    ----------
    schedule : Schedule
        How often each class is drawn, by epoch.

    Raises
    ------
    UsageError
        If the arguments do not fit together.

    Examples
    --------
    >>> import fer_data
    >>> planner = fer_data.Planner([0, 0, 0, 1], "undersample", seed=0)
    >>> sorted(index for epoch in range(3) for index in planner.epoch(epoch).samples.tolist())
    [0, 1, 2, 3, 3, 3]
    """

    def __init__(
        self,
        labels: ArrayLike,
        strategy: Strategy | str,
        *,
        seed: int,
        epoch_size: EpochSize = None,
        class_names: Sequence[str] = (),
        shuffle: bool = True,
    ) -> None:
        labels = _checked_labels(labels)
        if isinstance(strategy, str):
            strategy = Strategy.parse(strategy)
        counts = np.bincount(labels, minlength=len(class_names))
        self.schedule = Schedule(strategy, counts, epoch_size=epoch_size, class_names=class_names)
        self._seed = seed
        self._shuffle = shuffle
        if not shuffle and (strategy.name != "none" or self.schedule.size != len(labels)):
            raise UsageError(f"an epoch drawn by {strategy} has no order of its own: shuffle it")
        # Up to 16 bits NumPy sorts by radix, eight times as fast.
        self._class_codes = np.arange(len(counts), dtype=np.min_scalar_type(len(counts)))
        few_bits = labels.astype(self._class_codes.dtype)
        self._begun: dict[int, tuple[int, NDArray[np.int64]]] = {}
        """By label, the block that the epoch planned last has begun: the next one goes on in it."""
        self._members = np.split(np.argsort(few_bits, kind="stable"), np.cumsum(counts)[:-1])

    def epoch(self, epoch: int) -> EpochPlan:
        """Plan one epoch."""
        size = self.schedule.size
        if not self._shuffle:
            return EpochPlan(np.arange(size) + (epoch << 32))
        draws = np.empty(size, np.int64)
        streams = Streams(self._seed, CYCLES)
        begin = self.schedule.before(epoch).tolist()
        end = self.schedule.before(epoch + 1).tolist()
        place = 0
        for label, (start, stop) in enumerate(zip(begin, end, strict=True)):
            if stop > start:
                self._draw(streams, label, start, draws[place : place + stop - start])
                place += stop - start
        if self.schedule.in_turn:
            return EpochPlan(draws[self._turns(epoch)])
        order = _interleaved(generator(self._seed, ORDER, epoch), np.subtract(end, begin))
        return EpochPlan(draws[order])

    def _draw(self, streams: Streams, label: int, start: int, draws: NDArray[np.int64]) -> None:
        """Fill in draws of a class's endless stream, from number `start` on."""
        members = self._members[label]
        num, stop = len(members), start + len(draws)
        cycles = max(1, _BLOCK // num)
        size = cycles * num
        for block in range(start // size, (stop - 1) // size + 1):
            begun, drawn = self._begun.get(label, (-1, members))
            if begun != block:
                drawn = self._block(streams.at(label, block), members, block * cycles, cycles)
            if stop < (block + 1) * size:
                self._begun[label] = block, drawn
            first, last = max(start, block * size), min(stop, (block + 1) * size)
            draws[first - start : last - start] = drawn[first - block * size : last - block * size]

    @staticmethod
    def _block(
        rng: np.random.Generator, members: NDArray[np.int64], first: int, cycles: int
    ) -> NDArray[np.int64]:
        """Return some cycles of a class's stream, the first of which is its cycle `first`."""
        if cycles == 1:
            drawn = rng.permutation(members)
            drawn += first << 32
            return drawn
        repeats = np.arange(first, first + cycles)[:, None] << 32
        drawn = repeats | members
        return rng.permuted(drawn, axis=1, out=drawn).ravel()

    def _turns(self, epoch: int) -> NDArray[np.int64]:
        """Return the draw at each position of an epoch whose classes take turns."""
        present = np.array([label for label, rows in enumerate(self._members) if len(rows)], int)
        size, num = self.schedule.size, max(len(present), 1)
        draws = self.schedule.draws(epoch)
        first = np.cumsum(draws) - draws - self.schedule.before(epoch)
        begun, offset = divmod(epoch * size, num)
        rounds = np.arange(begun, -((epoch + 1) * size // -num))[:, None]
        turns: NDArray[np.int64] = (rounds + first[present]).ravel()
        return turns[offset : offset + size]


def _interleaved(rng: np.random.Generator, draws: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the draws of all classes in random order, those of each class in their own, int64 [M].

    Each draw gets a random number, those of a class in ascending order, and its place in the bits
    below; these are sorted. That takes 0.6 of the time of a shuffle and a stable sort of it.

    Parameters
    ----------
    rng : Generator
    draws : ndarray of int64, shape [classes]
        How many there are of each class.
    """
    ends = np.cumsum(draws).tolist()
    keys = rng.integers(2**64, size=ends[-1] if ends else 0, dtype=np.uint64)
    places = np.uint64((1 << max(len(keys) - 1, 0).bit_length()) - 1)
    keys &= ~places
    start = 0
    for stop in ends:
        keys[start:stop].sort()
        start = stop
    keys |= np.arange(len(keys), dtype=np.uint64)
    keys.sort()
    keys &= places
    order: NDArray[np.int64] = keys.view(np.int64)
    return order


def _checked_labels(labels: ArrayLike) -> NDArray[np.int64]:
    numbers = np.asarray(labels)
    if numbers.ndim != 1 or (numbers.size and numbers.dtype.kind not in "iub"):
        raise UsageError(
            f"labels are {numbers.dtype} {list(numbers.shape)}; expected integers [N]. Number the "
            "classes, as np.unique(names, return_inverse=True) does"
        )
    if numbers.size and numbers.min() < 0:
        where = int(np.argmin(numbers >= 0))
        raise UsageError(f"label {numbers[where]} of sample {where}; expected labels of 0 or more")
    return numbers.astype(np.int64)


def plan_epoch(
    labels: ArrayLike,
    strategy: Strategy | str,
    *,
    seed: int,
    epoch: int,
    epoch_size: EpochSize = None,
    class_names: Sequence[str] = (),
    shuffle: bool = True,
) -> EpochPlan:
    """Plan one epoch.

    Parameters
    ----------
    labels, strategy, seed, epoch_size, class_names, shuffle
        As in `Planner`.
    epoch : int
        0 or more. Another seed or epoch gives another order, unrelated to the first.

    Returns
    -------
    EpochPlan
        As long as the strategy's draws in sum.

    Examples
    --------
    >>> import fer_data
    >>> plan = fer_data.plan_epoch([0, 0, 0, 1], "oversample", seed=0, epoch=0)
    >>> sorted(plan.samples.tolist())
    [0, 1, 2, 3, 3, 3]
    """
    planner = Planner(
        labels,
        strategy,
        seed=seed,
        epoch_size=epoch_size,
        class_names=class_names,
        shuffle=shuffle,
    )
    return planner.epoch(epoch)
