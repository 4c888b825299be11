"""Nets of the user's own, and those of ``keras.applications``, as they are built for a training."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import keras
from keras import layers, ops

from fer_data.errors import UsageError
from fer_model.training.nets import Precision
from fer_model.training.own_code import OwnCode


def build_own(
    code: OwnCode,
    input_shape: tuple[int, int, int],
    num_classes: int,
    *,
    precision: Precision = "float32",
) -> keras.Model:
    """Build a net by a function ``build(input_shape, num_classes)``, or by one of Keras's own.

    Its layers are made known to Keras, so that a checkpoint of them can be loaded.

    Raises
    ------
    UsageError
        If it does not return a model from such images to a probability of each class.
    """
    build = _application(code.function) if code.name.startswith("keras.") else code.function
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision if precision == "float32" else f"mixed_{precision}")
    try:
        model = build(input_shape, num_classes)
        if not isinstance(model, keras.Model):
            raise UsageError(f"net {code.name}: expected a keras.Model, got {model!r:.80}")
        probe = ops.convert_to_numpy(model(ops.zeros((2, *input_shape)), training=False))
        if not getattr(model, "inputs", None):  # a class of the user's own
            inputs = keras.Input(input_shape)
            model = keras.Model(inputs, model(inputs))
    finally:
        keras.config.set_dtype_policy(before)
    if probe.shape != (2, num_classes) or abs(probe.astype("float64").sum(axis=1) - 1).max() > 0.05:
        raise UsageError(
            f"net {code.name}: expected probabilities of {num_classes} classes, rows that sum to "
            f"1, got shape {probe.shape}, first row {probe[:1].ravel()[:8].tolist()}; end it in a "
            "Dense layer of so many units with activation='softmax'"
        )
    for layer in model._flatten_layers():
        if not type(layer).__module__.startswith("keras."):
            keras.saving.get_custom_objects()[type(layer).__name__] = type(layer)
    return model


def _application(function: Any) -> Callable[[tuple[int, int, int], int], keras.Model]:
    """Return a builder of a net of ``keras.applications``, with first weights drawn at random.

    It is given pixels from 0 to 255, scaled as that net expects them, grey ones in each of three
    channels.
    """
    module = importlib.import_module(getattr(function, "__module__", "keras"))
    if not hasattr(module, "preprocess_input"):
        raise UsageError(f"net: {function!r:.80} is no net of keras.applications")

    def build(input_shape: tuple[int, int, int], num_classes: int) -> keras.Model:
        inputs = keras.Input(input_shape)
        images = layers.Concatenate()([inputs] * 3) if input_shape[-1] == 1 else inputs
        images = module.preprocess_input(images)
        try:
            shape = (*input_shape[:2], 3)
            return function(
                weights=None, input_tensor=images, input_shape=shape, classes=num_classes
            )
        except ValueError as error:  # images that are too small for it
            reason = str(error).strip().splitlines()[0]
            raise UsageError(f"net keras.applications:{function.__name__}: {reason}") from None

    return build
