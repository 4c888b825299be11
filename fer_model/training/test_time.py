"""Predictions averaged over flips or shifts of an image, once a model is trained."""

from __future__ import annotations

from typing import get_args

import keras
import numpy as np
from keras import ops

from fer_data.errors import UsageError
from fer_model.training.recipe import TestTime

_SHIFTS = {
    "flips": [(0, 0)],
    "crops": [(0, 0), (-2, -2), (-2, 2), (2, -2), (2, 2)],
}
"""Pixels down and to the right by which an image is moved, its edges repeated."""


class Views(keras.layers.Layer):
    """Gives several views of each image, flipped and shifted, one after the other.

    Parameters
    ----------
    shifts : list of (int, int)
        Each one with its mirror image.
    """

    def __init__(self, shifts: list[tuple[int, int]], **options: object) -> None:
        super().__init__(**options)
        self._shifts = shifts

    def call(self, images: keras.KerasTensor) -> list[keras.KerasTensor]:
        """Return the views of images [B, H, W, C], each of that shape."""
        moved = [_moved(_moved(images, down, 1), right, 2) for down, right in self._shifts]
        return [*moved, *(ops.flip(image, axis=2) for image in moved)]


def _moved(images: keras.KerasTensor, by: int, axis: int) -> keras.KerasTensor:
    size = images.shape[axis]
    return ops.take(images, np.clip(np.arange(size) - by, 0, size - 1), axis=axis) if by else images


def averaged(model: keras.Model, test_time: str) -> keras.Model:
    """Return a model that averages another one's probabilities over flips or shifts of an image.

    Parameters
    ----------
    model : keras.Model
        Images [B, H, W, C] to probabilities [B, classes].
    test_time : {"none", "flips", "crops"}
        ``flips``: the image and its mirror image. ``crops``: that, and both moved by two pixels
        to each corner.

    Raises
    ------
    UsageError
        If it is none of these.
    """
    if test_time not in get_args(TestTime):
        names = ", ".join(get_args(TestTime))
        raise UsageError(f"test_time is {test_time!r}; choose one of {names}")
    if test_time == "none":
        return model
    inputs = keras.Input(model.input_shape[1:])
    views = Views(_SHIFTS[test_time])(inputs)
    return keras.Model(inputs, ops.mean(ops.stack([model(view) for view in views]), axis=0))
