"""The bootstrap of test images, by clusters: how differences between arms deviate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_model.statistics.scores import SUMMARIES, Predicted

Array = NDArray[np.float64]

GEOMETRIC_MEAN = SUMMARIES.index("geometric_mean")


@dataclass(frozen=True, eq=False)
class Deviations:
    """Deviations of the differences from those of the full sample, of K arms and a baseline.

    Attributes
    ----------
    of_mean : ndarray of float64, shape [K, F, B]
        Of the mean over seeds. NaN where a class has no image in the draw.
    variance : ndarray of float64, shape [K, F]
        Of the mean over seeds.
    variance_of_one : ndarray of float64, shape [K, F]
        Of one seed's difference, the mean over seeds.
    """

    of_mean: Array
    variance: Array
    variance_of_one: Array


def multiplicities(num: int, num_draws: int, random: np.random.Generator) -> NDArray[np.float32]:
    """Return how often each of `num` clusters is drawn with replacement, float32 [num, B]."""
    drawn = random.integers(0, num, (num_draws, num)) + np.arange(num_draws)[:, None] * num
    counts = np.bincount(drawn.ravel(), minlength=num_draws * num).reshape(num_draws, num)
    return np.ascontiguousarray(counts.T, np.float32)


def bootstrap(
    predicted: Predicted,
    arms: Sequence[int],
    baseline: int,
    num_draws: int,
    random: np.random.Generator,
) -> Deviations:
    """Resample clusters of images with replacement, the same for all arms and seeds.

    The geometric mean enters by its linear part in the recalls (the delta method). Resampled itself
    it falls to 0 with a rare class's recall, sooner for the arm that is lower already, which
    doubles what the sample shows: with a class of 12 images, 95 % intervals covered 86 %.

    Memory is bounded by the answer and a few arrays of `Predicted.step` draws.
    """
    centre = (predicted.scores[arms] - predicted.scores[baseline])[..., None]
    of_mean = np.empty((len(arms), len(predicted.figures), num_draws))
    total, squares, counted = (np.zeros(centre.shape[:3]) for _ in range(3))
    for start in range(0, num_draws, predicted.step):
        stop = min(start + predicted.step, num_draws)
        scores = predicted.weighted_scores(
            multiplicities(predicted.num_clusters, stop - start, random)
        )
        scores[:, :, GEOMETRIC_MEAN] = _linear_geometric_mean(predicted, scores)
        apart = scores[arms] - scores[baseline] - centre
        of_mean[..., start:stop] = apart.mean(axis=1)
        known = ~np.isnan(apart)
        apart[~known] = 0
        total += apart.sum(axis=-1)
        squares += np.square(apart).sum(axis=-1)
        counted += known.sum(axis=-1)
    mean = total / np.maximum(counted, 1)
    of_one = squares / np.maximum(counted, 1) - np.square(mean)
    return Deviations(of_mean, _variance(of_mean), of_one.mean(axis=1))


def _linear_geometric_mean(predicted: Predicted, drawn_scores: Array) -> Array:
    """Return G (1 + mean over the classes of r* / r - 1) for recalls r drawn as r*, [A, S, B]."""
    scores = predicted.scores[..., None]
    recall, drawn = scores[:, :, predicted.recalls], drawn_scores[:, :, predicted.recalls]
    known = (recall > 0) & ~np.isnan(drawn)
    gained = np.divide(drawn - recall, recall, out=np.zeros_like(drawn), where=known)
    num_present = int((predicted.clusters_of_class > 0).sum())
    mean: Array = scores[:, :, GEOMETRIC_MEAN] * (1 + gained.sum(axis=2) / num_present)
    return mean


def degrees_of_freedom(predicted: Predicted, of_mean: Array) -> Array:
    """Return the degrees of freedom of the bootstrap's variance of each figure, float64 [F].

    Clusters less one, as for a mean: of a class for its recall, of all for the accuracy. A mean
    over the classes, and what is like it, has those of a sum of the classes' variances
    (Satterthwaite 1946, doi:10.2307/3002019): few where a rare class decides it.

    Parameters
    ----------
    predicted : Predicted
    of_mean : ndarray of float64, shape [F, B]
        Of one arm.
    """
    of_class = np.maximum(predicted.clusters_of_class - 1.0, 1.0)
    variance = _variance(of_mean[predicted.recalls])
    variance = np.where(np.isnan(variance), 0, variance)
    of_all = max(predicted.num_clusters - 1.0, 1.0)

    def of_mean_over(classes: NDArray[np.bool_]) -> float:
        if not classes.any():
            return np.nan
        below = np.square(variance[classes]) / of_class[classes]
        degrees = of_class[classes].min()
        if below.any():
            degrees = np.square(variance[classes].sum()) / below.sum()
        return float(min(degrees, of_all))

    of_means = of_mean_over(np.ones_like(of_class, np.bool_))
    of_groups = map(of_mean_over, predicted.members)
    return np.array([of_all, *[of_means] * (len(SUMMARIES) - 1), *of_class, *of_groups, of_means])


def _variance(values: Array) -> Array:
    """Return the variance along the last axis without NaN; NaN where all are."""
    known = ~np.isnan(values)
    number = known.sum(axis=-1)
    clean = np.where(known, values, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = clean.sum(axis=-1) / number
        variance: Array = np.square(clean).sum(axis=-1) / number - np.square(mean)
    return np.maximum(variance, 0)
