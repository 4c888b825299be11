r"""Intervals of paired differences that hold for other images and other seeds.

Two things are drawn at random: the test images, of which there are many, and the trainings
(seeds), of which there are three to six. They are crossed: each training predicts each image. The
difference of an arm and the baseline, the mean over seeds paired by seed and image, therefore has
the variance

.. math:: \operatorname{var}(\bar d) = M + I + \sigma^2_\text{seed} / S = M + V

where :math:`M` is that of the images (an arm suits some images and not others, whatever the
seed), :math:`I` that of seed by image (a training goes one way or the other on an image), and
the last that of the seeds themselves. A bootstrap of the images' clusters with all seeds kept
gives :math:`M + I`: resampling one of two crossed factors misses the other (Owen 2007,
doi:10.1214/07-AOAS122). A bootstrap of so few seeds would be too narrow (Hesterberg 2015,
doi:10.1080/00031305.2015.1089789), so they enter by Student's t:

* :math:`V` is :math:`s^2 / S` with :math:`s^2` the variance of the seeds' differences :math:`d_s`.
  Given the images these are independent, so it has :math:`S - 1` degrees of freedom.
* :math:`I = (\overline{\operatorname{var} d^*_s} - \operatorname{var} \bar d^*) / (S - 1)`, of the
  bootstrap's draws, is in :math:`V` already, and is taken out of the images' part.
* A deviation :math:`z` of the bootstrap, in units of its standard deviation, is stretched to

  .. math:: \frac{M \, T_\nu(z) + V \, T_{S-1}(z)}{\sqrt{M + V}}

  where :math:`T_k` takes a normal quantile to Student's with :math:`k` degrees of freedom, and
  :math:`\nu` are those of the images (`bootstrap.degrees_of_freedom`), with which :math:`M`
  grows by :math:`(\nu + 1) / \nu` (Hesterberg's expanded percentiles). To weight critical values
  by their variances is Cochran's solution of the Behrens-Fisher problem (1964, Biometrics 20,
  191-195).

For normal data and many images an interval of 95 % so covers 95.0 to 97.2 % with three seeds, and
95.0 to 96.2 % with six (by numerical integration, over M / V). Other ways cover less, where
:math:`M` is small or half: :math:`T_{S-1}` of :math:`s^2 / S - I`, floored at 0, next to the whole
deviation, down to 90.7 % with three seeds; Satterthwaite's degrees of freedom of the sum, down to
92.2 %. The price is a wide interval where seeds are few and hardly differ.
`tools/simulate_coverage.py` shows what whole comparisons do.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from fer_model.statistics.bootstrap import Array, Deviations
from fer_model.statistics.scores import SUMMARIES, Predicted

NOTHING_KNOWN = (-1.0, 1.0, 1.0)
"""Ends and p-value of a difference of fractions of which nothing is known."""


def variance_parts(by_seed: Array, deviations: Deviations) -> Array:
    """Return M, I and the seeds' variance, [3, A-1, F]."""
    num_seeds = by_seed.shape[1]
    if num_seeds == 1:
        unknown = np.full_like(deviations.variance, np.nan)
        return np.stack([deviations.variance, np.zeros_like(deviations.variance), unknown])
    interaction = (deviations.variance_of_one - deviations.variance) / (num_seeds - 1)
    interaction = np.clip(interaction, 0, deviations.variance)
    return np.stack([deviations.variance - interaction, interaction, by_seed.var(axis=1, ddof=1)])


def stretched(deviations: Array, parts: Array, degrees: Array, num_seeds: int) -> Array:
    """Return the bootstrap's deviations as those of images and seeds together.

    Parameters
    ----------
    deviations : ndarray of float64, shape [F, B]
    parts : ndarray of float64, shape [3, F]
        As `variance_parts` gives them.
    degrees : ndarray of float64, shape [F]
        Of freedom, of the images' part.
    num_seeds : int
        S.
    """
    main, interaction, of_seeds = parts
    main = main * (degrees + 1) / degrees
    of_mean = np.zeros_like(main) if num_seeds == 1 else of_seeds / num_seeds
    scale = np.sqrt(parts[0] + interaction)[:, None]
    z = np.divide(deviations, scale, out=np.zeros_like(deviations), where=scale > 0)
    total = np.sqrt(main + of_mean)
    fractions = [
        np.divide(part, total, out=np.zeros_like(total), where=total > 0)
        for part in (main, of_mean)
    ]
    by_degrees = np.full_like(z, np.nan)
    for degree in np.unique(degrees):
        by_degrees[degrees == degree] = _student(z[degrees == degree], degree)
    by_seeds = _student(z, max(1, num_seeds - 1))
    quantile: Array = fractions[0][:, None] * by_degrees + fractions[1][:, None] * by_seeds
    return quantile


def _student(z: Array, degrees: float) -> Array:
    """Return the quantiles of Student's t where the normal distribution has those given."""
    grid = np.linspace(0, 8, 801)
    table = -special.stdtrit(degrees, special.ndtr(-grid))
    quantile: Array = np.copysign(np.interp(np.abs(z), grid, table), z)
    return quantile


def least_of_sign_test(num_discordant: int) -> float:
    """Return the p-value of the sign test on so many clusters, all on one side."""
    return float(min(1.0, 2.0 ** (1 - num_discordant)))


def reach(predicted: Predicted, level: float) -> Array:
    """Return how far arms that never differ here may differ elsewhere, by figure, float64 [F].

    For the accuracy and a recall it is how large the fraction of discordant clusters may be all the
    same, ``1 - tail ** (1 / num_clusters)`` (Clopper and Pearson 1934). The balanced accuracy is
    the mean of the recalls, so its reach is at most the mean of theirs. That is taken for macro F1
    and the geometric mean too, of which it is the order of magnitude and no bound.
    """
    tail = (1 - level) / 2
    clusters = predicted.clusters_of_class
    of_class = 1 - tail ** (1 / np.maximum(clusters, 1))
    of_means = of_class[clusters > 0].mean()
    of_all = 1 - tail ** (1 / predicted.num_clusters)
    with np.errstate(invalid="ignore"):  # NaN for a group whose classes have no image
        of_groups = (predicted.members @ of_class) / predicted.members.sum(axis=1)
    return np.array([of_all, *[of_means] * (len(SUMMARIES) - 1), *of_class, *of_groups, of_means])


def interval(
    draws: Array, estimate: float, num_discordant: int, reach: float, level: float
) -> tuple[float, float, float]:
    """Return the ends and the p-value of an estimate.

    The ends are percentiles of the estimate and its deviations, and the p-value is twice the
    smaller fraction of them on one side of 0, counted as (k + 1) / (B + 1) (Davison and Hinkley
    1997, chapter 4), so that both agree.

    Parameters
    ----------
    draws : ndarray of float64, shape [B]
        Deviations. NaN, where a class has no image in a draw, is skipped.
    estimate : float
    num_discordant : int
        Clusters that the arms do not get right equally often. The p-value is not below that of the
        sign test on these, all on one side, and the interval holds 0 where that is not enough: a
        bootstrap of three images won cannot know that one might have been lost.
    reach : float
        The half-width of the interval where there is none, as `reach` gives it.
    level : float
    """
    if num_discordant == 0:
        return min(estimate, 0.0) - reach, max(estimate, 0.0) + reach, 1.0
    tail = (1 - level) / 2
    draws = draws[~np.isnan(draws)] + estimate
    low, high = np.quantile(draws, [tail, 1 - tail], method="weibull").tolist()
    fewer = min(int((draws <= 0).sum()), int((draws >= 0).sum()))
    p_value = min(1.0, 2 * (fewer + 1) / (len(draws) + 1))
    least = least_of_sign_test(num_discordant)
    if least > 1 - level:
        low, high = min(low, 0.0), max(high, 0.0)
    return low, high, max(p_value, least)
