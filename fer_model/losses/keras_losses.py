"""The losses of `fer_model.losses.choice` as Keras takes them and finds them again in a model file.

The nets end in a softmax, so a loss is given probabilities *p*. Their logarithms are the logits up
to a constant of each sample, which cancels in every softmax, so that they serve as logits here.
As Keras does, *p* is clipped to 1e-7 from 0 and 1; what is clipped has no gradient, so a sample
that is wrong by more than 16 in its logits teaches nothing. (On TensorFlow, Keras's own
cross-entropy finds the logits behind a softmax and has no such limit.)

Labels are one-hot or soft. For soft ones a loss is the mean of the losses of each class, weighted
by the label's fractions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops


class ByClass(keras.losses.Loss):
    """What the losses share: float [B, C] labels and probabilities to losses, float [B].

    Parameters
    ----------
    name, reduction, dtype
        As in `keras.losses.Loss`.
    **numbers : float or list of float, length C
        What the loss is made of, for its configuration.
    """

    def __init__(self, name: str, reduction: str | None, dtype: Any, **numbers: Any) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.numbers = numbers

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each sample."""
        clipped = ops.clip(y_pred, 1e-7, 1 - 1e-7)
        return ops.sum(y_true * self.of_classes(clipped), axis=-1)

    def of_classes(self, p: Any) -> Any:
        """Return what the loss would be with each class as the label, [B, C]."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """Return plain numbers and texts, that the loss can be made of again."""
        return {**super().get_config(), **self.numbers}


@keras.saving.register_keras_serializable("fer_model")
class Focal(ByClass):
    r"""The focal loss, weighted by class: :math:`-w_c (1 - p_c)^\gamma \log p_c`.

    Parameters
    ----------
    gamma : float
        0: cross-entropy.
    weights : sequence of float, length C, optional
        By default all 1.
    """

    def __init__(
        self,
        gamma: float,
        weights: Sequence[float] | None = None,
        name: str = "focal",
        reduction: str | None = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        super().__init__(name, reduction, dtype, gamma=gamma, weights=weights)
        self.gamma, self.weights = gamma, weights

    def of_classes(self, p: Any) -> Any:
        """Return what the loss would be with each class as the label, [B, C]."""
        losses = -ops.power(1 - p, self.gamma) * ops.log(p)
        return losses if self.weights is None else losses * _like(p, self.weights)


@keras.saving.register_keras_serializable("fer_model")
class LDAM(ByClass):
    r"""Cross-entropy after the margin of a sample's class was taken off its logit.

    Since probabilities sum to one, that is, of one class against the rest,

    .. math:: w_c \log \left(1 + e^{\Delta_c} (1 - p_c) / p_c \right)

    Parameters
    ----------
    margins : sequence of float, length C
    weights : sequence of float, length C, optional
        By default all 1.
    """

    def __init__(
        self,
        margins: Sequence[float],
        weights: Sequence[float] | None = None,
        name: str = "ldam",
        reduction: str | None = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        super().__init__(name, reduction, dtype, margins=margins, weights=weights)
        self.margins, self.weights = margins, weights

    def of_classes(self, p: Any) -> Any:
        """Return what the loss would be with each class as the label, [B, C]."""
        losses = ops.softplus(_like(p, self.margins) + ops.log(1 - p) - ops.log(p))
        return losses if self.weights is None else losses * _like(p, self.weights)


@keras.saving.register_keras_serializable("fer_model")
class LogitAdjusted(ByClass):
    r"""Cross-entropy of logits with offsets: :math:`-\log \mathrm{softmax}(\log p + a)_c`.

    Parameters
    ----------
    offsets : sequence of float, length C
    """

    def __init__(
        self,
        offsets: Sequence[float],
        name: str = "logit_adjusted",
        reduction: str | None = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        super().__init__(name, reduction, dtype, offsets=offsets)
        self.offsets = offsets

    def of_classes(self, p: Any) -> Any:
        """Return what the loss would be with each class as the label, [B, C]."""
        return -ops.log_softmax(ops.log(p) + _like(p, self.offsets))


def _like(p: Any, numbers: Sequence[float]) -> Any:
    return ops.convert_to_tensor(numbers, dtype=p.dtype)
