"""Images that are decoded whenever they are taken: for data too large to be kept decoded."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.data.dataset import Dataset
from fer_data.data.decode import PixelFormat, decode
from fer_data.data.origin import Origin
from fer_data.data.sources.content import State
from fer_data.errors import DataError, UsageError

_FEW = 4
"""Images that one thread decodes before others would be worth their start."""


class DecodedImages:
    """Images of files, decoded in parallel threads by every `take`; nothing is kept.

    Attributes
    ----------
    shape : tuple of int
        [N, H, W, C].
    dtype : dtype
        uint8.
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(self, origin: Origin, form: PixelFormat, rows: NDArray[np.int64]) -> None:
        self._origin, self._form, self._rows = origin, form, rows
        self.shape = (len(rows), *form.shape)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    def __getitem__(self, key: Any) -> NDArray[np.uint8]:
        """Return the images of an index, a slice or an array of indices; further keys as NumPy."""
        first, *others = key if isinstance(key, tuple) else (key,)
        chosen = np.arange(len(self))[first]
        found = self.take(np.atleast_1d(chosen))
        if chosen.ndim == 0:
            return found[(0, *others)]
        return found[(slice(None), *others)]

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return (self[index] for index in range(len(self)))

    def take(
        self,
        indices: NDArray[np.integer[Any]],
        axis: int = 0,
        out: NDArray[np.uint8] | None = None,
        mode: str = "raise",
    ) -> NDArray[np.uint8]:
        """Return images, or write them to `out`, as NumPy's `take` does; `axis` is 0.

        Raises
        ------
        DataError
            If one cannot be decoded.
        """
        rows, places = np.unique(self._rows[indices], return_inverse=True)
        images = np.empty((len(rows), *self.shape[1:]), self.dtype)
        num_threads = min(len(os.sched_getaffinity(0)), -(-len(rows) // _FEW))
        parts = np.array_split(np.arange(len(rows)), max(num_threads, 1))
        if len(parts) == 1:
            self._decode(rows, images)
        else:
            with ThreadPoolExecutor(len(parts)) as pool:
                tasks = [
                    pool.submit(self._decode, rows[one], images[one]) for one in map(_slice, parts)
                ]
                for task in tasks:
                    task.result()
        return images.take(places.reshape(-1), axis=0, out=out, mode="clip")

    def _decode(self, rows: NDArray[np.int64], images: NDArray[np.uint8]) -> None:
        pictures = (one for piece in self._origin.pieces(rows).pieces for one in piece.pictures())
        for image, found in zip(images, pictures, strict=True):
            if isinstance(found.raw, DataError):
                raise found.raw
            image[:] = decode(found.raw, self._form, found.name).pixels


def _slice(part: NDArray[np.int64]) -> slice:
    return slice(int(part[0]), int(part[-1]) + 1)


def decoded_images(dataset: Dataset, state: State, form: PixelFormat) -> tuple[DecodedImages, str]:
    """Return a dataset's images, and a key of their files' names and sizes.

    Raises
    ------
    UsageError
        If images are rows of a table, or bad ones are to be skipped.
    """
    origin = dataset.origin
    if origin.in_table:
        raise UsageError(
            f"{origin.root}: images are rows of a table here, which are decoded once and kept; "
            "cache=False is for image files"
        )
    if dataset.options.skip_bad:
        raise UsageError(
            f"{origin.root}: which images cannot be decoded is known when all are; with "
            "cache=False none can be skipped"
        )
    return DecodedImages(origin, form, dataset.rows), state.names_and_sizes()
