"""From one image file to an array of the size and colour that a store holds."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from fer_data.errors import DataError, UsageError

Color = Literal["grey", "rgb"]

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF")
"""What a file may be, whatever its name says: Pillow would hand an EPS to Ghostscript."""

MAX_PIXELS = 64 << 20
"""Width times height of the largest picture that is decoded: a tiny file can claim any size."""

_MODES = {"grey": "L", "rgb": "RGB"}


@dataclass(frozen=True)
class PixelFormat:
    """What every picture is brought to.

    Attributes
    ----------
    height, width : int
        In pixels. A picture of another size is resized (bilinear, antialiased), its aspect ratio
        not kept, as Keras does for folders.
    color : {"grey", "rgb"}
        Grey is the luma of ITU-R 601, as in Pillow and Keras. Transparency is dropped.
    """

    height: int = 48
    width: int = 48
    color: Color = "grey"

    def __post_init__(self) -> None:
        if self.color not in _MODES:
            raise UsageError(f"color is {self.color!r}; choose grey or rgb")
        if not 1 <= min(self.height, self.width) <= max(self.height, self.width) <= 4096:
            raise UsageError(f"image size is {self.height}x{self.width}; sides are 1 to 4096")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        return self.height, self.width, 1 if self.color == "grey" else 3

    def __str__(self) -> str:
        return f"{self.height}x{self.width} {self.color}"


@dataclass(frozen=True)
class Picture:
    """A decoded picture: uint8 [H, W, C], and what was done to it."""

    pixels: NDArray[np.uint8]
    resized: bool
    converted: bool


def read_picture(path: str | Path, form: PixelFormat) -> Picture:
    """Decode an image file (the first frame of an animation), upright, in the form asked for.

    Raises
    ------
    DataError
        If the file cannot be read or decoded, or claims more than `MAX_PIXELS` pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's remarks on odd metadata: no one can act
            with Image.open(path, formats=FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise DataError(
                        f"{image.width}x{image.height} pixels is more than the "
                        f"{MAX_PIXELS:,} that are decoded; make it smaller"
                    )
                return _bring_to(image, form)
    except Image.DecompressionBombError:  # Pillow's own limit, which comes before ours
        raise DataError(
            f"{path}: more than the {MAX_PIXELS:,} pixels that are decoded; make it smaller"
        ) from None
    except UnidentifiedImageError:
        raise DataError(f"{path}: not a picture that can be decoded") from None
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    except Exception as error:  # broken files make Pillow raise TypeError, struct.error and more
        if isinstance(error, OSError) and error.strerror:  # the file system's, not Pillow's own
            raise DataError(f"{path}: cannot be read ({error.strerror})") from None
        raise DataError(f"{path}: cannot be decoded ({error})") from None


def from_array(pixels: NDArray[np.uint8], form: PixelFormat) -> NDArray[np.uint8]:
    """Bring one grey uint8 [H, W] array to the form asked for, uint8 [H, W, C]."""
    if pixels.shape == (form.height, form.width) and form.color == "grey":
        return pixels[:, :, None]
    return _bring_to(Image.fromarray(pixels), form).pixels


def _bring_to(image: Image.Image, form: PixelFormat) -> Picture:
    mode = _MODES[form.color]
    converted = image.mode != mode
    ImageOps.exif_transpose(image, in_place=True)  # else a copy, 256 MiB of the largest picture
    if image.mode in ("I", "F"):
        raise DataError("32 bits a pixel, of no known range; save it with 8 or 16")
    if image.mode.startswith("I;16"):  # Pillow's own conversion would clip
        image = Image.fromarray((np.asarray(image, np.uint16) >> 8).astype(np.uint8))
    image = image.convert(mode)
    resized = image.size != (form.width, form.height)
    if resized:
        image = image.resize((form.width, form.height), Image.Resampling.BILINEAR)
    return Picture(np.asarray(image, np.uint8).reshape(form.shape), resized, converted)
