"""Changes of the recipe that are arms: augmentation, decay, smoothing, sharpness.

They are what balancing must beat: much of what is written up as a gain against imbalance is a gain
of a stronger recipe.
"""

from __future__ import annotations

from typing import Any

from fer_data.errors import UsageError
from fer_data.parameters import Number
from fer_data.registry import Choice, Registry
from fer_model.training.recipe import Recipe

CHANGES = Registry("change", of_images=False, balances=False)
"""Changes: functions from a recipe and parameters to the fields of it that differ, a dict.

Traits: ``of_images`` says that the loader alone makes the change, so that it is there for any
training; ``balances``, as of a loss.

Examples
--------
>>> import fer_model
>>> fer_model.CHANGES.names()[:3]
('augment-rare', 'augment-common', 'augment-both')
"""

STRONGER = "strong"
"""Preset of the arms that augment more than the recipe does."""


@CHANGES.register("augment-rare", of_images=True)
def augment_rare(recipe: Recipe) -> dict[str, Any]:
    """Augment rare classes more: those with fewer than half of an average class's samples."""
    return {"augment_rare": STRONGER}


@CHANGES.register("augment-common", of_images=True)
def augment_common(recipe: Recipe) -> dict[str, Any]:
    """Augment the common classes more, those that are not rare, and the others as usual."""
    return {"augment": STRONGER, "augment_rare": recipe.augment_rare or recipe.augment}


@CHANGES.register("augment-both", of_images=True)
def augment_both(recipe: Recipe) -> dict[str, Any]:
    """Augment all classes more."""
    return {"augment": STRONGER, "augment_rare": None}


@CHANGES.register("weight-decay", Number("DECAY", 0, 1, default=0.05, excluding=1))
def weight_decay(recipe: Recipe, decay: float) -> dict[str, Any]:
    """Take this fraction of the kernels off in a step, times the learning rate.

    (Loshchilov and Hutter 2019, arXiv:1711.05101.) A first stage with more of it is the larger part
    of weight balancing (Alshammari et al. 2022, arXiv:2203.14197); the default is about their 0.005
    with a momentum of 0.9.
    """
    return {"weight_decay": decay}


@CHANGES.register("label-smoothing", Number("FRACTION", 0, 1, default=0.1, excluding=1))
def label_smoothing(recipe: Recipe, fraction: float) -> dict[str, Any]:
    r"""Spread this fraction of each label over all classes.

    .. math:: T_{yc} = (1 - \varepsilon) [c = y] + \varepsilon / C

    (Szegedy et al. 2016, arXiv:1512.00567.)
    """
    return {"label_smoothing": fraction}


@CHANGES.register("sam", Number("RADIUS", 0, 10, default=0.05, excluding=0))
def sam(recipe: Recipe, radius: float) -> dict[str, Any]:
    r"""Take the gradient at the worst point near the weights, in half of the steps.

    .. math:: w \leftarrow w - \eta \nabla L\left(w + \rho \, g / \lVert g \rVert\right),
        \qquad g = \nabla L(w)

    Sharpness-aware minimisation (Foret et al. 2021, arXiv:2010.01412). A step takes two gradients,
    so an epoch has half of the steps of the other arms: as many gradients, of half as many samples.
    """
    steps = recipe.steps_per_epoch
    return {"sam_radius": radius, "steps_per_epoch": steps and max(1, steps // 2)}


class ChangeChoice(Choice):
    """How the recipe of an arm differs: a name in `CHANGES` with its parameters."""

    registry = CHANGES

    def fields(self, recipe: Recipe) -> dict[str, Any]:
        """Return the fields that differ.

        Raises
        ------
        UsageError
            If the recipe has them already, so that there is nothing to compare.
        """
        settings: dict[str, Any] = self.entry.function(recipe, *self.parameters)
        if all(getattr(recipe, name) == value for name, value in settings.items()):
            raise UsageError(f"arm {self}: changes nothing, as the recipe has it already")
        return settings
