"""The nets, by name. The documented CNN is the reference notebook's, layer by layer.

Keras is imported only where a net is built, so that its name can be checked before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from fer_data.errors import UsageError
from fer_data.registry import Choice, Registry

if TYPE_CHECKING:
    import keras

Precision = Literal["float32", "bfloat16"]

NETS = Registry("net", smallest_side=1)
"""Nets: functions from (height, width, channels), a number of classes and parameters to a model.

It takes uint8's range, 0 to 255, and ends in a softmax layer of its own. Trait: ``smallest_side``
of the images that it can take.

Examples
--------
>>> import fer_model
>>> fer_model.NETS.names()[:6]
('documented', 'fast', 'fast-wide', 'fast-32', 'fast-32-wide', 'small')
"""


@NETS.register("documented", smallest_side=16)
def documented_cnn(input_shape: tuple[int, int, int], num_classes: int) -> keras.Model:
    """Return the CNN of the notebook that this project grew out of.

    Four blocks of convolution, batch normalisation, ReLU, 2x2 max pooling and dropout (64 filters
    of 3x3, 128 of 5x5, 512 and 512 of 3x3), two dense blocks (256 and 512 units), softmax. With
    48x48 grey images and seven classes: 4,478,727 parameters, 4,474,759 of them trainable.

    Parameters
    ----------
    input_shape : (int, int, int)
        Height, width, channels; the sides at least 16.
    num_classes : int
    """
    import keras
    from keras import layers

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


@NETS.register("fast", smallest_side=16)
def fast_cnn(
    input_shape: tuple[int, int, int],
    num_classes: int,
    widths: tuple[int, int, int, int] = (24, 48, 96, 192),
    stride: int = 2,
) -> keras.Model:
    """Return a net that two processor cores train in minutes.

    A convolution of 4x4 pixels at every second one, then three groups of 3x3 convolution, 2x2 max
    pooling, batch normalisation, ReLU, 3x3 convolution, batch normalisation, ReLU; the maximum over
    the places, softmax. Pooled before they are normalised, as in the fast trainings of CIFAR-10
    (Jordan 2024, arXiv:2404.00498). Pixels are centred by a layer of its own, as nothing normalises
    the first convolution's input.

    Parameters
    ----------
    input_shape, num_classes
        As in `documented_cnn`.
    widths : (int, int, int, int)
        Filters of the first convolution and of each group.
    stride : int
        Pixels from one place of the first convolution to the next; it spans two more than that.
    """
    import keras
    from keras import layers

    net = [
        keras.Input(input_shape),
        layers.Rescaling(1 / 64, -2),
        layers.Conv2D(widths[0], stride + 2, strides=stride, padding="same"),
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


@NETS.register("fast-wide", smallest_side=16)
def fast_wide_cnn(input_shape: tuple[int, int, int], num_classes: int) -> keras.Model:
    """Return the fast net, wider by a third: 1.8 times as many parameters."""
    return fast_cnn(input_shape, num_classes, (32, 64, 128, 256))


@NETS.register("fast-32", smallest_side=8)
def fast_cnn_32(input_shape: tuple[int, int, int], num_classes: int) -> keras.Model:
    """Return the fast net for images of about 32x32 pixels, as CIFAR-10's.

    Its first convolution is 3x3 with 16 filters and a step of one pixel, and its groups have 32, 64
    and 128.
    """
    return fast_cnn(input_shape, num_classes, (16, 32, 64, 128), stride=1)


@NETS.register("fast-32-wide", smallest_side=8)
def fast_wide_cnn_32(input_shape: tuple[int, int, int], num_classes: int) -> keras.Model:
    """Return the net for images of about 32x32 pixels, wider by half: 2.2 times as many weights."""
    return fast_cnn(input_shape, num_classes, stride=1)


@NETS.register("small", smallest_side=8)
def small_cnn(input_shape: tuple[int, int, int], num_classes: int) -> keras.Model:
    """Return a net of some 24,000 parameters that a laptop trains in a minute: for demos, tests.

    Three blocks of 3x3 convolution (16, 32, 64 filters), batch normalisation, ReLU and 2x2 max
    pooling, then global average pooling and softmax.
    """
    import keras
    from keras import layers

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


class NetChoice(Choice):
    """Which net is trained: a name in `NETS` with its parameters."""

    registry = NETS


def build(
    net: str,
    input_shape: tuple[int, int, int],
    num_classes: int,
    *,
    rescale: float = 1.0,
    precision: Precision = "float32",
) -> keras.Model:
    """Build a net by its name.

    Parameters
    ----------
    net : str
    input_shape : (int, int, int)
        Height, width, channels.
    num_classes : int
    rescale : float
        What pixels, 0 to 255, are multiplied by, in a first layer of its own where it is not 1.
    precision : {"float32", "bfloat16"}

    Raises
    ------
    UsageError
        If the images are too small for it, or there are not two classes.
    """
    import keras

    chosen = NetChoice.parse(net)
    smallest_side = chosen.trait("smallest_side")
    if min(input_shape[:2]) < smallest_side:
        raise UsageError(
            f"the {net} net pools {input_shape[0]}x{input_shape[1]} images away; "
            f"both sides must be at least {smallest_side}"
        )
    if num_classes < 2:
        raise UsageError("there is only one class; a classifier needs two or more")
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision if precision == "float32" else f"mixed_{precision}")
    try:
        built: keras.Model = chosen.entry.function(input_shape, num_classes, *chosen.parameters)
    finally:
        keras.config.set_dtype_policy(before)
    if rescale == 1.0:
        return built
    parts = built.layers if isinstance(built, keras.Sequential) else [built]
    scaled = keras.layers.Rescaling(rescale, dtype="float32")
    return keras.Sequential([keras.Input(input_shape), scaled, *parts], name=built.name)
