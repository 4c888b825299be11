"""What a batch is, in NumPy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fer_data.loading.shown import batch_html, batch_repr
from fer_data.transforms.transform import Drawn

Labels = Literal["one-hot", "int"]
"""How labels are given: as fractions of each class, or as numbers."""


class Mixed(NamedTuple):
    """What the images of a batch were mixed with; see `fer_data.transforms.mixing`.

    Attributes
    ----------
    samples : ndarray of int64, shape [B]
        Row of each partner in the store.
    repeats, labels : ndarray of int64, shape [B]
        How often it was used before, and its label.
    lam : ndarray of float32, shape [B]
        λ, the fraction of an image in the mixture, the same for all of a step; the rest is its
        partner's.
    label_lam : ndarray of float32, shape [B]
        The fraction of its label.
    places : ndarray of int64, shape [B]
        Place of each partner in its batch, all shards together.
    """

    samples: NDArray[np.int64]
    repeats: NDArray[np.int64]
    labels: NDArray[np.int64]
    lam: NDArray[np.float32]
    label_lam: NDArray[np.float32]
    places: NDArray[np.int64]


@dataclass
class BatchPlan:
    """What makes a batch of B samples, before any pixel is touched.

    Attributes
    ----------
    labels : ndarray of int64, shape [B]
    weights : ndarray of float32, shape [B]
        All one unless the strategy has class weights; for a mixed image or a soft label, the
        weights of its labels in their proportions.
    samples, repeats : ndarray of int64, shape [B]
        Row of each sample in the store, and how often it was used before.
    parameters : Parameters
        What the transform does.
    mixed : Mixed or None
        What the images are mixed with.
    soft : ndarray of float32, shape [B, C], or None
        Soft labels, mixing included, where the loader has them.
    """

    labels: NDArray[np.int64]
    weights: NDArray[np.float32]
    samples: NDArray[np.int64]
    repeats: NDArray[np.int64]
    parameters: Drawn
    mixed: Mixed | None = None
    soft: NDArray[np.float32] | None = None

    def targets(self, num_classes: int) -> NDArray[np.float32]:
        """Return labels as fractions of each class, float32 [B, num_classes]."""
        if self.soft is not None:
            return self.soft
        every = np.arange(len(self.labels))
        targets = np.zeros((len(self.labels), num_classes), np.float32)
        if self.mixed is None:
            targets[every, self.labels] = 1.0
        else:
            targets[every, self.labels] = self.mixed.label_lam
            targets[every, self.mixed.labels] += 1 - self.mixed.label_lam
        return targets


@dataclass
class Batch(BatchPlan):
    """One batch of B samples: its plan, and its images.

    Attributes
    ----------
    images : ndarray of float32 or uint8, shape [B, H, W, C]

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> data = fer_data.load((np.zeros((4, 48, 48), np.uint8), ["cat", "cat", "cat", "dog"]))
    >>> batch = fer_data.open_loader(data, balance="batch", batch_size=2).batch(step=0)
    >>> batch.images.shape, sorted(batch.labels.tolist())
    ((2, 48, 48, 1), [0, 1])
    """

    images: NDArray[Any] = field(kw_only=True)

    __repr__ = batch_repr
    _repr_html_ = batch_html

    def split(self, sizes: Sequence[int]) -> Iterator[Batch]:
        """Yield its samples as batches of these sizes, which share its memory."""
        start = 0
        for size in sizes:
            part = slice(start, start + size)
            start += size
            yield Batch(**{name: _part(column, part) for name, column in vars(self).items()})


def _part(column: Any, part: slice) -> Any:
    """Return some rows of a column, or of each column of a tuple."""
    if isinstance(column, np.ndarray):
        return column[part]
    if isinstance(column, tuple):
        return type(column)(*[_part(values, part) for values in column])
    return column
