"""The loader: step number -> batch, in NumPy. Adapters to tf.data and others add nothing to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fer_data.augment import checked, flip, flips
from fer_data.errors import DataError, UsageError
from fer_data.plan import EpochPlan, plan_epoch
from fer_data.store import PixelStore
from fer_data.strategy import NATURAL, Strategy
from fer_data.weights import class_weights


class Batch(NamedTuple):
    """One batch of B samples.

    Attributes
    ----------
    images : ndarray of float32, shape [B, H, W, C]
    labels : ndarray of int64, shape [B]
    weights : ndarray of float32, shape [B]
        All one unless the strategy has class weights.
    samples, repeats : ndarray of int64, shape [B]
        Row of each sample in the store, and how often it was used before.
    flipped : ndarray of bool, shape [B]
    """

    images: NDArray[np.float32]
    labels: NDArray[np.int64]
    weights: NDArray[np.float32]
    samples: NDArray[np.int64]
    repeats: NDArray[np.int64]
    flipped: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Loader:
    """Batches of some rows of a store, each a pure function of its step number.

    Attributes
    ----------
    store : PixelStore
        Where pixels and labels are.
    rows : ndarray of int64, shape [N]
        The rows of the store that are drawn from.
    strategy : Strategy
        How an epoch is drawn.
    augment : {"none", "flip"}
    batch_size : int
        The last batch of an epoch may be smaller.
    seed : int
        0 or more.
    shuffle : bool
        Without it, samples come in the order of `rows` (for the natural strategy only).
    drop_remainder : bool
        Whether all batches are whole. What is left of an epoch then begins the next one: nothing is
        lost, and every promise holds over the batches as they come.
    rescale : float
        What pixels, 0 to 255, are multiplied by.

    Raises
    ------
    DataError
        If there is no row, or one has no label.
    UsageError
        If an argument cannot be meant.
    """

    store: PixelStore
    rows: NDArray[np.int64]
    strategy: Strategy = NATURAL
    augment: str = "none"
    batch_size: int = 64
    seed: int = 0
    shuffle: bool = True
    drop_remainder: bool = False
    rescale: float = 1.0
    labels: NDArray[np.int32] = field(init=False)
    class_weights: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        checked(self.augment)
        if self.batch_size < 1:
            raise UsageError(f"batch_size is {self.batch_size}; it must be 1 or more")
        if self.seed < 0:
            raise UsageError(f"seed is {self.seed}; it must be 0 or more")
        if not self.shuffle and self.strategy.sampling != "natural":
            raise UsageError(f"balance {self.strategy} draws at random: it needs shuffle")
        labels = self.store.manifest.labels[self.rows]
        where = self.store.manifest.root
        if not len(labels):
            raise DataError(f"{where}: no sample to load")
        if (labels < 0).any():
            raise DataError(f"{where}: {(labels < 0).sum():,} samples to load have no label")
        weights = class_weights(np.bincount(labels, minlength=self.num_classes))
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "class_weights", weights)
        object.__setattr__(self, "_planned", lru_cache(maxsize=2)(self._plan))
        if self.num_steps < 1:
            raise UsageError(
                f"{where}: an epoch of {len(self._planned(0)):,} samples has no whole batch of "
                f"{self.batch_size}; choose a smaller batch size"
            )

    _planned: Any = field(init=False, repr=False)

    @property
    def num_classes(self) -> int:
        """Number of classes, those without a sample included."""
        return len(self.store.manifest.class_names)

    @cached_property
    def num_samples(self) -> int:
        """Samples that an epoch draws."""
        return int(self.strategy.draws(np.bincount(self.labels)).sum())

    @property
    def num_steps(self) -> int:
        """Batches of an epoch."""
        whole, rest = divmod(self.num_samples, self.batch_size)
        return whole + (rest > 0 and not self.drop_remainder)

    def plan(self, epoch: int) -> EpochPlan:
        """Return an epoch's draws, as rows of the store."""
        return self._planned(epoch)  # type: ignore[no-any-return]

    def _plan(self, epoch: int) -> EpochPlan:
        plan = plan_epoch(
            self.labels, self.strategy, seed=self.seed, epoch=epoch, shuffle=self.shuffle
        )
        return EpochPlan(self.rows[plan.samples], plan.repeats)

    def batch(self, step: int) -> Batch:
        """Return the batch of a step, counted on through the epochs from 0."""
        if step < 0:
            raise UsageError(f"step is {step}; it must be 0 or more")
        samples, repeats = self._drawn(*self._window(step))
        pixels = self.store.pixels[samples]
        if self.augment == "flip":
            flipped = flips(samples, repeats, seed=self.seed)
            flip(pixels, flipped)
        else:
            flipped = np.zeros(len(samples), np.bool_)
        images = pixels.astype(np.float32)
        if self.rescale != 1.0:
            images *= np.float32(self.rescale)
        labels = self.store.manifest.labels[samples].astype(np.int64)
        weights = np.ones(len(samples), np.float32)
        if self.strategy.class_weights:
            weights = self.class_weights[labels].astype(np.float32)
        return Batch(images, labels, weights, samples, repeats, flipped)

    def _window(self, step: int) -> tuple[int, int]:
        """Return where a step begins and ends in the draws of all epochs, one after the other."""
        if self.drop_remainder:
            return step * self.batch_size, (step + 1) * self.batch_size
        epoch, place = divmod(step, self.num_steps)
        start = epoch * self.num_samples + place * self.batch_size
        return start, min(start + self.batch_size, (epoch + 1) * self.num_samples)

    def _drawn(self, start: int, stop: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        size = self.num_samples
        parts = []
        for epoch in range(start // size, (stop - 1) // size + 1):
            plan = self.plan(epoch)
            window = slice(max(start - epoch * size, 0), stop - epoch * size)
            parts.append((plan.samples[window], plan.repeats[window]))
        samples, repeats = zip(*parts, strict=True)
        return np.concatenate(samples), np.concatenate(repeats)

    def epoch(self, epoch: int = 0, *, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, from batch `start` on."""
        for step in range(epoch * self.num_steps + start, (epoch + 1) * self.num_steps):
            yield self.batch(step)
