"""The size and colour that images are brought to: what is asked for, else the data's own."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer_data.data.dataset import Dataset
from fer_data.data.decode import Color, Fit, Look, PixelFormat
from fer_data.data.looks import looks
from fer_data.errors import DataError, UsageError
from fer_data.util.files import write_json

_GREY = frozenset(("grey", "1", "LA"))


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
    """

    size: tuple[int, int] | None = None
    color: Color | None = None
    fit: Fit = "stretch"
    otherwise: tuple[int, int] | None = None

    def complete(self) -> PixelFormat | None:
        """Return the format where all of it is asked for."""
        if self.size is None or self.color is None:
            return None
        return PixelFormat(*self.size, self.color, self.fit)


def sides_of(image_size: Any) -> tuple[int, int] | None:
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


def format_of(request: FormatRequest, dataset: Dataset, known: Path) -> PixelFormat:
    """Return the format that a request comes to for a dataset.

    Parameters
    ----------
    request : FormatRequest
    dataset : Dataset
        All images of its origin count, whatever it takes of them.
    known : path
        A file that keeps what was found of the images, which takes a look at each.

    Raises
    ------
    DataError
        If images differ in size, and none is asked for.
    """
    if complete := request.complete():
        return complete
    found = dataset.origin.image_format or _read(known) or _seen(dataset, known)
    smallest, largest, color = found
    size = request.size or (smallest if smallest == largest else request.otherwise)
    if size is None:
        raise DataError(
            f"{dataset.root}: images are from {smallest[1]}x{smallest[0]} to "
            f"{largest[1]}x{largest[0]} pixels, and batches need one size",
            fix={"image_size": ("224", "64")},
        )
    return PixelFormat(*size, request.color or color, request.fit)


Sizes = tuple[tuple[int, int], tuple[int, int], Color]
"""Height and width of the smallest and of the largest image, and the colour that holds all."""


def sizes_of(seen: Iterable[Look]) -> Sizes:
    """Return the smallest and the largest size, and the colour, of images that could be opened."""
    sizes, is_grey = set(), True
    for height, width, color in seen:
        if height:
            sizes.add((height, width))
            is_grey &= color in _GREY or color.startswith("I;16")
    ordered = sorted(sizes or {(1, 1)}, key=lambda size: (size[0] * size[1], size))
    return ordered[0], ordered[-1], "grey" if is_grey else "rgb"


def _seen(dataset: Dataset, known: Path) -> Sizes:
    found = sizes_of(looks(dataset.origin))
    if not dataset.origin.arrays:
        try:
            known.parent.mkdir(parents=True, exist_ok=True)
            write_json(known, {"smallest": found[0], "largest": found[1], "color": found[2]})
        except (OSError, DataError):
            pass  # a cache that cannot be written: the next time takes as long
    return found


def _read(known: Path) -> Sizes | None:
    try:
        about = json.loads(known.read_text("utf-8"))
        ends = [(int(about[name][0]), int(about[name][1])) for name in ("smallest", "largest")]
        color = about["color"]
        PixelFormat(*ends[0], color)
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None
    return ends[0], ends[1], color
