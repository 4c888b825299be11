"""Whether one training arm is better than another, from a few seeds and many test images.

The answer holds for other images and other trainings than those seen:
`fer_model.statistics.intervals` says how. With one seed it holds for other images alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from fer_data.errors import UsageError
from fer_data.util import keyed
from fer_model import words
from fer_model.statistics.bootstrap import Array, bootstrap, degrees_of_freedom
from fer_model.statistics.evidence import clusters_of_figures, collapsed, discordant, silent
from fer_model.statistics.intervals import (
    NOTHING_KNOWN,
    interval,
    least_of_sign_test,
    reach,
    stretched,
    variance_of_reach,
    variance_parts,
    without_variance,
)
from fer_model.statistics.p_values import holm, place_of
from fer_model.statistics.scores import Predicted

if TYPE_CHECKING:
    import pandas as pd

_FEWEST_DRAWS = 2000
_DRAWS_BEYOND = 20
"""Draws on one side of 0 where a p-value is just small enough for Holm's first step."""

_MAX_DEVIATIONS = 8_000_000
"""Numbers in the deviations of one group of arms: 64 MB."""


@dataclass(frozen=True)
class Components:
    """Parts of the variance of a difference, in squared fractions.

    Attributes
    ----------
    num_seeds : int
        S.
    images : float
        M: falls with more test images. Where these show no variance, as much as they leave open.
    interaction : float
        I, seed by image, of the mean over the seeds: falls with more of either. With one seed it
        cannot be separated from the images' part, and is 0 here.
    seeds : float
        The variance of the difference from seed to seed on the same images: of the seeds
        themselves, and S times I. NaN with one seed.
    degrees : float
        Of freedom, of the images' part.
    """

    num_seeds: int
    images: float
    interaction: float
    seeds: float
    degrees: float


@dataclass(frozen=True)
class Difference:
    """An arm's figure less the baseline's, the mean over seeds; fractions, 1 is 100 points.

    Attributes
    ----------
    arm, baseline, figure : str
    value, baseline_value : float
        The figure of both, means over seeds.
    estimate : float
    low, high : float
        The interval.
    simultaneous : tuple of float
        The interval that holds for all arms at once (Bonferroni).
    level : float
        The coverage of both.
    p_value : float
        Two-sided, of no difference.
    p_holm : float
        The same, adjusted for the number of arms (Holm 1979) within this figure.
    by_seed : tuple of float, length S
    num_discordant : int
        Clusters of images that the two arms do not get right equally often.
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
    simultaneous: tuple[float, float]
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
        """Whether the interval is everything that there is: no difference can be ruled out."""
        return self.low <= -1 and self.high >= 1

    @property
    def known(self) -> dict[str, float]:
        """The interval's ends and both p-values, as tables of numbers have them: NaN where open."""
        names = ("low", "high", "p_value", "p_holm")
        return {name: math.nan if self.is_open else getattr(self, name) for name in names}

    @property
    def in_points(self) -> str:
        """The difference in points with its interval, as tables show it."""
        return words.interval(self.estimate, self.low, self.high)

    @property
    def of_images_alone(self) -> bool:
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
        By arm, then figure. The recall of a class without a test image has none.
    collapsed : dict of str to tuple of str
        Arms each of whose runs predicts one class only, with the names of these classes.

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> labels = np.repeat([0, 1], [90, 10])
    >>> good = [np.where(np.arange(100) % 9 == seed, 1 - labels, labels) for seed in range(3)]
    >>> results = fer_model.compare_predictions(labels, {"none": [0 * labels] * 3, "own": good})
    >>> results.differences.arms, round(results.differences.of("own", "accuracy").estimate, 2)
    (('own',), -0.01)
    """

    arms: tuple[str, ...]
    figures: tuple[str, ...]
    rows: tuple[Difference, ...]
    collapsed: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], Difference]:
        return {(row.arm, row.figure): row for row in self.rows}

    def of(self, arm: str, figure: str) -> Difference:
        """Return one; a `KeyError` where there is none."""
        return self._by_name[arm, figure]

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each arm and figure: both means, difference, interval and p-values.

        Where there is no interval, its ends and the p-values are NaN.
        """
        import pandas as pd  # 0.7 s to import, and this is its only use here

        columns = ["arm", "baseline", "figure", "value", "baseline_value", "estimate"]
        rows = [
            {**{name: getattr(row, name) for name in columns}, **row.known} for row in self.rows
        ]
        return pd.DataFrame(rows, columns=[*columns, "low", "high", "p_value", "p_holm"])


def num_draws_of(num_arms: int, level: float = 0.95) -> int:
    """Return how many draws of the images so many arms but the baseline take."""
    return max(_FEWEST_DRAWS, math.ceil(2 * _DRAWS_BEYOND * num_arms / (1 - level)))


def paired_differences(
    predicted: Predicted,
    *,
    baseline: str | None = None,
    seed: int = 0,
    num_draws: int | None = None,
    level: float = 0.95,
) -> Differences:
    """Compare every arm with the baseline; `fer_model.statistics.intervals` has the method.

    Where nothing is known of how far a figure would vary, the interval is -1 to 1 and the p-value
    1: of the recall of a class with one duplicate group, of the geometric mean where a training has
    no image of a class right, where the seeds are so few and differ so much that no difference
    can be ruled out, and where all draws of very few images agree.

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

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> labels = np.repeat([0, 1], [90, 10])
    >>> good = [np.where(np.arange(100) % 9 == seed, 1 - labels, labels) for seed in range(3)]
    >>> results = fer_model.compare_predictions(labels, {"none": [0 * labels] * 3, "own": good})
    >>> differences = fer_model.paired_differences(results.predicted)
    >>> round(differences.of("own", "balanced_accuracy").estimate, 2)
    0.38
    """
    if predicted.num_arms < 2:
        raise UsageError(f"one arm alone, {predicted.arms[0]}: name two or more to compare")
    if (num_draws is not None and num_draws < 100) or not 0 < level < 1:
        raise UsageError(
            f"{num_draws} draws at level {level}: take at least 100, and a level between 0 and 1"
        )
    first = place_of(predicted, baseline)
    others = [place for place in range(predicted.num_arms) if place != first]
    if num_draws is None:
        num_draws = num_draws_of(len(others), level)
    by_seed = predicted.scores[others] - predicted.scores[first]
    estimate = by_seed.mean(axis=1)
    num_discordant = discordant(predicted, others, first)
    is_silent = silent(predicted, others, first)
    clusters = clusters_of_figures(predicted)
    levels = (1 - (1 - level) / len(others), level)
    reaches = reach(predicted, levels[0])
    ends = np.tile(np.array([*NOTHING_KNOWN[:2], *NOTHING_KNOWN]), (*estimate.shape, 1))
    least = np.ones(estimate.shape)
    parts = np.empty((4, *estimate.shape))
    for place, (of_arm, of_variance) in enumerate(
        _deviations(predicted, others, first, num_draws, seed)
    ):
        degrees = degrees_of_freedom(predicted, of_arm)
        is_flat = without_variance(of_variance, num_discordant[place])
        of_reach = variance_of_reach(reaches, degrees, levels[0])
        of_variance[0] = np.where(is_flat, np.fmax(of_variance[0], of_reach), of_variance[0])
        parts[:, place] = *of_variance, degrees
        draws = stretched(of_arm, of_variance, degrees, predicted.num_seeds, is_flat)
        for figure in np.flatnonzero(~np.isnan(estimate[place])):
            here = (place, figure)
            if is_silent[here]:
                continue
            number = int(num_discordant[here])
            wide, narrow = (
                interval(draws[figure], estimate[here], number, confidence) for confidence in levels
            )
            if -1 < narrow[0] < narrow[1] or narrow[0] < narrow[1] < 1:
                ends[here] = *wide[:2], *narrow
            of_draws = 2 / (1 + np.count_nonzero(~np.isnan(draws[figure])))
            least[here] = min(1.0, max(of_draws, least_of_sign_test(number)))
    ends = np.clip(ends, -1, 1)  # few seeds stretch further than fractions can differ
    adjusted = holm(ends[..., -1].T).T
    means = predicted.scores.mean(axis=1)
    rows = []
    for place, arm in enumerate(others):
        for figure in np.flatnonzero(~np.isnan(estimate[place])):
            here = (place, figure)
            lowest, highest, low, high, p_value = ends[here].tolist()
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
                    simultaneous=(lowest, highest),
                    level=level,
                    p_value=p_value,
                    p_holm=float(adjusted[here]),
                    by_seed=tuple(by_seed[place, :, figure].tolist()),
                    num_discordant=int(num_discordant[here]),
                    num_clusters=int(clusters[figure]),
                    least_p_value=float(least[here]),
                    components=Components(
                        predicted.num_seeds, *parts[(slice(None), *here)].tolist()
                    ),
                )
            )
    arms = tuple(predicted.arms[arm] for arm in others)
    return Differences(arms, predicted.figures, tuple(rows), collapsed(predicted))


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
        deviations = bootstrap(group, arms, 0, num_draws, random)
        by_seed = group.scores[1:] - group.scores[0]
        parts = variance_parts(by_seed, deviations)
        yield from zip(deviations.of_mean, np.moveaxis(parts, 1, 0), strict=True)
