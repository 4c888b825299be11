"""Corrections for class imbalance after the training: of probabilities, and of the last layer."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fer_data.errors import UsageError
from fer_model.losses.choice import known_counts

TAUS = tuple(tenth / 10 for tenth in range(21))
"""0 to 2 by tenths, the grid of Kang et al.'s code."""


def adjust_logits(
    probabilities: ArrayLike, counts: ArrayLike, tau: float = 1.0
) -> NDArray[np.float64]:
    r"""Take the training's class prior out of probabilities.

    .. math:: p'_c \propto p_c / \pi_c^\tau, \qquad \pi_c = n_c / n

    0 changes nothing; 1 aims at the least balanced error (Menon et al. 2021, arXiv:2007.07314,
    post hoc). Not for a model whose loss or whose sampling has corrected the prior already.

    Parameters
    ----------
    probabilities : array_like of float, shape [N, C]
    counts : array_like of int, shape [C]
        Training samples of each class; one without any is taken to be as rare as the rarest.
    tau : float

    Returns
    -------
    ndarray of float64, shape [N, C]
        Rows sum to 1.
    """
    known = known_counts(counts)
    with np.errstate(divide="ignore"):
        logits = np.log(np.asarray(probabilities, np.float64))
    return _softmax(logits - tau * np.log(known / known.sum()))


def tau_normalize(kernel: ArrayLike, tau: float = 1.0) -> NDArray[np.float64]:
    r"""Make the lengths of the classes' weight vectors more alike.

    .. math:: w'_c = w_c / \lVert w_c \rVert^\tau

    Frequent classes have longer ones. 0 changes nothing, 1 makes all lengths 1 (Kang et al. 2020,
    arXiv:1910.09217). The bias is then dropped, as the authors do: `apply_head` without one.

    Parameters
    ----------
    kernel : array_like of float, shape [D, C]
        Of the last dense layer.
    tau : float

    Returns
    -------
    ndarray of float64, shape [D, C]
        A column of zeros stays.
    """
    kernel = np.asarray(kernel, np.float64)
    lengths = np.linalg.norm(kernel, axis=0)
    return kernel / np.where(lengths > 0, lengths, 1.0) ** tau


def apply_head(
    features: ArrayLike, kernel: ArrayLike, bias: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Return the probabilities of a last dense layer with softmax.

    Parameters
    ----------
    features : array_like of float, shape [N, D]
        What the layer is given.
    kernel : array_like of float, shape [D, C]
    bias : array_like of float, shape [C], optional

    Returns
    -------
    ndarray of float64, shape [N, C]
    """
    logits = np.asarray(features, np.float64) @ np.asarray(kernel, np.float64)
    return _softmax(logits if bias is None else logits + np.asarray(bias, np.float64))


def best_tau(
    labels: ArrayLike,
    correct: Callable[[float], NDArray[np.float64]],
    taus: Iterable[float] = TAUS,
) -> float:
    """Return the τ whose corrected probabilities have the best balanced accuracy.

    Parameters
    ----------
    labels : array_like of int, shape [N]
        Of validation samples. To choose by test samples would be to train on them.
    correct : callable
        From τ to the probabilities of these samples, float [N, C], as
        ``lambda tau: adjust_logits(probabilities, counts, tau)``.
    taus : iterable of float

    Returns
    -------
    float
        The least of those that are equally good.

    Raises
    ------
    UsageError
        If there are no samples, or nothing to choose from.
    """
    labels, grid = np.asarray(labels, np.int64), sorted(taus)
    if not len(labels) or not grid:
        raise UsageError(
            f"{len(labels)} validation samples and {len(grid)} values of tau; both are needed"
        )
    return max(grid, key=lambda tau: balanced_accuracy(labels, correct(tau)))


def balanced_accuracy(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> float:
    """Return the mean recall over the classes that labels, int [N], have."""
    right = labels[probabilities.argmax(axis=1) == labels]
    counts = np.bincount(labels)
    recall = np.bincount(right, minlength=len(counts))[counts > 0] / counts[counts > 0]
    return float(recall.mean())


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return probabilities
