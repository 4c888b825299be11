"""Pixels that stay on the device: a step is fed numbers, and its pictures are made within it.

The pictures are those of the loader (`fer_data.transforms.pixels.apply`, in NumPy): to the bit
where they are only gathered and flipped; else a compiler may round otherwise, by less than
a hundredth of a grey value. What is trained and saved is the net that is given; the table of
pixels is no part of it.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from fer_data.loading.loader import Loader
from fer_model.training.devices import shared


class Pictures(keras.layers.Layer):
    """Makes augmented pictures of a table of pixels.

    Parameters
    ----------
    pixels : ndarray of uint8, shape [N, H, W, C]
    rescale : float
        What pixels, 0 to 255, are multiplied by.
    """

    def __init__(self, pixels: NDArray[np.uint8], rescale: float) -> None:
        super().__init__(name="pictures")
        self._shape = pixels.shape[1:]
        self._rescale = rescale
        flat = pixels.reshape(len(pixels), -1)
        self.table = self.add_weight(
            shape=flat.shape,
            initializer=lambda shape, dtype: ops.convert_to_tensor(flat, dtype),
            dtype="uint8",
            trainable=False,
            name="pixels",
        )

    def call(self, plan: dict[str, Any]) -> Any:
        """Return pictures, float32 [B, H, W, C], of a plan (`fer_data.adapters.plans`)."""
        images = ops.reshape(ops.take(self.table, plan["places"], axis=0), (-1, *self._shape))
        if "flipped" in plan:
            flipped = plan["flipped"][:, None, None, None]
            images = ops.where(flipped, ops.flip(images, axis=2), images)
        images = ops.cast(images, "float32")
        if "matrix" in plan:
            images = _moved(images, plan["matrix"], self._shape)
        if "shade" in plan:
            contrast, brightness = (plan["shade"][:, one, None, None, None] for one in (0, 1))
            images = images * contrast + (_mean(images) * (1 - contrast) + brightness)
            images = ops.clip(images, 0.0, 255.0)
        if "box" in plan:
            images = ops.where(_within(plan["box"], self._shape), _mean(images), images)
        if self._rescale != 1.0:
            images = images * self._rescale
        if "partners" in plan:
            shares = plan["shares"][:, None, None, None]
            images = images * shares + ops.take(images, plan["partners"], axis=0) * (1 - shares)
        return shared(images)


class OnDevice(keras.Model):
    """A net behind `Pictures`, to be fitted in its place with the same optimizer.

    Parameters
    ----------
    net : keras.Model
    pixels, rescale
        As in `Pictures`.
    """

    def __init__(self, net: keras.Model, pixels: NDArray[np.uint8], rescale: float) -> None:
        super().__init__(name=f"{net.name}_on_device")
        self.pictures = Pictures(pixels, rescale)
        self.net = net
        self.pictures.built = self.built = True  # else Keras tries them on made-up plans

    def call(self, plan: dict[str, Any], training: bool | None = None) -> Any:
        """Return what the net makes of the pictures."""
        return self.net(self.pictures(plan), training=training)


def net_of(model: keras.Model) -> keras.Model:
    """Return the net of a model that is fitted: the model's own, or itself."""
    return model.net if isinstance(model, OnDevice) else model


def table_rows(*loaders: Loader) -> NDArray[np.int64]:
    """Return the rows of a store that loaders draw from, each once, in order."""
    return np.unique(np.concatenate([loader.rows for loader in loaders]))


def _mean(images: Any) -> Any:
    """Return each picture's mean, [B, 1, 1, 1]."""
    return ops.mean(images, axis=(1, 2, 3), keepdims=True)


def _within(box: Any, shape: tuple[int, ...]) -> Any:
    """Return which pixels are in each picture's box, bool [B, H, W, 1]."""
    top, bottom, left, right = (box[:, side, None, None, None] for side in range(4))
    rows = ops.reshape(ops.arange(shape[0], dtype="int32"), (1, -1, 1, 1))
    columns = ops.reshape(ops.arange(shape[1], dtype="int32"), (1, 1, -1, 1))
    return (rows >= top) & (rows < bottom) & (columns >= left) & (columns < right)


def _moved(images: Any, matrix: Any, shape: tuple[int, ...]) -> Any:
    """Return images [B, H, W, C] whose pixels come from elsewhere; see `Parameters.matrix`."""
    height, width, channels = shape
    rows = np.arange(height, dtype=np.float32)[:, None] - np.float32((height - 1) / 2)
    columns = np.arange(width, dtype=np.float32) - np.float32((width - 1) / 2)
    top, down = _neighbours(matrix[:, 0, :, None, None], rows, columns, height)
    left, right = _neighbours(matrix[:, 1, :, None, None], rows, columns, width)
    flat = ops.reshape(images, (-1, channels))
    first = ops.arange(ops.shape(images)[0], dtype="int32")[:, None, None] * (height * width)

    def between(line: Any) -> Any:
        before = ops.take(flat, first + line * width + left, axis=0)
        after = ops.take(flat, first + line * width + ops.minimum(left + 1, width - 1), axis=0)
        return before + (after - before) * right[..., None]

    upper, lower = between(top), between(ops.minimum(top + 1, height - 1))
    return upper + (lower - upper) * down[..., None]


def _neighbours(
    line: Any, rows: NDArray[np.float32], columns: NDArray[np.float32], size: int
) -> tuple[Any, Any]:
    """Return the pixel before each place, and how far the place is on the way to the next."""
    place = line[:, 0] * rows + line[:, 1] * columns + (line[:, 2] + (size - 1) / 2)
    place = ops.clip(place, 0.0, size - 1.0)
    before = ops.minimum(ops.cast(place, "int32"), max(size - 2, 0))
    return before, place - ops.cast(before, "float32")
