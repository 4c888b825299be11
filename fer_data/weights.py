"""Class weights for the loss."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def class_weights(counts: ArrayLike) -> NDArray[np.float64]:
    r"""Return a weight for every class, inverse to its number of samples.

    .. math:: w_c = n / (C \, n_c)

    with *n* samples in *C* classes that have any (King and Zeng 2001; scikit-learn's
    ``"balanced"``). Each class then has the same share of the loss, and the mean over the samples
    is one, so that the learning rate keeps its meaning.

    Parameters
    ----------
    counts : array_like of int, shape [C]
        Samples of each class.

    Returns
    -------
    ndarray of float64, shape [C]
        0 for a class without samples. Every class has a weight: Keras would silently take 1 for
        one that is missing from its ``class_weight``, for which ``dict(enumerate(...))`` serves.
    """
    counts = np.asarray(counts, np.float64)
    present = counts > 0
    weights = np.zeros(len(counts))
    weights[present] = counts.sum() / (present.sum() * counts[present])
    return weights
