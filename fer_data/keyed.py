"""Random numbers by key: the same key gives the same numbers, whatever was drawn before.

Keys are sequences, never sums: with ``seed + epoch``, seed 0 epoch 1 would be seed 1 epoch 0.
The first number after the seed says what the numbers are for, so that no two uses share them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ORDER, CYCLES, FLIP, SPLIT, SUBSET, SAMPLES, FACE_ROWS, FACES = range(8)


def generator(seed: int, purpose: int, *key: int) -> np.random.Generator:
    """Return the generator of a key of non-negative integers."""
    return np.random.default_rng([seed, purpose, *key])


def bits(seed: int, purpose: int, samples: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return one random bit for each sample number, a function of (seed, purpose, number) alone.

    The number is scrambled by the finalizer of SplitMix64 (Steele, Lea and Flood 2014,
    doi:10.1145/2660193.2660195), starting from a random word of (seed, purpose).
    """
    word = generator(seed, purpose).integers(2**64, dtype=np.uint64)
    mixed = samples.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + word
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (mixed >> np.uint64(63)).astype(np.bool_)
