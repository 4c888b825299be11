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
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.errors import UsageError
from fer_data.transforms import pixels as shared
from fer_data.transforms.parameters import Parameters
from fer_data.util import keyed
from fer_data.util.scratch import Scratch

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
            matrix=self._matrices(amounts, random[:, :7]) if self._moves else None,
            shade=_shades(amounts, random[:, 7:9]) if self._shades else None,
            box=self._boxes(amounts, random[:, 9:]) if self._erases else None,
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
    parameters : Parameters
    images : ndarray of float32, shape [B, H, W, C]
        Is overwritten by the result, 0 to 255.
    """
    images[...] = shared.apply(np, pixels, parameters)


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
