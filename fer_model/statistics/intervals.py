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
  bootstrap's draws, is in :math:`V` already, and is taken out of the images' part, except where the
  seeds' differences are all the same, and :math:`V` is 0.
* A deviation :math:`z` of the bootstrap, in units of its standard deviation, is stretched to

  .. math:: \frac{M \, T_\nu(z) + V \, T_{S-1}(u)}{\sqrt{M + V}}

  where :math:`u` is the normal quantile of its rank among the draws, :math:`T_k` takes a normal
  quantile to Student's with :math:`k` degrees of freedom, and :math:`\nu` are those of the images
  (`bootstrap.degrees_of_freedom`), with which :math:`M` grows by :math:`(\nu + 1) / \nu`
  (Hesterberg's expanded percentiles). To weight critical values by their variances is Cochran's
  solution of the Behrens-Fisher problem (1964, Biometrics 20, 191-195). The seeds' part has
  :math:`u`, as the shape of :math:`z` is that of the images alone: where a few images vary, it
  hardly has a tail on one side.
* Where the images show no variance (each run answers a class all alike, or no image is gained or
  lost by the mean over the seeds), other images may still show some. Their part then is as large as
  `reach` says, by normal quantiles, and it and the seeds' part are added as independent errors are,
  :math:`\sqrt{M T_\nu^2(u) + V T_{S-1}^2(u)}`, so that neither makes the other smaller.

For normal data and many images an interval of 95 % so covers 95.0 to 97.2 % with three seeds, and
95.0 to 96.2 % with six (by numerical integration, over M / V). Other ways cover less, where
:math:`M` is small or half: :math:`T_{S-1}` of :math:`s^2 / S - I`, floored at 0, next to the whole
deviation, down to 90.7 % with three seeds; Satterthwaite's degrees of freedom of the sum, down to
92.2 %. The price is a wide interval where seeds are few and hardly differ.
`tools/simulate_coverage.py` shows what whole comparisons do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from fer_model.statistics.bootstrap import Array, Deviations
from fer_model.statistics.scores import SUMMARIES, Predicted

NOTHING_KNOWN = (-1.0, 1.0, 1.0)
"""Ends and p-value of a difference of fractions of which nothing is known."""

_ROUNDING = 1e-20
"""A variance of the draws that is none, in squared fractions."""


def variance_parts(by_seed: Array, deviations: Deviations) -> Array:
    """Return M, I and the seeds' variance, [3, A-1, F]."""
    num_seeds = by_seed.shape[1]
    if num_seeds == 1:
        unknown = np.full_like(deviations.variance, np.nan)
        return np.stack([deviations.variance, np.zeros_like(deviations.variance), unknown])
    interaction = (deviations.variance_of_one - deviations.variance) / (num_seeds - 1)
    of_seeds = by_seed.var(axis=1, ddof=1)
    interaction = np.where(of_seeds > _ROUNDING, np.clip(interaction, 0, deviations.variance), 0)
    return np.stack([deviations.variance - interaction, interaction, of_seeds])


def without_variance(parts: Array, num_discordant: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return where other draws of the images change no difference, bool [F] of one arm."""
    is_flat: NDArray[np.bool_] = (parts[0] + parts[1] <= _ROUNDING) | (num_discordant == 0)
    return is_flat


def variance_of_reach(reach: Array, degrees: Array, level: float) -> Array:
    """Return the variance M of images whose own interval has the half-width `reach`, [F]."""
    critical = special.stdtrit(degrees, (1 + level) / 2)
    variance: Array = np.square(reach / critical) * degrees / (degrees + 1)
    return variance


def stretched(
    deviations: Array,
    parts: Array,
    degrees: Array,
    num_seeds: int,
    is_flat: NDArray[np.bool_],
) -> Array:
    """Return the bootstrap's deviations as those of images and seeds together, in order.

    Parameters
    ----------
    deviations : ndarray of float64, shape [F, B]
        NaN, where a class has no image in a draw, comes last.
    parts : ndarray of float64, shape [3, F]
        As `variance_parts` gives them; M as `variance_of_reach` does, where the images show none.
    degrees : ndarray of float64, shape [F]
        Of freedom, of the images' part.
    num_seeds : int
        S.
    is_flat : ndarray of bool, shape [F]
        Where the images show no variance, as `without_variance` tells.
    """
    main, interaction, of_seeds = parts
    flat = is_flat[:, None]
    scale = np.where(flat, 0, np.sqrt(main + interaction)[:, None])
    z = np.divide(np.sort(deviations), scale, out=np.zeros_like(deviations), where=scale > 0)
    known = np.count_nonzero(~np.isnan(deviations), axis=1)[:, None]
    ranks = np.arange(1, deviations.shape[1] + 1)
    normal = special.ndtri(np.where(ranks <= known, ranks / (known + 1), np.nan))
    z = np.where(flat, normal, z)
    images = np.sqrt(main * (degrees + 1) / degrees)[:, None]
    seeds = np.sqrt(np.zeros_like(main) if num_seeds == 1 else of_seeds / num_seeds)[:, None]
    by_degrees = np.full_like(z, np.nan)
    for degree in np.unique(degrees):
        by_degrees[degrees == degree] = _student(z[degrees == degree], degree)
    from_images, from_seeds = images * by_degrees, seeds * _student(normal, max(1, num_seeds - 1))
    total = np.hypot(images, seeds)
    weighted = images * from_images + seeds * from_seeds
    added = np.copysign(np.hypot(from_images, from_seeds), normal)
    quantile: Array = np.divide(weighted, total, out=np.zeros_like(weighted), where=total > 0)
    quantile[is_flat] = added[is_flat]
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
    """Return how far a figure that none of these images changes may differ on others, float64 [F].

    For the accuracy and a recall it is how large a fraction of clusters may all the same be
    answered unlike these, ``1 - tail ** (1 / num_clusters)`` (Clopper and Pearson 1934). The
    balanced accuracy is the mean of the recalls, so its reach is at most the mean of theirs. That
    is taken for macro F1 and the geometric mean too, of which it is the order of magnitude and no
    bound.
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
    draws: Array, estimate: float, num_discordant: int, level: float
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
    level : float
    """
    tail = (1 - level) / 2
    draws = draws[~np.isnan(draws)] + estimate
    low, high = np.quantile(draws, [tail, 1 - tail], method="weibull").tolist()
    fewer = min(int((draws <= 0).sum()), int((draws >= 0).sum()))
    p_value = min(1.0, 2 * (fewer + 1) / (len(draws) + 1))
    least = least_of_sign_test(num_discordant)
    if least > 1 - level:
        low, high = min(low, 0.0), max(high, 0.0)
    return low, high, max(p_value, least)
