"""Options of a comparison: what is compared, where it trains, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from fer_data.commands.fields import OUTPUT, Given, refuse_others
from fer_data.errors import UsageError
from fer_model.commands.options import ComparedRecipeOptions, Machine, TrainingData
from fer_model.comparison.arm import forms

SEEDS = 3
"""Runs of each arm, unless another number is given."""


@Parameter(name="*")
@dataclass(frozen=True)
class Question(Given):
    """What is compared by what."""

    arms: Annotated[
        str | None,
        Parameter(
            metavar="ARM,...",
            help="Train and compare these on PATH, the baseline first; an arm is one of "
            f"{', '.join(forms())}, or some with a plus between them.",
        ),
    ] = None
    seeds: Annotated[
        int | None,
        Parameter(
            metavar="N",
            help=f"Runs of each arm, each a seed; by default {SEEDS}.",
            validator=Number(gte=1, lte=1000),
        ),
    ] = None
    steps: Annotated[
        int | None,
        Parameter(
            metavar="N",
            help="Steps of a run in all, to whole epochs, in place of --epochs.",
            validator=Number(gte=1),
        ),
    ] = None
    figure: Annotated[
        str | None,
        Parameter(
            metavar="NAME",
            help="What the verdict goes by: balanced_accuracy (the default), accuracy, macro_f1, "
            "geometric_mean.",
        ),
    ] = None


@Parameter(name="*", group=OUTPUT)
@dataclass(frozen=True)
class ComparisonOutput(Given):
    """Where a comparison goes, and what is said of it."""

    out: Annotated[
        Path | None,
        Parameter(metavar="DIR", help="Folder of the comparison; what is there is not made anew."),
    ] = None
    markdown: Annotated[
        Path | None, Parameter(metavar="FILE", help="Write the verdict as markdown, too.")
    ] = None
    as_json: Annotated[bool | None, Parameter(name="--json", help="Print JSON.")] = None


@Parameter(name="*")
@dataclass(frozen=True)
class Cluster(Machine):
    """Where the runs of a comparison are trained."""

    ray: Annotated[
        str | None,
        Parameter(
            metavar="ADDRESS",
            help="Train on a Ray cluster: local starts Ray here, auto finds one, else host:port or "
            "ray://host:port; nodes need the data at the same path.",
        ),
    ] = None


@dataclass(frozen=True)
class Settings:
    """What trains: all options but those of the output."""

    question: Question
    recipe: str | None
    changes: ComparedRecipeOptions
    data: TrainingData
    output: ComparisonOutput
    machine: Cluster

    def refuse_others(self, why: str, *but: str) -> None:
        """Refuse the options that were given and are not named, since they would do nothing."""
        if self.recipe is not None:
            raise UsageError(f"--recipe cannot be given here: {why}")
        groups = (self.question, self.changes, self.data, self.output, self.machine)
        refuse_others(why, *groups, but=(*but, "as_json"))
