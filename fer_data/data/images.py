"""Images of several arrays, or some of an array's, as if they were one array; nothing is copied."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Images:
    """Rows of one or more arrays of one shape, taken when they are indexed.

    Attributes
    ----------
    shape : tuple of int
        [N, H, W, C].
    dtype : dtype
        uint8.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, arrays: Sequence[NDArray[np.uint8]], rows: NDArray[np.int64]) -> None:
        self._arrays = tuple(arrays)
        self._starts = np.cumsum([0, *(len(array) for array in self._arrays)])
        self._rows = rows
        self.shape = (len(rows), *self._arrays[0].shape[1:])

    def reshape(self, *shape: int) -> Images:
        """Return the images in another shape of the same length, as NumPy's `reshape` does."""
        return Images([array.reshape(-1, *shape[1:]) for array in self._arrays], self._rows)

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return (self._one(row) for row in self._rows.tolist())

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __getitem__(self, key: Any) -> NDArray[np.uint8]:
        """Return the images of an index, a slice or an array of indices; further keys as NumPy."""
        first, *others = key if isinstance(key, tuple) else (key,)
        rows = self._rows[first]
        images = self._one(int(rows)) if rows.ndim == 0 else self._some(rows)
        if not others:
            return images
        chosen: NDArray[np.uint8] = images[
            tuple(others) if rows.ndim == 0 else (slice(None), *others)
        ]
        return chosen

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return all of them as one array."""
        return self._some(self._rows).astype(dtype or self.dtype, copy=False)

    def take(
        self, indices: NDArray[np.integer], axis: int, out: NDArray[np.uint8], mode: str
    ) -> NDArray[np.uint8]:
        """Write images to an array, as NumPy's `take` does; `axis` is 0."""
        rows = self._rows[indices]
        if len(self._arrays) == 1:
            self._arrays[0].take(rows, axis=axis, out=out, mode="clip")
        else:
            out[:] = self._some(rows)
        return out

    def _one(self, row: int) -> NDArray[np.uint8]:
        number = int(np.searchsorted(self._starts, row, "right")) - 1
        image: NDArray[np.uint8] = self._arrays[number][row - self._starts[number]]
        return image

    def _some(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        if len(self._arrays) == 1:
            return self._arrays[0][rows]
        images = np.empty((len(rows), *self.shape[1:]), self.dtype)
        for number, array in enumerate(self._arrays):
            here = (rows >= self._starts[number]) & (rows < self._starts[number + 1])
            images[here] = array[rows[here] - self._starts[number]]
        return images


ImageArray = NDArray[np.uint8] | Images


def images_of(arrays: Sequence[NDArray[np.uint8]], rows: NDArray[np.int64]) -> ImageArray:
    """Return rows of arrays [M, H, W, C]: a plain array where they are all of one array."""
    if len(arrays) == 1 and len(rows) == len(arrays[0]):  # ascending, so all of them in order
        return arrays[0]
    return Images(arrays, rows)
