"""How much of an epoch each class gets: one function a formula, and their registry.

A formula gives quotas: how many samples of each class an epoch wants, as exact as a float is.
`fer_data.sampling.schedule` makes whole numbers of them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
"""Samples of each class, int64 [C]."""

Quotas = NDArray[np.float64]
"""Samples of each class that an epoch wants, float64 [C]; 0 where a class has none."""


def natural(counts: Counts) -> Quotas:
    """Draw every sample once."""
    return counts.astype(np.float64)


def oversample(counts: Counts) -> Quotas:
    """Draw each class as often as the largest has samples, so rare samples several times."""
    return np.where(counts > 0, float(counts.max()), 0.0)


def undersample(counts: Counts) -> Quotas:
    """Draw each class as often as the smallest has samples; other samples in the next epoch."""
    return np.where(counts > 0, float(counts[counts > 0].min()), 0.0)


def batch(counts: Counts) -> Quotas:
    """Draw all classes in turn, as many samples as there are, so that every batch is balanced.

    Any *B* draws in a row hold each class of *C* that have samples ⌊B/C⌋ or ⌈B/C⌉ times.
    """
    return np.where(counts > 0, counts.sum() / np.count_nonzero(counts), 0.0)


def power(counts: Counts, alpha: float) -> Quotas:
    r"""Draw classes in proportion to a power of their counts, as many samples as there are.

    .. math:: p_c = n_c^\alpha / \sum_k n_k^\alpha

    1 is natural, 0.5 is square-root sampling, 0 is balanced (Kang et al. 2020, arXiv:1910.09217).
    """
    return _shared_out(counts, np.where(counts > 0, counts.astype(np.float64) ** alpha, 0.0))


def effective(counts: Counts, beta: float) -> Quotas:
    r"""Draw each sample inversely to its class's effective number, as many as there are.

    .. math:: p_c \propto n_c / E_c, \qquad E_c = (1 - \beta^{n_c}) / (1 - \beta)

    0 is natural, and towards 1 it becomes balanced (Cui et al. 2019, arXiv:1901.05555, where
    1 / E weights the loss).
    """
    with np.errstate(divide="ignore"):
        saturation = -np.expm1(np.maximum(counts, 1) * np.log(beta))  # 1 - beta ** n near 1 too
    return _shared_out(counts, counts / saturation)


def repeat_factor(counts: Counts, threshold: float) -> Quotas:
    r"""Repeat the samples of classes whose share is under a threshold.

    .. math:: r_c = \max(1, \sqrt{T / f_c}), \qquad f_c = n_c / n

    and an epoch draws :math:`r_c n_c` of a class, rounded (Gupta et al. 2019, arXiv:1908.03195,
    where each image's share of a repeat is drawn at random; here the count is exact).
    """
    shares = np.maximum(counts, 1) / counts.sum()
    quotas: Quotas = np.rint(counts * np.maximum(1.0, np.sqrt(threshold / shares)))
    return quotas


def progressive(counts: Counts, epochs: int, *, epoch: int) -> Quotas:
    r"""Go from natural to balanced over a number of epochs, then stay balanced.

    .. math:: p_c(t) = (1 - t / T) \, n_c / n + (t / T) / C, \qquad t = \min(epoch, T)

    with as many samples an epoch as there are (Kang et al. 2020, arXiv:1910.09217).
    """
    done = min(epoch, epochs) / epochs
    return (1 - done) * natural(counts) + done * batch(counts)


def deferred(counts: Counts, first: int, *, epoch: int) -> Quotas:
    """Be natural before an epoch and balanced from it on, always as many samples as there are.

    The two stages of deferred re-sampling (Cao et al. 2019, arXiv:1906.07413); epochs count from 0.
    """
    return natural(counts) if epoch < first else batch(counts)


def exact_counts(counts: Counts, wanted: Mapping[int, int]) -> Quotas:
    """Draw so many samples of the labels that are named, and every sample of others once."""
    quotas = natural(counts)
    for label, number in wanted.items():
        quotas[label] = number if counts[label] else 0
    return quotas


def _shared_out(counts: Counts, parts: NDArray[np.float64]) -> Quotas:
    """Return quotas in proportion to `parts` that sum to the number of samples."""
    quotas: Quotas = parts * (counts.sum() / parts.sum())
    return quotas


@dataclass(frozen=True)
class Fraction:
    """A parameter of 0 to 1, one end perhaps left out."""

    name: str
    without: float | None = None

    @property
    def wants(self) -> str:
        """What it must be, for an error message."""
        ends = {None: "0 to 1", 0.0: "above 0 and at most 1", 1.0: "0 or more and below 1"}
        return f"a number, {ends[self.without]}"

    def accepts(self, value: Any) -> bool:
        """Whether a value can be meant."""
        return isinstance(value, float) and 0 <= value <= 1 and value != self.without

    def parse(self, text: str) -> float:
        """Read what `print` wrote; NaN, which no parameter accepts, where it is no number."""
        try:
            return float(text)
        except ValueError:
            return math.nan

    def print(self, value: float) -> str:
        """Write a value so that it reads back the same."""
        return repr(value)


@dataclass(frozen=True)
class Epochs:
    """A parameter that is a number of epochs, 1 or more."""

    name: str
    wants: str = "a number of epochs, 1 or more"

    def accepts(self, value: Any) -> bool:
        """Whether a value can be meant."""
        return isinstance(value, int) and 1 <= value <= 1_000_000

    def parse(self, text: str) -> int:
        """Read what `print` wrote; 0, which is refused, where it is no whole number."""
        return int(text) if re.fullmatch("[0-9]{1,7}", text) else 0

    def print(self, value: int) -> str:
        """Write a value so that it reads back the same."""
        return str(value)


@dataclass(frozen=True)
class ClassCounts:
    """A parameter that names classes and numbers; ``, = %`` in a name are percent-encoded."""

    name: str
    wants: str = "class names and numbers, as disgust=2000,fear=4000"

    def accepts(self, value: Any) -> bool:
        """Whether a value can be meant."""
        return bool(value) and len(dict(value)) == len(value) and all(n >= 0 for _, n in value)

    def parse(self, text: str) -> tuple[tuple[str, int], ...]:
        """Read what `print` wrote; (), which is refused, where it is something else."""
        pairs = [part.rpartition("=") for part in text.split(",")]
        if not all(name and re.fullmatch("[0-9]{1,15}", number) for name, _, number in pairs):
            return ()
        return tuple((unquote(name), int(number)) for name, _, number in pairs)

    def print(self, value: tuple[tuple[str, int], ...]) -> str:
        """Write a value so that it reads back the same."""
        return ",".join(f"{_escaped(name)}={number}" for name, number in value)


def _escaped(name: str) -> str:
    return "".join(quote(c) if c in "%,=" else c for c in name)


@dataclass(frozen=True)
class Sampling:
    """A formula, and its parameter where there is one.

    Attributes
    ----------
    quotas : callable
        From counts, the parameter and, where it changes with it, ``epoch=``, to quotas. At least
        one class has samples; one without any gets 0. Their sum is the same in every epoch.
    parameter : Fraction, Epochs or ClassCounts, optional
    """

    quotas: Callable[..., Quotas]
    parameter: Fraction | Epochs | ClassCounts | None = None

    @property
    def changes(self) -> bool:
        """Whether the quotas differ between epochs."""
        return isinstance(self.parameter, Epochs)


SAMPLINGS = {
    "natural": Sampling(natural),
    "oversample": Sampling(oversample),
    "undersample": Sampling(undersample),
    "batch": Sampling(batch),
    "power": Sampling(power, Fraction("ALPHA")),
    "effective": Sampling(effective, Fraction("BETA", without=1.0)),
    "repeat-factor": Sampling(repeat_factor, Fraction("T", without=0.0)),
    "progressive": Sampling(progressive, Epochs("EPOCHS")),
    "deferred": Sampling(deferred, Epochs("EPOCH")),
    "counts": Sampling(exact_counts, ClassCounts("NAME=N,...")),
}
