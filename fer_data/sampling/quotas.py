"""How many samples of each class an epoch draws: one function per formula, and their registry.

A formula gives quotas: the number of samples of each class in an epoch, as a float.
`fer_data.sampling.schedule` turns them into whole numbers.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fer_data.parameters import ClassCounts, Integer, Number
from fer_data.registry import Registry

Counts = NDArray[np.int64]
"""Samples of each class, int64 [C]."""

Quotas = NDArray[np.float64]
"""Samples of each class in an epoch, float64 [C]; 0 where a class has none."""

STRATEGIES = Registry("balance", aliases={"natural": "none"}, until=None, in_turn=False)
"""Strategies: functions from counts and parameters to quotas.

At least one class has samples; the quota of one without any is 0. Traits: ``until``, where quotas
change with the epoch, is a function from the parameters to the epoch from which on they stay the
same; the strategy's function is then given ``epoch=``, and its quotas have the same sum in every
epoch. With ``in_turn`` classes take turns, so that every batch is balanced.

Examples
--------
>>> import fer_data
>>> fer_data.STRATEGIES.names()[:4]
('none', 'oversample', 'undersample', 'batch')
>>> fer_data.Strategy.parse("power:0.5")
Strategy('power:0.5')
"""

_ALPHA, _BETA = Number("ALPHA", 0, 1), Number("BETA", 0, 1, excluding=1)


@STRATEGIES.register("none")
def natural(counts: Counts) -> Quotas:
    """Draw every sample once."""
    return counts.astype(np.float64)


@STRATEGIES.register("oversample")
def oversample(counts: Counts) -> Quotas:
    """Draw each class as often as the largest class has samples: rare samples repeat."""
    return np.where(counts > 0, float(counts.max()), 0.0)


@STRATEGIES.register("undersample")
def undersample(counts: Counts) -> Quotas:
    """Draw each class as often as the smallest class has samples; others follow in later epochs."""
    return np.where(counts > 0, float(counts[counts > 0].min()), 0.0)


@STRATEGIES.register("batch", in_turn=True)
def batch(counts: Counts) -> Quotas:
    """Draw all classes in turn, as many samples as there are, so that every batch is balanced.

    Any *B* draws in a row hold each class of *C* that have samples ⌊B/C⌋ or ⌈B/C⌉ times.
    """
    return np.where(counts > 0, counts.sum() / np.count_nonzero(counts), 0.0)


@STRATEGIES.register("power", _ALPHA)
def power(counts: Counts, alpha: float) -> Quotas:
    r"""Draw classes in proportion to a power of their counts, as many samples as there are.

    .. math:: p_c = n_c^\alpha / \sum_k n_k^\alpha

    1 is natural, 0.5 is square-root sampling, 0 is balanced (Kang et al. 2020, arXiv:1910.09217).
    """
    return _shared_out(counts, np.where(counts > 0, counts.astype(np.float64) ** alpha, 0.0))


@STRATEGIES.register("effective", _BETA)
def effective(counts: Counts, beta: float) -> Quotas:
    r"""Draw each sample inversely to its class's effective number, as many as there are.

    .. math:: p_c \propto n_c / E_c, \qquad E_c = (1 - \beta^{n_c}) / (1 - \beta)

    0 is natural, and towards 1 it becomes balanced (Cui et al. 2019, arXiv:1901.05555, where
    1 / E weights the loss).
    """
    with np.errstate(divide="ignore"):
        saturation = -np.expm1(np.maximum(counts, 1) * np.log(beta))  # 1 - beta ** n near 1 too
    return _shared_out(counts, counts / saturation)


@STRATEGIES.register("repeat-factor", Number("T", 0, 1, excluding=0))
def repeat_factor(counts: Counts, threshold: float) -> Quotas:
    r"""Repeat the samples of classes whose frequency is below a threshold.

    .. math:: r_c = \max(1, \sqrt{T / f_c}), \qquad f_c = n_c / n

    and an epoch draws :math:`r_c n_c` of a class, rounded (Gupta et al. 2019, arXiv:1908.03195,
    where fractional repeats are drawn at random; here the count is exact).
    """
    fractions = np.maximum(counts, 1) / counts.sum()
    quotas: Quotas = np.rint(counts * np.maximum(1.0, np.sqrt(threshold / fractions)))
    return quotas


@STRATEGIES.register("progressive", Integer("EPOCHS", 1), until=int)
def progressive(counts: Counts, epochs: int, *, epoch: int) -> Quotas:
    r"""Go from natural to balanced over a number of epochs, then stay balanced.

    .. math:: p_c(t) = (1 - t / T) \, n_c / n + (t / T) / C, \qquad t = \min(epoch, T)

    with as many samples an epoch as there are (Kang et al. 2020, arXiv:1910.09217).
    """
    done = min(epoch, epochs) / epochs
    return (1 - done) * natural(counts) + done * batch(counts)


@STRATEGIES.register("deferred", Integer("EPOCH", 1), until=int)
def deferred(counts: Counts, first: int, *, epoch: int) -> Quotas:
    """Be natural before an epoch and balanced from it on, always as many samples as there are.

    The two stages of deferred re-sampling (Cao et al. 2019, arXiv:1906.07413); epochs count from 0.
    """
    return natural(counts) if epoch < first else batch(counts)


@STRATEGIES.register("counts", ClassCounts())
def exact_counts(counts: Counts, wanted: Mapping[int, int]) -> Quotas:
    """Draw the given numbers of samples of the named classes, and every sample of others once."""
    quotas = natural(counts)
    for label, number in wanted.items():
        quotas[label] = number if counts[label] else 0
    return quotas


def _shared_out(counts: Counts, parts: NDArray[np.float64]) -> Quotas:
    """Return quotas in proportion to `parts` that sum to the number of samples."""
    quotas: Quotas = parts * (counts.sum() / parts.sum())
    return quotas
