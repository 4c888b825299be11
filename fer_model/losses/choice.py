"""Losses against class imbalance: their registry, and what they take from counts.

Keras is imported only where a loss is built, so that its text can be checked before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fer_data.errors import UsageError
from fer_data.parameters import Number
from fer_data.registry import Choice, Registry

if TYPE_CHECKING:
    import keras

LOSSES = Registry("loss", late=None, balances=False)
"""Losses: functions from counts, int [C], and parameters to what ``model.compile(loss=...)`` takes.

Traits: ``late`` is another such function, for the last `LATE` of the epochs; ``balances`` says that
the loss makes up for the classes' frequencies, as a margin or a focus does not, so that a
comparison can say where an arm does so twice.

Examples
--------
>>> import fer_model
>>> fer_model.LOSSES.names()[:4]
('cross-entropy', 'focal', 'class-balanced', 'class-balanced-focal')
"""

LATE = 0.2
"""Fraction of the epochs, the last ones, in which a deferred loss is another."""

_DRW_BETA = 0.9999

_BETA, _GAMMA = Number("BETA", 0, 1, excluding=1), Number("GAMMA", 0, 100)
_MARGIN, _TAU = Number("MARGIN", 0, 100), Number("TAU", 0, 100)


def known_counts(counts: ArrayLike) -> NDArray[np.int64]:
    """Return counts that no formula fails on.

    A class without samples is taken to be as rare as the rarest that has some, so that its
    weight, margin and prior are finite, and those of the others are what they would be anyway.

    Parameters
    ----------
    counts : array_like of int, shape [C]
        Training samples of each class.

    Returns
    -------
    ndarray of int64, shape [C]
        All above 0.

    Raises
    ------
    UsageError
        If no class has samples, or one has fewer than none.
    """
    numbers = np.asarray(counts, np.int64)
    if not numbers.any() or numbers.min() < 0:
        raise UsageError(
            f"counts are {numbers.tolist()}; give the number of samples of each class, some above 0"
        )
    return np.where(numbers > 0, numbers, numbers[numbers > 0].min())


@LOSSES.register("cross-entropy")
def cross_entropy(counts: ArrayLike) -> str:
    r"""Return Keras's own: :math:`-\log p_y`, whatever the counts.

    Examples
    --------
    >>> import fer_model
    >>> fer_model.losses.cross_entropy([90, 10])
    'categorical_crossentropy'
    """
    return "categorical_crossentropy"


@LOSSES.register("focal", _GAMMA)
def focal(counts: ArrayLike, gamma: float) -> keras.losses.Loss:
    r"""Count samples the less, the surer their label is already; the same for every class.

    .. math:: -(1 - p_y)^\gamma \log p_y

    0 is cross-entropy (Lin et al. 2017, arXiv:1708.02002; there for one class against the
    background, here for softmax).

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> loss = fer_model.losses.focal([90, 10], 2)
    >>> true, predicted = np.eye(2, dtype=np.float32), np.full((2, 2), 0.5, np.float32)
    >>> round(float(loss(true, predicted)), 3)
    0.173
    """
    return _keras("Focal", gamma=gamma)


@LOSSES.register("class-balanced", _BETA, balances=True)
def class_balanced(counts: ArrayLike, beta: float) -> keras.losses.Loss:
    r"""Weight each class's cross-entropy inversely to its effective number of samples.

    .. math:: -w_y \log p_y, \qquad w_c \propto (1 - \beta) / (1 - \beta^{n_c})

    with a mean of one over the classes that have samples. 0 is cross-entropy; towards 1 weights
    become inverse to the counts (Cui et al. 2019, arXiv:1901.05555).

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> loss = fer_model.losses.class_balanced([90, 10], 0.99)
    >>> true, predicted = np.eye(2, dtype=np.float32), np.full((2, 2), 0.5, np.float32)
    >>> round(float(loss(true, predicted)), 3)
    0.693
    """
    return class_balanced_focal(counts, beta, 0.0)


@LOSSES.register("class-balanced-focal", _BETA, _GAMMA, balances=True)
def class_balanced_focal(counts: ArrayLike, beta: float, gamma: float) -> keras.losses.Loss:
    r"""Weight the focal loss as `class_balanced` weights cross-entropy.

    .. math:: -w_y (1 - p_y)^\gamma \log p_y

    (Cui et al. 2019, arXiv:1901.05555; there on a sigmoid of each class, here on softmax.)

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> loss = fer_model.losses.class_balanced_focal([90, 10], 0.99, 2)
    >>> true, predicted = np.eye(2, dtype=np.float32), np.full((2, 2), 0.5, np.float32)
    >>> round(float(loss(true, predicted)), 3)
    0.173
    """
    return _keras("Focal", gamma=gamma, weights=_effective(counts, beta).tolist())


def _effective(counts: ArrayLike, beta: float) -> NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        saturation = -np.expm1(known_counts(counts) * np.log(beta))  # 1 - beta ** n near 1 too
    weights: NDArray[np.float64] = 1 / saturation
    weights /= weights[np.asarray(counts) > 0].mean()
    return weights


def ldam_weighted(counts: ArrayLike, margin: float) -> keras.losses.Loss:
    r"""Weight `ldam` by class, as deferred re-weighting does in the end.

    .. math:: w_c \propto (1 - \beta) / (1 - \beta^{n_c}), \qquad \beta = 0.9999

    (Cao et al. 2019, arXiv:1906.07413: from the 160th of 200 epochs on.)

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> loss = fer_model.losses.ldam_weighted([90, 10], 0.5)
    >>> true, predicted = np.eye(2, dtype=np.float32), np.full((2, 2), 0.5, np.float32)
    >>> round(float(loss(true, predicted)), 3)
    0.961
    """
    return _keras(
        "LDAM",
        margins=_margins(counts, margin).tolist(),
        weights=_effective(counts, _DRW_BETA).tolist(),
    )


@LOSSES.register("ldam-drw", _MARGIN, late=ldam_weighted, balances=True)
@LOSSES.register("ldam", _MARGIN)
def ldam(counts: ArrayLike, margin: float) -> keras.losses.Loss:
    r"""Ask for a margin between a sample's class and the others, the wider the rarer it is.

    .. math::
        -\log \frac{e^{z_y - \Delta_y}}{e^{z_y - \Delta_y} + \sum_{k \ne y} e^{z_k}},
        \qquad \Delta_c \propto n_c^{-1/4}, \quad \max_c \Delta_c = \mathrm{MARGIN}

    (Cao et al. 2019, arXiv:1906.07413). The paper normalises features and weights and multiplies
    their products by s = 30, with margins up to 0.5 before that. The heads here are not
    normalised: logits are taken as they are, and the margin is in their units.

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> loss = fer_model.losses.ldam([90, 10], 0.5)
    >>> true, predicted = np.eye(2, dtype=np.float32), np.full((2, 2), 0.5, np.float32)
    >>> round(float(loss(true, predicted)), 3)
    0.911
    """
    return _keras("LDAM", margins=_margins(counts, margin).tolist())


def _margins(counts: ArrayLike, margin: float) -> NDArray[np.float64]:
    shape: NDArray[np.float64] = known_counts(counts).astype(np.float64) ** -0.25
    shape *= margin / shape.max()
    return shape


@LOSSES.register("balanced-softmax", balances=True)
def balanced_softmax(counts: ArrayLike) -> keras.losses.Loss:
    r"""Let the softmax of the training count classes as often as they come.

    .. math:: -\log \frac{n_y e^{z_y}}{\sum_k n_k e^{z_k}}

    (Ren et al. 2020, arXiv:2007.10740.) That is ``logit-adjusted:1``.

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> loss = fer_model.losses.balanced_softmax([90, 10])
    >>> true, predicted = np.eye(2, dtype=np.float32), np.full((2, 2), 0.5, np.float32)
    >>> round(float(loss(true, predicted)), 3)
    1.204
    """
    return logit_adjusted(counts, 1.0)


@LOSSES.register("logit-adjusted", _TAU, balances=True)
def logit_adjusted(counts: ArrayLike, tau: float) -> keras.losses.Loss:
    r"""Add each class's log prior to its logit while training, and not after.

    .. math::
        -\log \frac{e^{z_y + \tau \log \pi_y}}{\sum_k e^{z_k + \tau \log \pi_k}},
        \qquad \pi_c = n_c / n

    0 is cross-entropy; 1 aims at the least balanced error (Menon et al. 2021, arXiv:2007.07314).

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> loss = fer_model.losses.logit_adjusted([90, 10], 1)
    >>> true, predicted = np.eye(2, dtype=np.float32), np.full((2, 2), 0.5, np.float32)
    >>> round(float(loss(true, predicted)), 3)
    1.204
    """
    known = known_counts(counts)
    return _keras("LogitAdjusted", offsets=(tau * np.log(known / known.sum())).tolist())


def _keras(name: str, **arguments: Any) -> keras.losses.Loss:
    from fer_model.losses import keras_losses

    return getattr(keras_losses, name)(**arguments)


class LossChoice(Choice):
    """Which loss a training lessens: a name in `LOSSES` with its parameters.

    Examples
    --------
    >>> from fer_model.losses import LossChoice
    >>> LossChoice.parse("focal:2").parameters
    (2.0,)
    """

    registry = LOSSES

    def late_epoch(self, epochs: int) -> int:
        """Return the epoch, from 0, from which on the loss is another one; else `epochs`."""
        return epochs - int(LATE * epochs) if self.trait("late") else epochs

    def build(self, counts: ArrayLike, *, late: bool = False) -> keras.losses.Loss | str:
        """Return what ``model.compile(loss=...)`` takes.

        Parameters
        ----------
        counts : array_like of int, shape [C]
            Training samples of each class.
        late : bool
            Whether for the epochs from `late_epoch` on.

        Raises
        ------
        UsageError
            If no class has samples.
        """
        function = (late and self.trait("late")) or self.entry.function
        loss: keras.losses.Loss | str = function(counts, *self.parameters)
        return loss
