"""The optimizer and the learning rate of a recipe."""

from __future__ import annotations

import json
from typing import Any

import keras
import numpy as np
from keras import ops

from fer_data.errors import UsageError
from fer_model.training.optimizers import OptimizerChoice
from fer_model.training.own_code import code_of
from fer_model.training.recipe import Recipe

_RISING = 0.05
"""Fraction of the steps in which the rate of ``cosine`` rises."""


def optimizer(recipe: Recipe, model: keras.Model, num_steps: int) -> keras.optimizers.Optimizer:
    """Return the recipe's optimizer for a model that is trained for a number of steps.

    Raises
    ------
    UsageError
        If a function of the user's returns no optimizer or no rate, or Keras refuses the options.
    """
    decay = recipe.weight_decay or None
    options: dict[str, Any] = {
        "learning_rate": _rate(recipe, num_steps),
        "weight_decay": decay,
        "global_clipnorm": recipe.clip_norm,
        "use_ema": recipe.average > 0,
        "ema_momentum": recipe.average or 0.99,
    }
    built = _built(recipe, options)
    if not isinstance(built, keras.optimizers.Optimizer):
        raise UsageError(f"optimizer: expected a keras.optimizers.Optimizer, got {built!r:.80}")
    if not type(built).__module__.startswith("keras."):  # so that a checkpoint can be loaded
        keras.saving.get_custom_objects()[type(built).__name__] = type(built)
    if decay:
        built.exclude_from_weight_decay(
            var_list=[variable for variable in model.trainable_variables if len(variable.shape) < 2]
        )
    return built


def _built(recipe: Recipe, options: dict[str, Any]) -> Any:
    if "optimizer" in recipe.own:
        code = code_of("optimizer", recipe.optimizer)
        try:
            return code.function(**options)
        except TypeError as error:
            raise UsageError(f"optimizer {code.name}: {error}") from None
    if recipe.optimizer.startswith("{"):
        return _of_keras(keras.optimizers.Optimizer, recipe.optimizer, options)
    chosen = OptimizerChoice.parse(recipe.optimizer)
    return chosen.entry.function(*chosen.parameters, **options)


def _of_keras(base: type, text: str, options: dict[str, Any]) -> Any:
    """Build one of Keras's optimizers or schedules of its configuration; options override it.

    The text may come from a file, and Keras's modules hold more than classes: ``deserialize`` makes
    whatever its arguments name.
    """
    record = json.loads(text)
    is_optimizer = base is keras.optimizers.Optimizer
    module = keras.optimizers if is_optimizer else keras.optimizers.schedules
    kind = getattr(module, record["class_name"], None)
    if not isinstance(kind, type) or not issubclass(kind, base):
        raise UsageError(f"{record['class_name']}: expected a class of {module.__name__}")
    try:
        return kind(**record["config"] | options)
    except (AttributeError, TypeError, ValueError) as error:
        raise UsageError(f"{record['class_name']}: {error}") from None


def _rate(
    recipe: Recipe, num_steps: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    if recipe.schedule == "plateau":
        return recipe.learning_rate
    if recipe.schedule.startswith("{"):
        schedule: keras.optimizers.schedules.LearningRateSchedule = _of_keras(
            keras.optimizers.schedules.LearningRateSchedule, recipe.schedule, {}
        )
        return schedule
    if "schedule" in recipe.own:
        return _table(code_of("schedule", recipe.schedule).function, num_steps)
    rising = max(1, round(_RISING * num_steps))
    return keras.optimizers.schedules.CosineDecay(
        0.0,
        max(1, num_steps - rising),
        warmup_target=recipe.learning_rate,
        warmup_steps=rising,
    )


def _table(function: Any, num_steps: int) -> RateTable:
    """Return the rate at each step that a function of the user's gives.

    Raises
    ------
    UsageError
        If a rate is no number, or below 0.
    """
    rates = []
    for step in range(num_steps):
        rate = function(step)
        try:
            rates.append(float(ops.convert_to_numpy(rate)))
        except (TypeError, ValueError):
            rates.append(np.nan)
        if not 0 <= rates[-1] < np.inf:
            raise UsageError(
                f"schedule: expected a rate of 0 or more at step {step}, got {rate!r:.80}"
            )
    return RateTable(rates)


@keras.saving.register_keras_serializable("fer_model")
class RateTable(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of each step, as a table, so that any Python function can give it.

    Parameters
    ----------
    rates : list of float
    """

    def __init__(self, rates: list[float]) -> None:
        super().__init__()
        self.rates = rates

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step; after the last one, that of the last one."""
        place = ops.clip(ops.cast(step, "int32"), 0, len(self.rates) - 1)
        return ops.take(ops.convert_to_tensor(np.asarray(self.rates, np.float32)), place)

    def get_config(self) -> dict[str, Any]:
        """Return what it is made of."""
        return {"rates": self.rates}
