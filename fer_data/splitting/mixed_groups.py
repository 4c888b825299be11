"""Groups of several classes dealt to sides: all draw at once, and those that fit stay."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

_FEW = 1000
"""Up to this many groups are placed one by one."""

_AT_ONCE = 1 << 17
"""Groups that draw at once: their numbers stay in the processor's cache."""


def deal_mixed(
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
    """Let each group draw a side where it fits; groups that still fit in turn keep it.

    Returns
    -------
    sides : ndarray of int64, shape [G]
        -1 where a group keeps none.
    again : ndarray of bool, shape [G]
        Which groups fitted somewhere before earlier groups took the capacity.
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
    order = np.argsort(narrow(cells), kind="stable")
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
    largest side, where it fits longest. Where it fits nowhere, the squared error decides.
    """
    places = need @ open_
    fits = (open_ >= need[:, None]).all(axis=0)
    if not fits.any():
        return int(places.argmax())
    odds = np.cumsum(np.where(fits, places, 0))
    return int(np.searchsorted(odds, rng.integers(odds[-1]), side="right"))


def class_counts(
    labels: NDArray[np.integer], groups: NDArray[np.int64], num_classes: int
) -> csr_array:
    """Return how many samples of each class each group has, sparse int64 [G, C]."""
    shape = (int(groups.max()) + 1, num_classes)
    table = coo_array((np.ones(len(labels), np.int64), (groups, labels)), shape=shape).tocsr()
    table.sum_duplicates()
    return table


def of_group(counts: csr_array, group: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the classes that a group has samples of, and how many."""
    entries = slice(counts.indptr[group], counts.indptr[group + 1])
    return counts.indices[entries], counts.data[entries]


def narrow(values: NDArray[np.integer]) -> NDArray[np.integer]:
    """Return values, 0 or more, in the narrowest type: a stable sort of 16 bits is a radix sort."""
    return values.astype(np.min_scalar_type(int(values.max(initial=0))))
