"""The runs that a comparison needs, trained where they are missing."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fer_data import readers
from fer_data.errors import UsageError
from fer_data.store import open_store
from fer_model.live import Display
from fer_model.parts import divide
from fer_model.recipe import Recipe
from fer_model.runs import Run, is_run


def train_arms(
    recipe: Recipe,
    path: str | Path,
    arms: Sequence[str],
    out: str | Path,
    *,
    display: Display,
    **options: Any,
) -> list[Run]:
    """Train one run an arm below `out`, all with the same number of steps; none that is there.

    Parameters
    ----------
    recipe : Recipe
        What the arms have in common. Where it leaves the steps of an epoch open, they are those
        of a natural epoch.
    path : path
        A data set that `fer_data.read` takes.
    arms : sequence of str
        What ``--balance`` takes.
    out : path
        Gets a folder an arm, named after it.
    display : Display
        Shows the trainings.
    **options
        As in `fer_model.train.train`.

    Returns
    -------
    list of Run
        In the order of `arms`. Where one was interrupted, it is the last.

    Raises
    ------
    UsageError
        If there is no arm, or one is named twice, or a folder holds a run of another recipe.
    """
    recipes = [dataclasses.replace(recipe, balance=arm) for arm in arms]
    names = [wanted.balance for wanted in recipes]
    if not names or len(set(names)) < len(names):
        raise UsageError(f"arms are {', '.join(names) or 'none at all'}; name each one once")
    store = open_store(path, form=recipe.form, **options)
    if recipe.steps_per_epoch is None:
        natural = divide(dataclasses.replace(recipe, balance="none"), store).train
        recipes = [
            dataclasses.replace(wanted, steps_per_epoch=natural.num_steps) for wanted in recipes
        ]
    runs = []
    for number, wanted in enumerate(recipes, 1):
        folder = Path(out).absolute() / wanted.balance
        title = f"Arm {number} of {len(recipes)}: {wanted.balance}"
        display.console.print(title, style="bold", highlight=False)
        selected = store.manifest.digest()
        runs.append(_run(wanted, path, folder, display, options, selected))
        if not runs[-1].is_finished:
            break
    return runs


def _run(
    recipe: Recipe,
    path: str | Path,
    folder: Path,
    display: Display,
    options: dict[str, Any],
    selected: str,
) -> Run:
    if not is_run(folder):
        return display.train(recipe, path, folder, **options)
    run = Run.open(folder)
    wanted = {"fingerprint": readers.fingerprint(path), "selected": selected}
    if run.recipe != recipe or not wanted.items() <= run.data.items():
        raise UsageError(
            f"{folder}: holds a run of other settings or other data; choose another --out"
        )
    if run.is_finished:
        display.console.print(f"trained already: {folder}", markup=False, soft_wrap=True)
        return run
    return display.resume(folder, cache=options.get("cache"))
