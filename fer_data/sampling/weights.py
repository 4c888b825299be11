"""Class weights for the loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fer_data.errors import UsageError
from fer_data.parameters import Number
from fer_data.registry import Choice, Registry
from fer_data.sampling.quotas import effective, oversample, power

CLASS_WEIGHTS = Registry("class weights")
"""Schemes: functions from counts and parameters to what the loss sees of each class, [C].

Examples
--------
>>> import fer_data
>>> fer_data.CLASS_WEIGHTS.names()[:3]
('balanced', 'effective', 'power')
"""

CLASS_WEIGHTS.register("balanced")(oversample)
CLASS_WEIGHTS.register("effective", Number("BETA", 0, 1, excluding=1))(effective)
CLASS_WEIGHTS.register("power", Number("ALPHA", 0, 1))(power)


class Scheme(Choice):
    """What `class_weights` takes."""

    registry = CLASS_WEIGHTS


@overload
def class_weights(counts: Mapping[str, int], scheme: str = "balanced") -> dict[str, float]: ...


@overload
def class_weights(counts: ArrayLike, scheme: str = "balanced") -> NDArray[np.float64]: ...


def class_weights(
    counts: ArrayLike | Mapping[str, int], scheme: str = "balanced"
) -> NDArray[np.float64] | dict[str, float]:
    r"""Return a weight for every class, so that the loss sees classes as a sampling would.

    .. math:: w_c = p_c \, n / n_c

    where *p* are the proportions of a strategy's quotas. The mean over the samples
    is one, so that the learning rate keeps its meaning.

    Parameters
    ----------
    counts : array_like of int, shape [C], or mapping of str to int
        Samples of each class (not their labels), as ``data.class_counts("train")``.
    scheme : str
        ``balanced``: inverse to the number of samples, so that each class has the same fraction of
        the loss (King and Zeng 2001; scikit-learn's ``"balanced"``). ``effective:BETA``: inverse
        to the effective number (Cui et al. 2019, arXiv:1901.05555). ``power:ALPHA``: by
        :math:`n_c^{\alpha - 1}`; 0 is balanced, 1 is none at all.

    Returns
    -------
    ndarray of float64, shape [C], or dict of str to float
        By class name of a mapping, whose order need not be that of labels. 0 for a class without
        samples. Every class has a weight: Keras would silently take 1 for one that is missing from
        its ``class_weight``, for which ``dict(enumerate(...))`` serves.

    Raises
    ------
    UsageError
        If there is no such scheme, or `counts` are no counts.

    Examples
    --------
    >>> import fer_data
    >>> fer_data.class_weights([300, 100]).round(3).tolist()
    [0.667, 2.0]
    >>> fer_data.class_weights({"dog": 100, "cat": 300})["dog"]
    2.0
    """
    chosen = Scheme.parse(scheme)
    if isinstance(counts, Mapping):
        of_names = class_weights(_checked(counts), scheme)
        return dict(zip(map(str, counts), of_names.tolist(), strict=True))
    counts = _checked(counts)
    weights = np.zeros(len(counts))
    if counts.any():
        quotas = chosen.entry.function(counts, *chosen.parameters)
        present = counts > 0
        weights[present] = quotas[present] / counts[present] * (counts.sum() / quotas.sum())
    return weights


def _checked(counts: ArrayLike | Mapping[str, int]) -> NDArray[np.int64]:
    """Return counts as an array.

    Raises
    ------
    UsageError
        If they are not whole numbers, 0 or more, one for each class.
    """
    values = np.asarray(list(counts.values()) if isinstance(counts, Mapping) else counts)
    is_numeric = values.ndim == 1 and values.dtype.kind in "iuf"
    if not is_numeric or not np.isfinite(values).all() or (values < 0).any() or (values % 1).any():
        raise UsageError(
            f"counts: expected a whole number, 0 or more, for each class in order, as "
            f"data.class_counts('train') gives, got {counts!r:.200}"
        )
    return values.astype(np.int64)
