"""Images side by side: a grid with a name for each row, and strips of pairs with captions."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fer_data.plotting.figure import ShownFigure, new_figure

Pixels = NDArray[np.uint8]
"""An image: uint8 [H, W], [H, W, 1] or [H, W, 3]."""

_MOST_INCHES = 120.0
"""Height of a grid; with more rows than that their images are drawn smaller."""

_NAME, _LINES = 32, 4
"""Characters of a row's name in a line, and lines of it where rows are high enough."""

_TITLE = 130
"""Characters of a strip's title in a line."""


class Strip(NamedTuple):
    """Pairs of images in a row, a caption below each image, and what they show."""

    title: str
    pairs: list[tuple[Pixels, Pixels]]
    captions: list[tuple[str, str]]


def grid(
    names: Sequence[str], rows: Sequence[Sequence[Pixels]], *, columns: int, title: str
) -> ShownFigure:
    """Draw rows of images, each in the middle of a cell as large as the largest.

    Parameters
    ----------
    names : sequence of str
        Of the rows; a line break in them is one. Long ones are wrapped, and end in ``…``.
    rows : sequence of sequence of Pixels
    columns : int
        Places of a row, some of which may stay empty.
    title : str
    """
    every = [image for row in rows for image in row]
    height, width = (max(image.shape[axis] for image in every) for axis in (0, 1))
    colored = any(image.shape[2:] == (3,) for image in every)
    gap = max(1, min(height, width) // 16)
    cell = np.array([height + gap, width + gap], np.int64)
    # One image of all: axes of their own would take minutes with hundreds of classes.
    size = cell * (len(rows), columns) - gap
    canvas = np.full((*size, 3) if colored else tuple(size), 255, np.uint8)
    for place, row in enumerate(rows):
        for column, image in enumerate(row):
            _paste(canvas, image, cell * (place, column), (height, width))
    inches = min(1.0, _MOST_INCHES / len(rows))
    wanted = columns * inches * width / height, 0.5 + len(rows) * inches
    figure = new_figure(*wanted)
    axes = figure.subplots()
    axes.imshow(canvas, cmap="gray", vmin=0, vmax=255)
    axes.set_anchor("NW")  # moved from it, the images would push the names out of the figure
    axes.set_frame_on(False)
    middles = np.arange(len(rows)) * cell[0] + height / 2
    shown = [_wrapped(name, in_one=inches <= 0.5) for name in names]
    axes.set_yticks(middles, shown, fontsize=min(10.0, 60 * inches), parse_math=False)
    axes.tick_params(length=0)
    axes.set_xticks([])
    heading = figure.suptitle(title, fontsize=11, parse_math=False)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # said when it is drawn
        names_width, title_width = (
            max(text.get_window_extent().width for text in texts) / figure.dpi
            for texts in (axes.get_yticklabels(), [heading])
        )
    figure.set_size_inches(0.2 + max(names_width + wanted[0], title_width), wanted[1])
    return figure


def strips(rows: Sequence[Strip], *, pairs: int) -> ShownFigure:
    """Draw strips one below another, each of up to so many pairs."""
    figure = new_figure(0.4 + 2.1 * pairs, 0.2 + 1.75 * len(rows))
    panels = figure.subplots(len(rows), 1, squeeze=False).ravel()
    for axes, strip in zip(panels, rows, strict=True):
        images = [image for pair in strip.pairs for image in pair]
        height, width = (max(image.shape[axis] for image in images) for axis in (0, 1))
        gap = max(1, width // 12)
        apart = 2 * width + gap + width // 3
        canvas = np.full((height, apart * pairs - width // 3), 255, np.uint8)
        middles = []
        for place, image in enumerate(images):
            left = place // 2 * apart + place % 2 * (width + gap)
            _paste(canvas, image, (0, left), (height, width))
            middles.append(left + width / 2)
        axes.imshow(canvas, cmap="gray", vmin=0, vmax=255)
        axes.set_frame_on(False)
        axes.set_yticks([])
        words = [words for pair in strip.captions for words in pair]
        axes.set_xticks(middles, words, fontsize=8, parse_math=False)
        axes.tick_params(length=0)
        title = textwrap.fill(strip.title, _TITLE)
        axes.set_title(title, fontsize=9, loc="left", parse_math=False)
    return figure


def message(words: str) -> ShownFigure:
    """Return a figure that says why there is nothing to draw."""
    figure = new_figure(5, 0.8)
    figure.text(0.5, 0.5, words, ha="center", va="center", parse_math=False)
    return figure


def _wrapped(name: str, *, in_one: bool) -> str:
    """Return a row's name in short lines, or in one."""
    width, most = (2 * _NAME, 1) if in_one else (_NAME, _LINES)
    lines = []
    for line in name.split("\n"):
        parts = textwrap.wrap(line, width) or [""]
        if len(parts) > most:
            parts[most - 1 :] = [parts[most - 1][: width - 1] + "…"]
        lines += parts
    return (" " if in_one else "\n").join(lines)


def _paste(
    canvas: Pixels, image: Pixels, corner: Sequence[int] | NDArray[np.int64], size: tuple[int, int]
) -> None:
    """Put an image into the middle of a cell of a canvas; grey ones into all channels."""
    flat = image[..., 0] if image.shape[2:] == (1,) else image
    top, left = (
        start + (available - side) // 2
        for start, available, side in zip(corner, size, flat.shape[:2], strict=True)
    )
    place = canvas[top : top + flat.shape[0], left : left + flat.shape[1]]
    place[...] = flat[..., None] if place.ndim > flat.ndim else flat
