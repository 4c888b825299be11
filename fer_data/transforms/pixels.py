"""Parameters applied to pixels, written once for NumPy and for `keras.ops`.

All of it is elementwise float32 in a fixed order, but for a sum of integers: so NumPy gives the
same bits for any batch and on any processor, and `_kernel.c`, which does it in one pass, gives them
too. Compilers for devices may fuse and reorder; their results differ by less than a hundredth of a
gray value.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fer_data.transforms.parameters import Parameters


def apply(
    xp: Any, images: Any, parameters: Parameters, *, scale: float = 1.0, dtype: str = "float32"
) -> Any:
    """Return transformed images.

    Parameters
    ----------
    xp : module
        `numpy` or `keras.ops`.
    images : array of uint8, shape [B, H, W, C]
    parameters : Parameters
        Arrays or tensors.
    scale : float
        What values, 0 to 255, are multiplied by in the end; 1 where the result is uint8.
    dtype : {"float32", "uint8"}
        Of the result; values are rounded, half to even, where it is uint8.

    Returns
    -------
    array of `dtype`, shape [B, H, W, C]
    """
    flipped, matrix, color, shade, box = parameters
    contrast = brightness = mean = None
    if shade is not None or box is not None:
        mean = _mean(xp, images)
    if shade is not None:
        contrast, brightness = (_of_images(shade[:, column]) for column in (0, 1))
    source = images
    if flipped is not None:
        source = xp.where(_of_images(flipped), xp.flip(source, axis=2), source)
    values = _cast(xp, source, "float32") if matrix is None else _moved(xp, source, matrix)
    if color is not None:
        values = _colored(xp, values, color)
    if shade is not None:
        values = _shaded(xp, values, mean, contrast, brightness)
    if box is not None:
        fill = mean if shade is None else _shaded(xp, mean, mean, contrast, brightness)
        values = xp.where(_within(xp, box, images.shape[1:3]), fill, values)
    if dtype == "uint8":
        return _cast(xp, xp.round(values), "uint8")
    return values if scale == 1.0 else values * np.float32(scale)


def _of_images(values: Any) -> Any:
    """Return one value an image, [B], for use with images."""
    return values[:, None, None, None]


def _cast(xp: Any, values: Any, dtype: str) -> Any:
    return values.astype(dtype) if xp is np else xp.cast(values, dtype)


def _mean(xp: Any, images: Any) -> Any:
    """Return each image's mean, float32 [B, 1, 1, 1].

    The sum is of integers; below 2**24 values, float32 holds what it is divided into exactly.
    """
    count = math.prod(images.shape[1:])
    total = xp.sum(_cast(xp, images, "int32"), axis=(1, 2, 3), keepdims=True)
    whole = total // count
    rest = _cast(xp, total - whole * count, "float32") / np.float32(count)
    return _cast(xp, whole, "float32") + rest


def _moved(xp: Any, images: Any, matrix: Any) -> Any:
    """Return images whose pixels come from elsewhere, interpolated between four neighbors."""
    height, width, channels = images.shape[1:]
    rows = np.arange(height, dtype=np.float32)[:, None] - np.float32((height - 1) / 2)
    columns = np.arange(width, dtype=np.float32) - np.float32((width - 1) / 2)
    top, down = _places(xp, matrix[:, 0, :, None, None], rows, columns, height)
    left, right = _places(xp, matrix[:, 1, :, None, None], rows, columns, width)
    bottom, after = xp.minimum(top + 1, height - 1), xp.minimum(left + 1, width - 1)
    numbers = xp.arange(xp.shape(images)[0], dtype="int32")[:, None, None] * height
    pixels = xp.reshape(images, (-1, channels))
    right, down = right[..., None], down[..., None]

    def line(row: Any) -> Any:
        first = (numbers + row) * width
        places = (first + left, first + after)
        left_value, right_value = (
            _cast(xp, xp.take(pixels, at, axis=0), "float32") for at in places
        )
        return left_value + (right_value - left_value) * right

    upper, lower = line(top), line(bottom)
    return upper + (lower - upper) * down


def _places(xp: Any, line: Any, rows: Any, columns: Any, size: int) -> tuple[Any, Any]:
    """Return the pixel before each place, and how far the place is on the way to the next."""
    first = line[:, 0] * rows + (line[:, 2] + np.float32((size - 1) / 2))
    place = line[:, 1] * columns + first
    place = xp.clip(place, 0.0, size - 1.0)
    before = xp.minimum(_cast(xp, place, "int32"), max(size - 2, 0))
    return before, place - _cast(xp, before, "float32")


def _colored(xp: Any, values: Any, color: Any) -> Any:
    red, green, blue = (values[..., channel, None] for channel in range(3))
    first, second, third = (color[:, None, None, :, channel] for channel in range(3))
    return xp.clip(first * red + second * green + third * blue, 0.0, 255.0)


def _shaded(xp: Any, values: Any, mean: Any, contrast: Any, brightness: Any) -> Any:
    return xp.clip(values * contrast + (mean * (1 - contrast) + brightness), 0.0, 255.0)


def _within(xp: Any, box: Any, sides: tuple[int, int]) -> Any:
    """Return which pixels are in each image's box, bool [B, H, W, 1]."""
    first_row, end_row, first_column, end_column = (_of_images(box[:, side]) for side in range(4))
    rows = np.arange(sides[0], dtype=np.int32)[:, None, None]
    columns = np.arange(sides[1], dtype=np.int32)[:, None]
    # No operators: PyTorch compares its tensors with no array.
    in_rows = xp.logical_and(xp.greater_equal(rows, first_row), xp.less(rows, end_row))
    in_columns = xp.logical_and(
        xp.greater_equal(columns, first_column), xp.less(columns, end_column)
    )
    return xp.logical_and(in_rows, in_columns)
