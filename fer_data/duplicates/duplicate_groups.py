"""Groups of duplicates and near-duplicates of an image."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from fer_data.data.decode import PixelFormat
from fer_data.data.images import ImageArray
from fer_data.duplicates.near import Pairs, linked, near_pairs
from fer_data.util.progress import track

COMPARED = PixelFormat(48, 48, "grey")
"""The form in which images are compared."""

LEAST_CONTRAST = 5.0
"""Standard deviation of the pixels, of 255, below which an image is too flat to be compared."""

_AT_ONCE = 1024


def equal_images(pixels: ImageArray) -> NDArray[np.int64]:
    """Return a group number for each image, int64 [N], the same for equal images."""
    keys = np.empty(len(pixels), "V16")
    images = track(pixels, total=len(pixels), description="Looking for equal images")
    for row, image in enumerate(images):
        keys[row] = hashlib.blake2b(image.tobytes(), digest_size=16).digest()
    return np.unique(keys, return_inverse=True)[1].astype(np.int64)


def near_duplicate_pairs(pixels: ImageArray, equal: NDArray[np.int64]) -> Pairs:
    """Return pairs of near-duplicates, as rows; the first of equal images represents all of them.

    Parameters
    ----------
    pixels : ndarray of uint8, shape [N, 48, 48, 1]
    equal : ndarray of int64, shape [N]
        What `equal_images` gives.
    """
    first = np.sort(np.unique(equal, return_index=True)[1])
    parts = [first[i : i + _AT_ONCE] for i in range(0, len(first), _AT_ONCE)]
    contrast = np.concatenate(
        [pixels[part].std(axis=(1, 2, 3), dtype=np.float32) for part in parts]
    )
    rows = first[contrast >= LEAST_CONTRAST]
    pairs = near_pairs(pixels[rows])
    return pairs._replace(first=rows[pairs.first], second=rows[pairs.second])


def duplicate_groups(equal: NDArray[np.int64], pairs: Pairs) -> NDArray[np.int64]:
    """Return a group number for each image, int64 [N], the same for near-duplicates.

    Parameters
    ----------
    equal, pairs
        What `equal_images` and `near_duplicate_pairs` give.
    """
    of_equal = np.unique(equal, return_index=True)[1][equal]
    first = np.concatenate([np.arange(len(equal)), pairs.first])
    return linked(len(equal), first, np.concatenate([of_equal, pairs.second]))


def near_duplicate_groups(pixels: ImageArray) -> NDArray[np.int64]:
    """Return a group number for each image, int64 [N], the same for near-duplicates.

    Parameters
    ----------
    pixels : ndarray of uint8, shape [N, 48, 48, 1]

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> images = np.random.default_rng(0).integers(0, 256, (3, 48, 48, 1), np.uint8)
    >>> images[2] = images[0]
    >>> fer_data.near_duplicate_groups(images).tolist()
    [0, 1, 0]
    """
    equal = equal_images(pixels)
    return duplicate_groups(equal, near_duplicate_pairs(pixels, equal))
