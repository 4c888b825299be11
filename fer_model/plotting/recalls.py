"""Recall by class, from common to rare: dumbbells, or a strip where there are many classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from fer_data.plotting.svg import COLORS
from fer_data.util.notebook import shortened
from fer_model.plotting.panels import lowest, shared_panels
from fer_model.statistics.recalls import Recalls
from fer_model.words import points

MOST_DUMBBELLS = 40
"""Classes; more are drawn as strips."""

_COLUMNS = 3
_MOST_IN_STRIP = 250
"""Classes, so that each has pixels of its own."""
_BASELINE, _MISSING = "#8c8c8c", "#b8b8b8"


def height_of(found: Recalls, num_arms: int) -> float:
    """Return the inches that `draw_recalls` takes for so many arms."""
    num = len(found.class_names)
    if num <= MOST_DUMBBELLS:
        return 0.3 + -(-num_arms // _COLUMNS) * (0.9 + 0.24 * num)
    return 0.5 + _num_strips(found) * (1.5 + 0.6 * num_arms)


def draw_recalls(drawn: Figure | SubFigure, found: Recalls, arms: Sequence[str]) -> None:
    """Draw the recall of every class with the baseline and with some arms, an inch or more each."""
    places = [found.arms.index(arm) for arm in arms]
    if len(found.class_names) > MOST_DUMBBELLS:
        draw_strips(drawn, found, places, _num_strips(found))
        return
    columns = min(_COLUMNS, len(places))
    panels = shared_panels(drawn, len(places), columns)
    for axes, place in zip(panels, places, strict=True):
        draw_dumbbells(axes, found, place)
    for axes in lowest(panels, columns):
        axes.set_xlabel("recall in %", fontsize=9)
    drawn.supylabel(classes_label(found), fontsize=9)
    add_legend(drawn, found, places[0] if len(places) == 1 else None)


def classes_label(found: Recalls) -> str:
    """Return what the numbers behind the names of classes are."""
    return f"class ({'training' if found.of_training else 'test'} samples)"


def add_legend(drawn: Figure | SubFigure, found: Recalls, place: int | None) -> None:
    """Show how the ends of dumbbells look: the baseline's, and an arm's or, of None, any arm's."""
    color = "#444444" if place is None else COLORS[place % len(COLORS)]
    ends = [
        Line2D([], [], ls="", marker="o", ms=6, mfc="none", mec=_BASELINE, mew=1.5),
        Line2D([], [], ls="", marker="o", ms=6, color=color),
    ]
    names = [found.arms[0], "the arm" if place is None else found.arms[place]]
    legend = drawn.legend(
        ends, names, loc="outside lower center", ncols=2, fontsize=8, frameon=False
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def _num_strips(found: Recalls) -> int:
    return -(-len(found.class_names) // _MOST_IN_STRIP)


def draw_dumbbells(axes: Axes, found: Recalls, place: int) -> None:
    """Draw a line a class from the baseline's recall to an arm's, the commonest class on top."""
    recall = 100 * found.values
    color = COLORS[place % len(COLORS)]
    rows = np.arange(recall.shape[1])
    axes.hlines(rows, recall[0], recall[place], color=color, lw=2, alpha=0.6)
    axes.plot(recall[0], rows, "o", ms=6, mfc="none", mec=_BASELINE, mew=1.5)
    axes.plot(recall[place], rows, "o", ms=6, color=color)
    for row in rows[np.isnan(recall[0])].tolist():
        axes.text(1, row, "– (no test sample)", va="center", fontsize=7, color=_BASELINE)
    axes.set_yticks(rows, found.titles, fontsize=8, parse_math=False)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(-3, 103)
    axes.tick_params(axis="x", labelsize=8)
    axes.grid(axis="x", alpha=0.25)
    axes.set_title(found.arms[place], fontsize=9).set_parse_math(False)


def draw_strips(drawn: Figure | SubFigure, found: Recalls, places: Sequence[int], num: int) -> None:
    """Draw a column a class: samples, the baseline's recall, what each arm changes.

    So many strips stand one below another, with a part of the classes each.
    """
    recall, counts = 100 * found.values, found.counts
    apart = recall[list(places)] - recall[0]
    limit = 1.05 * max(5.0, float(np.nanmax(np.abs(apart), initial=0)))
    of = "training" if found.of_training else "test"
    rows = 2 + len(places)
    panels = drawn.subplots(num * rows, 1, height_ratios=[1.2, 1.2, *[1] * len(places)] * num)
    for strip, columns in zip(
        panels.reshape(num, rows), np.array_split(np.arange(len(counts)), num), strict=True
    ):
        missing = columns[np.isnan(recall[0, columns])]
        for axes in strip:
            axes.set_xlim(columns[0] - 0.5, columns[-1] + 0.5)
            axes.tick_params(labelbottom=axes is strip[-1], labelsize=7)
        strip[0].fill_between(columns, counts[columns], step="mid", color=_BASELINE, lw=0)
        if counts.min() > 0 and counts.max() > 10 * counts.min():
            strip[0].set_yscale("log")
            strip[0].set_ylim(counts.min() / 2, counts.max() * 2)
        _title(strip[0], f"{of} samples of each class")
        _bars(strip[1], columns, recall[0, columns], _BASELINE, (0, 100), missing)
        _title(strip[1], f"{found.arms[0]}: recall in %")
        for axes, place, values in zip(strip[2:], places, apart, strict=True):
            color = COLORS[place % len(COLORS)]
            _bars(axes, columns, values[columns], color, (-limit, limit), missing)
            axes.axhline(0, color=_BASELINE, lw=0.5)
            title = f"{found.arms[place]}: difference from {found.arms[0]} in pp"
            _title(axes, title + _extremes(found, values / 100))
    grey = "; grey: no test sample" if np.isnan(recall[0]).any() else ""
    panels[-1].set_xlabel(f"{len(counts):,} classes, most {of} samples first{grey}", fontsize=8)


def _bars(
    axes: Axes,
    columns: NDArray[np.intp],
    values: NDArray[np.float64],
    color: str,
    limits: tuple[float, float],
    missing: NDArray[np.intp],
) -> None:
    axes.bar(columns, values, width=1.0, color=color, lw=0)
    axes.bar(missing, limits[1] - limits[0], 1.0, limits[0], color=_MISSING, lw=0, alpha=0.5)
    axes.set_ylim(*limits)


def _title(axes: Axes, words: str) -> None:
    axes.set_title(words, fontsize=7.5, loc="left", pad=2).set_parse_math(False)


def _extremes(found: Recalls, apart: NDArray[np.float64]) -> str:
    """Return which classes gain and lose most, in words."""
    if np.isnan(apart).all():
        return ""
    ends = int(np.nanargmax(apart)), int(np.nanargmin(apart))
    return "".join(
        f"; largest {word} {shortened(found.class_names[place], 30)} {points(apart[place])}"
        for word, place, sign in zip(("gain", "loss"), ends, (1, -1), strict=True)
        if sign * apart[place] > 0
    )
