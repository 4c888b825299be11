"""How bright, contrasty and sharp images are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fer_data.data.images import ImageArray
from fer_data.util.progress import track

DARK, BRIGHT = 48, 208
"""Pixels below, and from, which count as dark and as bright."""

_AT_ONCE = 1024


class Measures(NamedTuple):
    """Figures of N images, each float32 of shape [N].

    Attributes
    ----------
    brightness, contrast : ndarray
        Mean and standard deviation of the pixels, 0 to 255.
    sharpness : ndarray
        Variance of the Laplacian over the variance of the pixels; 0 for an image of one colour.
        Unlike the usual variance of the Laplacian alone (Pech-Pacheco et al. 2000,
        doi:10.1109/ICPR.2000.903548), it does not call a pale image blurred.
    dark, bright : ndarray
        Fraction of pixels below `DARK`, and of pixels from `BRIGHT` on.
    """

    brightness: NDArray[np.float32]
    contrast: NDArray[np.float32]
    sharpness: NDArray[np.float32]
    dark: NDArray[np.float32]
    bright: NDArray[np.float32]


def measure(pixels: ImageArray) -> Measures:
    """Measure grey images.

    Parameters
    ----------
    pixels : ndarray of uint8, shape [N, H, W] or [N, H, W, 1]
        At least 3 pixels high and wide.
    """
    images = pixels.reshape(*pixels.shape[:3])
    starts = range(0, len(images), _AT_ONCE)
    parts = [
        _measure(images[i : i + _AT_ONCE])
        for i in track(starts, total=len(starts), description="Measuring images")
    ]
    parts = parts or [_measure(images[:0])]
    return Measures(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _measure(pixels: NDArray[np.uint8]) -> Measures:
    values = pixels.astype(np.float32)
    centre = values[:, 1:-1, 1:-1]
    laplacian = 4 * centre - values[:, :-2, 1:-1] - values[:, 2:, 1:-1]
    laplacian -= values[:, 1:-1, :-2] + values[:, 1:-1, 2:]
    variance = values.var(axis=(1, 2))
    return Measures(
        values.mean(axis=(1, 2)),
        np.sqrt(variance),
        laplacian.var(axis=(1, 2)) / np.maximum(variance, 1e-3),
        (pixels < DARK).mean(axis=(1, 2), dtype=np.float32),
        (pixels >= BRIGHT).mean(axis=(1, 2), dtype=np.float32),
    )
