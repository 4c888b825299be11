"""Differences to a baseline with their intervals, alone or with the recall of each class."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure, SubFigure

from fer_data.plotting.figure import new_figure
from fer_data.plotting.svg import COLORS, STYLE
from fer_model.plotting.recalls import draw_recalls, height_of
from fer_model.statistics.differences import Differences
from fer_model.statistics.recalls import Recalls
from fer_model.words import figure_name

_COLUMNS = 4
"""Panels in a row."""


def draw_differences(found: Differences, figures: Sequence[str], baseline: str) -> Figure:
    """Draw every arm's differences to the baseline with their intervals, a panel a figure.

    A difference without an interval is a hollow circle.

    Parameters
    ----------
    found : Differences
    figures : sequence of str
        Such as accuracy.
    baseline : str
        Its name.
    """
    with mpl.rc_context(STYLE):
        drawn = new_figure(8, _height_of(found, len(figures)))
        _draw(drawn, found, figures, baseline)
    return drawn


def draw_overview(found: Differences, figures: Sequence[str], recalls: Recalls, arm: str) -> Figure:
    """Draw the same, and below it the recall of every class with the baseline and with an arm."""
    heights = _height_of(found, len(figures)), height_of(recalls, 1)
    with mpl.rc_context(STYLE):
        drawn = new_figure(8, sum(heights))
        upper, lower = drawn.subfigures(2, 1, height_ratios=heights, squeeze=False)[:, 0]
        _draw(upper, found, figures, recalls.arms[0])
        draw_recalls(lower, recalls, [arm])
    return drawn


def _height_of(found: Differences, num_figures: int) -> float:
    return -(-num_figures // _COLUMNS) * (0.6 + 0.32 * len(found.arms)) + 0.5


def _draw(
    drawn: Figure | SubFigure, found: Differences, figures: Sequence[str], baseline: str
) -> None:
    places = np.arange(len(found.arms))
    rows, columns = -(-len(figures) // _COLUMNS), min(_COLUMNS, len(figures))
    grid = drawn.subplots(rows, columns, sharey=True, squeeze=False)
    panels = grid.ravel()
    for axes, figure in zip(panels, figures, strict=False):
        axes.axvline(0, color="#8c8c8c", lw=1)
        for place, arm in enumerate(found.arms):
            row = found.of(arm, figure)
            color = COLORS[(place + 1) % len(COLORS)]
            if not row.is_open:
                ends = [100 * row.low, 100 * row.high]
                axes.plot(ends, [place, place], color=color, lw=2)
            filling = "none" if row.is_open else color
            axes.plot(100 * row.estimate, place, "o", color=color, ms=6, mfc=filling)
        axes.set_title(figure_name(figure), fontsize=9)
    for axes in panels[len(figures) :]:
        axes.set_axis_off()
    panels[0].set_yticks(places, found.arms, parse_math=False)
    panels[0].set_ylim(len(places) - 0.5, -0.5)
    label = f"difference vs. {baseline} in percentage points"
    if any(found.of(arm, figure).is_open for arm in found.arms for figure in figures):
        label += " (○: no interval)"
    drawn.supxlabel(label, fontsize=9, parse_math=False)
