"""Images of a batch: rows of a store, transformed, and mixed with others."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.data.store import PixelStore
from fer_data.loading.batches import Mixed
from fer_data.transforms.kernel import transform_rows
from fer_data.transforms.transform import Drawn, Keys, Transform
from fer_data.util.scratch import ArrayPool, Scratch


class BatchImages:
    """Makes images of rows of a store, in memory that is used again.

    Parameters
    ----------
    store : PixelStore
    transform : Transform
    rescale : float
        What pixels, 0 to 255, are multiplied by, as float32.
    """

    def __init__(self, store: PixelStore, transform: Transform, rescale: float) -> None:
        pixels: Any = store.pixels  # a memmap's own methods take longer
        self._pixels = pixels.view(np.ndarray) if isinstance(pixels, np.ndarray) else pixels
        self._shape = store.form.shape
        self._transform, self._rescale = transform, rescale
        self._memory = ArrayPool(8)

    def of(self, rows: NDArray[np.int64], drawn: Drawn, dtype: Any) -> NDArray[Any]:
        """Return images of rows, float32 or uint8 [B, H, W, C], by what a transform drew."""
        source, places = self._pixels, rows
        with Scratch() as scratch:
            if not isinstance(source, np.ndarray) or isinstance(drawn, Keys):
                source = scratch.array("pixels", len(rows), self._shape)
                self._pixels.take(rows, axis=0, out=source, mode="clip")
                places = np.arange(len(rows))
            if not isinstance(drawn, Keys):
                images = self._memory.empty((len(rows), *self._shape), dtype)
                transform_rows(source, places, drawn, images, self._rescale)
                return images
            images = self._transform.apply(np, source, drawn)
            scaled: NDArray[Any] = np.multiply(images, self._rescale, dtype=np.float32)
            return scaled if dtype == np.float32 else np.rint(np.clip(scaled, 0, 255)).astype(dtype)


def mix_with(images: NDArray[np.float32], others: NDArray[np.float32], mixed: Mixed) -> None:
    """Mix images with others in place."""
    others *= 1 - mixed.lam[:, None, None, None]
    images *= mixed.lam[:, None, None, None]
    images += others


def mix_within(images: NDArray[np.float32], mixed: Mixed, sizes: list[int]) -> None:
    """Mix the images of batches of these sizes in place, each with another of its batch."""
    start = 0
    for size in sizes:
        batch, lam = images[start : start + size], mixed.lam[start]
        with Scratch() as scratch:
            others = scratch.array("others", size, images.shape[1:], np.float32)
            batch.take(mixed.places[start : start + size], axis=0, out=others, mode="clip")
            others *= 1 - lam
            batch *= lam
            batch += others
        start += size
