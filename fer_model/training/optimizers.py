"""The optimizers, by name. Keras is imported only where one is built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fer_data.registry import Choice, Registry

if TYPE_CHECKING:
    import keras

OPTIMIZERS = Registry("optimizer")
"""Optimizers: functions from parameters and keyword arguments of Keras's to one of Keras's.

Examples
--------
>>> import fer_model
>>> fer_model.OPTIMIZERS.names()[:3]
('adam', 'adamw', 'sgd')
"""


@OPTIMIZERS.register("adam")
def adam(**options: Any) -> keras.optimizers.Optimizer:
    """Adam (Kingma and Ba 2015, arXiv:1412.6980)."""
    return _keras("Adam", **options)


@OPTIMIZERS.register("adamw")
def adamw(**options: Any) -> keras.optimizers.Optimizer:
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv:1711.05101)."""
    return _keras("AdamW", **options)


@OPTIMIZERS.register("sgd")
def sgd(**options: Any) -> keras.optimizers.Optimizer:
    """Gradient descent with a momentum of 0.9, Nesterov's."""
    return _keras("SGD", momentum=0.9, nesterov=True, **options)


def _keras(name: str, **options: Any) -> keras.optimizers.Optimizer:
    import keras

    return getattr(keras.optimizers, name)(**options)


class OptimizerChoice(Choice):
    """Which optimizer trains: a name in `OPTIMIZERS` with its parameters."""

    registry = OPTIMIZERS
