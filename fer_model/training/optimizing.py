"""The optimizer and the learning rate of a recipe."""

from __future__ import annotations

import keras

from fer_model.training.optimizers import OptimizerChoice
from fer_model.training.recipe import Recipe

_RISING = 0.05
"""Share of the steps in which the rate of ``cosine`` rises."""


def optimizer(recipe: Recipe, model: keras.Model, num_steps: int) -> keras.optimizers.Optimizer:
    """Return the recipe's optimizer for a model that is trained for a number of steps."""
    decay = recipe.weight_decay or None
    chosen = OptimizerChoice.parse(recipe.optimizer)
    found: keras.optimizers.Optimizer = chosen.entry.function(
        *chosen.parameters,
        learning_rate=_rate(recipe, num_steps),
        weight_decay=decay,
        global_clipnorm=recipe.clip_norm,
        use_ema=recipe.average > 0,
        ema_momentum=recipe.average or 0.99,
    )
    if decay:
        found.exclude_from_weight_decay(
            var_list=[each for each in model.trainable_variables if len(each.shape) < 2]
        )
    return found


def _rate(
    recipe: Recipe, num_steps: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    if recipe.schedule == "plateau":
        return recipe.learning_rate
    rising = max(1, round(_RISING * num_steps))
    return keras.optimizers.schedules.CosineDecay(
        0.0,
        max(1, num_steps - rising),
        warmup_target=recipe.learning_rate,
        warmup_steps=rising,
    )
