"""Groups of samples onto sides: every class in its share, and no group divided.

Greedy, the groups that are hardest to place first: those of several classes, then the largest. The
single samples that come last make up for what the groups left uneven.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from fer_data.util.keyed import DIVIDE, generator
from fer_data.util.progress import track


def apportion(
    labels: NDArray[np.integer],
    groups: NDArray[np.int64],
    shares: Sequence[float],
    *,
    seed: int,
    min_per_class: int = 0,
) -> NDArray[np.int64]:
    """Give each group of samples a side.

    Without groups each class has on each side the whole numbers nearest to its share. With groups
    of one class each, it is off these by less than the largest group of the class. Groups of
    several classes can put it off further; where there are enough single samples, they even it out.

    Parameters
    ----------
    labels : ndarray of int, shape [N]
        0 or more.
    groups : ndarray of int64, shape [N]
        Samples with the same number stay together.
    shares : sequence of float, length S
        Of each side; they sum to one.
    seed : int
        The same seed gives the same sides.
    min_per_class : int
        Samples that each class should have on each side, where it has enough of them. Groups can
        stand in the way: look at the result.

    Returns
    -------
    ndarray of int64, shape [N]
        The side of each sample, from 0.
    """
    counts = np.bincount(labels)
    _, groups = np.unique(groups, return_inverse=True)
    needs = _needs(labels, groups)
    open_ = quotas(counts, shares, min_per_class=min_per_class)
    side_of = np.zeros(needs.shape[0], np.int64)
    rng = generator(seed, DIVIDE)
    order = _hardest_first(needs, rng.permutation(needs.shape[0]))
    for group in track(order.tolist(), total=len(order), description="Dividing"):
        present, need = _need(needs, group)
        side_of[group] = side = _side(need, open_[present], rng)
        open_[present, side] -= need
    if min_per_class:
        _mend(side_of, needs, len(shares), min_per_class)
    return side_of[groups]


def quotas(
    counts: NDArray[np.int64], shares: Sequence[float], *, min_per_class: int = 0
) -> NDArray[np.int64]:
    """Return how many samples of each class each side is to get, int64 [C, S].

    By largest remainders; among equal ones it is the turn of the side that was given least before,
    so that many small classes do not all favour one side.
    """
    found = np.zeros((len(counts), len(shares)), np.int64)
    owed = np.zeros(len(shares))
    for label, count in enumerate(counts):
        exact = count * np.asarray(shares)
        found[label] = np.floor(exact + 1e-9)
        rest = exact - found[label]
        first = np.lexsort((-owed, -np.round(rest, 9)))
        found[label, first[: count - found[label].sum()]] += 1
        owed += exact - found[label]
        while found[label].min() < min_per_class <= count // len(shares):
            found[label, found[label].argmin()] += 1
            found[label, found[label].argmax()] -= 1
    return found


def _needs(labels: NDArray[np.integer], groups: NDArray[np.int64]) -> csr_array:
    """Return how many samples of each class each group has, sparse int64 [G, C]."""
    needs = coo_array((np.ones(len(labels), np.int64), (groups, labels))).tocsr()
    needs.sum_duplicates()
    return needs


def _need(needs: csr_array, group: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the classes that a group has samples of, and how many."""
    entries = slice(needs.indptr[group], needs.indptr[group + 1])
    return needs.indices[entries], needs.data[entries]


def _hardest_first(needs: csr_array, order: NDArray[np.int64]) -> NDArray[np.int64]:
    sizes = needs.sum(axis=1)
    mixed = np.diff(needs.indptr) > 1
    found: NDArray[np.int64] = order[np.lexsort((-sizes[order], ~mixed[order]))]
    return found


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


def _mend(side_of: NDArray[np.int64], needs: csr_array, num_sides: int, min_per_class: int) -> None:
    """Move small groups to sides that have too few of a class, from sides that can spare them."""
    on_sides = csr_array((np.ones_like(side_of), (side_of, np.arange(len(side_of)))))
    on_sides.resize((num_sides, len(side_of)))
    held = (on_sides @ needs).toarray().T
    of_class = needs.tocsc()
    sizes = needs.sum(axis=1)
    for label, side in np.argwhere(held < min_per_class):
        having = of_class.indices[of_class.indptr[label] : of_class.indptr[label + 1]]
        for group in having[np.argsort(sizes[having], kind="stable")].tolist():
            if held[label, side] >= min_per_class:
                break
            before = side_of[group]
            present, need = _need(needs, group)
            if before != side and (held[present, before] - need >= min_per_class).all():
                held[present, before] -= need
                held[present, side] += need
                side_of[group] = side
