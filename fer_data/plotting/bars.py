"""Bars by class: counts of several series, and uses of samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np

from fer_data.plotting.figure import ShownFigure, new_figure
from fer_data.plotting.svg import COLORS, STYLE
from fer_data.util.words import shown_class

MOST_CLASSES = 60
"""Classes that a plot shows at the most, the largest."""


def bars(names: Sequence[str], series: Mapping[str, Sequence[float]], label: str) -> ShownFigure:
    """Draw a group of bars for each class, of the largest ones where there are too many.

    Parameters
    ----------
    names : sequence of str, length C
        Of the classes.
    series : mapping of str to sequence of float, length C
        The numbers of each series, a colour each.
    label : str
        What the numbers are.
    """
    total = np.sum(list(series.values()), axis=0)
    shown = np.sort(np.argsort(-total, kind="stable")[:MOST_CLASSES])
    with mpl.rc_context(STYLE):
        figure = new_figure(5.6, 1.1 + len(shown) * (0.12 + 0.14 * len(series)))
        axes = figure.subplots()
        height = 0.84 / len(series)
        for place, (name, values) in enumerate(series.items()):
            tops = np.arange(len(shown)) + (place - (len(series) - 1) / 2) * height
            color = COLORS[place % len(COLORS)]
            shown_values = np.asarray(values)[shown]
            axes.barh(tops, shown_values, height * 0.92, color=color, label=name)
            for top, value in zip(tops, shown_values, strict=True):
                axes.text(value, top, f" {value:,}", va="center", fontsize=8)
        axes.set_yticks(range(len(shown)), [shown_class(names[label]) for label in shown])
        for text in axes.get_yticklabels():
            text.set_parse_math(False)
        axes.invert_yaxis()
        axes.margins(x=0.12, y=0.01)
        axes.set_xlabel(label)
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(series), fontsize=8)
    return figure


def uses(classes: Sequence[Any], title: str) -> ShownFigure:
    """Draw the draws of each class, and the mean uses of a sample.

    Parameters
    ----------
    classes : sequence of ClassUse
        Of a `fer_data.Ledger`.
    title : str
    """
    figure = new_figure(10, 1.6 + 0.34 * len(classes))
    amounts, means = figure.subplots(1, 2, sharey=True)
    places = np.arange(len(classes))
    samples = np.array([use.samples for use in classes])
    draws = np.array([use.draws for use in classes])
    amounts.barh(places - 0.2, samples, 0.38, color="#b8c4d0", label="samples")
    amounts.barh(places + 0.2, draws, 0.38, color="#1f6f8b", label="draws")
    amounts.set_yticks(places, [shown_class(use.class_name) for use in classes])
    for label in amounts.get_yticklabels():
        label.set_parse_math(False)
    amounts.invert_yaxis()
    amounts.set_xlabel("number")
    amounts.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False)
    means.barh(places, [use.mean for use in classes], 0.6, color="#1f6f8b")
    for place, use in zip(places, classes, strict=True):
        note = f" {use.mean:,.3g}" + (f", {use.never:.0%} never seen" if use.never else "")
        means.text(use.mean, place, note, va="center", fontsize=9)
    means.set_xlabel("uses of a sample, mean")
    means.margins(x=0.3)
    for axes in (amounts, means):
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(title, fontsize=11, parse_math=False)
    return figure
