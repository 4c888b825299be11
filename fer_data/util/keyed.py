"""Random numbers by key: the same key gives the same numbers, whatever was drawn before.

Keys are sequences, never sums: with ``seed + epoch``, seed 0 epoch 1 would be seed 1 epoch 0.
The first number after the seed says what the numbers are for, so that no two uses share them.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

ORDER, CYCLES, FLIP, SPLIT, SUBSET, SAMPLES, FACE_ROWS, FACES, AUGMENT, MIX = range(10)
DIVIDE, BOOTSTRAP, CLASSES, FUNCTION = 11, 12, 13, 14

_STEP = np.uint64(0x9E3779B97F4A7C15)
"""SplitMix64's step, the golden ratio's part of 2 ** 64."""


def generator(seed: int, purpose: int, *key: int) -> np.random.Generator:
    """Return the generator of a key of non-negative integers."""
    return np.random.default_rng([seed, purpose, *key])


class Streams:
    """Many random streams of one (seed, purpose), moved between in under two microseconds.

    A counter-based generator (Philox: Salmon et al. 2011, doi:10.1145/2063384.2063405): a stream is
    a range of its counter. Each call of `at` invalidates the generator of the previous call.
    """

    def __init__(self, seed: int, purpose: int) -> None:
        self._bits = np.random.Philox(np.random.SeedSequence([seed, purpose]))
        self._generator = np.random.Generator(self._bits)
        self._state = self._bits.state

    def at(self, first: int, second: int) -> np.random.Generator:
        """Return the generator at the start of the stream of two non-negative integers."""
        self._state["state"]["counter"][:] = (0, 0, first, second)
        self._bits.state = self._state
        return self._generator


def word(seed: int, purpose: int, *key: int) -> int:
    """Return one random number of 62 bits for a key."""
    return int(generator(seed, purpose, *key).integers(2**62))


@lru_cache(maxsize=1024)
def _word(seed: int, purpose: int) -> np.uint64:
    return generator(seed, purpose).integers(2**64, dtype=np.uint64)


def _scrambled(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Finish as SplitMix64 does (Steele, Lea and Flood 2014, doi:10.1145/2660193.2660195)."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


def bits(seed: int, purpose: int, samples: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
    """Return one random bit for each sample number, a function of (seed, purpose, number) alone."""
    mixed = _scrambled(samples.astype(np.uint64) * _STEP + _word(seed, purpose))
    return (mixed >> np.uint64(63)).astype(np.bool_)


def columns(name: str, num: int) -> NDArray[np.uint64]:
    """Return `num` keys of columns for `uniforms`, uint64 [num], a function of the name alone."""
    digest = blake2b(name.encode(), digest_size=8).digest()
    first = np.frombuffer(digest, "<u8").astype(np.uint64)
    return _scrambled(first + np.arange(num, dtype=np.uint64) * _STEP)


def uniforms(
    seed: int,
    purpose: int,
    samples: NDArray[np.integer[Any]],
    repeats: NDArray[np.integer[Any]],
    columns: NDArray[np.uint64],
) -> NDArray[np.float64]:
    """Return a random number in [0, 1) for each column and use, float64 [columns, B].

    Each is a function of (seed, purpose, sample, repeat, its column's key) alone, and a whole
    multiple of 2 ** -53.
    """
    use = _scrambled(samples.astype(np.uint64) * _STEP + _word(seed, purpose))
    use = _scrambled(use + repeats.astype(np.uint64) * _STEP)
    mixed = _scrambled(use + columns[:, None]) >> np.uint64(11)
    return mixed.astype(np.float64) * 2.0**-53
