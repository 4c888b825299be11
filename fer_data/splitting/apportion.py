"""Sides of given fractions: what each class is to have on each side, and who gets it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from fer_data.splitting.dealing import deal, numbered
from fer_data.splitting.mixed_groups import class_counts, of_group
from fer_data.util.keyed import DIVIDE


def apportion(
    labels: NDArray[np.integer],
    groups: NDArray[np.int64] | None,
    fractions: Sequence[float],
    *,
    seed: int,
    min_per_class: int = 0,
) -> NDArray[np.int64]:
    """Give each group of samples a side.

    A pure function of its arguments. Without groups each class has on each side the whole numbers
    nearest to its fraction. With groups of one class each, it is off these by less than the largest
    group of the class. Groups of several classes can put it off further; where there are enough
    single samples, they even it out. No group is divided.

    Parameters
    ----------
    labels : ndarray of int, shape [N]
        0 or more.
    groups : ndarray of int64, shape [N], or None
        Samples with the same number stay together.
    fractions : sequence of float, length S
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

    Examples
    --------
    >>> import numpy as np
    >>> labels = np.repeat([0, 1], [80, 20])
    >>> sides = apportion(labels, None, [0.9, 0.1], seed=0)
    >>> np.bincount(labels[sides == 1]).tolist()
    [8, 2]
    """
    counts = np.bincount(labels)
    targets = quotas(counts, fractions, min_per_class=min_per_class)
    sides = deal(labels, groups, targets, seed=seed, purpose=DIVIDE)
    if groups is not None and min_per_class:
        _mend(sides, labels, groups, len(fractions), min_per_class)
    return sides


def quotas(
    counts: NDArray[np.int64], fractions: Sequence[float], *, min_per_class: int = 0
) -> NDArray[np.int64]:
    """Return how many samples of each class each side is to get, int64 [C, S].

    By largest remainders; among equal ones it is the turn of the side that was given least before,
    so that many small classes do not all favour one side.
    """
    quotas = np.zeros((len(counts), len(fractions)), np.int64)
    owed = np.zeros(len(fractions))
    for label, count in enumerate(counts):
        exact = count * np.asarray(fractions)
        quotas[label] = np.floor(exact + 1e-9)
        rest = exact - quotas[label]
        first = np.lexsort((-owed, -np.round(rest, 9)))
        quotas[label, first[: count - quotas[label].sum()]] += 1
        owed += exact - quotas[label]
        while quotas[label].min() < min_per_class <= count // len(fractions):
            quotas[label, quotas[label].argmin()] += 1
            quotas[label, quotas[label].argmax()] -= 1
    return quotas


def _mend(
    sides: NDArray[np.int64],
    labels: NDArray[np.integer],
    groups: NDArray[np.int64],
    num_sides: int,
    min_per_class: int,
) -> None:
    """Move small groups to sides that have too few of a class, from sides that can spare them."""
    cells = labels.astype(np.int64) * num_sides + sides
    held = np.bincount(cells, minlength=(int(labels.max()) + 1) * num_sides).reshape(-1, num_sides)
    lacking = (held < min_per_class).any(axis=1) & (held.sum(axis=1) > 0)
    if not lacking.any():
        return
    groups = numbered(groups)
    movable = np.zeros(int(groups.max()) + 1, np.bool_)
    movable[groups[lacking[labels]]] = True
    samples = np.flatnonzero(movable[groups])
    of_samples = numbered(groups[samples])
    counts = class_counts(labels[samples], of_samples, len(held))
    side_of = np.zeros(counts.shape[0], np.int64)
    side_of[of_samples] = sides[samples]
    _move(side_of, counts, held, min_per_class)
    sides[samples] = side_of[of_samples]


def _move(
    side_of: NDArray[np.int64], counts: csr_array, held: NDArray[np.int64], min_per_class: int
) -> None:
    by_class, sizes = counts.tocsc(), counts.sum(axis=1)
    for label, side in np.argwhere(held < min_per_class):
        having = by_class.indices[by_class.indptr[label] : by_class.indptr[label + 1]]
        for group in having[np.argsort(sizes[having], kind="stable")].tolist():
            if held[label, side] >= min_per_class:
                break
            before = side_of[group]
            present, need = of_group(counts, group)
            if before != side and (held[present, before] - need >= min_per_class).all():
                held[present, before] -= need
                held[present, side] += need
                side_of[group] = side
