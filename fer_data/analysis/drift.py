"""Differences between splits: of their class distributions, and of their images.

An effect size decides, not a p-value: with tens of thousands of samples a test calls any small
difference significant, and with fifty it misses large ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

_SIZES = ((0.1, "negligible"), (0.3, "small"), (0.5, "medium"), (math.inf, "large"))
"""Cohen's words (1988, for w, which V is where one side of the table has two entries)."""


@dataclass(frozen=True)
class ClassDrift:
    r"""How the class distribution of a split differs from the training split's.

    Attributes
    ----------
    split : str
        The other split.
    num_train, num_other : int
        Labelled samples of both.
    chi_square : float
        Pearson's statistic of the table of two splits by classes.
    degrees : int
        Its degrees of freedom: classes that have a sample in one of the two, less one.
    p_value : float
        Of the statistic, were both splits drawn from one distribution.
    cramers_v : float
        Cramér's V (1946), the effect size, :math:`\sqrt{\chi^2 / n}` here: 0 is the same
        distribution, 1 no class in common. Splits of very different sizes make it smaller: with
        fractions :math:`\pi` and :math:`1 - \pi` of the samples it is proportional to
        :math:`\sqrt{\pi (1 - \pi)}`; `js_distance` does not.
    js_distance : float
        Jensen-Shannon distance, base 2 (Endres and Schindelin 2003,
        doi:10.1109/TIT.2003.813506): the root of the divergence, from 0 to 1.
    """

    split: str
    num_train: int
    num_other: int
    chi_square: float
    degrees: int
    p_value: float
    cramers_v: float
    js_distance: float

    @property
    def size(self) -> str:
        """Cohen's label for V: negligible below 0.1, small, medium from 0.3, large from 0.5."""
        return next(word for below, word in _SIZES if self.cramers_v < below)

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as JSON holds them."""
        return {
            "num_train": self.num_train,
            "num_other": self.num_other,
            "chi_square": self.chi_square,
            "degrees": self.degrees,
            "p_value": self.p_value,
            "cramers_v": self.cramers_v,
            "size": self.size,
            "js_distance": self.js_distance,
        }


@dataclass(frozen=True)
class ImageDrift:
    """How a measure of the images differs in a split from the training split.

    Attributes
    ----------
    measure, split : str
    num_samples : int
    mean, std : float
        NaN without a sample; the standard deviation (of a sample, by n - 1) without two.
    cohens_d : float
        Difference of the mean from the training split's, in pooled standard deviations (Cohen
        1988). 0 for the training split itself; infinite where nothing varies and the means differ;
        NaN where there is no training sample, or none here.
    """

    measure: str
    split: str
    num_samples: int
    mean: float
    std: float
    cohens_d: float


def class_drift(counts: Mapping[str, ArrayLike]) -> tuple[ClassDrift, ...]:
    """Compare the classes of the training split with those of each other split.

    Parameters
    ----------
    counts : mapping of str to array_like of int, shape [C]
        By split: the labelled samples of each class.

    Returns
    -------
    tuple of ClassDrift
        One for each other split that has a labelled sample; none where ``train`` has none.

    Examples
    --------
    >>> import fer_data
    >>> (drift,) = fer_data.class_drift({"train": [80, 20], "test": [60, 40]})
    >>> drift.split, round(drift.cramers_v, 2)
    ('test', 0.22)
    """
    by_split = {split: np.asarray(values, np.int64) for split, values in counts.items()}
    train = by_split.pop("train", np.zeros(0, np.int64))
    if not train.any():
        return ()
    return tuple(_compared(train, split, other) for split, other in by_split.items() if other.any())


def image_drift(
    measures: Mapping[str, NDArray[np.floating]],
    split_codes: NDArray[np.integer],
    splits: Sequence[str],
) -> tuple[ImageDrift, ...]:
    """Compare image measures, such as brightness, of the training split with each other split's.

    Parameters
    ----------
    measures : mapping of str to ndarray of float, shape [N]
        By name: a number for each image.
    split_codes : ndarray of int, shape [N]
        Index into `splits`; -1 for what is in none.
    splits : sequence of str

    Returns
    -------
    tuple of ImageDrift
        One for each measure and split.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> brightness = np.array([100.0, 110.0, 120.0, 150.0, 160.0, 170.0])
    >>> split_codes = np.repeat([0, 1], 3)
    >>> drift = fer_data.image_drift({"brightness": brightness}, split_codes, ["train", "test"])
    >>> [(split.split, split.mean) for split in drift]
    [('train', 110.0), ('test', 160.0)]
    """
    drifts = []
    for measure, values in measures.items():
        of_split = {
            split: np.asarray(values, np.float64)[split_codes == code]
            for code, split in enumerate(splits)
        }
        train = of_split.get("train", np.zeros(0))
        for split, part in of_split.items():
            mean = float(part.mean()) if len(part) else math.nan
            std = float(part.std(ddof=1)) if len(part) > 1 else math.nan
            distance = cohens_d(train, part)
            drifts.append(ImageDrift(measure, split, len(part), mean, std, distance))
    return tuple(drifts)


def cohens_d(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return the mean of `second` minus that of `first`, in pooled standard deviations.

    0 where all values are equal, infinite where only the means differ, NaN where one is empty or
    neither has two values.
    """
    freedom = len(first) + len(second) - 2
    if not len(first) or not len(second) or freedom < 1:
        return math.nan
    difference = float(second.mean() - first.mean())
    pooled = math.sqrt(sum(len(part) * float(part.var()) for part in (first, second)) / freedom)
    if pooled > 0:
        return difference / pooled
    return math.copysign(math.inf, difference) if difference else 0.0


def chi_square_tail(statistic: float, degrees: int) -> float:
    r"""Return the probability that a chi-square variable exceeds a value.

    In closed form, with :math:`x` half the statistic:

    .. math::
        e^{-x} \sum_{k=0}^{\nu/2 - 1} \frac{x^k}{k!} \text{ for even } \nu, \quad
        \mathrm{erfc} \sqrt{x} + e^{-x} \sum_{k=1}^{(\nu-1)/2} \frac{x^{k-1/2}}{\Gamma(k + 1/2)}
        \text{ for odd}

    (Abramowitz and Stegun 1964, 26.4.5 and 26.4.4). All terms are positive and taken as
    exponentials of their logarithms, so nothing cancels or overflows.

    Parameters
    ----------
    statistic : float
        0 or more.
    degrees : int
        0 or more; with none the variable is 0.
    """
    half = statistic / 2
    if half <= 0:
        return 1.0
    if degrees == 0:
        return 0.0
    odd = degrees % 2 / 2
    powers = np.arange(degrees // 2) + odd
    terms = [math.exp(k * math.log(half) - half - math.lgamma(k + 1)) for k in powers.tolist()]
    return min(1.0, math.fsum([*terms, math.erfc(math.sqrt(half)) if odd else 0.0]))


def _compared(train: NDArray[np.int64], split: str, other: NDArray[np.int64]) -> ClassDrift:
    table = np.stack([train, other]).astype(np.float64)
    table = table[:, table.any(axis=0)]
    total = table.sum()
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / total
    chi_square = float(((table - expected) ** 2 / expected).sum())
    degrees = table.shape[1] - 1
    return ClassDrift(
        split=split,
        num_train=int(train.sum()),
        num_other=int(other.sum()),
        chi_square=chi_square,
        degrees=degrees,
        p_value=chi_square_tail(chi_square, degrees),
        cramers_v=min(1.0, math.sqrt(chi_square / total)),
        js_distance=_js_distance(*(table / table.sum(axis=1, keepdims=True))),
    )


def _js_distance(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    middle = (first + second) / 2
    divergence = sum(
        float((part[part > 0] * np.log2(part[part > 0] / middle[part > 0])).sum()) / 2
        for part in (first, second)
    )
    return math.sqrt(min(max(divergence, 0.0), 1.0))
