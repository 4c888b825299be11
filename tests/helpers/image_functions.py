"""Images, keys and functions of images that tests of transforms share."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from fer_data.transforms import Keys

SHAPE = (20, 30, 3)


def keys_of(samples: Any, repeats: Any = 0, labels: Any = 0, *, seed: int = 0) -> Keys:
    """Return keys, with repeats and labels the same for all or one for each."""
    samples = np.asarray(samples, np.int64)
    more = [
        np.broadcast_to(np.asarray(numbers, np.int64), samples.shape)
        for numbers in (repeats, labels)
    ]
    return Keys(seed, samples, *more)


@lru_cache
def noise(num: int, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    """Return images that nothing may write to."""
    images = np.random.default_rng(0).integers(0, 256, (num, *shape), np.uint8)
    images.flags.writeable = False
    return images


def jittered(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Add noise."""
    return np.clip(image + rng.normal(0, 9, image.shape), 0, 255)


def halved(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Take every other pixel."""
    return image[::2, ::2]
