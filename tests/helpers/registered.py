"""All that is registered, with parameters, for contracts that keep no lists of their own.

Here are plug-ins, too, as anyone may write them: contracts hold for them as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

import fer_data
import fer_model
from fer_data.parameters import ClassCounts, Integer, Number, Parameter
from fer_data.registry import Choice
from fer_data.sampling.strategy import Strategy
from fer_data.sampling.weights import Scheme
from fer_model.heads.choice import Head, HeadInputs

if TYPE_CHECKING:
    import keras

C = TypeVar("C", bound=Choice)
THIRD = Number("PART", 0, 1, default=1 / 3)


@fer_data.STRATEGIES.register("x-capped", Integer("N", 1), THIRD)
def capped(counts: np.ndarray, most: int, part: float) -> np.ndarray:
    """Draw a class so often at most, or a part of its samples, if that is more."""
    return np.minimum(counts, np.maximum(most, part * counts))


@fer_data.STRATEGIES.register("x-later", Integer("EPOCHS", 1), until=lambda epochs: epochs + 1)
def later(counts: np.ndarray, epochs: int, *, epoch: int) -> np.ndarray:
    """Draw classes equally often after some epochs."""
    return counts if epoch <= epochs else counts.sum() * (counts > 0) / np.count_nonzero(counts)


@fer_data.CLASS_WEIGHTS.register("x-root")
def root(counts: np.ndarray) -> np.ndarray:
    """Weight the loss as drawing by the roots of counts would."""
    return np.sqrt(counts)


@fer_data.MIXES.register("x-uniform", Number("LOW", 0, 1))
def uniform(rng: np.random.Generator, low: float) -> float:
    """Draw λ from an interval."""
    return rng.uniform(low, 1)


@fer_model.LOSSES.register("x-focal", Number("GAMMA", 0, 5))
def focal(counts: Any, gamma: float) -> keras.losses.Loss:
    """Take Keras's own focal loss."""
    import keras

    return keras.losses.CategoricalFocalCrossentropy(alpha=1.0, gamma=gamma)


@fer_model.HEADS.register("x-unbiased")
def unbiased(inputs: HeadInputs) -> tuple[Head, dict[str, float]]:
    """Drop the bias."""
    return Head(inputs.head.kernel, 0 * inputs.head.bias), {}


@fer_model.NETS.register("x-linear", Integer("UNITS", 1))
def linear(input_shape: tuple[int, int, int], num_classes: int, units: int) -> keras.Model:
    """Return a net of two dense layers."""
    import keras
    from keras import layers

    hidden = [keras.Input(input_shape), layers.Flatten(), layers.Dense(units)]
    return keras.Sequential([*hidden, layers.Dense(num_classes, activation="softmax")])


@fer_model.OPTIMIZERS.register("x-nadam", Number("BETA", 0, 1, default=0.9))
def nadam(beta: float, **options: Any) -> keras.optimizers.Optimizer:
    """Adam with Nesterov's momentum."""
    import keras

    return keras.optimizers.Nadam(beta_1=beta, **options)


@fer_model.CHANGES.register("x-dull", Number("FACTOR", 0, 1, excluding=0))
def dull(recipe: fer_model.Recipe, factor: float) -> dict[str, Any]:
    """Darken all images."""
    return {"rescale": 0.9 * factor}


def examples(parameter: Parameter, class_names: Sequence[str]) -> list[Any]:
    """Return values of a parameter, the usual one last."""
    match parameter:
        case Number():
            values: list[Any] = [0.0, 0.001, 0.3, 1.0, 0.9999, 0.5]
            return [x for x in values if x != parameter.excluding]
        case Integer():
            return [1, 4, 3]
        case ClassCounts():
            first, second = class_names[:2]
            return [((first, 3), (second, 0)), ((first, 7), (second, 9))]
    raise NotImplementedError(f"add example values of {type(parameter).__name__}")


def every(kind: type[C], *, most: int = 9, class_names: Sequence[str] = "ab") -> list[C]:
    """Return each choice of a kind, those with parameters up to so often, the usual ones last."""
    found = []
    for name in kind.registry.names():
        entry = kind.registry.get(name)
        assert entry is not None
        values = [examples(parameter, class_names) for parameter in entry.parameters]
        number = min(most, max(map(len, values), default=1))
        found += [
            kind(name, *(choices[place % len(choices)] for choices in values))
            for place in range(-number, 0)
        ]
    return found


def every_sampling(class_names: Sequence[str]) -> list[Strategy]:
    """Return each registered strategy; of `class_names` two at least have samples."""
    return every(Strategy, class_names=class_names)


def every_balance(class_names: Sequence[str]) -> tuple[str, ...]:
    """Return each strategy and each scheme of class weights, as ``balance=`` takes them.

    One value of each parameter: this is for contracts that train or open frameworks.
    """
    return (
        *map(str, every(Strategy, most=1, class_names=class_names)),
        *(str(Strategy(weights=str(scheme))) for scheme in every(Scheme, most=1)),
        "oversample+class-weights:power:0.5",
    )
