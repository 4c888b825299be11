"""Augmentation of whole batches: parameters by key, then parameters applied to pixels.

Parameters are functions of (seed, sample, repeat), so they are the same in every adapter, process
and shard, and another use of a sample has others. Flips alternate: a sample's first use is flipped
or not by its own random bit, and every further use the other way round. Half of all pictures are
flipped, as with random flips, but of two uses in a row one is flipped and one is not (Jordan
2024, arXiv:2404.00498).
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fer_data.errors import UsageError
from fer_data.util import keyed
from fer_data.util.scratch import Scratch

_PICTURES_AT_ONCE = 8
"""Moved at a time, so that what is computed on the way stays in the cache."""


@dataclass(frozen=True)
class Preset:
    """How far an augmentation goes. Amounts are drawn evenly from minus to plus what is said here.

    Attributes
    ----------
    flip : bool
        Whether every other use is mirrored left to right.
    shift : float
        Up, down and sideways, as a share of the picture's height and width.
    rotate : float
        Degrees.
    scale : float
        Size against the picture's own, less one.
    crop : float
        How much of height and width a random window may lack, which then fills the picture.
    brightness : float
        Added, as a share of white.
    contrast : float
        Distance from the picture's mean grey against its own, less one.
    erase : float
        Share of the pictures in which a random box of 2 % to 20 % of the area is overwritten by
        the picture's mean (random erasing: Zhong et al. 2017, arXiv:1708.04896).
    """

    flip: bool = False
    shift: float = 0.0
    rotate: float = 0.0
    scale: float = 0.0
    crop: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    erase: float = 0.0

    @property
    def moves(self) -> bool:
        """Whether pixels change their place, other than by a flip."""
        return bool(self.shift or self.rotate or self.scale or self.crop)

    @property
    def shades(self) -> bool:
        """Whether grey values change."""
        return bool(self.brightness or self.contrast)


PRESETS = {
    "none": Preset(),
    "flip": Preset(flip=True),
    "standard": Preset(
        flip=True, shift=0.08, rotate=10.0, scale=0.1, brightness=0.1, contrast=0.15
    ),
    "strong": Preset(
        flip=True,
        shift=0.12,
        rotate=20.0,
        scale=0.2,
        crop=0.15,
        brightness=0.2,
        contrast=0.35,
        erase=0.5,
    ),
}


def checked(augment: str) -> str:
    """Return `augment` if it names a preset.

    Raises
    ------
    UsageError
        If it names none.
    """
    if augment not in PRESETS:
        raise UsageError(f"augment is {augment!r}; choose one of {', '.join(PRESETS)}")
    return augment


class Parameters(NamedTuple):
    """What is done to each of B pictures. What no preset in use does is None.

    Attributes
    ----------
    flipped : ndarray of bool, shape [B]
        Whether it is mirrored left to right, before all else.
    matrix : ndarray of float32, shape [B, 2, 3]
        The pixel (y, x) is taken from ``matrix @ (y, x, 1)``, both counted from the picture's
        centre; between pixels by bilinear interpolation, outside from the nearest edge.
    shade : ndarray of float32, shape [B, 2]
        Contrast and brightness: (value - mean) * contrast + mean + brightness, kept in 0 to 255.
    box : ndarray of int32, shape [B, 4]
        First row, end row, first column, end column of what is overwritten by the mean.
    """

    flipped: NDArray[np.bool_]
    matrix: NDArray[np.float32] | None = None
    shade: NDArray[np.float32] | None = None
    box: NDArray[np.int32] | None = None


class Augmentation:
    """One or two presets, and which classes get which.

    Parameters
    ----------
    preset : str
        A name in `PRESETS`.
    rare : str, optional
        The preset of rare classes, where that is another.
    is_rare : ndarray of bool, shape [C]
        Which classes those are.
    num_samples : int
        Samples are numbered below this.
    shape : (int, int)
        Height and width of the pictures.
    seed : int
    """

    def __init__(
        self,
        preset: str,
        rare: str | None,
        is_rare: NDArray[np.bool_],
        *,
        num_samples: int,
        shape: tuple[int, int],
        seed: int,
    ) -> None:
        self._seed = seed
        self._name = preset if rare is None else f"{preset}, {rare} for rare classes"
        self._first_flips = keyed.bits(seed, keyed.FLIP, np.arange(num_samples))
        self._shape = shape
        self._is_rare = is_rare
        presets = [PRESETS[checked(preset)], PRESETS[checked(rare or preset)]]
        self._amounts = np.array([astuple(one) for one in presets], np.float64)
        self._flips = np.array([one.flip for one in presets])
        self._moves = any(one.moves for one in presets)
        self._shades = any(one.shades for one in presets)
        self._erases = any(one.erase for one in presets)

    def __str__(self) -> str:
        return self._name

    @property
    def only_flips(self) -> bool:
        """Whether pixels keep their values, so that they can stay bytes."""
        return not (self._moves or self._shades or self._erases)

    def parameters(
        self,
        samples: NDArray[np.integer[Any]],
        repeats: NDArray[np.integer[Any]],
        labels: NDArray[np.integer[Any]],
    ) -> Parameters:
        """Return what is done to each use of a sample; all arguments are [B]."""
        flipped = self._first_flips[samples] ^ (repeats & 1).astype(np.bool_)
        which = self._is_rare[labels].astype(np.intp)
        if not self._flips.all():
            flipped &= self._flips[which]
        if self.only_flips:
            return Parameters(flipped)
        amounts = self._amounts[which]
        # In float32 sin, cos and exp differ between processors; rounded from float64 they agree.
        random = keyed.uniforms(self._seed, keyed.AUGMENT, samples, repeats, 14).astype(np.float64)
        return Parameters(
            flipped,
            self._matrices(amounts, random[:, :7]) if self._moves else None,
            _shades(amounts, random[:, 7:9]) if self._shades else None,
            self._boxes(amounts, random[:, 9:]) if self._erases else None,
        )

    def _matrices(
        self, amounts: NDArray[np.float64], random: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        _, shift, rotate, scale, crop = amounts[:, :5].T
        either_way = 2 * random - 1
        angle = np.radians(either_way[:, 2] * rotate)
        window = 1 - crop * random[:, 4]
        size = window / (1 + either_way[:, 3] * scale)
        matrix = np.empty((len(amounts), 2, 3), np.float32)
        matrix[:, 0, 0] = matrix[:, 1, 1] = size * np.cos(angle)
        matrix[:, 0, 1] = size * np.sin(angle)
        matrix[:, 1, 0] = -matrix[:, 0, 1]
        for axis, sides in enumerate(self._shape):
            # A window of the picture can stand off its centre by half of what it lacks.
            off = either_way[:, 5 + axis] * (1 - window) / 2
            matrix[:, axis, 2] = sides * (either_way[:, axis] * shift + off)
        return matrix

    def _boxes(
        self, amounts: NDArray[np.float64], random: NDArray[np.float64]
    ) -> NDArray[np.int32]:
        height, width = self._shape
        area = (0.02 + 0.18 * random[:, 1]) * height * width
        aspect = np.exp((2 * random[:, 2] - 1) * np.log(3.0))
        tall = np.clip(np.rint(np.sqrt(area * aspect)), 1, height)
        wide = np.clip(np.rint(np.sqrt(area / aspect)), 1, width)
        top = np.floor(random[:, 3] * (height - tall + 1))
        left = np.floor(random[:, 4] * (width - wide + 1))
        box = np.stack([top, top + tall, left, left + wide], axis=1)
        box *= (random[:, 0] < amounts[:, 7])[:, None]
        return box.astype(np.int32)


def _shades(amounts: NDArray[np.float64], random: NDArray[np.float64]) -> NDArray[np.float32]:
    either_way = 2 * random - 1
    contrast = 1 + either_way[:, 0] * amounts[:, 6]
    brightness = 255 * either_way[:, 1] * amounts[:, 5]
    return np.stack([contrast, brightness], axis=1).astype(np.float32)


def apply(pixels: NDArray[np.uint8], parameters: Parameters, images: NDArray[np.float32]) -> None:
    """Augment pictures.

    Parameters
    ----------
    pixels : ndarray of uint8, shape [B, H, W, C]
        Is overwritten.
    parameters : Parameters
    images : ndarray of float32, shape [B, H, W, C]
        Is overwritten by the result, 0 to 255.
    """
    flip(pixels, parameters.flipped)
    np.copyto(images, pixels)
    if parameters.matrix is not None:
        for start in range(0, len(images), _PICTURES_AT_ONCE):
            some = slice(start, start + _PICTURES_AT_ONCE)
            images[some] = _moved(images[some], parameters.matrix[some])
    if parameters.shade is not None:
        contrast, brightness = parameters.shade.T[:, :, None, None, None]
        mean = images.reshape(len(images), -1).mean(axis=1)[:, None, None, None]
        images *= contrast
        images += mean * (1 - contrast) + brightness
        np.clip(images, 0, 255, out=images)
    if parameters.box is not None:
        for image, (top, bottom, left, right) in zip(images, parameters.box, strict=True):
            if bottom:
                image[top:bottom, left:right] = image.mean()


def flip(pixels: NDArray[np.uint8], where: NDArray[np.bool_]) -> None:
    """Mirror the pictures [B, H, W, C] left to right, in place, where `where` [B] says so."""
    _, height, width, channels = pixels.shape
    if channels != 1 or width % 8:
        pixels[where] = pixels[where, :, ::-1]
        return
    # Eight grey pixels are one number, and used memory is faster: a third of the time.
    chosen = np.flatnonzero(where)
    words = pixels.reshape(len(pixels), -1).view(np.uint64)
    size = words.shape[1:]
    with Scratch() as scratch:
        found = scratch.array("found", len(chosen), size, np.uint64)
        mirrored = scratch.array("mirrored", len(chosen), size, np.uint64)
        words.take(chosen, axis=0, out=found, mode="clip")
        found.take(_mirrored_words(height, width // 8), axis=1, out=mirrored, mode="clip")
        words[chosen] = mirrored.byteswap(inplace=True)


@lru_cache
def _mirrored_words(height: int, words: int) -> NDArray[np.intp]:
    return np.arange(height * words).reshape(height, words)[:, ::-1].ravel()


def _moved(images: NDArray[np.float32], matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return images [B, H, W, C] whose pixels come from elsewhere; see `Parameters.matrix`."""
    num, height, width, channels = images.shape
    rows = np.arange(height, dtype=np.float32)[:, None] - np.float32((height - 1) / 2)
    columns = np.arange(width, dtype=np.float32) - np.float32((width - 1) / 2)
    top, down = _neighbours(matrix[:, 0, :, None, None], rows, columns, height)
    left, right = _neighbours(matrix[:, 1, :, None, None], rows, columns, width)
    base = np.arange(num, dtype=np.int32)[:, None, None] * (height * width) + top * width
    base += left
    flat = images.reshape(-1, channels)

    def at(place: NDArray[np.int32]) -> NDArray[np.float32]:
        return flat.take(place, axis=0, mode="clip")  # where a side is one pixel long

    right, down = right[..., None], down[..., None]
    upper = at(base) + (at(base + 1) - at(base)) * right
    base += width
    lower = at(base) + (at(base + 1) - at(base)) * right
    return upper + (lower - upper) * down


def _neighbours(
    line: NDArray[np.float32], rows: NDArray[np.float32], columns: NDArray[np.float32], size: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the pixel before each place, and how far the place is on the way to the next."""
    place = line[:, 0] * rows + line[:, 1] * columns + (line[:, 2] + np.float32((size - 1) / 2))
    np.clip(place, 0, size - 1, out=place)
    before = np.minimum(place.astype(np.int32), max(size - 2, 0))
    place -= before.astype(np.float32)  # float32 less int32 would be float64
    return before, place
