"""How many samples of each class an epoch draws: one function a formula, and their registry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
"""Samples of each class, int64 [C]."""


def natural(counts: Counts) -> Counts:
    """Draw every sample once."""
    return counts.copy()


def oversample(counts: Counts) -> Counts:
    """Draw each class as often as the largest has samples, so rare samples several times."""
    return np.where(counts > 0, counts.max(), 0)


def undersample(counts: Counts) -> Counts:
    """Draw each class as often as the smallest has samples; other samples in the next epoch."""
    return np.where(counts > 0, counts[counts > 0].min(), 0)


def power(counts: Counts, alpha: float) -> Counts:
    r"""Draw classes in proportion to a power of their counts, as many samples as there are.

    .. math:: p_c = n_c^\alpha / \sum_k n_k^\alpha

    1 is natural, 0.5 is square-root sampling, 0 is balanced (Kang et al. 2020, arXiv:1910.09217).
    """
    return _apportion(
        int(counts.sum()), np.where(counts > 0, counts.astype(np.float64) ** alpha, 0)
    )


def effective(counts: Counts, beta: float) -> Counts:
    r"""Draw each sample inversely to its class's effective number, as many as there are.

    .. math:: p_c \propto n_c / E_c, \qquad E_c = (1 - \beta^{n_c}) / (1 - \beta)

    0 is natural, and towards 1 it becomes balanced (Cui et al. 2019, arXiv:1901.05555, where
    1 / E weights the loss).
    """
    with np.errstate(divide="ignore"):
        saturation = -np.expm1(np.maximum(counts, 1) * np.log(beta))  # 1 - beta ** n near 1 too
    return _apportion(int(counts.sum()), counts / saturation)


def repeat_factor(counts: Counts, threshold: float) -> Counts:
    r"""Repeat the samples of classes whose share is under a threshold.

    .. math:: r_c = \max(1, \sqrt{T / f_c}), \qquad f_c = n_c / n

    and an epoch draws :math:`r_c n_c` of a class, rounded (Gupta et al. 2019, arXiv:1908.03195,
    where each image's share of a repeat is drawn at random; here the count is exact).
    """
    shares = np.maximum(counts, 1) / counts.sum()
    factors = np.maximum(1, np.sqrt(threshold / shares))
    draws: Counts = np.rint(counts * factors).astype(np.int64)
    return draws


@dataclass(frozen=True)
class Sampling:
    """A formula and what its parameter may be.

    Attributes
    ----------
    draws : callable
        From counts, and the parameter where there is one, to draws, int64 [C]. At least one class
        has samples; one without any gets 0 draws, and any other at least 1.
    parameter : str
        The parameter's name as help shows it, empty where there is none.
    without : float, optional
        Parameters are 0 to 1; this end is not among them.
    """

    draws: Callable[..., Counts]
    parameter: str = ""
    without: float | None = None

    def accepts(self, value: float | None) -> bool:
        """Whether the formula is defined for a parameter, or for None, that is without one."""
        if not self.parameter or value is None:
            return value is None and not self.parameter
        return 0 <= value <= 1 and value != self.without


SAMPLINGS = {
    "natural": Sampling(natural),
    "oversample": Sampling(oversample),
    "undersample": Sampling(undersample),
    "power": Sampling(power, "ALPHA"),
    "effective": Sampling(effective, "BETA", without=1.0),
    "repeat-factor": Sampling(repeat_factor, "T", without=0.0),
}


def _apportion(total: int, quotas: NDArray[np.float64]) -> Counts:
    """Divide `total` draws in proportion: whole numbers, each less than one off, summing up.

    The method of largest remainders; among equal ones the lower labels.
    """
    exact = total * quotas / quotas.sum()
    draws: Counts = np.floor(exact).astype(np.int64)
    order = np.argsort(draws - exact, kind="stable")
    draws[order[: total - draws.sum()]] += 1
    return draws
