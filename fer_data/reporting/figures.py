"""The report's plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fer_data.analysis.stats import Stats
from fer_data.reporting.svg import COLORS, STYLE, to_svg
from fer_data.util.words import shown_class

MOST_CLASSES = 60
"""Classes that a plot shows at the most, the largest."""


def counts_by_class(stats: Stats) -> str:
    """Draw the samples of each class in each split."""
    series = {name: split.counts for name, split in stats.splits.items()}
    return _bars(stats.class_names, series, "samples")


def draws_by_class(stats: Stats) -> str:
    """Draw what an epoch draws of each class, by strategy."""
    series = {balance.name: balance.draws for balance in stats.balances}
    return _bars(stats.class_names, series, "samples of an epoch")


def histograms(values: Mapping[str, NDArray[np.float32]], label: str) -> str:
    """Draw how a figure is spread in each split, as shares of the split's pictures."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.2, 2.6), layout="constrained")
        axes = figure.subplots()
        every = np.concatenate(list(values.values()))
        top = max(np.quantile(every, 0.995), every.min() + 1e-3)
        bins = np.linspace(every.min(), top, 31).tolist()
        for (split, found), color in zip(values.items(), COLORS, strict=False):
            weights = np.full(len(found), 1 / max(1, len(found)))
            axes.hist(
                found, bins, weights=weights, histtype="step", color=color, lw=1.6, label=split
            )
        axes.set_xlabel(label)
        axes.set_ylabel("share of pictures")
        axes.legend(fontsize=8)
        return to_svg(figure)


def _bars(names: Sequence[str], series: Mapping[str, Sequence[int]], label: str) -> str:
    """Draw a group of bars for each class, of the largest ones where there are too many."""
    total = np.sum(list(series.values()), axis=0)
    shown = np.sort(np.argsort(-total, kind="stable")[:MOST_CLASSES])
    with mpl.rc_context(STYLE):
        figure = Figure(
            figsize=(5.6, 1.1 + len(shown) * (0.12 + 0.14 * len(series))), layout="constrained"
        )
        axes = figure.subplots()
        height = 0.84 / len(series)
        for place, (name, values) in enumerate(series.items()):
            tops = np.arange(len(shown)) + (place - (len(series) - 1) / 2) * height
            color = COLORS[place % len(COLORS)]
            found = np.asarray(values)[shown]
            axes.barh(tops, found, height * 0.92, color=color, label=name)
            for top, value in zip(tops, found, strict=True):
                axes.text(value, top, f" {value:,}", va="center", fontsize=8)
        axes.set_yticks(range(len(shown)), [shown_class(names[label]) for label in shown])
        for text in axes.get_yticklabels():
            text.set_parse_math(False)
        axes.invert_yaxis()
        axes.margins(x=0.12, y=0.01)
        axes.set_xlabel(label)
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(series), fontsize=8)
        return to_svg(figure)
