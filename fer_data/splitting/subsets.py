"""Two parts of some samples, each class divided alike: a part held out, a smaller training set."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fer_data.splitting.dealing import deal
from fer_data.util.keyed import SPLIT, SUBSET


def hold_out(
    labels: NDArray[np.integer],
    groups: NDArray[np.int64] | None,
    *,
    fraction: float,
    seed: int,
) -> NDArray[np.bool_]:
    """Choose samples to hold out, stratified by class.

    Each class gives the whole number nearest to its fraction, but at least one of two samples or
    more, and never all of them. With groups of one class each, it is off that by less than the
    largest group of the class. No group is divided.

    Parameters
    ----------
    labels : ndarray of int, shape [N]
        0 or more.
    groups : ndarray of int64, shape [N], or None
        Samples with the same number stay together.
    fraction : float
        To hold out, between 0 and 1.
    seed : int

    Returns
    -------
    ndarray of bool, shape [N]
        Which samples are held out.
    """
    counts = np.bincount(labels)
    held = np.round(counts * fraction).astype(np.int64)
    held = np.where(counts >= 2, np.clip(held, 1, np.maximum(counts - 1, 1)), 0)
    quotas = np.stack([counts - held, held], axis=1)
    return deal(labels, groups, quotas, seed=seed, purpose=SPLIT).astype(np.bool_)


def stratified_subset(
    labels: NDArray[np.integer], *, fraction: float, seed: int
) -> NDArray[np.int64]:
    """Choose a fraction of the samples, the same fraction of each class, at least one sample.

    Parameters
    ----------
    labels : ndarray of int, shape [N]
        0 or more.
    fraction : float
        Above 0 and at most 1.
    seed : int

    Returns
    -------
    ndarray of int64
        Indices of the samples that are chosen, ascending.
    """
    counts = np.bincount(labels)
    chosen = np.where(counts, np.maximum(1, np.round(counts * fraction)), 0).astype(np.int64)
    quotas = np.stack([counts - chosen, chosen], axis=1)
    return np.flatnonzero(deal(labels, None, quotas, seed=seed, purpose=SUBSET))
