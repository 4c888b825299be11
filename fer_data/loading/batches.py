"""What a batch is, in NumPy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fer_data.transforms.augment import Parameters

Labels = Literal["one-hot", "int"]
"""How labels are given: as shares of each class, or as numbers."""


class Mixed(NamedTuple):
    """What the pictures of a batch were mixed with; see `fer_data.transforms.mixing`.

    Attributes
    ----------
    samples : ndarray of int64, shape [B]
        Row of each partner in the store.
    repeats, labels : ndarray of int64, shape [B]
        How often it was used before, and its label.
    shares : ndarray of float32, shape [B]
        Of a picture in the mixture, the same for all of a step; the rest is its partner's.
    label_shares : ndarray of float32, shape [B]
        Of its label.
    places : ndarray of int64, shape [B]
        Place of each partner in its batch, all shards together.
    """

    samples: NDArray[np.int64]
    repeats: NDArray[np.int64]
    labels: NDArray[np.int64]
    shares: NDArray[np.float32]
    label_shares: NDArray[np.float32]
    places: NDArray[np.int64]


class BatchPlan(NamedTuple):
    """What makes a batch of B samples, before any pixel is touched; see `Batch`."""

    labels: NDArray[np.int64]
    weights: NDArray[np.float32]
    samples: NDArray[np.int64]
    repeats: NDArray[np.int64]
    parameters: Parameters
    mixed: Mixed | None
    soft: NDArray[np.float32] | None

    def targets(self, num_classes: int) -> NDArray[np.float32]:
        """Return labels as shares of each class, float32 [B, num_classes]."""
        if self.soft is not None:
            return self.soft
        every = np.arange(len(self.labels))
        targets = np.zeros((len(self.labels), num_classes), np.float32)
        if self.mixed is None:
            targets[every, self.labels] = 1.0
        else:
            targets[every, self.labels] = self.mixed.label_shares
            targets[every, self.mixed.labels] += 1 - self.mixed.label_shares
        return targets


class Batch(NamedTuple):
    """One batch of B samples.

    Attributes
    ----------
    images : ndarray of float32, shape [B, H, W, C]
    labels : ndarray of int64, shape [B]
    weights : ndarray of float32, shape [B]
        All one unless the strategy has class weights; for a mixed picture or a soft label, its
        labels' weights in the labels' shares.
    samples, repeats : ndarray of int64, shape [B]
        Row of each sample in the store, and how often it was used before.
    parameters : Parameters
        What augmentation did.
    mixed : Mixed or None
        What the pictures were mixed with.
    soft : ndarray of float32, shape [B, C], or None
        Soft labels, mixing included, where the loader has them.
    """

    images: NDArray[np.float32]
    labels: NDArray[np.int64]
    weights: NDArray[np.float32]
    samples: NDArray[np.int64]
    repeats: NDArray[np.int64]
    parameters: Parameters
    mixed: Mixed | None
    soft: NDArray[np.float32] | None

    def targets(self, num_classes: int) -> NDArray[np.float32]:
        """Return labels as shares of each class, float32 [B, num_classes]."""
        return BatchPlan(*self[1:]).targets(num_classes)

    def split(self, sizes: Sequence[int]) -> Iterator[Batch]:
        """Yield its samples as batches of these sizes, which share its memory."""
        start = 0
        for size in sizes:
            part = slice(start, start + size)
            start += size
            columns: list[Any] = [None if one is None else one[part] for one in self.parameters]
            mixed: list[Any] = [one[part] for one in self.mixed or ()]
            yield Batch(
                self.images[part],
                self.labels[part],
                self.weights[part],
                self.samples[part],
                self.repeats[part],
                Parameters(*columns),
                Mixed(*mixed) if mixed else None,
                None if self.soft is None else self.soft[part],
            )
