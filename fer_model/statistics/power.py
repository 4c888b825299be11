r"""The chance that a comparison finds a difference.

The test is that of `fer_model.statistics.differences`: a difference with the variance :math:`M`
of the test images and :math:`V` of the seeds is beyond chance where it exceeds the *margin*

.. math:: w(M, V) = \frac{M' t_\nu + V t_{S-1}}{\sqrt{M' + V}}, \qquad
          M' = M (\nu + 1) / \nu

with the critical values of Student's t at the level :math:`\alpha / (A - 1)`: Holm's worst case of
A arms, one of them the baseline, is Bonferroni's. :math:`\nu` are the degrees of freedom of the
images' part, few where a rare class decides it, and :math:`M` is the bootstrap's, which is
:math:`\nu / (\nu + 1)` of the true variance in the mean.

And the arms must differ on so many images :math:`k` that a sign test of these could say so, all
on one side: :math:`2^{1 - k} \le \alpha / (A - 1)`. A class of five images shows nothing.

The power against a true difference :math:`\delta` is the mean of
:math:`\Phi((\delta - w(m, s^2)) / \sqrt{M' + V})` over what the variances may be measured as,
:math:`m = M \chi^2_\nu / \nu` and :math:`s^2 = V \chi^2_{S-1} / (S - 1)`, times the chance that the
arms differ on :math:`k` images. (The two go together, so this is rather too low.)
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

_NUM_STEPS = 500
_LATTICE = (np.arange(_NUM_STEPS) * 191) % _NUM_STEPS
"""Pairs the steps of two quantiles so that they are evenly spread in the unit square."""


def margin(
    images: ArrayLike,
    seeds: ArrayLike,
    num_seeds: int,
    tail: float,
    *,
    degrees: float = math.inf,
) -> NDArray[np.float64]:
    r"""Return what a difference must exceed, w(M, V), at a one-sided tail.

    Parameters
    ----------
    images : array_like of float
        M, of the bootstrap.
    seeds : array_like of float
        V, the variance of the mean over the seeds; 0 with one seed.
    num_seeds : int
        S.
    tail : float
    degrees : float
        :math:`\nu`, of the images' part; infinite for very many images.

    Returns
    -------
    ndarray of float64, the shape of `images` and `seeds` together
    """
    of_images = np.asarray(images, np.float64) * (1 + 1 / degrees)
    of_seeds = np.asarray(seeds, np.float64)
    total = np.sqrt(of_images + of_seeds)
    student = _critical(tail, num_seeds - 1) if num_seeds > 1 else 0.0
    weighted = of_images * _critical(tail, degrees) + of_seeds * student
    mean: NDArray[np.float64] = np.divide(
        weighted, total, out=np.zeros_like(total), where=total > 0
    )
    return mean


def least_discordant(num_arms: int, alpha: float) -> int:
    """Return on how many images two arms must differ for the smallest p-value to be enough."""
    return math.ceil(1 + math.log2((num_arms - 1) / alpha))


def power_against(
    difference: float,
    images: float,
    seeds: float,
    num_seeds: int,
    *,
    tail: float,
    degrees: float = math.inf,
) -> float:
    """Return the chance that a true difference, in fractions, is found to exceed the margin.

    Parameters
    ----------
    difference : float
    images, seeds : float
        M and V as in `margin`, of which those that are measured are scattered.
    num_seeds : int
        S.
    tail, degrees : float
        As in `margin`.
    """
    total = math.sqrt(images * (1 + 1 / degrees) + seeds)
    if total == 0:
        return float(difference > 0)
    margins = margin(
        images * _scattered(degrees),
        seeds * _scattered(num_seeds - 1 or math.inf)[_LATTICE],
        num_seeds,
        tail,
        degrees=degrees,
    )
    return float(special.ndtr((difference - margins) / total).mean())


@lru_cache(maxsize=1000)
def _critical(tail: float, degrees: float) -> float:
    return float(stats.t.isf(tail, degrees))


@lru_cache(maxsize=100)
def _scattered(degrees: float) -> NDArray[np.float64]:
    """Return quantiles of a measured variance, as multiples of the true one."""
    if math.isinf(degrees):
        return np.ones(_NUM_STEPS)
    steps = (np.arange(_NUM_STEPS) + 0.5) / _NUM_STEPS
    quantiles: NDArray[np.float64] = stats.chi2.ppf(steps, degrees) / degrees
    return quantiles


def chance_of(least: int, num: int, fraction: float) -> float:
    """Return the chance that so many images or more are discordant, each with that chance."""
    return float(special.bdtrc(least - 1, num, fraction)) if num >= least else 0.0
