"""Stratified parts of a split that keep every copy of a picture on one side."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from fer_data.data.store import PixelStore
from fer_data.util.keyed import SPLIT, SUBSET, generator


def copy_groups(store: PixelStore, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a group number for each row, the same for exact copies and for mirrored ones.

    Mirrored copies count, as a flip in training makes them the same picture.
    """
    keys = np.empty(len(rows), "V16")
    for place, row in enumerate(rows):
        picture = store.pixels[row]
        keys[place] = min(_key(picture), _key(picture[:, ::-1]))
    return np.unique(keys, return_inverse=True)[1].astype(np.int64)


def hold_out(
    store: PixelStore, rows: NDArray[np.int64], *, fraction: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Divide rows into a part to keep and a part to hold out, stratified by class.

    Each class gives the nearest whole number to its share, at least one of two samples or more.
    Where copies of a picture stand in the way it gives fewer, never one copy without the others.

    Parameters
    ----------
    store : PixelStore
    rows : ndarray of int64, shape [N]
        Labelled rows of the store.
    fraction : float
        Share to hold out, between 0 and 1.
    seed : int

    Returns
    -------
    kept, held_out : ndarray of int64
        Both in the order of `rows`.
    """
    labels = store.dataset.labels[rows]
    counts = np.bincount(labels)
    quota = np.round(counts * fraction).astype(np.int64)
    quota = np.where(counts >= 2, np.clip(quota, 1, counts - 1), 0)
    held = np.zeros(len(rows), np.bool_)
    groups = copy_groups(store, rows)
    members = np.split(np.argsort(groups, kind="stable"), np.cumsum(np.bincount(groups))[:-1])
    for group in generator(seed, SPLIT).permutation(len(members)):
        need = np.bincount(labels[members[group]], minlength=len(counts))
        if (need <= quota).all():
            quota -= need
            held[members[group]] = True
    return rows[~held], rows[held]


def stratified_subset(
    labels: NDArray[np.int32], rows: NDArray[np.int64], *, fraction: float, seed: int
) -> NDArray[np.int64]:
    """Return a share of the rows, in their order, the same share of each class, at least one.

    Parameters
    ----------
    labels : ndarray of int32, shape [N]
        Label of each of `rows`.
    rows : ndarray of int64, shape [N]
    fraction : float
        Above 0 and at most 1.
    seed : int
    """
    chosen = []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        number = max(1, round(len(members) * fraction))
        chosen.append(generator(seed, SUBSET, int(label)).permutation(members)[:number])
    kept: NDArray[np.int64] = rows[np.sort(np.concatenate(chosen))]
    return kept


def _key(picture: NDArray[np.uint8]) -> bytes:
    return hashlib.blake2b(picture.tobytes(), digest_size=16).digest()
