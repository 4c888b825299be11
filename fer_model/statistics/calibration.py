"""Whether a model's probabilities mean what they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from fer_data.errors import UsageError


@dataclass(frozen=True, eq=False)
class Calibration:
    """A reliability table: predictions by their confidence, the probability of the top class.

    Attributes
    ----------
    edges : ndarray of float64, shape [K + 1]
        Of the bins, equally wide from 0 to 1; a bin holds its upper edge.
    counts : ndarray of int64, shape [K]
        Samples in each bin.
    confidence, accuracy : ndarray of float64, shape [K]
        Means over the bin; NaN where it is empty.
    """

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]

    @property
    def error(self) -> float:
        r"""Expected calibration error (Guo et al. 2017, arXiv:1706.04599, equation 3).

        .. math:: \sum_k \frac{n_k}{n} | \text{accuracy}_k - \text{confidence}_k |
        """
        used = self.counts > 0
        apart = np.abs(self.accuracy[used] - self.confidence[used])
        return float(apart @ self.counts[used] / self.counts.sum())

    def to_dict(self) -> dict[str, Any]:
        """Return the table as JSON holds it; a mean over an empty bin is None."""
        return {
            "error": self.error,
            "edges": self.edges.tolist(),
            "counts": self.counts.tolist(),
            "confidence": [None if np.isnan(value) else float(value) for value in self.confidence],
            "accuracy": [None if np.isnan(value) else float(value) for value in self.accuracy],
        }


def calibration(
    confidence: NDArray[np.floating[Any]], right: NDArray[np.bool_], *, num_bins: int = 15
) -> Calibration:
    """Sort predictions into bins of confidence.

    Parameters
    ----------
    confidence : ndarray of float, shape [N]
        The probability of each prediction's class, which is the highest.
    right : ndarray of bool, shape [N]
        Whether the sample is of that class.
    num_bins : int
        K; 15 as in Guo et al.

    Raises
    ------
    UsageError
        If the shapes do not agree, there is no sample, or a probability is not within 0 and 1.
    """
    if confidence.ndim != 1 or right.shape != confidence.shape or not len(right):
        raise UsageError(
            f"confidence {list(confidence.shape)} of predictions {list(right.shape)}; "
            "expected [N] and [N] of one sample or more"
        )
    if num_bins < 1:
        raise UsageError(f"{num_bins} bins; take one or more")
    top = confidence.astype(np.float64)
    if not ((top >= 0) & (top <= 1 + 1e-5)).all():
        raise UsageError("a confidence is not within 0 and 1: give probabilities, not logits")
    edges = np.linspace(0, 1, num_bins + 1)
    place = np.clip(np.searchsorted(edges, top, side="left") - 1, 0, num_bins - 1)
    counts = np.bincount(place, minlength=num_bins)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(place, top, num_bins) / counts
        accuracy = np.bincount(place, right, num_bins) / counts
    return Calibration(edges, counts.astype(np.int64), mean, accuracy)


def temperature(
    probabilities: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]]
) -> float:
    """Return the temperature T with which probabilities explain labels best (Guo et al. 2017).

    Logits are the logarithms of the probabilities; T from 0.05 to 20 minimises the mean
    cross-entropy of softmax(logits / T).

    Parameters
    ----------
    probabilities : ndarray of float, shape [N, C]
    labels : ndarray of int, shape [N]
        Of samples that the model was not trained on, and that are not the test samples.
    """
    logits = _logits(probabilities)
    of_labels = logits[np.arange(len(labels)), labels]

    def loss(log_temperature: float) -> float:
        scale = float(np.exp(-log_temperature))
        return float((special.logsumexp(logits * scale, axis=1) - of_labels * scale).mean())

    ends = (np.log(0.05), np.log(20.0))
    return float(np.exp(optimize.minimize_scalar(loss, bounds=ends, method="bounded").x))


def with_temperature(
    probabilities: NDArray[np.floating[Any]], temperature: float
) -> NDArray[np.float64]:
    """Return softmax(log probabilities / temperature), float64 [N, C]."""
    calibrated: NDArray[np.float64] = special.softmax(_logits(probabilities) / temperature, axis=1)
    return calibrated


def _logits(probabilities: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    tiny = float(np.finfo(np.float32).tiny)
    logits: NDArray[np.float64] = np.log(np.maximum(probabilities.astype(np.float64), tiny))
    return logits
