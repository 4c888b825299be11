"""Operations on images: small values, each of which draws its own part of `Parameters`.

An operation takes `uniforms` random numbers for each image. Its amount is drawn evenly from minus
to plus what it says. What it draws stays in float64, since float32 sin, cos and exp differ between
processors, and images come last in memory, as NumPy is fastest along them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from fer_data.errors import UsageError
from fer_data.transforms.op import Random, Shape, set_amount, signed
from fer_data.transforms.parameters import Parameters


@dataclass(frozen=True)
class Flip:
    """Mirror left to right, every other use of a sample.

    A sample's first use is flipped or not by its own random bit, and every further use the other
    way round: half of all images are flipped, as with random flips, but of two uses in a row one
    is flipped and one is not (Jordan 2024, arXiv:2404.00498).

    Examples
    --------
    >>> import numpy as np
    >>> from fer_data.transforms import Flip, Keys, Ops
    >>> keys = Keys(0, np.array([7, 7, 7]), np.arange(3), np.zeros(3, np.int64))
    >>> Ops([Flip()]).draw(keys, (48, 48, 1)).flipped.tolist()
    [True, False, True]
    """

    uniforms: ClassVar[int] = 0

    def parameters(self, random: Random, shape: Shape) -> Parameters:
        """Return nothing: which images are flipped follows from samples and repeats."""
        return Parameters()


@dataclass(frozen=True)
class Shift:
    """Move up or down and sideways.

    Parameters
    ----------
    fraction : float
        Of the image's height and width, 0 to 1.

    Examples
    --------
    >>> from fer_data.transforms import Shift, as_transform
    >>> as_transform([Shift(0.1)]) == as_transform("shift:0.1")
    True
    """

    fraction: float
    uniforms: ClassVar[int] = 2

    def __post_init__(self) -> None:
        set_amount(self, "fraction", 1)

    def parameters(self, random: Random, shape: Shape) -> Parameters:
        """See `Op.parameters`."""
        affine = _affine(random)
        for axis in (0, 1):
            affine[axis, 2] = shape[axis] * self.fraction * signed(random[axis])
        return Parameters(matrix=_images_first(affine))


@dataclass(frozen=True)
class Rotate:
    """Rotate around the center.

    Parameters
    ----------
    degrees : float
        0 to 180.

    Examples
    --------
    >>> from fer_data.transforms import Rotate, as_transform
    >>> as_transform([Rotate(15)]) == as_transform("rotate:15")
    True
    """

    degrees: float
    uniforms: ClassVar[int] = 1

    def __post_init__(self) -> None:
        set_amount(self, "degrees", 180)

    def parameters(self, random: Random, shape: Shape) -> Parameters:
        """See `Op.parameters`."""
        angle = np.radians(self.degrees * signed(random[0]))
        affine = _affine(random)
        affine[0, 0] = affine[1, 1] = np.cos(angle)
        affine[0, 1] = np.sin(angle)
        affine[1, 0] = -affine[0, 1]
        return Parameters(matrix=_images_first(affine))


@dataclass(frozen=True)
class Scale:
    """Enlarge or shrink around the center.

    Parameters
    ----------
    fraction : float
        The size is 1 minus to 1 plus this; 0 to below 1.

    Examples
    --------
    >>> from fer_data.transforms import Scale, as_transform
    >>> as_transform([Scale(0.1)]) == as_transform("scale:0.1")
    True
    """

    fraction: float
    uniforms: ClassVar[int] = 1

    def __post_init__(self) -> None:
        set_amount(self, "fraction", 1, below=True)

    def parameters(self, random: Random, shape: Shape) -> Parameters:
        """See `Op.parameters`."""
        affine = _affine(random)
        affine[0, 0] = affine[1, 1] = 1 / (1 + self.fraction * signed(random[0]))
        return Parameters(matrix=_images_first(affine))


@dataclass(frozen=True)
class Crop:
    """Enlarge a window at a random place to the whole image.

    Parameters
    ----------
    fraction : float
        The window has 1 less this to all of the image's height and width; 0 to below 1.

    Examples
    --------
    >>> from fer_data.transforms import Crop, as_transform
    >>> as_transform([Crop(0.1)]) == as_transform("crop:0.1")
    True
    """

    fraction: float
    uniforms: ClassVar[int] = 3

    def __post_init__(self) -> None:
        set_amount(self, "fraction", 1, below=True)

    def parameters(self, random: Random, shape: Shape) -> Parameters:
        """See `Op.parameters`."""
        window = 1 - self.fraction * random[0]
        affine = _affine(random)
        affine[0, 0] = affine[1, 1] = window
        for axis in (0, 1):  # off the center by at most half of what the window lacks
            affine[axis, 2] = shape[axis] * (1 - window) / 2 * signed(random[1 + axis])
        return Parameters(matrix=_images_first(affine))


@dataclass(frozen=True)
class Brightness:
    """Add to all values.

    Parameters
    ----------
    fraction : float
        Of white, 0 to 1.

    Examples
    --------
    >>> from fer_data.transforms import Brightness, as_transform
    >>> as_transform([Brightness(0.2)]) == as_transform("brightness:0.2")
    True
    """

    fraction: float
    uniforms: ClassVar[int] = 1

    def __post_init__(self) -> None:
        set_amount(self, "fraction", 1)

    def parameters(self, random: Random, shape: Shape) -> Parameters:
        """See `Op.parameters`."""
        shade = np.ones((2, random.shape[1]))
        shade[1] = 255 * self.fraction * signed(random[0])
        return Parameters(shade=_images_first(shade))


@dataclass(frozen=True)
class Contrast:
    """Multiply the distance of all values from the image's mean.

    Parameters
    ----------
    fraction : float
        The factor is 1 minus to 1 plus this; 0 to 1.

    Examples
    --------
    >>> from fer_data.transforms import Contrast, as_transform
    >>> as_transform([Contrast(0.3)]) == as_transform("contrast:0.3")
    True
    """

    fraction: float
    uniforms: ClassVar[int] = 1

    def __post_init__(self) -> None:
        set_amount(self, "fraction", 1)

    def parameters(self, random: Random, shape: Shape) -> Parameters:
        """See `Op.parameters`."""
        shade = np.zeros((2, random.shape[1]))
        shade[0] = 1 + self.fraction * signed(random[0])
        return Parameters(shade=_images_first(shade))


@dataclass(frozen=True)
class ColorJitter:
    r"""Change the saturation and the hue of RGB images, at the same brightness.

    With grey the mean of r, g and b, the distance from grey is multiplied by :math:`s` and turned
    around the grey axis by :math:`\theta` (Rodrigues' formula); J is all ones, and K turns
    (r, g, b) into (b - g, r - b, g - r):

    .. math:: s \cos\theta \, I + (1 - s \cos\theta) \, J / 3 + s \sin\theta \, K / \sqrt 3

    Parameters
    ----------
    saturation : float
        The factor is 1 minus to 1 plus this; 0 to 1.
    hue : float
        Fraction of a full turn, 0 to 0.5.

    Examples
    --------
    >>> from fer_data.transforms import ColorJitter, Flip, as_transform
    >>> as_transform([Flip(), ColorJitter(saturation=0.3, hue=0.03)])
    Ops([Flip(), ColorJitter(saturation=0.3, hue=0.03)])
    """

    saturation: float = 0.0
    hue: float = 0.0
    uniforms: ClassVar[int] = 2

    def __post_init__(self) -> None:
        set_amount(self, "saturation", 1)
        set_amount(self, "hue", 0.5)

    def parameters(self, random: Random, shape: Shape) -> Parameters:
        """See `Op.parameters`.

        Raises
        ------
        UsageError
            If images have no three channels.
        """
        if shape[2] != 3:
            raise UsageError(f"{self!r}: expected RGB images, got {shape[2]} channel(s)")
        saturation = 1 + self.saturation * signed(random[0])
        angle = 2 * np.pi * self.hue * signed(random[1])
        along, across = saturation * np.cos(angle), saturation * np.sin(angle) / np.sqrt(3)
        color = np.empty((3, 3, random.shape[1]))
        for channel in range(3):
            color[channel, channel] = (1 + 2 * along) / 3
            color[channel, (channel + 1) % 3] = (1 - along) / 3 - across
            color[channel, (channel + 2) % 3] = (1 - along) / 3 + across
        return Parameters(color=_images_first(color))


@dataclass(frozen=True)
class Erase:
    """Overwrite a box of 2 % to 20 % of the area by the mean.

    Random erasing: Zhong et al. 2017, arXiv:1708.04896.

    Parameters
    ----------
    probability : float
        Of an image to get a box, 0 to 1.

    Examples
    --------
    >>> from fer_data.transforms import Erase, as_transform
    >>> as_transform([Erase(0.5)]) == as_transform("erase:0.5")
    True
    """

    probability: float
    uniforms: ClassVar[int] = 5

    def __post_init__(self) -> None:
        set_amount(self, "probability", 1)

    def parameters(self, random: Random, shape: Shape) -> Parameters:
        """See `Op.parameters`."""
        height, width, _ = shape
        area = (0.02 + 0.18 * random[1]) * height * width
        aspect = np.exp(signed(random[2]) * np.log(3.0))
        tall = np.clip(np.rint(np.sqrt(area * aspect)), 1, height)
        wide = np.clip(np.rint(np.sqrt(area / aspect)), 1, width)
        top = np.floor(random[3] * (height - tall + 1))
        left = np.floor(random[4] * (width - wide + 1))
        box = np.stack([top, top + tall, left, left + wide])
        box *= random[0] < self.probability
        return Parameters(box=_images_first(box))


OPS = (Flip, Shift, Rotate, Scale, Crop, Brightness, Contrast, ColorJitter, Erase)
"""All operations."""


def _affine(random: Random) -> Random:
    """Return the matrix that moves nothing, for each image: [2, 3, B]."""
    affine = np.zeros((2, 3, random.shape[1]))
    affine[0, 0] = affine[1, 1] = 1
    return affine


def _images_first(array: Random) -> Any:
    """Return a view [B, ...] of an array [..., B]."""
    return array.transpose(array.ndim - 1, *range(array.ndim - 1))
