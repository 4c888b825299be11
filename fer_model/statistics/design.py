r"""What a comparison can find: before any training, and with what one has shown.

The test is that of `fer_model.statistics.differences`: a difference with the variance :math:`M`
of the test pictures and :math:`V` of the seeds is beyond chance where it exceeds the *margin*

.. math:: w(M, V) = \frac{M z + V t_{S-1}}{\sqrt{M + V}}

with the critical values of a normal and a Student variable at the level
:math:`\alpha / (A - 1)`: Holm's worst case of A arms, one of them the baseline, is Bonferroni's.
Its power against a true difference :math:`\delta` is the mean of
:math:`\Phi((\delta - w(M, s^2)) / \sqrt{M + V})` over
:math:`s^2 = V \chi^2_{S-1} / (S - 1)`, what the seeds' variance may be measured as.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from fer_data.errors import UsageError
from fer_model.statistics.differences import Difference

MOST_SEEDS = 10_000
"""Where `seeds_needed` gives up."""

_STEPS = (np.arange(500) + 0.5) / 500


@dataclass(frozen=True)
class Design:
    """A comparison, and what is assumed of it before any training.

    Attributes
    ----------
    num_arms : int
        A, the baseline included.
    num_seeds : int
        S, trainings of each arm. With one, nothing is said of other trainings.
    alpha : float
        Accepted chance of any false alarm among the arms.
    power : float
        Wanted chance to find a difference that is there.
    disagreement : float
        Share of pictures that one training of an arm gets right and one of the baseline wrong, or
        the reverse.
    lasting : float
        Share of that which comes again with other seeds; the rest is the chance of a training.
    seed_spread : float
        Standard deviation from seed to seed of the difference on all possible pictures.
    """

    num_arms: int = 2
    num_seeds: int = 3
    alpha: float = 0.05
    power: float = 0.8
    disagreement: float = 0.2
    lasting: float = 0.5
    seed_spread: float = 0.005

    def __post_init__(self) -> None:
        if self.num_arms < 2 or self.num_seeds < 1:
            raise UsageError(
                f"{self.num_arms} arms with {self.num_seeds} seeds: take two and one or more"
            )
        for name in ("alpha", "power"):
            if not 0 < getattr(self, name) < 1:
                raise UsageError(f"{name} is {getattr(self, name)}; it lies between 0 and 1")
        for name in ("disagreement", "lasting"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"{name} is {getattr(self, name)}; it is a share, 0 to 1")
        if self.seed_spread < 0:
            raise UsageError(f"seed_spread is {self.seed_spread}; a spread is not negative")


def margin(pictures: float, seeds: ArrayLike, num_seeds: int, tail: float) -> NDArray[np.float64]:
    """Return what a difference must exceed, w(M, V), at a one-sided tail.

    Parameters
    ----------
    pictures : float
        M.
    seeds : array_like of float
        V, the variance of the mean over the seeds; 0 with one seed.
    num_seeds : int
        S.
    tail : float

    Returns
    -------
    ndarray of float64, the shape of `seeds`
    """
    seeds = np.asarray(seeds, np.float64)
    total = np.sqrt(pictures + seeds)
    student = stats.t.isf(tail, num_seeds - 1) if num_seeds > 1 else 0.0
    weighted = pictures * stats.norm.isf(tail) + seeds * student
    found: NDArray[np.float64] = np.divide(
        weighted, total, out=np.zeros_like(total), where=total > 0
    )
    return found


def detectable(
    pictures: float, seeds: float, num_seeds: int, *, num_arms: int, alpha: float, power: float
) -> float:
    """Return the smallest true difference that is found with the wanted power, in shares.

    Parameters
    ----------
    pictures, seeds : float
        M and V as in `margin`.
    """
    total = math.sqrt(pictures + seeds)
    if total == 0:
        return 0.0
    tail = alpha / (num_arms - 1) / 2
    measured = np.full(1, seeds)
    if num_seeds > 1:
        measured = seeds * stats.chi2.ppf(_STEPS, num_seeds - 1) / (num_seeds - 1)
    margins = margin(pictures, measured, num_seeds, tail)

    def lacking(difference: float) -> float:
        return float(stats.norm.cdf((difference - margins) / total).mean()) - power

    return float(optimize.brentq(lacking, -10 * total, margins.max() + 10 * total))


def smallest_difference(
    num_of_class: ArrayLike, design: Design, *, class_names: tuple[str, ...] | None = None
) -> dict[str, float]:
    r"""Return the smallest true difference that a design can find, by figure, before any training.

    With :math:`n` pictures, disagreement :math:`q`, lasting share :math:`\rho` and a seed's spread
    :math:`\sigma`, the variances are

    .. math:: M = \rho q / n, \qquad V = ((1 - \rho) q / n + \sigma^2) / S

    for the accuracy, and for a class's recall with its own :math:`n_c`; for the balanced accuracy
    :math:`1 / n` is :math:`\sum_c 1 / n_c / C^2`. With one seed all of :math:`q` counts as lasting.

    Parameters
    ----------
    num_of_class : array_like of int, shape [C]
        Test pictures of each class; of pictures of one photograph, one. A class without is left
        out.
    design : Design
    class_names : tuple of str, optional
        Numbers, where not given.

    Returns
    -------
    dict of str to float
        Shares: 0.01 is a point. A class so small that no difference can be found has more than 1.
    """
    numbers = np.asarray(num_of_class, np.float64)
    names = class_names or tuple(map(str, range(len(numbers))))
    if numbers.ndim != 1 or len(names) != len(numbers) or (numbers < 0).any() or not numbers.any():
        raise UsageError(f"{numbers.tolist()} pictures of the classes {', '.join(names)}")
    used = numbers[numbers > 0]
    inverse = {
        "accuracy": 1 / used.sum(),
        "balanced_accuracy": (1 / used).sum() / len(used) ** 2,
        **{
            f"recall of {name}": 1 / number
            for name, number in zip(names, numbers, strict=True)
            if number
        },
    }
    lasting = design.lasting if design.num_seeds > 1 else 1.0
    spread = design.seed_spread if design.num_seeds > 1 else 0.0
    return {
        figure: detectable(
            lasting * design.disagreement * each,
            ((1 - lasting) * design.disagreement * each + spread**2) / design.num_seeds,
            design.num_seeds,
            num_arms=design.num_arms,
            alpha=design.alpha,
            power=design.power,
        )
        for figure, each in inverse.items()
    }


def smallest_difference_measured(
    difference: Difference,
    *,
    num_arms: int,
    num_seeds: int | None = None,
    alpha: float = 0.05,
    power: float = 0.8,
) -> float:
    """Return the smallest true difference that seeds and pictures like those of one can find.

    Parameters
    ----------
    difference : Difference
        Its variances are taken as the true ones.
    num_arms : int
        A, the baseline included.
    num_seeds : int, optional
        As many as the difference has, where not given.
    """
    parts = difference.components
    num_seeds = num_seeds or parts.num_seeds
    seeds = 0.0
    if num_seeds > 1:
        seeds = _of_seeds(difference) / num_seeds
    return detectable(parts.pictures, seeds, num_seeds, num_arms=num_arms, alpha=alpha, power=power)


def seeds_needed(difference: Difference, *, num_arms: int, alpha: float = 0.05) -> int | None:
    """Return how many more seeds of each arm would show a difference, if it is as estimated.

    The smallest number with which the estimate would exceed the margin; 0 where it is beyond chance
    already. None where no number would (up to `MOST_SEEDS`), because the test pictures alone leave
    more doubt than the difference is large. A test repeated after every new seed until it agrees
    raises more false alarms than its level: decide on the number once.

    Raises
    ------
    UsageError
        If there is one seed, which shows no spread.
    """
    if difference.p_holm <= alpha:
        return 0
    parts = difference.components
    tail = alpha / (num_arms - 1) / 2
    of_one = _of_seeds(difference)

    def shown(num_seeds: int) -> bool:
        wanted = margin(parts.pictures, of_one / num_seeds, num_seeds, tail)
        return abs(difference.estimate) > float(wanted)

    low, high = parts.num_seeds, MOST_SEEDS
    if not shown(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if shown(middle) else (middle, high)
    return high - parts.num_seeds


def pictures_needed(difference: Difference, *, num_arms: int, alpha: float = 0.05) -> float:
    """Return how many times the test pictures an estimate needs at least, with any number of seeds.

    Infinite where the estimate is 0.
    """
    if difference.estimate == 0:
        return math.inf
    critical = float(stats.norm.isf(alpha / (num_arms - 1) / 2))
    return critical**2 * difference.components.pictures / difference.estimate**2


def _of_seeds(difference: Difference) -> float:
    """Return the variance from seed to seed, at least what seed by picture makes of it."""
    parts = difference.components
    if parts.num_seeds == 1:
        raise UsageError("one seed shows no spread from seed to seed: train two or more")
    return max(parts.seeds, parts.num_seeds * parts.interaction)
