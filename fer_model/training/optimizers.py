"""Optimizers and learning rates by a recipe."""

from __future__ import annotations

import keras

from fer_model.training.recipe import Recipe

_RISING = 0.05
"""Share of the steps in which the rate of ``cosine`` rises."""

_MOMENTUM = 0.9


def optimizer(recipe: Recipe, model: keras.Model, num_steps: int) -> keras.optimizers.Optimizer:
    """Return the recipe's optimizer for a model that is trained for a number of steps."""
    options = {
        "learning_rate": _rate(recipe, num_steps),
        "global_clipnorm": recipe.clip_norm,
        "use_ema": recipe.average > 0,
        "ema_momentum": recipe.average or 0.99,
    }
    decay = recipe.weight_decay or None
    found: keras.optimizers.Optimizer
    if recipe.optimizer == "sgd":
        found = keras.optimizers.SGD(
            momentum=_MOMENTUM, nesterov=True, weight_decay=decay, **options
        )
    elif recipe.optimizer == "adamw":
        found = keras.optimizers.AdamW(weight_decay=decay, **options)
    else:
        found = keras.optimizers.Adam(weight_decay=decay, **options)
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
