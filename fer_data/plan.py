"""Which sample stands at which place of which epoch, and which repeat of it that is.

One pure function of (labels, strategy, seed, epoch): no state, no clock, no global generator. The
draws of a class are one endless stream, cycle after cycle, each cycle a fresh permutation of the
class; an epoch takes the next stretch of it. So two samples of a class have been used equally
often, to within one, whatever the strategy, and any epoch is computed without those before it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fer_data.keyed import CYCLES, ORDER, generator
from fer_data.strategy import Strategy

_BLOCK = 4096
"""Draws of a small class are made this many at a time: a generator costs 20 microseconds."""


@dataclass(frozen=True, eq=False)
class EpochPlan:
    """The draws of an epoch, in order.

    Attributes
    ----------
    samples : ndarray of int64, shape [M]
        Index into the labels that were planned.
    repeats : ndarray of int64, shape [M]
        How often that sample was drawn before, in this epoch and all earlier ones.
    """

    samples: NDArray[np.int64]
    repeats: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.samples)


def plan_epoch(
    labels: ArrayLike, strategy: Strategy, *, seed: int, epoch: int, shuffle: bool = True
) -> EpochPlan:
    """Plan one epoch.

    Parameters
    ----------
    labels : array_like of int, shape [N]
        Label of each sample, 0 or more.
    strategy : Strategy
        How often each class is drawn.
    seed, epoch : int
        0 or more. Another seed or epoch gives another order, unrelated to the first.
    shuffle : bool
        Whether the epoch is shuffled. An unshuffled epoch is in the order of `labels`, and only a
        natural one can be unshuffled.

    Returns
    -------
    EpochPlan
        As long as the strategy's draws in sum.
    """
    labels = np.asarray(labels, np.int64)
    if not shuffle:
        if strategy.sampling != "natural":
            raise ValueError(f"an epoch drawn by {strategy} has no order but a shuffled one")
        return EpochPlan(np.arange(len(labels)), np.full(len(labels), epoch))
    counts = np.bincount(labels)
    # Up to 16 bits NumPy sorts by radix, eight times as fast.
    few_bits = labels.astype(np.min_scalar_type(len(counts)))
    members = np.split(np.argsort(few_bits, kind="stable"), np.cumsum(counts)[:-1])
    samples, repeats = [], []
    for label, draws in enumerate(strategy.draws(counts).tolist()):
        if draws:
            drawn = _draws(members[label], seed, label, epoch * draws, (epoch + 1) * draws)
            samples.append(drawn)
            repeats.append(np.arange(epoch * draws, (epoch + 1) * draws) // len(members[label]))
    if not samples:
        return EpochPlan(np.empty(0, np.int64), np.empty(0, np.int64))
    order = generator(seed, ORDER, epoch).permutation(sum(map(len, samples)))
    return EpochPlan(np.concatenate(samples)[order], np.concatenate(repeats)[order])


def _draws(
    members: NDArray[np.int64], seed: int, label: int, start: int, stop: int
) -> NDArray[np.int64]:
    """Return draws number `start` to `stop` of a class's endless stream."""
    cycles = max(1, _BLOCK // len(members))
    size = cycles * len(members)
    first, last = start // size, (stop - 1) // size
    blocks = [
        generator(seed, CYCLES, label, block)
        .permuted(np.broadcast_to(members, (cycles, len(members))), axis=1)
        .ravel()
        for block in range(first, last + 1)
    ]
    return np.concatenate(blocks)[start - first * size : stop - first * size]
