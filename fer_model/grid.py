"""The runs of a comparison: those that are missing are trained, none is trained twice."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from typing import Protocol as Interface

import keras
import numpy as np
import pandas as pd

from fer_data import readers
from fer_data.decode import PixelFormat
from fer_data.errors import DataError, FerError
from fer_data.files import write_json, written_whole
from fer_data.photographs import photograph_groups
from fer_data.selection import Selection
from fer_data.store import open_store
from fer_model.arm import Arm
from fer_model.new_head import with_new_head
from fer_model.parts import Parts, divide
from fer_model.protocol import Cell, Protocol
from fer_model.recipe import Recipe
from fer_model.results import FAILURES, SAMPLES
from fer_model.runs import Run, is_run
from fer_model.train import resume, train

TRIES = 2
"""Of a run that fails."""


class Display(Interface):
    """Shows a grid as its runs are trained."""

    def begin(self, cells: Sequence[Cell], num_steps: int, *, num_at_once: int = 1) -> None:
        """Take note of the runs that are missing, the steps of a training, and runs at once."""

    def callbacks(self, cell: Cell) -> list[keras.callbacks.Callback]:
        """Return what shows a training."""
        ...

    def end(self, cell: Cell, run: Run, seconds: float) -> None:
        """Show that a run is finished."""

    def failed(self, cell: Cell, error: str) -> None:
        """Show that a run failed."""


def declare(
    recipe: Recipe,
    path: str | Path,
    arms: Sequence[Arm],
    seeds: Sequence[int],
    *,
    figure: str = "balanced_accuracy",
    num_steps: int | None = None,
    cache: str | Path | None = None,
    skip_bad: bool = False,
    selection: Selection | None = None,
) -> tuple[Protocol, Parts]:
    """Return what is to be compared, and the data as the baseline's first run divides it.

    Parameters
    ----------
    recipe : Recipe
        What all arms have in common. Where it leaves the steps of an epoch open, they are those
        of a natural epoch.
    path : path
        A data set that `fer_data.read` takes, with a test split.
    arms : sequence of Arm
        The baseline first.
    seeds : sequence of int
    figure : str
        What the verdict goes by.
    num_steps : int, optional
        Steps of a training in all, in place of the recipe's epochs; whole epochs of about a
        natural one's length come nearest to it.
    cache, skip_bad, selection
        As in `fer_data.open_store`.

    Raises
    ------
    DataError
        If the data cannot be read, or has no labelled test split.
    """
    store = open_store(path, form=recipe.form, cache=cache, skip_bad=skip_bad, selection=selection)
    recipe = dataclasses.replace(recipe, balance="none", loss="cross-entropy", mix="none", seed=0)
    parts = divide(recipe, store)
    if parts.test is None:
        raise DataError(
            f"{path}: no labelled test split to compare on; make one (fer-data split --pool)"
        )
    natural = recipe.steps_per_epoch or parts.train.num_steps
    if num_steps is not None:
        epochs = max(1, round(num_steps / natural))
        natural = max(1, num_steps // epochs)
        recipe = dataclasses.replace(recipe, epochs=epochs)
    recipe = dataclasses.replace(recipe, steps_per_epoch=natural)
    root = store.manifest.root
    data = {
        "path": str(root),
        "fingerprint": readers.fingerprint(root),
        "skip_bad": skip_bad,
        "selection": (selection or Selection()).to_dict(),
        "selected": store.manifest.digest(),
        "class_names": list(store.manifest.class_names),
    }
    return Protocol(recipe, data, tuple(arms), tuple(seeds), figure), parts


def write_samples(parts: Parts, out: Path, cache: str | Path | None = None) -> None:
    """Write the test samples: label, which are one photograph, which training has a version of.

    Parameters
    ----------
    parts : Parts
        With a test part.
    out : path
        Gets ``samples.parquet``: ``sample``, ``label``, ``photograph`` and ``leaked``.
    cache : path, optional
    """
    assert parts.test is not None
    store, test = parts.test.store, parts.test.rows
    manifest = store.manifest
    form = PixelFormat()
    if store.form != form:
        store = open_store(manifest.root, form=form, cache=cache, skip_bad=bool(manifest.num_bad))
    photographs = photograph_groups(store.pixels)
    seen = np.concatenate([parts.train.rows, parts.validation.rows])
    table = pd.DataFrame(
        {
            "sample": manifest.take(test).sample_ids(),
            "label": parts.test.labels,
            "photograph": photographs[test],
            "leaked": np.isin(photographs[test], photographs[seen]),
        }
    )
    with written_whole(out / SAMPLES) as beside:
        table.to_parquet(beside, index=False)


def train_missing(
    protocol: Protocol, out: Path, display: Display, *, cache: str | Path | None = None
) -> list[Run]:
    """Train what is missing of a comparison, in turn; a run that fails is tried once more.

    Ctrl-C stops after the step under way; the same call goes on with it.

    Returns
    -------
    list of Run
        Those that are not finished as it was stopped: one, or none.

    Raises
    ------
    FerError
        If the data does not fit, which no second try would mend.
    """
    missing = missing_runs(protocol, out)
    display.begin(missing, protocol.num_steps)
    stopped, failures = train_in_turn(protocol, missing, out, display, cache=cache)
    if not stopped:
        write_json(out / FAILURES, failures)
    return stopped


def missing_runs(protocol: Protocol, out: Path) -> list[Cell]:
    """Return the runs that are not finished, a new head's after the run that it is made for."""
    return [cell for cell in protocol.needed(out) if not _is_finished(cell)]


def train_in_turn(
    protocol: Protocol,
    cells: Sequence[Cell],
    out: Path,
    display: Display,
    *,
    cache: str | Path | None = None,
) -> tuple[list[Run], dict[str, Any]]:
    """Train runs in turn; return the one that was stopped, if any, and the failures by name."""
    failures: dict[str, Any] = {}
    for cell in cells:
        if cell.arm.head is not None and not _is_finished(_base(protocol, cell, out)):
            error = f"{_base(protocol, cell, out)}, which it is made for, is not finished"
            display.failed(cell, error)
            failures[str(cell)] = {"tries": 0, "error": error}
            continue
        for tries in range(1, TRIES + 1):
            began = time.monotonic()
            try:
                keras.backend.clear_session()
                run = make(protocol, cell, out, display.callbacks(cell), cache=cache)
            except FerError:
                raise
            except Exception as error:  # whatever a backend may raise: it costs one run, not all
                display.failed(cell, f"{type(error).__name__}: {error}")
                failures[str(cell)] = {"tries": tries, "error": f"{type(error).__name__}: {error}"}
                continue
            failures.pop(str(cell), None)
            if not run.is_finished:
                return [run], failures
            display.end(cell, run, time.monotonic() - began)
            break
    return [], failures


def make(
    protocol: Protocol,
    cell: Cell,
    out: Path,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    *,
    cache: str | Path | None = None,
) -> Run:
    """Make one run of a comparison, or go on with it; that of a new head needs its base."""
    if cell.arm.head is not None:
        base = _base(protocol, cell, out)
        return with_new_head(Run.open(base.folder), cell.arm.head, cell.folder, cache=cache)
    if is_run(cell.folder):
        return resume(cell.folder, cache=cache, callbacks=callbacks)
    data = protocol.data
    return train(
        protocol.recipe_of(cell),
        data["path"],
        cell.folder,
        cache=cache,
        skip_bad=data["skip_bad"],
        selection=Selection.from_dict(data["selection"]),
        callbacks=callbacks,
    )


def _base(protocol: Protocol, cell: Cell, out: Path) -> Cell:
    """Return the run that a new head is made for."""
    (base,) = [
        one for one in protocol.needed(out) if one.arm == cell.arm.trained and one.seed == cell.seed
    ]
    return base


def _is_finished(cell: Cell) -> bool:
    return is_run(cell.folder) and Run(cell.folder).is_finished
