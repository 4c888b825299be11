"""Whether one training arm is better than another, from a few seeds and many test pictures.

The answer holds for other pictures and other trainings than those seen:
`fer_model.statistics.intervals` says how. With one seed it holds for other pictures alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from fer_data.errors import UsageError
from fer_data.util import keyed
from fer_model.statistics.bootstrap import GEOMETRIC_MEAN, Array, bootstrap, degrees_of_freedom
from fer_model.statistics.intervals import (
    NOTHING_KNOWN,
    interval,
    least_of_sign_test,
    reach,
    stretched,
    variance_parts,
)
from fer_model.statistics.scores import SUMMARIES, Predicted
from fer_model.words import points

_FEWEST_DRAWS = 2000
_DRAWS_BEYOND = 20
"""Draws on one side of 0 where a p-value is just small enough for Holm's first step."""

_MAX_DEVIATIONS = 8_000_000
"""Numbers in the deviations of one group of arms: 64 MB."""


@dataclass(frozen=True)
class Components:
    """Parts of the variance of a difference, in squared shares.

    Attributes
    ----------
    num_seeds : int
        S.
    pictures : float
        M: falls with more test pictures.
    interaction : float
        I, seed by picture, of the mean over the seeds: falls with more of either. With one seed it
        cannot be told from the pictures' part, and is 0 here.
    seeds : float
        The variance of the difference from seed to seed on the same pictures: of the seeds
        themselves, and S times I. NaN with one seed.
    degrees : float
        Of freedom, of the pictures' part.
    """

    num_seeds: int
    pictures: float
    interaction: float
    seeds: float
    degrees: float


@dataclass(frozen=True)
class Difference:
    """An arm's figure less the baseline's, the mean over seeds; shares, 1 is 100 points.

    Attributes
    ----------
    arm, baseline, figure : str
    value, baseline_value : float
        The figure of both, means over seeds.
    estimate : float
    low, high : float
        The interval.
    level : float
        Its coverage.
    p_value : float
        Two-sided, of no difference.
    p_holm : float
        The same, adjusted for the number of arms (Holm 1979) within this figure.
    by_seed : tuple of float, length S
    num_discordant : int
        Clusters of pictures that the two arms do not get right equally often.
    num_clusters : int
        Of how many: all, or those of the class.
    least_p_value : float
        What the p-value could have been at least, with these draws and discordant clusters.
    components : Components
    """

    arm: str
    baseline: str
    figure: str
    value: float
    baseline_value: float
    estimate: float
    low: float
    high: float
    level: float
    p_value: float
    p_holm: float
    by_seed: tuple[float, ...]
    num_discordant: int
    num_clusters: int
    least_p_value: float
    components: Components

    @property
    def is_open(self) -> bool:
        """Whether the interval is everything that there is: the data says nothing of the figure."""
        return self.low <= -1 and self.high >= 1

    @property
    def in_points(self) -> str:
        """The difference in points with its interval, as tables show it."""
        if self.is_open:
            return f"{points(self.estimate)} (no interval)"
        return f"{points(self.estimate)} ({points(self.low)} to {points(self.high)})"

    @property
    def of_pictures_alone(self) -> bool:
        """Whether there is one seed: the interval then holds for these two trainings only."""
        return self.components.num_seeds == 1


@dataclass(frozen=True, eq=False)
class Differences:
    """All arms against the baseline.

    Attributes
    ----------
    arms : tuple of str, length A - 1
        Without the baseline.
    figures : tuple of str, length F
    rows : tuple of Difference
        By arm, then figure. The recall of a class without a test picture has none.
    """

    arms: tuple[str, ...]
    figures: tuple[str, ...]
    rows: tuple[Difference, ...]

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], Difference]:
        return {(row.arm, row.figure): row for row in self.rows}

    def of(self, arm: str, figure: str) -> Difference:
        """Return one; a `KeyError` where there is none."""
        return self._by_name[arm, figure]


def holm(p_values: ArrayLike) -> Array:
    """Adjust p-values for their number, so that the chance of any false alarm stays bounded.

    Holm's step-down method (1979, Scandinavian Journal of Statistics 6): valid whatever the
    dependence, and never weaker than Bonferroni's.

    Parameters
    ----------
    p_values : array_like of float, shape [..., K]
        Adjusted along the last axis.
    """
    p_values = np.asarray(p_values, np.float64)
    number = p_values.shape[-1]
    order = np.argsort(p_values, axis=-1, kind="stable")
    stepped = np.take_along_axis(p_values, order, -1) * np.arange(number, 0, -1)
    adjusted = np.empty_like(p_values)
    climbed = np.minimum(np.maximum.accumulate(stepped, axis=-1), 1)
    np.put_along_axis(adjusted, order, climbed, -1)
    return adjusted


def mcnemar(predicted: Predicted, arm: str, baseline: str | None = None) -> Array:
    """Return the p-value of each seed's exact McNemar test (1947), float64 [S].

    Of the pictures that one training gets right and the other wrong, are half on each side? This
    is of two trained models on independent pictures, not of two ways of training.

    Parameters
    ----------
    predicted : Predicted
    arm, baseline : str
        The baseline is the first arm where it is not named.
    """
    right = predicted.predicted == predicted.labels
    ours, theirs = right[_place(predicted, arm)], right[_place(predicted, baseline)]
    wins, losses = (ours & ~theirs).sum(axis=1), (theirs & ~ours).sum(axis=1)
    return np.array(
        [
            stats.binomtest(int(won), int(won + lost)).pvalue if won + lost else 1.0
            for won, lost in zip(wins, losses, strict=True)
        ]
    )


def paired_differences(
    predicted: Predicted,
    *,
    baseline: str | None = None,
    seed: int = 0,
    num_draws: int | None = None,
    level: float = 0.95,
) -> Differences:
    """Compare every arm with the baseline; `fer_model.statistics.intervals` has the method.

    Where the pictures say nothing of how far a figure would vary, the interval is -1 to 1 and the
    p-value 1: the recall of a class with one photograph, and the geometric mean where a training
    has no picture of a class right.

    Parameters
    ----------
    predicted : Predicted
    baseline : str, optional
        The first arm where it is not named.
    seed : int
        Same seed, same answer.
    num_draws : int, optional
        B. Where not given 2,000, or 40 / (1 - level) for each arm but the baseline, if that is
        more: the p-value is 2 / (B + 1) or more, and Holm multiplies it by the number of arms.
    level : float
        Of the intervals.

    Raises
    ------
    UsageError
        If there is nothing to compare, or no such arm.
    """
    if predicted.num_arms < 2:
        raise UsageError(f"one arm alone, {predicted.arms[0]}: name two or more to compare")
    if (num_draws is not None and num_draws < 100) or not 0 < level < 1:
        raise UsageError(
            f"{num_draws} draws at level {level}: take at least 100, and a level between 0 and 1"
        )
    first = _place(predicted, baseline)
    others = [place for place in range(predicted.num_arms) if place != first]
    if num_draws is None:
        num_draws = max(_FEWEST_DRAWS, math.ceil(2 * _DRAWS_BEYOND * len(others) / (1 - level)))
    by_seed = predicted.scores[others] - predicted.scores[first]
    estimate = by_seed.mean(axis=1)
    discordant = _discordant(predicted, others, first)
    silent = _silent(predicted, others, first)
    clusters = [predicted.num_clusters] * len(SUMMARIES) + predicted.clusters_of_class.tolist()
    reaches = reach(predicted, level)
    ends = np.full((3, *estimate.shape), np.nan)
    least = np.ones(estimate.shape)
    parts = np.empty((4, *estimate.shape))
    for place, (of_arm, of_variance) in enumerate(
        _deviations(predicted, others, first, num_draws, seed)
    ):
        degrees = degrees_of_freedom(predicted, of_arm)
        parts[:, place] = *of_variance, degrees
        draws = stretched(of_arm, of_variance, degrees, predicted.num_seeds)
        for figure in np.flatnonzero(~np.isnan(estimate[place])):
            here = (place, figure)
            if silent[here]:
                ends[(slice(None), *here)] = NOTHING_KNOWN
                continue
            num_discordant = int(discordant[here])
            ends[(slice(None), *here)] = interval(
                draws[figure], estimate[here], num_discordant, float(reaches[figure]), level
            )
            of_draws = 2 / (1 + np.count_nonzero(~np.isnan(draws[figure])))
            least[here] = min(1.0, max(of_draws, least_of_sign_test(num_discordant)))
    ends[:2] = np.clip(ends[:2], -1, 1)  # few seeds stretch further than shares can differ
    adjusted = holm(ends[2].T).T
    means = predicted.scores.mean(axis=1)
    rows = []
    for place, arm in enumerate(others):
        for figure in np.flatnonzero(~np.isnan(estimate[place])):
            here = (place, figure)
            low, high, p_value = ends[(slice(None), *here)].tolist()
            rows.append(
                Difference(
                    arm=predicted.arms[arm],
                    baseline=predicted.arms[first],
                    figure=predicted.figures[figure],
                    value=float(means[arm, figure]),
                    baseline_value=float(means[first, figure]),
                    estimate=float(estimate[here]),
                    low=low,
                    high=high,
                    level=level,
                    p_value=p_value,
                    p_holm=float(adjusted[here]),
                    by_seed=tuple(by_seed[place, :, figure].tolist()),
                    num_discordant=int(discordant[here]),
                    num_clusters=clusters[figure],
                    least_p_value=float(least[here]),
                    components=Components(
                        predicted.num_seeds, *parts[(slice(None), *here)].tolist()
                    ),
                )
            )
    return Differences(tuple(predicted.arms[arm] for arm in others), predicted.figures, tuple(rows))


def _deviations(
    predicted: Predicted, others: Sequence[int], first: int, num_draws: int, seed: int
) -> Iterator[tuple[Array, Array]]:
    """Yield the deviations [F, B] and the parts of the variance [3, F] of each arm, in order.

    The draws are the same for all, by groups of arms whose deviations fit in memory.
    """
    size = max(1, _MAX_DEVIATIONS // (len(predicted.figures) * num_draws))
    for start in range(0, len(others), size):
        places = [first, *others[start : start + size]]
        group = replace(
            predicted,
            arms=tuple(predicted.arms[place] for place in places),
            predicted=predicted.predicted[places],
        )
        arms = range(1, len(places))
        random = keyed.generator(seed, keyed.BOOTSTRAP)
        found = bootstrap(group, arms, 0, num_draws, random)
        by_seed = group.scores[1:] - group.scores[0]
        parts = variance_parts(by_seed, found)
        yield from zip(found.of_mean, np.moveaxis(parts, 1, 0), strict=True)


def _place(predicted: Predicted, arm: str | None) -> int:
    if arm is None:
        return 0
    if arm not in predicted.arms:
        raise UsageError(f"no arm {arm}; there are {', '.join(predicted.arms)}")
    return predicted.arms.index(arm)


def _discordant(predicted: Predicted, others: Sequence[int], first: int) -> NDArray[np.int64]:
    """Return the clusters that an arm gets right more or less often than the baseline, [A-1, F]."""
    num, places = predicted.num_classes, predicted.cluster_places
    right = (predicted.predicted == predicted.labels).sum(axis=1)
    pairs, pair = np.unique(places * num + predicted.labels, return_inverse=True)
    found = np.empty((len(others), len(predicted.figures)), np.int64)
    for place, each in enumerate(right[others] - right[first]):
        found[place, : len(SUMMARIES)] = np.count_nonzero(np.bincount(places, each))
        of_class = pairs[np.bincount(pair, each) != 0] % num
        found[place, len(SUMMARIES) :] = np.bincount(of_class, minlength=num)
    return found


def _silent(predicted: Predicted, others: Sequence[int], first: int) -> NDArray[np.bool_]:
    """Return where the pictures say nothing of how far a figure would vary, [A-1, F].

    One cluster shows no spread; a geometric mean of 0 has no slope in the recall that is 0.
    """
    silent = np.zeros((len(others), len(predicted.figures)), np.bool_)
    silent[:, len(SUMMARIES) :] = predicted.clusters_of_class < 2
    stuck = (predicted.scores[:, :, GEOMETRIC_MEAN] == 0).any(axis=1)
    silent[:, GEOMETRIC_MEAN] = stuck[others] | stuck[first]
    return silent
