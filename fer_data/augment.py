"""Augmentation of whole batches: parameters by key, then parameters applied to pixels.

A sample's first use is flipped or not by its own random bit, and every further use the other way
round. Half of all pictures are flipped, as with random flips, but two uses in a row never show
the same picture (alternating flip: Jordan 2024, arXiv:2404.00498).
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from fer_data.errors import UsageError
from fer_data.keyed import FLIP, bits

Augment = Literal["none", "flip"]


def checked(augment: str) -> Augment:
    """Return `augment` if it names an augmentation.

    Raises
    ------
    UsageError
        If it names none.
    """
    if augment not in get_args(Augment):
        raise UsageError(f"augment is {augment!r}; choose one of {', '.join(get_args(Augment))}")
    return augment  # type: ignore[return-value]


def flips(
    samples: NDArray[np.int64], repeats: NDArray[np.int64], *, seed: int
) -> NDArray[np.bool_]:
    """Return whether each use of a sample is flipped.

    Parameters
    ----------
    samples, repeats : ndarray of int64, shape [B]
        Sample numbers, and how often each was used before.
    seed : int

    Returns
    -------
    ndarray of bool, shape [B]
    """
    return bits(seed, FLIP, samples) ^ (repeats % 2).astype(np.bool_)


def flip(images: NDArray[Any], where: NDArray[np.bool_]) -> None:
    """Mirror the images [B, H, W, C] left to right, in place, where `where` [B] says so."""
    images[where] = images[where, :, ::-1]
