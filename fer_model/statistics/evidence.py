"""How much the test images can say of each figure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fer_model.statistics.bootstrap import GEOMETRIC_MEAN
from fer_model.statistics.scores import SUMMARIES, WORST, Predicted

WITHOUT_INTERVAL = (WORST,)
"""Figures whose 95 % intervals do not hold.

The least of many recalls is lower than the least of the true ones, the more so the more classes are
alike: see `tools/simulate_coverage.py`.
"""


def clusters_of_figures(predicted: Predicted) -> NDArray[np.int64]:
    """Return how many clusters decide each figure, int64 [F]."""
    of_class = predicted.clusters_of_class
    of_all = [predicted.num_clusters] * len(SUMMARIES)
    return np.array([*of_all, *of_class, *(predicted.members @ of_class), predicted.num_clusters])


def discordant(predicted: Predicted, others: Sequence[int], first: int) -> NDArray[np.int64]:
    """Return the clusters that an arm gets right more or less often than the baseline, [A-1, F]."""
    num, places = predicted.num_classes, predicted.cluster_places
    right = (predicted.predicted == predicted.labels).sum(axis=1)
    pairs, pair = np.unique(places * num + predicted.labels, return_inverse=True)
    counts = np.empty((len(others), len(predicted.figures)), np.int64)
    for place, gain in enumerate(right[others] - right[first]):
        counts[place] = np.count_nonzero(np.bincount(places, gain))
        of_class = np.bincount(pairs[np.bincount(pair, gain) != 0] % num, minlength=num)
        counts[place, predicted.recalls] = of_class
        counts[place, predicted.recalls.stop : -1] = predicted.members @ of_class
    return counts


def silent(predicted: Predicted, others: Sequence[int], first: int) -> NDArray[np.bool_]:
    """Return where the images say nothing of how far a figure would vary, [A-1, F].

    One cluster shows no spread; a geometric mean of 0 has no slope in the recall that is 0.
    """
    is_silent = np.zeros((len(others), len(predicted.figures)), np.bool_)
    single = predicted.clusters_of_class < 2
    is_silent[:, predicted.recalls] = single
    is_silent[:, predicted.recalls.stop : -1] = (single | ~predicted.members).all(axis=1)
    stuck = (predicted.scores[:, :, GEOMETRIC_MEAN] == 0).any(axis=1)
    is_silent[:, GEOMETRIC_MEAN] = stuck[others] | stuck[first]
    is_silent[:, [predicted.figures.index(figure) for figure in WITHOUT_INTERVAL]] = True
    return is_silent


def collapsed(predicted: Predicted) -> dict[str, tuple[str, ...]]:
    """Return the arms each of whose runs predicts one class only, with the names of these classes.

    Where the samples are of one class only, there is no such arm.
    """
    if np.count_nonzero(predicted.clusters_of_class) < 2:
        return {}
    return {
        arm: tuple(predicted.class_names[label] for label in np.unique(of_arm[:, 0]))
        for arm, of_arm in zip(predicted.arms, predicted.predicted, strict=True)
        if (of_arm == of_arm[:, :1]).all()
    }
