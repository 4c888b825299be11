"""The nets, by name. The documented CNN is the reference notebook's, layer by layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import keras
from keras import layers

from fer_data.errors import UsageError
from fer_model.training.recipe import Net, Precision


def documented_cnn(input_shape: tuple[int, int, int], num_classes: int) -> keras.Model:
    """Return the CNN of the notebook that this project grew out of.

    Four blocks of convolution, batch normalisation, ReLU, 2x2 max pooling and dropout (64 filters
    of 3x3, 128 of 5x5, 512 and 512 of 3x3), two dense blocks (256 and 512 units), softmax. With
    48x48 grey pictures and seven classes: 4,478,727 parameters, 4,474,759 of them trainable.

    Parameters
    ----------
    input_shape : (int, int, int)
        Height, width, channels; the sides at least 16.
    num_classes : int
    """
    net = [keras.Input(input_shape)]
    for filters, size in ((64, 3), (128, 5), (512, 3), (512, 3)):
        net += [
            layers.Conv2D(filters, size, padding="same"),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25),
        ]
    net.append(layers.Flatten())
    for units in (256, 512):
        net += [
            layers.Dense(units),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.Dropout(0.25),
        ]
    net.append(layers.Dense(num_classes, activation="softmax", dtype="float32"))
    return keras.Sequential(net, name="documented_cnn")


def small_cnn(input_shape: tuple[int, int, int], num_classes: int) -> keras.Model:
    """Return a net of some 24,000 parameters that a laptop trains in a minute: for demos, tests.

    Three blocks of 3x3 convolution (16, 32, 64 filters), batch normalisation, ReLU and 2x2 max
    pooling, then global average pooling and softmax.
    """
    net = [keras.Input(input_shape)]
    for filters in (16, 32, 64):
        net += [
            layers.Conv2D(filters, 3, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),  # 0.99 lags behind so few steps
            layers.Activation("relu"),
            layers.MaxPooling2D(2),
        ]
    net += [
        layers.GlobalAveragePooling2D(),
        layers.Dense(num_classes, activation="softmax", dtype="float32"),
    ]
    return keras.Sequential(net, name="small_cnn")


def fast_cnn(
    input_shape: tuple[int, int, int],
    num_classes: int,
    widths: tuple[int, int, int, int] = (24, 48, 96, 192),
) -> keras.Model:
    """Return a net that two processor cores train in minutes.

    A 4x4 convolution at every second pixel, then three groups of 3x3 convolution, 2x2 max pooling,
    batch normalisation, ReLU, 3x3 convolution, batch normalisation, ReLU; the maximum over the
    places, softmax. Pooled before they are normalised, as in the fast trainings of CIFAR-10 (Jordan
    2024, arXiv:2404.00498). Pixels are centred by a layer of its own, as nothing normalises the
    first convolution's input.

    Parameters
    ----------
    input_shape, num_classes
        As in `documented_cnn`.
    widths : (int, int, int, int)
        Filters of the first convolution and of each group.
    """
    net = [
        keras.Input(input_shape),
        layers.Rescaling(1 / 64, -2),
        layers.Conv2D(widths[0], 4, strides=2, padding="same"),
        layers.Activation("relu"),
    ]
    for filters in widths[1:]:
        net += [
            layers.Conv2D(filters, 3, padding="same", use_bias=False),
            layers.MaxPooling2D(2),
            layers.BatchNormalization(momentum=0.9),
            layers.Activation("relu"),
            layers.Conv2D(filters, 3, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.Activation("relu"),
        ]
    net += [
        layers.GlobalMaxPooling2D(),
        layers.Dense(num_classes, activation="softmax", dtype="float32"),
    ]
    return keras.Sequential(net, name="fast_cnn")


@dataclass(frozen=True)
class NetKind:
    """A net's builder, and the smallest side of a picture that it can take."""

    build: Callable[[tuple[int, int, int], int], keras.Model]
    smallest_side: int


NETS: dict[Net, NetKind] = {
    "documented": NetKind(documented_cnn, 16),
    "fast": NetKind(fast_cnn, 16),
    "fast-wide": NetKind(partial(fast_cnn, widths=(32, 64, 128, 256)), 16),
    "small": NetKind(small_cnn, 8),
}


def build(
    net: Net,
    input_shape: tuple[int, int, int],
    num_classes: int,
    *,
    precision: Precision = "float32",
) -> keras.Model:
    """Build a net by its name.

    Raises
    ------
    UsageError
        If the pictures are too small for it, or there are not two classes.
    """
    kind = NETS[net]
    if min(input_shape[:2]) < kind.smallest_side:
        raise UsageError(
            f"the {net} net pools {input_shape[0]}x{input_shape[1]} pictures away; "
            f"both sides must be at least {kind.smallest_side}"
        )
    if num_classes < 2:
        raise UsageError("there is only one class; a classifier needs two or more")
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision if precision == "float32" else f"mixed_{precision}")
    try:
        return kind.build(input_shape, num_classes)
    finally:
        keras.config.set_dtype_policy(before)
