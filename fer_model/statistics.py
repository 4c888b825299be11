r"""Whether one training arm is better than another, from several seeds and one set of test pictures.

Two things are drawn at random, and an interval must hold for both: the test pictures, of which there
are many, and the trainings (seeds), of which there are three to six. They are crossed: each
training predicts each picture. The difference of an arm and the baseline, the mean over seeds
paired by seed and picture, therefore has the variance

.. math:: \operatorname{var}(\bar d) = M + I + \sigma^2_\text{seed} / S = M + V

where :math:`M` is that of the pictures (an arm suits some pictures and not others, whatever the
seed), :math:`I` that of seed by picture (a training goes one way or the other on a picture), and
the last that of the seeds themselves. A bootstrap of the pictures' clusters with all seeds kept
gives :math:`M + I`; resampling one way alone misses the other (Owen 2007,
doi:10.1214/07-AOAS122), and a bootstrap of so few seeds would be too narrow (Hesterberg 2015,
doi:10.1080/00031305.2015.1089789). So the seeds enter by Student's t:

* :math:`V` is :math:`s^2 / S` with :math:`s^2` the variance of the seeds' differences
  :math:`d_s`. Given the pictures these are independent, so it has :math:`S - 1` degrees of freedom.
* :math:`I = (\overline{\operatorname{var} d^*_s} - \operatorname{var} \bar d^*) / (S - 1)`, of the
  bootstrap's draws, is in :math:`V` already, and is taken out of the pictures' part.
* A deviation :math:`z` of the bootstrap, in units of its standard deviation, is stretched to

  .. math:: \frac{M \, T_\nu(z) + V \, T_{S-1}(z)}{\sqrt{M + V}}

  where :math:`T_k` takes a normal quantile to Student's with :math:`k` degrees of freedom, and
  :math:`\nu` are those of the pictures (`fer_model.bootstrap.degrees_of_freedom`; Hesterberg's
  expanded percentiles). Weighting the critical values by their variances is Cochran's solution
  of the Behrens-Fisher problem (1964, Biometrics 20, 191-195).

For normal data and many pictures an interval of 95 % so covers 95.0 to 97.2 % with three seeds, 95.0
to 96.2 % with six (by numerical integration over M / V). Other ways were tried and cover less:
:math:`T_{S-1}` of :math:`s^2 / S - I`, floored at 0, beside the whole deviation, down to 90.7 % with
three seeds; Satterthwaite's degrees of freedom for the sum, down to 92.2 %. The price is a wide
interval where seeds are few; `tools/simulate_coverage.py` shows what whole comparisons do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from fer_data import keyed
from fer_data.errors import UsageError
from fer_model.bootstrap import Array, Deviations, bootstrap, degrees_of_freedom
from fer_model.scores import SUMMARIES, Predicted


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
    """

    num_seeds: int
    pictures: float
    interaction: float
    seeds: float


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
    components: Components

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
    num_draws: int = 2000,
    level: float = 0.95,
) -> Differences:
    """Compare every arm with the baseline; the method is this module's docstring.

    The interval is the percentile interval of the draws, and the p-value twice the smaller share of
    draws on one side of 0, counted as (k + 1) / (B + 1) (Davison and Hinkley 1997, chapter 4), so
    that both agree. Draws in which a class has no picture say nothing of its recall and are left
    out there.

    Parameters
    ----------
    predicted : Predicted
    baseline : str, optional
        The first arm where it is not named.
    seed : int
        Same seed, same answer.
    num_draws : int
        B.
    level : float
        Of the intervals.

    Raises
    ------
    UsageError
        If there is nothing to compare, or no such arm.
    """
    if predicted.num_arms < 2:
        raise UsageError(f"one arm alone, {predicted.arms[0]}: name two or more to compare")
    if num_draws < 100 or not 0 < level < 1:
        raise UsageError(
            f"{num_draws} draws at level {level}: take at least 100, and a level between 0 and 1"
        )
    first = _place(predicted, baseline)
    others = [place for place in range(predicted.num_arms) if place != first]
    random = keyed.generator(seed, keyed.BOOTSTRAP)
    by_seed = predicted.scores[others] - predicted.scores[first]
    estimate = by_seed.mean(axis=1)
    found = bootstrap(predicted, others, first, num_draws, random)
    parts = _parts(by_seed, found)
    discordant = _discordant(predicted, others, first)
    ends = np.full((3, *estimate.shape), np.nan)
    for place, of_arm in enumerate(found.of_mean):
        draws = _stretched(predicted, of_arm, parts[:, place])
        for figure in np.flatnonzero(~np.isnan(estimate[place])):
            ends[:, place, figure] = _interval(
                draws[figure], estimate[place, figure], int(discordant[place, figure]), level
            )
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
                    components=Components(
                        predicted.num_seeds, *parts[(slice(None), *here)].tolist()
                    ),
                )
            )
    return Differences(tuple(predicted.arms[arm] for arm in others), predicted.figures, tuple(rows))


def _place(predicted: Predicted, arm: str | None) -> int:
    if arm is None:
        return 0
    if arm not in predicted.arms:
        raise UsageError(f"no arm {arm}; there are {', '.join(predicted.arms)}")
    return predicted.arms.index(arm)


def _parts(by_seed: Array, found: Deviations) -> Array:
    """Return M, I and the seeds' variance, [3, A-1, F]."""
    num_seeds = by_seed.shape[1]
    if num_seeds == 1:
        unknown = np.full_like(found.variance, np.nan)
        return np.stack([found.variance, np.zeros_like(found.variance), unknown])
    interaction = (found.variance_of_one - found.variance) / (num_seeds - 1)
    interaction = np.clip(interaction, 0, found.variance)
    return np.stack([found.variance - interaction, interaction, by_seed.var(axis=1, ddof=1)])


def _stretched(predicted: Predicted, deviations: Array, parts: Array) -> Array:
    """Return the bootstrap's deviations as those of pictures and seeds together, [F, B]."""
    main, interaction, of_seeds = parts
    degrees = degrees_of_freedom(predicted, deviations)
    main = main * (degrees + 1) / degrees
    of_mean = np.zeros_like(main) if predicted.num_seeds == 1 else of_seeds / predicted.num_seeds
    scale = np.sqrt(parts[0] + interaction)[:, None]
    z = np.divide(deviations, scale, out=np.zeros_like(deviations), where=scale > 0)
    total = np.sqrt(main + of_mean)
    shares = [
        np.divide(part, total, out=np.zeros_like(total), where=total > 0)
        for part in (main, of_mean)
    ]
    by_degrees = np.empty_like(z)
    for each in np.unique(degrees):
        by_degrees[degrees == each] = _student(z[degrees == each], each)
    by_seeds = _student(z, max(1, predicted.num_seeds - 1))
    return shares[0][:, None] * by_degrees + shares[1][:, None] * by_seeds


def _student(z: Array, degrees: float) -> Array:
    """Return the quantiles of Student's t where the normal distribution has those given."""
    grid = np.linspace(0, 8, 801)
    table = stats.t(degrees).isf(stats.norm.sf(grid))
    return np.copysign(np.interp(np.abs(z), grid, table), z)


def _interval(
    draws: Array, estimate: float, num_discordant: int, level: float
) -> tuple[float, float, float]:
    """Return the ends and the p-value of an estimate whose deviations were drawn."""
    draws = draws[~np.isnan(draws)] + estimate
    tail = (1 - level) / 2
    low, high = np.quantile(draws, [tail, 1 - tail], method="weibull").tolist()
    fewer = min(int((draws <= 0).sum()), int((draws >= 0).sum()))
    p_value = min(1.0, 2 * (fewer + 1) / (len(draws) + 1))
    least = min(1.0, 2.0 ** (1 - num_discordant))
    if least > 1 - level:
        low, high = min(low, 0.0), max(high, 0.0)
    return low, high, max(p_value, least)


def _discordant(predicted: Predicted, others: Sequence[int], first: int) -> NDArray[np.int64]:
    """Return the clusters that an arm gets right more or less often than the baseline, [A-1, F]."""
    num = predicted.num_classes
    right = (predicted.predicted == predicted.labels).sum(axis=1)
    apart = right[others] - right[first]
    found = np.empty((len(others), len(predicted.figures)), np.int64)
    pair = predicted.cluster_places * num + predicted.labels
    for place, each in enumerate(apart):
        total = np.bincount(pair, each, predicted.num_clusters * num).reshape(-1, num)
        found[place] = (total.sum(axis=1) != 0).sum()
        found[place, len(SUMMARIES) :] = (total != 0).sum(axis=0)
    return found
