"""Recipes with names, as frozen values; docs/training.md has what was measured of them."""

from __future__ import annotations

from fer_data.errors import UsageError
from fer_model.training.recipe import Recipe

RECIPES = {
    "notebook": Recipe(protocol="notebook", keep="last"),
    "quick": Recipe(
        net="fast",
        augment="standard",
        batch_size=128,
        epochs=12,
        optimizer="adamw",
        weight_decay=0.2,
        label_smoothing=0.1,
        learning_rate=3e-3,
        schedule="cosine",
        keep="last",
        test_time="flips",
    ),
    "best-fast": Recipe(
        net="fast-wide",
        balance="power:0.5",
        augment="strong",
        batch_size=128,
        epochs=120,
        optimizer="adamw",
        weight_decay=0.2,
        label_smoothing=0.1,
        average=0.998,
        learning_rate=3e-3,
        schedule="cosine",
        keep="last",
        validation_fraction=0.02,
        test_time="crops",
    ),
    "best": Recipe(
        net="documented",
        balance="power:0.6",
        augment="standard",
        mix="mixup:0.2",
        batch_size=128,
        epochs=125,
        optimizer="adamw",
        weight_decay=0.05,
        label_smoothing=0.1,
        average=0.998,
        precision="bfloat16",
        learning_rate=2e-3,
        schedule="cosine",
        keep="last",
        validation_fraction=0.02,
        test_time="crops",
    ),
}
"""By name: the reference notebook's own, one that takes minutes on a processor, one that takes an
hour there, and the documented CNN at its best, for a GPU.

Examples
--------
>>> import fer_model
>>> fer_model.RECIPES["quick"].net
'fast'
"""


def named_recipe(name: str) -> Recipe:
    """Return a recipe by its name.

    Raises
    ------
    UsageError
        If there is none.

    Examples
    --------
    >>> import fer_model
    >>> fer_model.named_recipe("quick").augment
    'standard'
    """
    if name not in RECIPES:
        raise UsageError(f"recipe is {name!r}; choose one of {', '.join(RECIPES)}")
    return RECIPES[name]


COMPARED = Recipe(schedule="cosine", keep="last")
"""What a comparison trains by default: no arm is favoured by its own validation."""
