"""Groups of samples dealt to sides: every class fills its quotas, and no group is divided.

The hardest groups come first: those of several classes, then the others, the largest first. The
single samples, which come last, make up for what the groups left uneven. All that can be dealt at
once is: groups of one class and one size are counted, not placed one by one, and groups of several
classes draw their sides together, those that fit in turn keep theirs. Only what fits nowhere is
placed one by one. So ten million samples take seconds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fer_data.splitting.mixed_groups import class_counts, deal_mixed, narrow
from fer_data.util.keyed import generator


def deal(
    labels: NDArray[np.integer],
    groups: NDArray[np.int64] | None,
    quotas: NDArray[np.int64],
    *,
    seed: int,
    purpose: int,
) -> NDArray[np.int64]:
    """Give each group of samples a side.

    Parameters
    ----------
    labels : ndarray of int, shape [N]
        0 or more.
    groups : ndarray of int64, shape [N], or None
        Samples with the same number get the same side; None where each sample is its own group.
    quotas : ndarray of int64, shape [C, S]
        Samples of each class that each side is to get; rows sum to the counts of the classes.
    seed, purpose : int
        Key of the random numbers.

    Returns
    -------
    ndarray of int64, shape [N]
        The side of each sample, from 0. Without groups quotas are met. With groups of one class
        each, a class is off by less than its largest group.
    """
    rng = generator(seed, purpose)
    left = quotas.astype(np.int64)
    if groups is None:
        return _deal_pure(labels, np.ones(len(labels), np.int64), left, rng)
    groups = numbered(groups)
    sizes = np.bincount(groups)
    class_of = np.zeros(len(sizes), labels.dtype)
    class_of[groups] = labels  # of a pure group: any of its samples tells
    mixed = np.zeros(len(sizes), np.bool_)
    mixed[groups[class_of[groups] != labels]] = True
    side_of = np.zeros(len(sizes), np.int64)
    if mixed.any():
        samples = np.flatnonzero(mixed[groups])
        counts = class_counts(labels[samples], numbered(groups[samples]), len(quotas))
        side_of[mixed] = deal_mixed(counts, left, rng)
    side_of[~mixed] = _deal_pure(class_of[~mixed], sizes[~mixed], left, rng)
    return side_of[groups]


def numbered(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the groups' numbers without gaps, from 0, in the same order."""
    first, last = (int(groups.min()), int(groups.max())) if len(groups) else (0, 0)
    if last - first >= 4 * len(groups):
        return np.unique(groups, return_inverse=True)[1].astype(np.int64)
    present = np.zeros(last - first + 1, np.bool_)  # without a sort, where that is small
    present[groups - first] = True
    numbers: NDArray[np.int64] = (np.cumsum(present) - 1)[groups - first]
    return numbers


def _deal_pure(
    classes: NDArray[np.integer],
    sizes: NDArray[np.int64],
    left: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Deal groups of one class each, the largest first, all of one size at once.

    Parameters
    ----------
    classes, sizes : ndarray of int, shape [G]
    left : ndarray of int64, shape [C, S]
        What is left of the quotas; it is updated.
    """
    side_of = np.zeros(len(classes), np.int64)
    if not len(classes):
        return side_of
    num_classes, num_sides = left.shape
    order = rng.permutation(len(classes))
    order = order[np.argsort(narrow(classes)[order], kind="stable")]
    if sizes.max() > sizes.min():
        order = order[np.argsort(narrow(sizes.max() - sizes)[order], kind="stable")]
    ordered = sizes[order]
    starts = np.concatenate([[0], np.flatnonzero(np.diff(ordered)) + 1])
    for start, stop in zip(starts, [*starts[1:], len(order)], strict=True):
        alike = order[start:stop]
        numbers = np.bincount(classes[alike], minlength=num_classes)
        present = np.flatnonzero(numbers)
        open_ = left[present]
        dealt = _dealt(numbers[present], int(ordered[start]), open_, rng)
        left[present] = open_
        sides = np.tile(np.arange(num_sides), len(present))
        side_of[alike] = np.repeat(sides, dealt.ravel())
    return side_of


def _dealt(
    numbers: NDArray[np.int64], size: int, open_: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return how many groups of one size each side gets, int64 [C, S].

    Each side gets a number in proportion to its open quota, rounded at random without bias
    (systematic sampling): otherwise a class's only large group would always be on the largest
    side. A group that does not fit goes to the side with the largest open quota.

    Parameters
    ----------
    numbers : ndarray of int64, shape [C]
        Groups of each class, 1 or more.
    open_ : ndarray of int64, shape [C, S]
        It is updated.
    """
    capacity = np.maximum(open_, 0)
    total = capacity.sum(axis=1)
    dealt, rests = np.divmod(numbers[:, None] * capacity, total[:, None])
    ends = np.cumsum(rests, axis=1) + rng.integers(total)[:, None]
    dealt += np.diff(ends // total[:, None], axis=1, prepend=0)
    dealt -= dealt * size > capacity
    open_ -= dealt * size
    unplaced = numbers - dealt.sum(axis=1)
    while unplaced.any():  # fewer times than there are sides
        rows = np.flatnonzero(unplaced)
        sides = open_[rows].argmax(axis=1)
        dealt[rows, sides] += 1
        open_[rows, sides] -= size
        unplaced[rows] -= 1
    return dealt
