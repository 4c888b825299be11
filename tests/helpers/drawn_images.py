"""Images with details of all sizes, and with something in common, as faces have."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def drawn_images(number: int, *, seed: int = 0, shared: float = 0.5) -> NDArray[np.uint8]:
    """Return images uint8 [N, 48, 48] with amplitudes 1/f, `shared` of each the same in all."""
    random = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(48)[:, None], np.fft.rfftfreq(48)[None])
    frequency[0, 0] = np.inf
    noise = np.fft.rfft2(random.normal(size=(number + 1, 48, 48)))
    images = np.fft.irfft2(noise / frequency, (48, 48))
    images /= images.std(axis=(1, 2), keepdims=True)
    images = shared**0.5 * images[:1] + (1 - shared) ** 0.5 * images[1:]
    return (128 + 45 * images).clip(0, 255).astype(np.uint8)


def shifted(image: NDArray[np.uint8], down: int, right: int) -> NDArray[np.uint8]:
    """Return an image moved, its edge repeated."""
    margin = max(abs(down), abs(right))
    return np.pad(image, margin, mode="edge")[
        margin - down : margin - down + 48, margin - right : margin - right + 48
    ]


def brightened(image: NDArray[np.uint8], by: int, contrast: float = 1.0) -> NDArray[np.uint8]:
    """Return an image with another brightness and contrast."""
    return ((image.astype(float) - 128) * contrast + 128 + by).clip(0, 255).astype(np.uint8)


def as_jpeg(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Return an image as JPEG gives it back."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def resized(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return an image that was smaller in between."""
    small = Image.fromarray(image).resize((side, side), Image.Resampling.BILINEAR)
    return np.asarray(small.resize((48, 48), Image.Resampling.BILINEAR))
