"""What a comparison declares before its first training: arms, seeds, recipe, data, the figure."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from fer_data.errors import DataError, UsageError
from fer_data.util.files import refuse_no_file, write_json
from fer_model.comparison.arm import Arm, parse_arms
from fer_model.statistics.verdict import check_question
from fer_model.training.recipe import Recipe
from fer_model.training.runs import Run, is_run

FORMAT = 1
FILE = "comparison.json"

_LONGEST_NAME = 150


@dataclass(frozen=True)
class Cell:
    """One run of a comparison: an arm with a seed, and its folder."""

    arm: Arm
    seed: int
    folder: Path

    def __str__(self) -> str:
        return f"{self.arm}, seed {self.seed}"


@dataclass(frozen=True)
class Protocol:
    """What all runs of a comparison have in common, and what they differ in.

    Attributes
    ----------
    recipe : Recipe
        What is the same for every arm: epochs, steps, net, augmentation, schedule, which epoch's
        model is kept. Its balance, loss, mix and seed are an arm's or a run's.
    data : dict
        ``path``, ``fingerprint``, ``selected``, ``options`` and ``class_names``, as in a run.
    arms : tuple of Arm
        The baseline first.
    seeds : tuple of int
        The same for every arm: runs of one seed begin with the same weights and draw their data
        in the same order where their strategy is the same.
    figure : str
        The figure that the verdict goes by.
    later : tuple of str
        Arms, seeds and a margin that were added when there were finished runs to look at.
    train_counts : tuple of int, length C, or empty
        Training samples of each class; empty where a comparison of an older version did not record
        them.
    code : dict
        The user's own training: ``argument`` (fit), ``name`` and ``digest``, as in
        `fer_model.training.own_code.OwnCode`. Empty where there is none. Code of the user's in a
        training with Keras is named in the recipe.
    margin : float, optional
        As in `Results`; None where none was declared.
    shots : tuple of int, optional
        As in `Results`; None where none were declared.
    """

    recipe: Recipe
    data: dict[str, Any]
    arms: tuple[Arm, ...]
    seeds: tuple[int, ...]
    figure: str
    later: tuple[str, ...] = ()
    train_counts: tuple[int, ...] = ()
    code: dict[str, str] = field(default_factory=dict)
    margin: float | None = None
    shots: tuple[int, int] | None = None

    @property
    def num_steps(self) -> int:
        """Steps of a training."""
        return self.recipe.epochs * (self.recipe.steps_per_epoch or 1)

    @property
    def has_own_training(self) -> bool:
        """Whether runs are trained by a function of the user's, without Keras."""
        return self.code.get("argument") == "fit"

    @property
    def modules(self) -> list[str]:
        """Modules in which what it trains is registered."""
        every = [*self.recipe.choices, *(part for arm in self.arms for part in arm.choices)]
        return [choice.entry.module for choice in every]

    def cells(self, out: Path) -> list[Cell]:
        """Return all runs, seed by seed, so that a comparison that is stopped is a fair one."""
        return [
            Cell(arm, seed, run_folder(out, arm, seed)) for seed in self.seeds for arm in self.arms
        ]

    def base(self, cell: Cell, out: Path) -> Cell:
        """Return the run that a new head is put on; another run is its own."""
        trained = cell.arm.trained
        return Cell(trained, cell.seed, run_folder(out, trained, cell.seed))

    def jobs(self, out: Path) -> list[list[Cell]]:
        """Return all runs, each training with the heads that are put on it."""
        jobs: dict[Cell, list[Cell]] = {}
        for cell in self.cells(out):
            base = self.base(cell, out)
            jobs.setdefault(base, [base])
            if cell != base:
                jobs[base].append(cell)
        return list(jobs.values())

    def needed(self, out: Path) -> list[Cell]:
        """Return all runs, and before new heads the run that they are put on."""
        return [cell for job in self.jobs(out) for cell in job]

    def recipe_of(self, cell: Cell) -> Recipe:
        """Return what trains a run."""
        return dataclasses.replace(cell.arm.recipe(self.recipe), seed=cell.seed)

    def steps_of(self, cell: Cell) -> int:
        """Return the steps of a run's training; 0 of a new head."""
        recipe = self.recipe_of(cell)
        return 0 if cell.arm.head else recipe.epochs * (recipe.steps_per_epoch or 1)

    def write(self, out: Path) -> None:
        """Write ``comparison.json``."""
        write_json(
            out / FILE,
            {
                "format": FORMAT,
                "recipe": self.recipe.to_dict(),
                "data": self.data,
                "arms": [str(arm) for arm in self.arms],
                "seeds": list(self.seeds),
                "figure": self.figure,
                "later": list(self.later),
                "train_counts": list(self.train_counts),
                "code": self.code,
                "margin": self.margin,
                "shots": None if self.shots is None else list(self.shots),
            },
        )

    @classmethod
    def read(cls, out: Path) -> Self:
        """Read what a comparison declared.

        Raises
        ------
        DataError
            If there is none, or it is broken.
        """
        refuse_no_file(out / FILE)
        try:
            about = json.loads((out / FILE).read_text("utf-8"))
            if about["format"] != FORMAT:
                raise ValueError(f"format {about['format']}")
            data, seeds = dict(about["data"]), tuple(map(int, about["seeds"]))
            if not str(data["path"]) or len([str(name) for name in data["class_names"]]) < 2:
                raise ValueError("no path, or not two classes")
            check_seeds(seeds)
            train_counts = tuple(map(int, about.get("train_counts", ())))
            if train_counts and len(train_counts) != len(data["class_names"]):
                raise ValueError(f"training counts of {len(train_counts)} classes")
            margin, shots = about.get("margin"), about.get("shots")
            if shots is not None:
                few, many = map(int, shots)
                shots = few, many
            check_question(about["figure"], margin, shots)
            return cls(
                Recipe.from_dict(about["recipe"]),
                data,
                parse_arms(about["arms"]),
                seeds,
                about["figure"],
                tuple(map(str, about.get("later", ()))),
                train_counts,
                {str(name): str(value) for name, value in about.get("code", {}).items()},
                None if margin is None else float(margin),
                shots,
            )
        except FileNotFoundError:
            raise DataError(f"{out}: no comparison here ({FILE} is missing)") from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{out / FILE}: broken ({error})") from None

    def joined(self, out: Path) -> Protocol:
        """Return this one with the arms and seeds that a comparison in the folder has already.

        Raises
        ------
        UsageError
            If that one is of another recipe or other data, judges by another figure, or has
            another baseline.
        """
        if not (out / FILE).exists():
            return self
        before = Protocol.read(out)
        for name, words in _SETTINGS.items():
            if what := _differing(getattr(before, name), getattr(self, name)):
                raise UsageError(
                    f"{out}: holds a comparison {words} ({what}); give the same settings, or "
                    "choose another folder",
                    fix={"out": []},
                )
        if before.arms[0] != self.arms[0]:
            raise UsageError(f"{out}: the baseline there is {before.arms[0]}, not {self.arms[0]}")
        arms = tuple(dict.fromkeys((*before.arms, *self.arms)))
        seeds = tuple(sorted({*before.seeds, *self.seeds}))
        later = before.later
        if any(is_finished(cell) for cell in before.cells(out)):
            later += tuple(f"arm {arm}" for arm in arms if arm not in before.arms)
            later += tuple(f"seed {seed}" for seed in seeds if seed not in before.seeds)
            if self.margin not in (None, before.margin):
                later += (f"margin {100 * (self.margin or 0):g} pp",)
        return dataclasses.replace(
            self,
            data={**self.data, "name": before.data.get("name", self.data["path"])},
            arms=arms,
            seeds=seeds,
            later=later,
            margin=before.margin if self.margin is None else self.margin,
            shots=self.shots or before.shots,
        )


_SETTINGS = {
    "recipe": "of another recipe",
    "data": "of other data",
    "figure": "by another figure",
    "code": "of other code",
}
"""What a comparison goes on with, and how it is said that it is not the same."""


def discard_unfinished(out: Path, new: Protocol) -> None:
    """Delete a comparison of other settings in a folder, where no training of it has got anywhere.

    So who mends a net that failed, and declares the comparison again, need not choose another
    folder. A run with a checkpoint stays: it may be hours of work.
    """
    if not (out / FILE).exists():
        return
    before = Protocol.read(out)
    same = all(not _differing(getattr(before, name), getattr(new, name)) for name in _SETTINGS)
    runs = [Run(cell.folder) for cell in before.needed(out) if is_run(cell.folder)]
    if not same and not any(run.is_finished or run.checkpoint_path.exists() for run in runs):
        for cell in before.needed(out):
            shutil.rmtree(cell.folder, ignore_errors=True)
        (out / FILE).unlink()


def is_finished(cell: Cell) -> bool:
    """Whether a run of a comparison is there, with its metrics."""
    return is_run(cell.folder) and Run(cell.folder).is_finished


def run_folder(out: Path, arm: Arm, seed: int) -> Path:
    """Return the folder of a run; it is not a path of the arm's own making."""
    name = quote(str(arm), safe="+=," if sys.platform == "win32" else "+:=,")
    if len(name) > _LONGEST_NAME:
        digest = hashlib.blake2b(name.encode(), digest_size=8).hexdigest()
        name = f"{name[:_LONGEST_NAME]}-{digest}"
    return out / "runs" / name / f"seed-{int(seed)}"


def check_seeds(seeds: Sequence[int]) -> None:
    """Refuse no seeds, or one twice."""
    if not seeds or len(set(seeds)) < len(seeds):
        raise UsageError(f"seeds are {list(seeds)}; give one or more, each once")


def _differing(before: Any, now: Any) -> str:
    """Return what differs; data may lie elsewhere and be the same."""
    if isinstance(before, Recipe):
        before, now = before.to_dict(), now.to_dict()
    if not isinstance(before, dict):
        return "" if before == now else f"{before}, not {now}"
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    if {"fingerprint", "selected", "class_names"}.isdisjoint(names):
        names = [name for name in names if name not in ("path", "name", "options")]
    return ", ".join(_said(name, before.get(name), now.get(name)) for name in names[:3])


def _said(name: str, before: Any, now: Any) -> str:
    """Return a setting that differs; of changed code of one name, that it changed."""
    if "#" in f"{before}" and f"{before}".partition("#")[0] == f"{now}".partition("#")[0]:
        return f"the code of {name}, {now.partition('#')[0]}, has changed"
    return f"{name} {before}, not {now}"
