"""Pixels that stay on the device: a step is fed numbers, and its images are made within it.

The images are those of the loader, made by the same function (`fer_data.transforms.pixels.apply`):
to the bit where they are only gathered and flipped; else a compiler may round otherwise, by less
than a hundredth of a grey value. What is trained and saved is the net that is given; the table of
pixels is no part of it.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from fer_data.loading.loader import Loader
from fer_data.transforms.parameters import Parameters
from fer_data.transforms.pixels import apply


class Images(keras.layers.Layer):
    """Makes augmented images of a table of pixels.

    Parameters
    ----------
    pixels : ndarray of uint8, shape [N, H, W, C]
    """

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        super().__init__(name="images")
        self._shape = pixels.shape[1:]
        flat = pixels.reshape(len(pixels), -1)
        self.table = self.add_weight(
            shape=flat.shape,
            initializer=lambda shape, dtype: ops.convert_to_tensor(flat, dtype),
            dtype="uint8",
            trainable=False,
            name="pixels",
        )

    def call(self, plan: dict[str, Any]) -> Any:
        """Return images, float32 [B, H, W, C], of a plan (`fer_data.adapters.plans`)."""
        images = ops.reshape(ops.take(self.table, plan["places"], axis=0), (-1, *self._shape))
        parameters = Parameters(**{name: plan.get(name) for name in Parameters._fields})
        images = apply(ops, images, parameters)
        if "partners" in plan:
            lam = plan["lam"][:, None, None, None]
            images = images * lam + ops.take(images, plan["partners"], axis=0) * (1 - lam)
        return images


class OnDevice(keras.Model):
    """A net behind `Images`, to be fitted in its place with the same optimizer.

    Parameters
    ----------
    net : keras.Model
    pixels
        As in `Images`.
    """

    def __init__(self, net: keras.Model, pixels: NDArray[np.uint8]) -> None:
        super().__init__(name=f"{net.name}_on_device")
        self.images = Images(pixels)
        self.net = net
        self.images.built = self.built = True  # else Keras tries them on made-up plans

    def call(self, plan: dict[str, Any], training: bool | None = None) -> Any:
        """Return what the net makes of the images."""
        return self.net(self.images(plan), training=training)


def net_of(model: keras.Model) -> keras.Model:
    """Return the net of a model that is fitted: the model's own, or itself."""
    return model.net if isinstance(model, OnDevice) else model


def table_rows(*loaders: Loader) -> NDArray[np.int64]:
    """Return the rows of a store that loaders draw from, each once, in order."""
    return np.unique(np.concatenate([loader.rows for loader in loaders]))
