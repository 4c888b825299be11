"""The size and colour that images are brought to: what is asked for, else the data's own."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from fer_data.data.dataset import Dataset
from fer_data.data.decode import Color, Fit, ImageInfo, PixelFormat, has_16_bits, is_grey
from fer_data.data.image_infos import bits_in_use, image_infos
from fer_data.errors import DataError, UsageError
from fer_data.util.files import write_json

Size = tuple[int, int]


@dataclass(frozen=True)
class FormatRequest:
    """What of an image format is asked for; the rest is the data's own.

    Attributes
    ----------
    size : (int, int), optional
        Height and width; by default those of the images, which must then all have one size.
    color : {"grey", "rgb"}, optional
        By default rgb where any image has colour, else grey.
    fit : {"stretch", "crop", "pad"}
        How images of another aspect ratio are brought to the size; see `PixelFormat`.
    otherwise : (int, int), optional
        The size where none is asked for and images differ; without it, that is an error.
    bits : int, optional
        As in `PixelFormat`; by default what the images use.

    Raises
    ------
    UsageError
        If what is asked for is none of these.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> data = (np.zeros((2, 60, 80, 3), np.uint8), ["cat", "dog"])
    >>> form = fer_data.FormatRequest(size=(32, 32), fit="crop")
    >>> fer_data.open_store(data, form=form).pixels.shape
    (2, 32, 32, 3)
    """

    size: Size | None = None
    color: Color | None = None
    fit: Fit = "stretch"
    otherwise: Size | None = None
    bits: int | None = None

    def __post_init__(self) -> None:
        PixelFormat(*(self.size or (1, 1)), self.color or "grey", self.fit, self.bits)

    @classmethod
    def of(cls, form: PixelFormat | FormatRequest | None) -> FormatRequest:
        """Return the request that a format is, nothing asked for where there is none."""
        if not isinstance(form, PixelFormat):
            return form or cls()
        return cls((form.height, form.width), form.color, form.fit, bits=form.bits)

    def __str__(self) -> str:
        size = "x".join(map(str, self.size or ()))
        fit = "" if self.fit == "stretch" else self.fit
        bits = f"({self.bits} of 16 bits)" if self.bits else ""
        return " ".join(filter(None, (size, self.color, fit, bits)))

    def of_image(self, info: ImageInfo) -> PixelFormat:
        """Return the format for one image, the rest of which is that image's own."""
        height, width, color = info
        own: Color = "grey" if is_grey(color) else "rgb"
        return PixelFormat(
            *(self.size or (height, width)), self.color or own, self.fit, bits=self.bits
        )


def sides_of(image_size: Any) -> Size | None:
    """Return height and width of a side, or of both.

    Raises
    ------
    UsageError
        If it is neither.
    """
    match image_size:
        case None:
            return None
        case bool():
            pass
        case int(side):
            return side, side
        case (int(height), int(width)) | [int(height), int(width)]:
            return height, width
    raise UsageError(
        f"image_size: expected a whole number or (height, width), got {image_size!r}. "
        "Channels follow from color"
    )


def format_of(
    form: PixelFormat | FormatRequest | None, data: Dataset, known: Path | None = None
) -> PixelFormat:
    """Return the format that a request comes to for some data.

    Parameters
    ----------
    form : PixelFormat or FormatRequest, optional
    data : Dataset
        All images of its origin count, whatever it takes of them.
    known : path, optional
        A file that keeps what was found of the images, which takes a look at each.

    Raises
    ------
    DataError
        If images differ in size, and none is asked for.
    """
    request, own = FormatRequest.of(form), image_summary(data, known)
    if request.size is None and request.otherwise is None and not own.is_one_size:
        raise DataError(
            f"{data.root}: images are from {own.smallest[1]}x{own.smallest[0]} to "
            f"{own.largest[1]}x{own.largest[0]} pixels, and batches need one size",
            fix={"image_size": ("224", "64")},
        )
    size = request.size or (own.smallest if own.is_one_size else request.otherwise)
    assert size is not None
    bits = request.bits or own.bits
    return PixelFormat(*size, request.color or own.color, request.fit, bits)


class ImageSummary(NamedTuple):
    """What was found of images.

    Attributes
    ----------
    smallest, largest : (int, int)
        Height and width of the smallest and of the largest image.
    color : {"grey", "rgb"}
        What holds all.
    bits : int or None
        How many bits are in use where images have 16; see `fer_data.data.image_infos.bits_in_use`.
    """

    smallest: Size
    largest: Size
    color: Color
    bits: int | None = None

    @property
    def is_one_size(self) -> bool:
        """Whether all images have one size."""
        return self.smallest == self.largest


def image_summary(data: Dataset, known: Path | None = None) -> ImageSummary:
    """Return what all images of a dataset's origin are; `known` as in `format_of`."""
    if data.origin.image_format:
        return ImageSummary(*data.origin.image_format)
    if known is None or data.origin.arrays:
        return _summary(data)
    if summary := _read(known):
        return summary
    summary = _summary(data)
    try:
        known.parent.mkdir(parents=True, exist_ok=True)
        write_json(known, summary._asdict())
    except (OSError, DataError):
        pass  # a cache that cannot be written: the next time takes as long
    return summary


def _summary(data: Dataset) -> ImageSummary:
    infos = image_infos(data.origin)
    summary = summary_of(infos)
    if any(has_16_bits(color) for _, _, color in infos):
        summary = summary._replace(bits=bits_in_use(data.origin))
    return summary


def summary_of(infos: Iterable[ImageInfo]) -> ImageSummary:
    """Return what images of known size and colour are; those that cannot be opened do not count."""
    opened = [info for info in infos if info[0]]
    sizes = {(height, width) for height, width, _ in opened} or {(1, 1)}
    ordered = sorted(sizes, key=lambda size: (size[0] * size[1], size))
    grey = all(is_grey(color) for _, _, color in opened)
    return ImageSummary(ordered[0], ordered[-1], "grey" if grey else "rgb")


def _read(known: Path) -> ImageSummary | None:
    try:
        about = json.loads(known.read_text("utf-8"))
        ends = [(int(about[name][0]), int(about[name][1])) for name in ("smallest", "largest")]
        summary = ImageSummary(ends[0], ends[1], about["color"], about["bits"])
        PixelFormat(*summary.smallest, summary.color, bits=summary.bits)
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None
    return summary
