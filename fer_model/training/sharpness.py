"""Sharpness-aware minimisation: a step of training with two gradients, on TensorFlow."""

from __future__ import annotations

from functools import partial
from typing import Any

import keras

from fer_data.errors import UsageError


def learn_sharply(model: keras.Model, radius: float) -> None:
    r"""Have a model, and it alone, train by sharpness-aware minimisation from now on.

    .. math:: w \leftarrow w - \eta \nabla L\left(w + \rho \, g / \lVert g \rVert\right),
        \qquad g = \nabla L(w)

    (Foret et al. 2021, arXiv:2010.01412, of the whole batch at once.) The optimizer is the model's
    own. Statistics of normalisations are those at the weights themselves, and so are the loss and
    the figures of an epoch.

    Raises
    ------
    UsageError
        If Keras's backend is another than TensorFlow.
    """
    if keras.backend.backend() != "tensorflow":
        raise UsageError(
            f"sam_radius: expected Keras on TensorFlow, got {keras.backend.backend()}; set it to 0"
        )
    model.train_step = partial(_step, model, radius)


def _step(model: keras.Model, radius: float, data: Any) -> dict[str, Any]:
    import tensorflow as tf

    images, labels, weights = keras.utils.unpack_x_y_sample_weight(data)

    def learn() -> tuple[Any, Any, list[Any]]:
        with tf.GradientTape() as tape:
            answers = model(images, training=True)
            loss = model.compute_loss(
                x=images, y=labels, y_pred=answers, sample_weight=weights, training=True
            )
        return answers, loss, tape.gradient(loss, [weight.value for weight in trained])

    trained = model.trainable_weights
    answers, loss, gradients = learn()
    floats = [
        weight for weight in model.non_trainable_weights if weight.dtype.startswith(("float", "bf"))
    ]
    kept = [(weight, tf.identity(weight.value)) for weight in [*trained, *floats]]
    factor = radius / (tf.linalg.global_norm(gradients) + 1e-12)
    for weight, gradient in zip(trained, gradients, strict=True):
        weight.assign_add(tf.cast(factor, gradient.dtype) * gradient)
    gradients = learn()[2]
    for weight, value in kept:
        weight.assign(value)
    model.optimizer.apply(gradients, trained)
    model.metrics[0].update_state(loss, sample_weight=tf.shape(labels)[0])  # the mean loss
    metrics: dict[str, Any] = model.compute_metrics(images, labels, answers, weights)
    return metrics
