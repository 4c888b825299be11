"""Recipes with names, as frozen values, and recipes that others are changed to.

What was measured of those with names is in docs/training.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fer_data.data.options import check_options, known_options
from fer_data.errors import UsageError
from fer_data.util.words import meant
from fer_model.training.own_code import code_of, is_same_code, keep
from fer_model.training.own_settings import OWN, shown
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
        raise UsageError(
            f"recipe is {name!r}{meant(name, RECIPES) or '.'} Recipes are {', '.join(RECIPES)}"
        )
    return RECIPES[name]


def as_recipe(recipe: str | Recipe) -> Recipe:
    """Return a recipe that is given, or the one of a name.

    Raises
    ------
    UsageError
        If it is neither.
    """
    if isinstance(recipe, str):
        return named_recipe(recipe)
    if not isinstance(recipe, Recipe):
        raise UsageError(f"recipe: expected a fer_model.Recipe or its name, got {recipe!r:.80}")
    return recipe


def split_options(
    options: dict[str, Any], function: Callable[..., Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Divide options of a function that trains: settings of the recipe, and options of the data.

    Raises
    ------
    UsageError
        If there is one that neither has; the text has the name that was meant.
    """
    check_options(options, function, Recipe)
    known = known_options(function)
    settings = {name: value for name, value in options.items() if name not in known}
    return settings, {name: value for name, value in options.items() if name in known}


COMPARED = Recipe(schedule="cosine", keep="last")
"""What a comparison trains by default: no arm is favoured by its own validation."""


def changed(recipe: Recipe, settings: dict[str, Any]) -> Recipe:
    """Return a recipe with the settings that are given, not None, and its own code looked up."""
    given = {name: value for name, value in settings.items() if value is not None}
    return replace(recipe, **given).resolved()


def as_it_began(began: Recipe, now: Recipe) -> Recipe:
    """Return a recipe with code of the user's under the name that it began with.

    The function of a script is called ``__main__:build`` there, and ``script:build`` where it is
    imported; the digest of its source says that it is the same.
    """
    same: dict[str, Any] = {
        name: keep(replace(code_of(name, now.own[name]), name=key.partition("#")[0]))
        for name, key in began.own.items()
        if is_same_code(key, now.own.get(name, ""))
    }
    return replace(now, **same)


def given_again(where: str, recipe: Recipe, own: dict[str, Any]) -> Recipe:
    """Return the recipe of something that goes on, when all code of the user's is given again.

    Parameters
    ----------
    where : str
        What goes on, for errors.
    recipe : Recipe
        As it began.
    own : dict
        Settings, as in `resume`.

    Raises
    ------
    UsageError
        If code is missing, or another setting is given than it began with.
    """
    if unknown := own.keys() - set(OWN):
        raise UsageError(f"{', '.join(unknown)}: expected some of {', '.join(OWN)}")
    for name, began_with in recipe.own.items():
        if own.get(name) is None:
            raise UsageError(
                f"{where}: its {name} is {began_with}, which must be given again",
                fix={name: [] if began_with.startswith("__main__:") else [str(shown(began_with))]},
            )
    now = as_it_began(recipe, changed(recipe, own))
    for name, value in now.to_dict().items():
        if value != recipe.to_dict()[name]:
            raise UsageError(
                f"{where}: its {name} is {shown(getattr(recipe, name))}, which must be given "
                f"again, not {shown(getattr(now, name))} or changed code"
            )
    return now
