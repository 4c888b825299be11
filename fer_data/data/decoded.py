"""Images that are decoded whenever they are taken: for data too large to be kept decoded."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fer_data.data.dataset import Dataset
from fer_data.data.decode import PixelFormat, decode
from fer_data.data.images import Images
from fer_data.data.origin import Origin
from fer_data.data.sources.content import State
from fer_data.errors import DataError, UsageError

_FEW = 4
"""Images that one thread decodes before others would be worth their start."""


class DecodedImages(Images):
    """Images of files, decoded in parallel threads whenever they are taken; nothing is kept."""

    def __init__(self, origin: Origin, form: PixelFormat, rows: NDArray[np.int64]) -> None:
        self._origin, self._form, self._rows = origin, form, rows
        self.shape = (len(rows), *form.shape)

    def reshape(self, *shape: int) -> Images:
        """Decode all of them, and return them in another shape."""
        return Images([np.asarray(self).reshape(shape)], np.arange(len(self)))

    def take(
        self,
        indices: NDArray[np.integer],
        axis: int,
        out: NDArray[np.uint8],
        mode: str,
    ) -> NDArray[np.uint8]:
        """Write images to an array, as NumPy's `take` does; `axis` is 0.

        Raises
        ------
        DataError
            If one cannot be decoded.
        """
        out[:] = self._some(self._rows[indices])
        return out

    def _one(self, row: int) -> NDArray[np.uint8]:
        image: NDArray[np.uint8] = self._some(np.array([row]))[0]
        return image

    def _some(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        rows, places = np.unique(rows, return_inverse=True)
        images = np.empty((len(rows), *self.shape[1:]), self.dtype)
        num_threads = min(_num_cores(), -(-len(rows) // _FEW))
        if num_threads < 2:
            self._decode(rows, images)
        else:
            ends = np.linspace(0, len(rows), num_threads + 1).astype(int).tolist()
            parts = [slice(*pair) for pair in pairwise(ends)]
            with ThreadPoolExecutor(num_threads) as pool:
                tasks = [pool.submit(self._decode, rows[part], images[part]) for part in parts]
            for task in tasks:
                task.result()
        return images[places.reshape(-1)]

    def _decode(self, rows: NDArray[np.int64], images: NDArray[np.uint8]) -> None:
        raw = (
            item for chunk in self._origin.source_chunks(rows).chunks for item in chunk.raw_images()
        )
        for image, raw_image in zip(images, raw, strict=True):
            if isinstance(raw_image.raw, DataError):
                raise raw_image.raw
            image[:] = decode(raw_image.raw, self._form, raw_image.name).pixels


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
            f"{origin.root}: with cache=False no image can be skipped: bad ones are known "
            "only after all are decoded"
        )
    return DecodedImages(origin, form, dataset.rows), state.names_and_sizes()


def _num_cores() -> int:
    """Return how many cores this process may use, or there are where the system does not tell."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
