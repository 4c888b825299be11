"""The report's plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fer_data.analysis.stats import Stats
from fer_data.plotting.bars import MOST_CLASSES, bars
from fer_data.plotting.svg import COLORS, STYLE, to_svg

__all__ = ["MOST_CLASSES", "counts_by_class", "draws_by_class", "histograms"]


def counts_by_class(stats: Stats) -> str:
    """Draw the samples of each class in each split."""
    series = {name: split.counts for name, split in stats.splits.items()}
    return _bars(stats.class_names, series, "samples")


def draws_by_class(stats: Stats) -> str:
    """Plot the samples that an epoch draws of each class, by strategy."""
    series = {balance.name: balance.draws for balance in stats.balances}
    return _bars(stats.class_names, series, "samples of an epoch")


def histograms(values: Mapping[str, NDArray[np.float32]], label: str) -> str:
    """Draw the distribution of a measure in each split, as fractions of the split's images."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.2, 2.6), layout="constrained")
        axes = figure.subplots()
        pooled = np.concatenate(list(values.values()))
        top = max(np.quantile(pooled, 0.995), pooled.min() + 1e-3)
        bins = np.linspace(pooled.min(), top, 31).tolist()
        for (split, numbers), color in zip(values.items(), COLORS, strict=False):
            weights = np.full(len(numbers), 1 / max(1, len(numbers)))
            axes.hist(
                numbers, bins, weights=weights, histtype="step", color=color, lw=1.6, label=split
            )
        axes.set_xlabel(label)
        axes.set_ylabel("fraction of images")
        axes.legend(fontsize=8)
        return to_svg(figure)


def _bars(names: Sequence[str], series: Mapping[str, Sequence[int]], label: str) -> str:
    with mpl.rc_context(STYLE):
        return to_svg(bars(names, series, label))
