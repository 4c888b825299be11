"""``fit(head, features, labels, num_classes) -> Head``: a head for features of any model."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fer_data.errors import UsageError
from fer_model.heads.choice import Head, HeadChoice, HeadInputs
from fer_model.heads.fitting import softmax_regression

Samples = tuple[ArrayLike, ArrayLike]
"""Features, float [N, D], and labels, int [N]."""


def fit(
    head: str | HeadChoice,
    features: ArrayLike,
    labels: ArrayLike,
    num_classes: int,
    *,
    trained: Head | None = None,
    validation: Samples | None = None,
) -> Head:
    """Make a head for features, as of the layer before the last one of a net that is trained.

    Parameters
    ----------
    head : str or HeadChoice
        A name in `fer_model.HEADS` with its parameters, as ``crt`` or ``tau-norm:1``.
    features : array_like of float, shape [N, D]
        Of training samples.
    labels : array_like of int, shape [N]
    num_classes : int
    trained : Head, optional
        The net's own last layer, for heads that are made of it. By default the linear layer with
        the least cross-entropy on the features, its weights penalised (λ = 1).
    validation : (features, labels), optional
        Other samples, for heads that choose something by them.

    Raises
    ------
    UsageError
        If shapes do not agree, or the head needs validation samples and there are none.

    Examples
    --------
    >>> import numpy as np
    >>> import fer_model
    >>> features = np.array([[0.0, 1.0], [0.1, 0.9], [0.2, 1.1], [1.0, 0.0]])
    >>> head = fer_model.heads.fit("crt", features, [0, 0, 0, 1], num_classes=2)
    >>> head.probabilities([[0.9, 0.1]]).argmax(axis=1)
    array([1])
    """
    choice = HeadChoice.parse(head) if isinstance(head, str) else head
    train = _checked(features, labels, num_classes, "features")

    def others() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        if validation is None:
            raise UsageError(
                f"head {choice}: chooses by validation samples; give validation=(features, labels)"
            )
        return _checked(*validation, num_classes, "validation")

    if trained is None:
        trained, _ = softmax_regression(*train, num_classes, is_balanced=False)
    counts = np.bincount(train[1], minlength=num_classes).astype(np.int64)
    return choice.build(HeadInputs(trained, counts, lambda: train, others))[0]


def _checked(
    features: ArrayLike, labels: ArrayLike, num_classes: int, name: str
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    values, truth = np.asarray(features, np.float64), np.asarray(labels)
    if values.ndim != 2 or truth.shape != values.shape[:1] or truth.dtype.kind not in "iu":
        raise UsageError(
            f"{name}: expected features [N, D] and N whole numbers as labels, got shapes "
            f"{list(values.shape)} and {list(truth.shape)} of {truth.dtype}"
        )
    if not np.isfinite(values).all():
        raise UsageError(f"{name}: expected finite numbers")
    if not len(truth) or truth.min() < 0 or truth.max() >= num_classes:
        raise UsageError(f"{name}: expected labels from 0 to {num_classes - 1}, and some")
    return values, truth.astype(np.int64)
