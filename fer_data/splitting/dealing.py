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
from scipy.sparse import coo_array, csr_array

from fer_data.util.keyed import generator

_FEW = 1000
"""Up to so many groups of several classes are placed one by one."""

_AT_ONCE = 1 << 17
"""Groups of several classes that draw at once: their numbers stay in the processor's cache."""


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
        side_of[mixed] = _deal_mixed(counts, left, rng)
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


def class_counts(
    labels: NDArray[np.integer], groups: NDArray[np.int64], num_classes: int
) -> csr_array:
    """Return how many samples of each class each group has, sparse int64 [G, C]."""
    shape = (int(groups.max()) + 1, num_classes)
    found = coo_array((np.ones(len(labels), np.int64), (groups, labels)), shape=shape).tocsr()
    found.sum_duplicates()
    return found


def of_group(counts: csr_array, group: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the classes that a group has samples of, and how many."""
    entries = slice(counts.indptr[group], counts.indptr[group + 1])
    return counts.indices[entries], counts.data[entries]


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
    order = order[np.argsort(_narrow(classes)[order], kind="stable")]
    if sizes.max() > sizes.min():
        order = order[np.argsort(_narrow(sizes.max() - sizes)[order], kind="stable")]
    ordered = sizes[order]
    starts = np.concatenate([[0], np.flatnonzero(np.diff(ordered)) + 1])
    for start, stop in zip(starts, [*starts[1:], len(order)], strict=True):
        alike = order[start:stop]
        numbers = np.bincount(classes[alike], minlength=num_classes)
        present = np.flatnonzero(numbers)
        open_ = left[present]
        shares = _shares(numbers[present], int(ordered[start]), open_, rng)
        left[present] = open_
        sides = np.tile(np.arange(num_sides), len(present))
        side_of[alike] = np.repeat(sides, shares.ravel())
    return side_of


def _shares(
    numbers: NDArray[np.int64], size: int, open_: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return how many groups of one size each side gets, int64 [C, S].

    Each side gets as many as its part of what is open, rounded at random without a bias
    (systematic sampling): else a class's only large group would be on the largest side always.
    Where such a group does not fit, it goes to the side where most is open.

    Parameters
    ----------
    numbers : ndarray of int64, shape [C]
        Groups of each class, 1 or more.
    open_ : ndarray of int64, shape [C, S]
        It is updated.
    """
    room = np.maximum(open_, 0)
    total = room.sum(axis=1)
    shares, rests = np.divmod(numbers[:, None] * room, total[:, None])
    ends = np.cumsum(rests, axis=1) + rng.integers(total)[:, None]
    shares += np.diff(ends // total[:, None], axis=1, prepend=0)
    shares -= shares * size > room
    open_ -= shares * size
    unplaced = numbers - shares.sum(axis=1)
    while unplaced.any():  # fewer times than there are sides
        rows = np.flatnonzero(unplaced)
        sides = open_[rows].argmax(axis=1)
        shares[rows, sides] += 1
        open_[rows, sides] -= size
        unplaced[rows] -= 1
    return shares


def _deal_mixed(
    counts: csr_array, left: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Deal groups of several classes, the largest first.

    Parameters
    ----------
    counts : csr_array of int64, shape [G, C]
    left : ndarray of int64, shape [C, S]
        What is left of the quotas; it is updated.
    """
    order = rng.permutation(counts.shape[0])
    order = order[np.argsort(-counts.sum(axis=1)[order], kind="stable")]
    side_of = np.full(len(order), -1, np.int64)
    drawing = order
    while len(drawing) > _FEW:
        again = [drawing[:0]]
        for start in range(0, len(drawing), _AT_ONCE):
            part = drawing[start : start + _AT_ONCE]
            sides, again_too = _draw(counts[part], left, rng)
            side_of[part] = sides
            again.append(part[again_too])
        before, drawing = len(drawing), np.concatenate(again)
        if len(drawing) > 0.9 * before:
            break
    for group in order[side_of[order] < 0].tolist():
        present, need = of_group(counts, group)
        side_of[group] = side = _side(need, left[present], rng)
        left[present, side] -= need
    return side_of


def _draw(
    counts: csr_array, left: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Let groups draw a side each, of those where they fit; who fits in turn, keeps it.

    Returns
    -------
    sides : ndarray of int64, shape [G]
        -1 where a group keeps none.
    again : ndarray of bool, shape [G]
        Which groups fitted somewhere, until others that came before took the room.
    """
    num_sides = left.shape[1]
    firsts, classes, need = counts.indptr[:-1], counts.indices, counts.data
    fits = np.stack(
        [
            np.logical_and.reduceat(left[:, side][classes] >= need, firsts)
            for side in range(num_sides)
        ],
        axis=1,
    )
    some = fits.any(axis=1)
    odds = np.cumsum(np.where(fits, counts @ left, 0), axis=1)
    drawn = rng.integers(np.maximum(odds[:, -1], 1))
    sides = np.where(some, (odds <= drawn[:, None]).sum(axis=1), 0)
    cells = classes.astype(np.int64) * num_sides + np.repeat(sides, np.diff(counts.indptr))
    asked = np.where(np.repeat(some, np.diff(counts.indptr)), need, 0)
    order = np.argsort(_narrow(cells), kind="stable")
    totals = np.cumsum(asked[order])
    begins = np.concatenate([[True], np.diff(cells[order]) > 0])
    before = np.maximum.accumulate(np.where(begins, totals - asked[order], 0))
    enough = np.empty(len(cells), np.bool_)
    enough[order] = totals - before <= left.ravel()[cells[order]]
    kept = some & np.logical_and.reduceat(enough, firsts)
    taken = np.where(np.repeat(kept, np.diff(counts.indptr)), need, 0)
    left -= np.bincount(cells, taken, left.size).astype(np.int64).reshape(left.shape)
    return np.where(kept, sides, -1), some & ~kept


def _side(need: NDArray[np.int64], open_: NDArray[np.int64], rng: np.random.Generator) -> int:
    """Return a side for a group, by what is still open there of its classes, int64 [c, S].

    Where it fits, it is drawn with the odds of a single sample: else every group would be on the
    largest side, which has room for it longest. Where it fits nowhere, the squared error decides.
    """
    places = need @ open_
    fits = (open_ >= need[:, None]).all(axis=0)
    if not fits.any():
        return int(places.argmax())
    odds = np.cumsum(np.where(fits, places, 0))
    return int(np.searchsorted(odds, rng.integers(odds[-1]), side="right"))


def _narrow(values: NDArray[np.integer]) -> NDArray[np.integer]:
    """Return values, 0 or more, in the narrowest type: a stable sort of 16 bits is a radix sort."""
    return values.astype(np.min_scalar_type(int(values.max(initial=0))))
