"""What a comparison can find, before any training and with what one has shown.

How large a difference, with how many seeds or images; `fer_model.statistics.power` has the test.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats

from fer_data.errors import UsageError
from fer_model.statistics.differences import Difference
from fer_model.statistics.power import chance_of, least_discordant, margin, power_against

MOST_SEEDS = 10_000
"""Where `seeds_needed` gives up."""


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
        Fraction of images that one training of an arm gets right and one of the baseline wrong, or
        the reverse.
    lasting : float
        Fraction of that which comes again with other seeds; the rest is the chance of a training.
    seed_spread : float
        Standard deviation from seed to seed of the difference on all possible images.

    Examples
    --------
    >>> import fer_model
    >>> design = fer_model.Design(num_arms=2, num_seeds=6)
    >>> round(fer_model.smallest_difference([500, 50], design)["accuracy"], 3)
    0.043
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
                raise UsageError(f"{name} is {getattr(self, name)}; it must be a fraction, 0 to 1")
        if self.seed_spread < 0:
            raise UsageError(f"seed_spread is {self.seed_spread}; a spread is not negative")


def _smallest(power: Callable[[float], float], wanted: float) -> float:
    """Return the smallest fraction with the power that is wanted; infinite where there is none."""
    if power(1.0) < wanted:
        return math.inf
    if power(0.0) >= wanted:
        return 0.0
    return float(optimize.brentq(lambda fraction: power(fraction) - wanted, 0.0, 1.0, xtol=1e-5))


def smallest_difference(
    num_of_class: ArrayLike, design: Design, *, class_names: tuple[str, ...] | None = None
) -> dict[str, float]:
    r"""Return the smallest true difference that a design can find, by figure, before any training.

    One image's difference is -1, 0 or 1. Arms that differ by :math:`\delta` disagree on that
    fraction of the images at least, so with :math:`q` the disagreement that is assumed, or
    :math:`\delta` where that is more, its variance is :math:`q - \delta^2`. With :math:`n`
    images, the lasting fraction :math:`\rho` and a seed's spread :math:`\sigma` the variances are

    .. math:: M' = \rho (q - \delta^2) / n, \qquad
              V = ((1 - \rho) (q - \delta^2) / n + \sigma^2) / S

    for the accuracy, and for a class's recall with its own :math:`n_c`; for the balanced accuracy
    :math:`1 / n` is :math:`\sum_c 1 / n_c / C^2`. With one seed all of :math:`q` counts as lasting.
    How many images the arms differ on is binomial, with :math:`q`: that is of one seed, and with
    more seeds there are more.

    Parameters
    ----------
    num_of_class : array_like of int, shape [C]
        Test images of each class; of images of one duplicate group, one. A class without is left
        out.
    design : Design
    class_names : tuple of str, optional
        Numbers, where not given.

    Returns
    -------
    dict of str to float
        Shares: 0.01 is a point. Infinite where no difference can be found, as in a class of so few
        images that a sign test of them all is not enough.

    Examples
    --------
    >>> import fer_model
    >>> least = fer_model.smallest_difference([500, 50], fer_model.Design(num_seeds=6))
    >>> {figure: round(difference, 3) for figure, difference in least.items()}
    {'accuracy': 0.043, 'balanced_accuracy': 0.074, 'recall of 0': 0.045, 'recall of 1': 0.142}
    """
    numbers = np.asarray(num_of_class, np.float64)
    names = class_names or tuple(map(str, range(len(numbers))))
    if numbers.ndim != 1 or len(names) != len(numbers) or (numbers < 0).any() or not numbers.any():
        raise UsageError(f"{numbers.tolist()} images of the classes {', '.join(names)}")
    used = numbers[numbers > 0]
    num = int(used.sum())
    all_degrees = max(num - 1.0, 1.0)
    of_class = np.maximum(used - 1, 1)
    of_means = (1 / used).sum() ** 2 / (1 / used**2 / of_class).sum()
    by_number = {
        value: _smallest_of(1 / value, int(value), max(value - 1, 1.0), design)
        for value in np.unique(used).tolist()
    }
    return {
        "accuracy": _smallest_of(1 / num, num, all_degrees, design),
        "balanced_accuracy": _smallest_of(
            (1 / used).sum() / len(used) ** 2, num, min(of_means, all_degrees), design
        ),
        **{
            f"recall of {name}": by_number[number]
            for name, number in zip(names, numbers.tolist(), strict=True)
            if number
        },
    }


def _smallest_of(inverse: float, num: int, degrees: float, design: Design) -> float:
    """Return the smallest difference of a figure with 1 / n, of so many images."""
    lasting = design.lasting if design.num_seeds > 1 else 1.0
    spread = design.seed_spread if design.num_seeds > 1 else 0.0
    least = least_discordant(design.num_arms, design.alpha)

    def power(difference: float) -> float:
        disagreement = max(design.disagreement, difference)
        variance = (disagreement - difference**2) * inverse
        of_seeds = ((1 - lasting) * variance + spread**2) / design.num_seeds
        beyond = power_against(
            difference,
            lasting * variance * degrees / (degrees + 1),
            of_seeds,
            design.num_seeds,
            tail=design.alpha / (design.num_arms - 1) / 2,
            degrees=degrees,
        )
        return beyond * chance_of(least, num, disagreement)

    return _smallest(power, design.power)


def smallest_difference_measured(
    difference: Difference,
    *,
    num_arms: int,
    num_seeds: int | None = None,
    alpha: float = 0.05,
    power: float = 0.8,
) -> float:
    """Return the smallest true difference that seeds and images like those of one can find.

    Parameters
    ----------
    difference : Difference
        Its variances are taken as the true ones, and so is the fraction of the images that the arms
        differ on, where a true difference needs no larger one.
    num_arms : int
        A, the baseline included.
    num_seeds : int, optional
        As many as the difference has, where not given.

    Returns
    -------
    float
        A fraction; 0 where nothing varies, infinite where no difference can be found.
    """
    parts = difference.components
    num_seeds = num_seeds or parts.num_seeds
    seeds = _of_seeds(difference) / num_seeds if num_seeds > 1 else 0.0
    if parts.images + seeds == 0:
        return 0.0
    least, num = least_discordant(num_arms, alpha), difference.num_clusters
    tail = alpha / (num_arms - 1) / 2

    def of(fraction: float) -> float:
        beyond = power_against(
            fraction, parts.images, seeds, num_seeds, tail=tail, degrees=parts.degrees
        )
        disagreement = max(difference.num_discordant / num, fraction)
        return beyond * chance_of(least, num, disagreement)

    return _smallest(of, power)


def seeds_needed(difference: Difference, *, num_arms: int, alpha: float = 0.05) -> int | None:
    """Return how many more seeds of each arm a comparison needs to show a difference of that size.

    The smallest number with which the estimate would exceed the margin, made wider by as much as
    the interval is towards 0 (few images are skewed); 0 where it is beyond chance already. A test
    repeated after every new seed until it agrees raises more false alarms than its level: decide on
    the number once.

    None where no number (up to `MOST_SEEDS`) is known to do: the test images alone leave more
    uncertainty than the difference is large, the arms differ on too few of them, or the bootstrap
    has too few draws for so many arms.

    Raises
    ------
    UsageError
        If there is one seed, which shows no spread.
    """
    if difference.p_holm <= alpha:
        return 0
    parts = difference.components
    of_one = _of_seeds(difference)
    if difference.least_p_value * (num_arms - 1) > alpha:
        return None

    def needed(num_seeds: int, tail: float) -> float:
        of_seeds = of_one / num_seeds
        return float(margin(parts.images, of_seeds, num_seeds, tail, degrees=parts.degrees))

    end = difference.low if difference.estimate > 0 else difference.high
    now = needed(parts.num_seeds, (1 - difference.level) / 2)
    wider = max(1.0, abs(difference.estimate - end) / now) if now else 1.0

    def shown(num_seeds: int) -> bool:
        wanted = wider * needed(num_seeds, alpha / (num_arms - 1) / 2)
        return abs(difference.estimate) > wanted

    low, high = parts.num_seeds, MOST_SEEDS
    if not shown(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if shown(middle) else (middle, high)
    return high - parts.num_seeds


def images_needed(difference: Difference, *, num_arms: int, alpha: float = 0.05) -> float:
    r"""Return how many times the test images an estimate needs at least, whatever the seeds.

    With :math:`k` times the images :math:`M'` is a :math:`k`-th, and :math:`\nu + 1` and the
    images that the arms differ on are :math:`k` times as many. 1 where these images are enough;
    infinite where the estimate is 0 or the arms differ on none.
    """
    if difference.estimate == 0 or difference.num_discordant == 0:
        return math.inf
    parts, tail = difference.components, alpha / (num_arms - 1) / 2
    variance = parts.images * (1 + 1 / parts.degrees)

    def lacking(times: float) -> float:
        critical = stats.t.isf(tail, times * (parts.degrees + 1) - 1)
        return float(critical * math.sqrt(variance / times)) - abs(difference.estimate)

    least = max(1.0, least_discordant(num_arms, alpha) / difference.num_discordant)
    if lacking(least) <= 0:
        return least
    most = least
    while lacking(most) > 0:
        most *= 2
    return float(optimize.brentq(lacking, least, most))


def _of_seeds(difference: Difference) -> float:
    """Return the variance from seed to seed, at least what seed by image makes of it."""
    parts = difference.components
    if parts.num_seeds == 1:
        raise UsageError("one seed shows no spread from seed to seed: train two or more")
    return max(parts.seeds, parts.num_seeds * parts.interaction)
