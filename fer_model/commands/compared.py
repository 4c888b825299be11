"""Options of a comparison, and how its results are shown."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

from fer_data.commands.fields import OUTPUT, Given
from fer_data.errors import UsageError
from fer_data.terminal.cli_support import print_json, print_sentence, print_table, say
from fer_data.util.files import refuse_special, write_text
from fer_model.commands.options import Machine
from fer_model.comparison.arm import forms

if TYPE_CHECKING:
    from fer_model.comparison.results import Results


SEEDS = 3
"""Runs of each arm, unless another number is given."""

SHOWN = ("markdown", "latex", "columns", "figures", "margin", "shots", "auroc")
"""Options by which a finished comparison is shown."""

VerdictFigure = Annotated[
    str,
    Parameter(
        metavar="NAME",
        help="Metric of the verdict: balanced_accuracy, accuracy, macro_f1, geometric_mean, "
        "few_shot_accuracy, medium_shot_accuracy, many_shot_accuracy.",
    ),
]


@Parameter(name="*")
@dataclass(frozen=True)
class Question(Given):
    """What is compared by what."""

    arms: Annotated[
        str | None,
        Parameter(
            metavar="ARM,...",
            help="Train and compare these on PATH, the baseline first; an arm is one of "
            f"{', '.join(forms())}, or several joined by a plus.",
        ),
    ] = None
    seeds: Annotated[
        int | None,
        Parameter(
            metavar="N",
            help=f"Runs of each arm, one for each seed; by default {SEEDS}.",
            validator=Number(gte=1, lte=1000),
        ),
    ] = None
    steps: Annotated[
        int | None,
        Parameter(
            metavar="N",
            help="Steps of each run, rounded to whole epochs, instead of --epochs.",
            validator=Number(gte=1),
        ),
    ] = None
    figure: VerdictFigure | None = None


@Parameter(name="*", group=OUTPUT)
@dataclass(frozen=True)
class ComparisonOutput(Given):
    """Where a comparison goes, and what is said of it."""

    out: Annotated[
        Path | None,
        Parameter(metavar="DIR", help="Folder of the comparison."),
    ] = None
    markdown: Annotated[
        Path | None, Parameter(metavar="FILE", help="Write the verdict as markdown, too.")
    ] = None
    latex: Annotated[
        Path | None, Parameter(metavar="FILE", help="Write the table of arms as LaTeX, too.")
    ] = None
    columns: Annotated[
        str | None,
        Parameter(
            metavar="NAME,...",
            help="Columns of all tables: balanced_accuracy, accuracy, macro_f1, geometric_mean, "
            "worst_class_recall, recalls (of every class), 'recall of CLASS', few_shot_accuracy; "
            "difference:FIGURE, with intervals; both with _without_leaked at their end, of images "
            "that are not leaked; ensemble, auroc, ece, ece_scaled, training, verdict, p. By "
            "default those that fit a paper or the terminal, as markdown also all that the page "
            "shows.",
        ),
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
    auroc: Annotated[bool | None, Parameter(help="Report the area under the ROC curve, too.")] = (
        None
    )
    as_json: Annotated[bool | None, Parameter(name="--json", help="Print JSON.")] = None

    def judged_by(self) -> dict[str, Any]:
        """Return margin and shots as the library takes them, those that are given."""
        settings: dict[str, Any] = {}
        if self.margin is not None:
            settings["margin"] = self.margin / 100
        if self.shots is not None:
            few, comma, many = self.shots.partition(",")
            if not (comma and few.strip().isdecimal() and many.strip().isdecimal()):
                raise UsageError(
                    f"--shots: expected two numbers such as 20,100, got {self.shots!r}"
                )
            settings["shots"] = int(few), int(many)
        return settings

    def check(self) -> None:
        """Refuse, before any training, what could not be written after it."""
        for path in (self.markdown, self.latex):
            if path is not None:
                refuse_special(path)
        if self.columns is not None:
            from fer_model.reporting.columns import check_columns

            check_columns(self.columns)


@Parameter(name="*")
@dataclass(frozen=True)
class Cluster(Machine):
    """Where the runs of a comparison are trained."""

    num_at_once: Annotated[
        int | None,
        Parameter(
            metavar="N",
            help="Runs trained at the same time on this machine; by default one.",
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


def show_results(results: Results, output: ComparisonOutput) -> None:
    """Print a comparison; write its page, its figures and what else is asked for.

    Page and figures go to its folder, where it has one.
    """
    from fer_model import render
    from fer_model.reporting.page import write_figures, write_report
    from fer_model.reporting.summary import Summary
    from fer_model.reporting.table import as_latex, as_markdown

    results = dataclasses.replace(results, **output.judged_by())
    summary = Summary(results, auroc=bool(output.auroc))
    if results.out is not None:
        write_report(summary)
    if output.markdown is not None:
        write_text(output.markdown, as_markdown(summary, columns=output.columns))
    if output.latex is not None:
        write_text(output.latex, as_latex(summary, columns=output.columns))
    if output.figures is not None:
        write_figures(summary, output.figures)
    if output.as_json:
        print_json(summary.to_dict())
        return
    print_sentence(f"{summary.headline}.", style="bold")
    for verdict in summary.main:
        print_sentence(f"{verdict.text} Also: {summary.cost_of(verdict.difference.arm)}.")
    print_table(render.comparison_tables(summary, output.columns))
    for note in summary.notes():
        say(note)
    if results.out is not None:
        say(f"The report is {results.out / 'index.html'}")
