"""Recall by class with its numbers, and a card that shows it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from fer_data.errors import DataError
from fer_data.plotting.svg import STYLE
from fer_data.util.words import counted, printable
from fer_model.comparison.results import Results
from fer_model.plotting.recalls import (
    MOST_DUMBBELLS,
    add_legend,
    classes_label,
    draw_dumbbells,
    draw_recalls,
    draw_strips,
    height_of,
)
from fer_model.reporting.plot import Plot, save_as
from fer_model.reporting.summary import Summary
from fer_model.statistics.verdict import leading
from fer_model.words import figure_name


def recalls(results: Results, arms: Sequence[str], *, name: str = "recalls") -> Plot:
    """Draw the recall of every class with the baseline and with some arms, means over seeds."""
    of_classes = results.recalls
    num = len(of_classes.class_names)
    places = [results.arms.index(arm) for arm in arms]
    with mpl.rc_context(STYLE):
        drawn = Figure(figsize=(8, height_of(of_classes, len(arms))), layout="constrained")
        draw_recalls(drawn, of_classes, arms)
    words = f"Recall of all {num:,} classes, {_order(results)}: {results.arms[0]} against " + (
        ", ".join(arms)
    )
    rare = results.rarest
    if rare is not None:
        means = 100 * of_classes.values[:, results.by_frequency.index(rare)]
        words += f"; of {printable(results.class_names[rare])}, the rarest in training: " + (
            ", ".join(f"{results.arms[place]} {means[place]:.1f} %" for place in (0, *places))
        )
    if untested := int((results.test_counts == 0).sum()):
        words += f"; {untested:,} of them have no test sample"
    return Plot(name, drawn, words, _table(results, (0, *places)))


def _order(results: Results) -> str:
    return f"most {'training' if results.train_counts else 'test'} samples first"


def _table(results: Results, places: Sequence[int]) -> pd.DataFrame:
    scores = results.predicted.scores[..., results.predicted.recalls]
    support, trained = results.test_counts, results.train_counts
    rows = [
        (
            printable(results.class_names[label]),
            trained[label] if trained else None,
            int(support[label]),
            results.arms[place],
            seed,
            scores[place, number, label],
        )
        for label in results.by_frequency
        for place in places
        for number, seed in enumerate(results.seeds)
    ]
    columns = ["class", "training_samples", "test_samples", "arm", "seed", "recall"]
    return pd.DataFrame(rows, columns=columns)


def write_card(summary: Summary, path: Path) -> None:
    """Write the card as png.

    Raises
    ------
    DataError
        If it cannot be written.
    """
    results = summary.results
    place = results.arms.index(summary.headline_arm)
    with mpl.rc_context({**STYLE, "figure.facecolor": "white"}):
        layout = ConstrainedLayoutEngine(rect=(0.02, 0.04, 0.96, 0.92))
        drawn = Figure(figsize=(12, 6.3), layout=layout)
        text, plot = drawn.subfigures(1, 2, width_ratios=[1, 1.15], squeeze=False)[0]
        lines = textwrap.fill(summary.headline, 25, max_lines=8)
        heading = text.text(0.05, 0.9, lines, fontsize=23, fontweight="bold", va="top")
        heading.set_parse_math(False)
        data = printable(Path(results.source).name)
        first = leading(summary.main).difference
        facts = (
            f"{figure_name(first.figure)} {first.in_points} points against {results.arms[0]} "
            f"({100 * first.level:g} % interval); "
            f"{data + ': ' if data else ''}{len(results.arms)} arms, "
            f"{counted(len(results.seeds), 'seed')} each, "
            f"{counted(len(results.labels), 'test image')}, {len(results.class_names):,} classes"
        )
        small = text.text(0.05, 0.1, textwrap.fill(facts, 52), fontsize=12, va="bottom")
        small.set_parse_math(False)
        if len(results.class_names) <= MOST_DUMBBELLS:
            axes = plot.subplots()
            draw_dumbbells(axes, results.recalls, place)
            axes.set(xlabel="recall in %", ylabel=classes_label(results.recalls))
            add_legend(plot, results.recalls, place)
        else:
            draw_strips(plot, results.recalls, [place], 2)
        try:
            save_as(drawn, path, dpi=100)
        except OSError as error:
            raise DataError(f"{path}: cannot be written ({error.strerror or error})") from None
