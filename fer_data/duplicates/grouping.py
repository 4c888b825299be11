"""Groups of samples that belong together: equal images, and merged groups."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from fer_data.data.images import ImageArray


def duplicate_groups(images: ImageArray, indices: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a group number for each of the given images, the same for duplicates, mirrored or not.

    Mirrored duplicates count, as a flip in training makes them the same image. Near-duplicates are
    found by `fer_data.near_duplicate_groups`.

    Parameters
    ----------
    images : ndarray of uint8, shape [M, H, W, C]
    indices : ndarray of int64, shape [N]

    Returns
    -------
    ndarray of int64, shape [N]
    """
    keys = np.empty(len(indices), "V16")
    for number, index in enumerate(indices.tolist()):
        image = images[index]
        keys[number] = min(_key(image), _key(image[:, ::-1]))
    return np.unique(keys, return_inverse=True)[1].astype(np.int64)


def merge_groups(*groups: NDArray[np.int64] | None) -> NDArray[np.int64] | None:
    """Return the groups of samples that any of several numberings puts together, directly or not.

    Parameters
    ----------
    *groups : ndarray of int64, shape [N], or None
        0 or more; samples with the same number in one of them are of one group. None says nothing.

    Returns
    -------
    ndarray of int64, shape [N], or None
        0 or more; None where all are None.

    Examples
    --------
    >>> import numpy as np
    >>> patients, duplicates = np.array([0, 0, 1, 2]), np.array([0, 1, 1, 3])
    >>> merge_groups(patients, duplicates).tolist()
    [0, 0, 0, 1]
    """
    given = [numbers for numbers in groups if numbers is not None]
    if len(given) < 2:
        return given[0] if given else None
    merged = given[0]
    for other in given[1:]:
        merged = _merged(merged, other)
    return merged


def _merged(first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not len(first):
        return first
    # Each sample links its group in the one numbering to its group in the other.
    offset = int(first.max()) + 1
    number = offset + int(second.max()) + 1
    links = coo_array(
        (np.ones(len(first), np.bool_), (first, second + offset)), shape=(number, number)
    )
    merged: NDArray[np.int64] = connected_components(links, directed=False)[1][first].astype(
        np.int64
    )
    return merged


def _key(image: NDArray[np.uint8]) -> bytes:
    return hashlib.blake2b(image.tobytes(), digest_size=16).digest()
