"""From one image, a file or not, to an array of the size and colour that a store holds."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from fer_data.data.first_bytes import HEAD_BYTES, kind_of
from fer_data.errors import DataError, UsageError
from fer_data.util.files import refuse_no_file

Color = Literal["grey", "rgb"]
Fit = Literal["stretch", "crop", "pad"]

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
"""What a file may be, whatever its name says: Pillow would hand an EPS to Ghostscript."""

Raw = Path | bytes | NDArray[np.uint8]
"""What a reader gives of an image: an image file, its bytes, or pixels [H, W] or [H, W, C]."""

MAX_PIXELS = 64 << 20
"""Width times height of the largest image that is decoded: a tiny file can claim any size."""

ImageInfo = tuple[int, int, str]
"""Height, width and colour of an image: grey, rgb, or Pillow's mode where it is neither."""

_MODES = {"grey": "L", "rgb": "RGB"}
_COLORS = {mode: color for color, mode in _MODES.items()}


@dataclass(frozen=True)
class PixelFormat:
    """What every image is brought to.

    Attributes
    ----------
    height, width : int
        In pixels. An image of another size is resized (bilinear, antialiased).
    color : {"grey", "rgb"}
        Grey is the luma of ITU-R 601, as in Pillow and Keras. Transparency is dropped.
    fit : {"stretch", "crop", "pad"}
        How an image of another aspect ratio is resized: stretched, as Keras does for folders;
        or its aspect ratio kept, and cropped at its center, or padded with black.
    bits : int, optional
        How many of the 16 bits of an image's values are in use, 8 to 16, where it has 16: 12 bits
        are 0 to 4095. By default 16; `fer_data.open_store` finds it out over all images.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> data = (np.zeros((2, 60, 80, 3), np.uint8), ["cat", "dog"])
    >>> fer_data.open_store(data, form=fer_data.PixelFormat(48, 48, "grey")).pixels.shape
    (2, 48, 48, 1)
    """

    height: int
    width: int
    color: Color
    fit: Fit = "stretch"
    bits: int | None = None

    def __post_init__(self) -> None:
        if self.color not in _MODES:
            raise UsageError(f"color is {self.color!r}; choose grey or rgb")
        if self.fit not in get_args(Fit):
            raise UsageError(f"fit is {self.fit!r}; choose from {', '.join(get_args(Fit))}")
        if self.bits is not None and not 8 <= self.bits <= 16:
            raise UsageError(f"bits is {self.bits}; expected 8 to 16")
        if not 1 <= min(self.height, self.width) <= max(self.height, self.width) <= 4096:
            raise UsageError(f"image size is {self.height}x{self.width}; sides are 1 to 4096")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        return self.height, self.width, 1 if self.color == "grey" else 3

    def __str__(self) -> str:
        fit = "" if self.fit == "stretch" else f" {self.fit}"
        bits = "" if self.bits is None else f" {self.bits} bits"
        return f"{self.height}x{self.width} {self.color}{fit}{bits}"


@dataclass(frozen=True)
class Decoded:
    """A decoded image: uint8 [H, W, C], what was done to it, and its size and colour before."""

    pixels: NDArray[np.uint8]
    resized: bool
    converted: bool
    before: ImageInfo


def read_image(path: str | Path, form: PixelFormat) -> Decoded:
    """Decode an image file, as `decode` does."""
    refuse_no_file(Path(path))
    return decode(Path(path), form, str(path))


def decode(raw: Raw, form: PixelFormat, name: str) -> Decoded:
    """Bring an image (the first frame of an animation) upright to the form asked for.

    Parameters
    ----------
    raw : Path, bytes or ndarray
    form : PixelFormat
    name : str
        What an error calls it.

    Raises
    ------
    DataError
        If it cannot be read or decoded, or claims more than `MAX_PIXELS` pixels.
    """
    if isinstance(raw, np.ndarray):
        return _from_array(raw, form)
    with _opened(raw, name) as image:
        return _bring_to(image, form)


def image_info(raw: Raw, name: str) -> ImageInfo:
    """Return the height, width and colour of an image that is not decoded.

    Raises
    ------
    DataError
        As `decode`, but of a file only the head is read, except for a PNG that is no square: what
        says how it is turned may come after its pixels.
    """
    if isinstance(raw, np.ndarray):
        return *raw.shape[:2], _color_of(raw)
    with _opened(raw, name) as image:
        width, height = image.size
        if width != height and _is_on_its_side(image):
            width, height = height, width
        return height, width, _color(image)


def _is_on_its_side(image: Image.Image) -> bool:
    """Whether a file's EXIF swaps its sides; those of a TIFF, Pillow swaps when it opens it."""
    return image.format != "TIFF" and image.getexif().get(ExifTags.Base.Orientation) in (5, 6, 7, 8)


def highest_value(raw: Raw, name: str) -> int:
    """Return the highest value of an image of 16 bits, which is decoded; 0 of any other.

    Raises
    ------
    DataError
        As `decode`.
    """
    if isinstance(raw, np.ndarray):
        return 0
    with _opened(raw, name) as image:
        return int(np.asarray(image, np.uint16).max()) if has_16_bits(_color(image)) else 0


def _color(image: Image.Image) -> str:
    """Return the colour of an `ImageInfo`; Pillow opens a PGM of 16 bits as one of 32."""
    mode = "I;16" if (image.mode, image.format) == ("I", "PPM") else image.mode
    return _COLORS.get(mode, mode)


def has_16_bits(color: str) -> bool:
    """Whether images of a colour, as `image_info` gives it, have 16 bits a value."""
    return color.startswith("I;16")


def is_grey(color: str) -> bool:
    """Whether images of a colour, as `image_info` gives it, are grey."""
    return color in ("grey", "1", "LA") or has_16_bits(color)


def check(raw: Raw, name: str) -> None:
    """Decode an image to its end.

    Raises
    ------
    DataError
        As `decode`.
    """
    if not isinstance(raw, np.ndarray):
        with _opened(raw, name) as image:
            image.load()


@contextmanager
def _opened(raw: Path | bytes, name: str) -> Iterator[Image.Image]:
    """Open an image file, whose size is checked; name it in whatever goes wrong."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's remarks on odd metadata: no one can act
            file = io.BytesIO(raw) if isinstance(raw, bytes) else raw
            with Image.open(file, formats=FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise DataError(
                        f"{image.width}x{image.height} pixels is more than the "
                        f"{MAX_PIXELS:,} that are decoded; make it smaller"
                    )
                yield image
    except Image.DecompressionBombError:  # Pillow's own limit, which comes before ours
        raise DataError(
            f"{name}: more than the {MAX_PIXELS:,} pixels that are decoded; make it smaller"
        ) from None
    except UnidentifiedImageError:
        raise DataError(f"{name}: not an image that can be decoded{_what_it_is(raw)}") from None
    except DataError as error:
        raise DataError(f"{name}: {error}") from None
    except Exception as error:  # broken files make Pillow raise TypeError, struct.error and more
        if isinstance(error, OSError) and error.strerror:  # the file system's, not Pillow's own
            raise DataError(f"{name}: cannot be read ({error.strerror})") from None
        raise DataError(f"{name}: cannot be decoded ({error})") from None


def _what_it_is(raw: Path | bytes) -> str:
    head = raw[:HEAD_BYTES] if isinstance(raw, bytes) else b""
    if isinstance(raw, Path):
        with suppress(OSError), open(raw, "rb") as file:
            head = file.read(HEAD_BYTES)
    kind = kind_of(head)
    return f", but {kind}" if kind else ""


def _from_array(pixels: NDArray[np.uint8], form: PixelFormat) -> Decoded:
    color = _color_of(pixels)
    if (*pixels.shape[:2], color) == (form.height, form.width, form.color):
        before = (form.height, form.width, form.color)
        return Decoded(pixels.reshape(form.shape), resized=False, converted=False, before=before)
    return _bring_to(Image.fromarray(pixels[:, :, 0] if pixels.shape[2:] == (1,) else pixels), form)


def _color_of(pixels: NDArray[np.uint8]) -> Color:
    return "rgb" if pixels.shape[2:] == (3,) else "grey"


def _bring_to(image: Image.Image, form: PixelFormat) -> Decoded:
    mode = _MODES[form.color]
    converted, color = image.mode != mode, _color(image)
    ImageOps.exif_transpose(image, in_place=True)  # else a copy, 256 MiB of the largest image
    if color in ("I", "F"):
        raise DataError("32 bits a pixel, of no known range; save it with 8 or 16")
    if has_16_bits(color):  # Pillow's own conversion would clip
        bits = form.bits or 16
        values = np.minimum(np.asarray(image, np.uint16), (1 << bits) - 1) >> (bits - 8)
        image = Image.fromarray(values.astype(np.uint8))
    if image.mode != mode:
        image = image.convert(mode)
    before = (image.height, image.width, color)
    resized = image.size != (form.width, form.height)
    if resized:
        size, by = (form.width, form.height), Image.Resampling.BILINEAR
        if form.fit == "stretch":
            image = image.resize(size, by)
        else:
            image = (ImageOps.fit if form.fit == "crop" else ImageOps.pad)(image, size, by)
    return Decoded(np.asarray(image, np.uint8).reshape(form.shape), resized, converted, before)


def as_png(raw: bytes, name: str) -> bytes:
    """Return an image file as PNG, upright, in its own size and colour, of 16 bits too.

    Raises
    ------
    DataError
        As `decode`.
    """
    file = io.BytesIO()
    with _opened(raw, name) as image:
        ImageOps.exif_transpose(image, in_place=True)
        if has_16_bits(_color(image)):
            image = Image.fromarray(np.asarray(image, np.uint16))
        elif image.mode not in _COLORS:
            image = image.convert("L" if is_grey(image.mode) else "RGB")
        image.save(file, "PNG")
    return file.getvalue()


def as_it_is(
    raw: Raw | DataError, name: str, bits: Callable[[], int | None] = lambda: None
) -> NDArray[np.uint8]:
    """Decode an image upright in its own size and colour: uint8 [H, W], or [H, W, 3] if not grey.

    `bits` is called where it has 16, and is as in `PixelFormat`.

    Raises
    ------
    DataError
        As `decode`, or the one that is given in place of an image.
    """
    if isinstance(raw, DataError):
        raise raw
    if isinstance(raw, np.ndarray):
        return raw[:, :, 0] if raw.shape[2:] == (1,) else raw
    height, width, color = image_info(raw, name)
    used = bits() if has_16_bits(color) else None
    form = PixelFormat(height, width, "grey" if is_grey(color) else "rgb", bits=used)
    pixels = decode(raw, form, name).pixels
    return pixels[:, :, 0] if is_grey(color) else pixels
