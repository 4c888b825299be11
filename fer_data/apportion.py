"""Groups of samples onto sides: every class in its share, and no group divided.

Greedy, the groups that are hardest to place first: those of several classes, then the largest. The
single samples that come last make up for what the groups left uneven.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fer_data.keyed import DIVIDE, generator


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
    members = np.split(np.argsort(groups, kind="stable"), np.cumsum(np.bincount(groups))[:-1])
    needs = [np.bincount(labels[rows], minlength=len(counts)) for rows in members]
    open_ = quotas(counts, shares, min_per_class=min_per_class)
    side_of = np.zeros(len(members), np.int64)
    rng = generator(seed, DIVIDE)
    for group in _hardest_first(needs, rng.permutation(len(members))):
        need = needs[group]
        side_of[group] = side = _side(need, open_, rng)
        open_[:, side] -= need
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


def _hardest_first(needs: list[NDArray[np.int64]], order: NDArray[np.int64]) -> NDArray[np.int64]:
    sizes = np.array([need.sum() for need in needs])
    mixed = np.array([np.count_nonzero(need) > 1 for need in needs])
    found: NDArray[np.int64] = order[np.lexsort((-sizes[order], ~mixed[order]))]
    return found


def _side(need: NDArray[np.int64], open_: NDArray[np.int64], rng: np.random.Generator) -> int:
    """Return a side for a group, by what is still open there.

    Where it fits, it is drawn with the odds of a single sample: else every group would be on the
    largest side, which has room for it longest. Where it fits nowhere, the squared error decides.
    """
    places = need @ open_
    of_need = need > 0
    fits = (open_[of_need] >= need[of_need, None]).all(axis=0)
    if not fits.any():
        return int(places.argmax())
    odds = np.cumsum(np.where(fits, places, 0))
    return int(np.searchsorted(odds, rng.integers(odds[-1]), side="right"))


def _mend(
    side_of: NDArray[np.int64],
    needs: list[NDArray[np.int64]],
    num_sides: int,
    min_per_class: int,
) -> None:
    """Move small groups to sides that have too few of a class, from sides that can spare them."""
    held = np.zeros((len(needs[0]), num_sides), np.int64)
    for need, side in zip(needs, side_of, strict=True):
        held[:, side] += need
    sizes = np.array([need.sum() for need in needs])
    for label, side in np.argwhere(held < min_per_class):
        having = [group for group, need in enumerate(needs) if need[label]]
        for group in sorted(having, key=lambda group: int(sizes[group])):
            if held[label, side] >= min_per_class:
                break
            before, need = side_of[group], needs[group]
            if before != side and ((held[:, before] - need)[need > 0] >= min_per_class).all():
                held[:, before] -= need
                held[:, side] += need
                side_of[group] = side
