"""Options of a comparison: what is compared, where it trains, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

from fer_data.commands.fields import OUTPUT, Given
from fer_data.errors import UsageError
from fer_model.commands.options import Machine
from fer_model.comparison.arm import forms

SEEDS = 3
"""Runs of each arm, unless another number is given."""

SHOWN = ("markdown", "latex", "figures", "margin", "shots", "auroc")
"""Options by which a finished comparison is shown."""


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
        Parameter(metavar="DIR", help="Folder of the comparison; what is there is not made again."),
    ] = None
    markdown: Annotated[
        Path | None, Parameter(metavar="FILE", help="Write the verdict as markdown, too.")
    ] = None
    latex: Annotated[
        Path | None, Parameter(metavar="FILE", help="Write the table of arms as LaTeX, too.")
    ] = None
    figures: Annotated[
        Path | None,
        Parameter(
            metavar="DIR",
            help="Write the plots as pdf, svg, png and csv, and a card of 1200 x 630 pixels, too.",
        ),
    ] = None
    margin: Annotated[
        float | None,
        Parameter(
            metavar="POINTS",
            help="Largest difference of no practical importance, in percentage points; by "
            "default 1, or what a comparison was trained or kept with.",
            validator=Number(gte=0, lt=100),
        ),
    ] = None
    shots: Annotated[
        str | None,
        Parameter(
            metavar="FEW,MANY",
            help="Few-shot classes have fewer training samples than FEW, many-shot ones more than "
            "MANY; by default 20,100, or what a comparison was trained or kept with.",
        ),
    ] = None
    auroc: Annotated[bool | None, Parameter(help="Give the area under the ROC curve, too.")] = None
    as_json: Annotated[bool | None, Parameter(name="--json", help="Print JSON.")] = None

    def judged_by(self) -> dict[str, Any]:
        """Return margin and shots as the library takes them, those that are given."""
        found: dict[str, Any] = {}
        if self.margin is not None:
            found["margin"] = self.margin / 100
        if self.shots is not None:
            few, comma, many = self.shots.partition(",")
            if not (comma and few.strip().isdecimal() and many.strip().isdecimal()):
                raise UsageError(
                    f"--shots: expected two numbers such as 20,100, got {self.shots!r}"
                )
            found["shots"] = int(few), int(many)
        return found


@Parameter(name="*")
@dataclass(frozen=True)
class Cluster(Machine):
    """Where the runs of a comparison are trained."""

    num_at_once: Annotated[
        int | None,
        Parameter(
            metavar="N",
            help="Runs that are trained at a time on this machine; by default one.",
            validator=Number(gte=1),
        ),
    ] = None
    ray: Annotated[
        str | None,
        Parameter(
            metavar="ADDRESS",
            help="Train on a Ray cluster: local starts Ray here, auto finds one, else host:port or "
            "ray://host:port; nodes need the data at the same path.",
        ),
    ] = None
