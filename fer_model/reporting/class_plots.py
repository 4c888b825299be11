"""Recall by class, from common to rare: dumbbells, a strip for many classes, and a card."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.image import AxesImage
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray

from fer_data.errors import DataError
from fer_data.plotting.svg import COLORS, STYLE
from fer_data.util.words import printable
from fer_model.comparison.results import Results
from fer_model.reporting.plot import Plot, plain_labels, save_as
from fer_model.reporting.summary import Summary

MOST_DUMBBELLS = 40
"""Classes; more are drawn as a strip."""
_COLUMNS = 3
_MOST_IN_STRIP = 250
"""Classes, so that each has pixels of its own."""
_BASELINE, _MISSING = "#8c8c8c", "#b8b8b8"


def recalls(results: Results, arms: Sequence[str], *, name: str = "recalls") -> Plot:
    """Draw the recall of every class with the baseline and with some arms, means over seeds."""
    num = len(results.class_names)
    places = [results.arms.index(arm) for arm in arms]
    with mpl.rc_context(STYLE):
        if num <= MOST_DUMBBELLS:
            columns = min(_COLUMNS, len(arms))
            rows = -(-len(arms) // columns)
            size = (8, rows * (0.9 + 0.24 * num))
            drawn = Figure(figsize=size, layout="constrained")
            panels = drawn.subplots(rows, columns, squeeze=False, sharey=True, sharex=True).ravel()
            for axes, place in zip(panels, places, strict=False):
                draw_dumbbells(axes, results, place)
            for axes in panels[len(places) :]:
                axes.set_axis_off()
            drawn.supxlabel(f"recall in %: ○ {results.arms[0]}, ● the arm", fontsize=9)
        else:
            num_strips = -(-num // _MOST_IN_STRIP)
            inches = 0.5 + num_strips * (1.3 + 0.25 * len(arms))
            drawn = Figure(figsize=(8, inches), layout="constrained")
            draw_strips(drawn, results, places, num_strips)
    words = f"Recall of all {num:,} classes, {_order(results)}: {results.arms[0]} against " + (
        ", ".join(arms)
    )
    rare = results.rarest
    if rare is not None:
        means = 100 * _recalls(results)[:, rare]
        words += f"; of {printable(results.class_names[rare])}, the rarest in training: " + (
            ", ".join(f"{results.arms[place]} {means[place]:.1f} %" for place in (0, *places))
        )
    if untested := int((results.test_counts == 0).sum()):
        words += f"; {untested:,} of them have no test sample"
    return Plot(name, drawn, words, _table(results, (0, *places)))


def draw_dumbbells(axes: Axes, results: Results, place: int) -> None:
    """Draw a line a class from the baseline's recall to an arm's, the commonest class on top."""
    order = by_training(results)
    recall = 100 * _recalls(results)[:, order]
    color = COLORS[place % len(COLORS)]
    rows = np.arange(len(order))
    axes.hlines(rows, recall[0], recall[place], color=color, lw=2, alpha=0.6)
    axes.plot(recall[0], rows, "o", ms=6, mfc="none", mec=_BASELINE, mew=1.5)
    axes.plot(recall[place], rows, "o", ms=6, color=color)
    for row in rows[np.isnan(recall[0])].tolist():
        axes.text(1, row, "– (no test sample)", va="center", fontsize=7, color=_BASELINE)
    axes.set_yticks(rows, [_class_label(results, label) for label in order], fontsize=8)
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.set_xlim(-3, 103)
    axes.grid(axis="x", alpha=0.25)
    axes.set_title(results.arms[place], fontsize=9).set_parse_math(False)
    plain_labels(axes)


def draw_strips(
    drawn: Figure | SubFigure, results: Results, places: Sequence[int], num: int
) -> None:
    """Draw a column a class: training samples, the baseline's recall, what each arm changes.

    So many strips stand one below another, with a part of the classes each.
    """
    order = by_training(results)
    recall = 100 * _recalls(results)[:, order]
    apart = recall[list(places)] - recall[0]
    counts = np.array(results.train_counts or results.test_counts)[order]
    limit = max(5.0, float(np.nanquantile(np.abs(apart), 0.98)))
    arms = [results.arms[place] for place in places]
    panels = drawn.subplots(3 * num, 1, height_ratios=[2, 1, len(places)] * num).reshape(num, 3)
    for (top, base, changes), columns in zip(
        panels, np.array_split(np.arange(len(order)), num), strict=True
    ):
        top.fill_between(columns, counts[columns], step="mid", color=_BASELINE, lw=0)
        if counts.min() > 0 and counts.max() > 10 * counts.min():
            top.set_yscale("log")
            top.set_ylim(counts.min() / 2, counts.max() * 2)
        top.set_xlim(columns[0] - 0.5, columns[-1] + 0.5)
        top.tick_params(labelbottom=False, labelsize=6)
        top.set_ylabel("samples", fontsize=6)
        of_base = _image(base, recall[:1], columns, "Blues", (0, 100), [results.arms[0]])
        of_arms = _image(changes, apart, columns, "RdBu", (-limit, limit), arms)
        base.tick_params(labelbottom=False)
    for column, shown, title in (
        (1, of_base, "recall in %"),
        (2, of_arms, f"difference from {results.arms[0]}, pp"),
    ):
        bar = drawn.colorbar(shown, ax=panels[0, column], pad=0.01)
        bar.ax.tick_params(labelsize=6)
        bar.set_label(title, fontsize=6)
        bar.ax.yaxis.label.set_parse_math(False)
    of = "training" if results.train_counts else "test"
    panels[-1, 2].set_xlabel(
        f"{len(order):,} classes by their number of {of} samples (top); grey: no test sample",
        fontsize=8,
    )


def _image(
    axes: Axes,
    values: NDArray[np.float64],
    columns: NDArray[np.intp],
    colors: str,
    limits: tuple[float, float],
    names: Sequence[str],
) -> AxesImage:
    shown = axes.imshow(
        values[:, columns],
        cmap=mpl.colormaps[colors].with_extremes(bad=_MISSING),
        vmin=limits[0],
        vmax=limits[1],
        extent=(columns[0] - 0.5, columns[-1] + 0.5, len(values) - 0.5, -0.5),
        aspect="auto",
        interpolation="none",
    )
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.tick_params(axis="x", labelsize=7)
    plain_labels(axes)
    return shown


def by_training(results: Results) -> list[int]:
    """Return the labels in order of their training samples, of the test's where unknown."""
    counts = np.array(results.train_counts or results.test_counts)
    order: list[int] = np.argsort(-counts, kind="stable").tolist()
    return order


def _order(results: Results) -> str:
    return f"most {'training' if results.train_counts else 'test'} samples first"


def _recalls(results: Results) -> NDArray[np.float64]:
    predicted = results.predicted
    means: NDArray[np.float64] = predicted.scores[..., predicted.recalls].mean(axis=1)
    return means


def _class_label(results: Results, label: int) -> str:
    name = printable(results.class_names[label])
    return f"{name} ({results.train_counts[label]:,})" if results.train_counts else name


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
        for label in by_training(results)
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
    found = summary.results
    place = found.arms.index(summary.headline_arm)
    with mpl.rc_context({**STYLE, "figure.facecolor": "white"}):
        layout = ConstrainedLayoutEngine(rect=(0.02, 0.04, 0.96, 0.92))
        drawn = Figure(figsize=(12, 6.3), layout=layout)
        text, plot = drawn.subfigures(1, 2, width_ratios=[1, 1.15], squeeze=False)[0]
        lines = textwrap.fill(summary.headline, 25, max_lines=8)
        heading = text.text(0.05, 0.9, lines, fontsize=23, fontweight="bold", va="top")
        heading.set_parse_math(False)
        data = printable(Path(found.source).name)
        facts = (
            f"{data + ': ' if data else ''}{len(found.arms)} arms, {len(found.seeds)} seeds each, "
            f"{len(found.labels):,} test images, {len(found.class_names):,} classes"
        )
        small = text.text(0.05, 0.1, textwrap.fill(facts, 52), fontsize=12, va="bottom")
        small.set_parse_math(False)
        if len(found.class_names) <= MOST_DUMBBELLS:
            axes = plot.subplots()
            draw_dumbbells(axes, found, place)
            axes.set_xlabel(f"recall in %: ○ {found.arms[0]}, ● {found.arms[place]}")
        else:
            draw_strips(plot, found, [place], 2)
        try:
            save_as(drawn, path, dpi=100)
        except OSError as error:
            raise DataError(f"{path}: cannot be written ({error.strerror or error})") from None
