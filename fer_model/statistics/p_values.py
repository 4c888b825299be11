"""P-values: Holm's adjustment of many, and McNemar's test of two trained models."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from fer_data.errors import UsageError
from fer_model.statistics.scores import Predicted

Array = NDArray[np.float64]


def holm(p_values: ArrayLike) -> Array:
    """Adjust p-values for their number, so that the chance of any false alarm stays bounded.

    Holm's step-down method (1979, Scandinavian Journal of Statistics 6): valid whatever the
    dependence, and never weaker than Bonferroni's.

    Parameters
    ----------
    p_values : array_like of float, shape [..., K]
        Adjusted along the last axis.
    """
    p_values = np.asarray(p_values, np.float64)
    number = p_values.shape[-1]
    order = np.argsort(p_values, axis=-1, kind="stable")
    stepped = np.take_along_axis(p_values, order, -1) * np.arange(number, 0, -1)
    adjusted = np.empty_like(p_values)
    climbed = np.minimum(np.maximum.accumulate(stepped, axis=-1), 1)
    np.put_along_axis(adjusted, order, climbed, -1)
    return adjusted


def mcnemar(predicted: Predicted, arm: str, baseline: str | None = None) -> Array:
    """Return the p-value of each seed's exact McNemar test (1947), float64 [S].

    Of the images that one training gets right and the other wrong, are half on each side? This
    is of two trained models on independent images, not of two ways of training.

    Parameters
    ----------
    predicted : Predicted
    arm, baseline : str
        The baseline is the first arm where it is not named.
    """
    right = predicted.predicted == predicted.labels
    ours, theirs = right[place_of(predicted, arm)], right[place_of(predicted, baseline)]
    wins, losses = (ours & ~theirs).sum(axis=1), (theirs & ~ours).sum(axis=1)
    return np.array(
        [
            stats.binomtest(int(won), int(won + lost)).pvalue if won + lost else 1.0
            for won, lost in zip(wins, losses, strict=True)
        ]
    )


def place_of(predicted: Predicted, arm: str | None) -> int:
    """Return where an arm stands; the first where none is named."""
    if arm is None:
        return 0
    if arm not in predicted.arms:
        raise UsageError(f"no arm {arm}; there are {', '.join(predicted.arms)}")
    return predicted.arms.index(arm)
