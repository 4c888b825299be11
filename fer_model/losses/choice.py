"""Losses against class imbalance: values that print and parse, and what they take from counts.

Keras is imported only where a loss is built, so that its text can be checked before.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fer_data.errors import UsageError
from fer_data.sampling.quotas import Fraction

if TYPE_CHECKING:
    import keras


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
    found = np.asarray(counts, np.int64)
    if not found.any() or found.min() < 0:
        raise UsageError(
            f"counts are {found.tolist()}; give the number of samples of each class, some above 0"
        )
    return np.where(found > 0, found, found[found > 0].min())


def cross_entropy(counts: ArrayLike) -> str:
    r"""Return Keras's own: :math:`-\log p_y`, whatever the counts."""
    return "categorical_crossentropy"


def focal(counts: ArrayLike, gamma: float) -> keras.losses.Loss:
    r"""Count samples the less, the surer their label is already; the same for every class.

    .. math:: -(1 - p_y)^\gamma \log p_y

    0 is cross-entropy (Lin et al. 2017, arXiv:1708.02002; there for one class against the
    background, here for softmax).
    """
    return _keras("Focal", gamma=gamma)


def class_balanced(counts: ArrayLike, beta: float) -> keras.losses.Loss:
    r"""Weight each class's cross-entropy inversely to its effective number of samples.

    .. math:: -w_y \log p_y, \qquad w_c \propto (1 - \beta) / (1 - \beta^{n_c})

    with a mean of one over the classes that have samples. 0 is cross-entropy; towards 1 weights
    become inverse to the counts (Cui et al. 2019, arXiv:1901.05555).
    """
    return class_balanced_focal(counts, beta, 0.0)


def class_balanced_focal(counts: ArrayLike, beta: float, gamma: float) -> keras.losses.Loss:
    r"""Weight the focal loss as `class_balanced` weights cross-entropy.

    .. math:: -w_y (1 - p_y)^\gamma \log p_y

    (Cui et al. 2019, arXiv:1901.05555; there on a sigmoid of each class, here on softmax.)
    """
    return _keras("Focal", gamma=gamma, weights=_effective(counts, beta).tolist())


def _effective(counts: ArrayLike, beta: float) -> NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        saturation = -np.expm1(known_counts(counts) * np.log(beta))  # 1 - beta ** n near 1 too
    weights: NDArray[np.float64] = 1 / saturation
    weights /= weights[np.asarray(counts) > 0].mean()
    return weights


def ldam(counts: ArrayLike, margin: float) -> keras.losses.Loss:
    r"""Ask for a margin between a sample's class and the others, the wider the rarer it is.

    .. math::
        -\log \frac{e^{z_y - \Delta_y}}{e^{z_y - \Delta_y} + \sum_{k \ne y} e^{z_k}},
        \qquad \Delta_c \propto n_c^{-1/4}, \quad \max_c \Delta_c = \mathrm{MARGIN}

    (Cao et al. 2019, arXiv:1906.07413). The paper normalises features and weights and multiplies
    their products by s = 30, with margins up to 0.5 before that. The heads here are not
    normalised: logits are taken as they are, and the margin is in their units.
    """
    return _keras("LDAM", margins=_margins(counts, margin).tolist())


def ldam_weighted(counts: ArrayLike, margin: float) -> keras.losses.Loss:
    r"""Weight `ldam` by class, as deferred re-weighting does in the end.

    .. math:: w_c \propto (1 - \beta) / (1 - \beta^{n_c}), \qquad \beta = 0.9999

    (Cao et al. 2019, arXiv:1906.07413: from the 160th of 200 epochs on.)
    """
    return _keras(
        "LDAM",
        margins=_margins(counts, margin).tolist(),
        weights=_effective(counts, _DRW_BETA).tolist(),
    )


def _margins(counts: ArrayLike, margin: float) -> NDArray[np.float64]:
    shape: NDArray[np.float64] = known_counts(counts).astype(np.float64) ** -0.25
    shape *= margin / shape.max()
    return shape


def balanced_softmax(counts: ArrayLike) -> keras.losses.Loss:
    r"""Let the softmax of the training count classes as often as they come.

    .. math:: -\log \frac{n_y e^{z_y}}{\sum_k n_k e^{z_k}}

    (Ren et al. 2020, arXiv:2007.10740.) That is ``logit-adjusted:1``.
    """
    return logit_adjusted(counts, 1.0)


def logit_adjusted(counts: ArrayLike, tau: float) -> keras.losses.Loss:
    r"""Add each class's log prior to its logit while training, and not after.

    .. math::
        -\log \frac{e^{z_y + \tau \log \pi_y}}{\sum_k e^{z_k + \tau \log \pi_k}},
        \qquad \pi_c = n_c / n

    0 is cross-entropy; 1 aims at the least balanced error (Menon et al. 2021, arXiv:2007.07314).
    """
    known = known_counts(counts)
    return _keras("LogitAdjusted", offsets=(tau * np.log(known / known.sum())).tolist())


def _keras(name: str, **arguments: Any) -> keras.losses.Loss:
    from fer_model.losses import keras_losses

    return getattr(keras_losses, name)(**arguments)


@dataclass(frozen=True)
class Amount:
    """A parameter of 0 to 100."""

    name: str
    wants: str = "a number, 0 to 100"

    def accepts(self, value: Any) -> bool:
        """Whether a value can be meant."""
        return isinstance(value, float) and 0 <= value <= 100


@dataclass(frozen=True)
class LossKind:
    """A loss's builder, from counts and parameters, and what its parameters can be.

    Where the last `LATE` of the epochs has another loss, `late` builds that one.
    """

    build: Callable[..., keras.losses.Loss | str]
    parameters: tuple[Fraction | Amount, ...] = ()
    late: Callable[..., keras.losses.Loss | str] | None = None
    balances: bool = False
    """Whether it makes up for the classes' frequencies; a margin or a focus does not."""


LATE = 0.2
"""Share of the epochs, the last ones, in which a deferred loss is another."""

_DRW_BETA = 0.9999

_BETA, _GAMMA = Fraction("BETA", without=1.0), Amount("GAMMA")

LOSSES = {
    "cross-entropy": LossKind(cross_entropy),
    "focal": LossKind(focal, (_GAMMA,)),
    "class-balanced": LossKind(class_balanced, (_BETA,), balances=True),
    "class-balanced-focal": LossKind(class_balanced_focal, (_BETA, _GAMMA), balances=True),
    "ldam": LossKind(ldam, (Amount("MARGIN"),)),
    "ldam-drw": LossKind(ldam, (Amount("MARGIN"),), late=ldam_weighted, balances=True),
    "balanced-softmax": LossKind(balanced_softmax, balances=True),
    "logit-adjusted": LossKind(logit_adjusted, (Amount("TAU"),), balances=True),
}


def _form(name: str) -> str:
    return ":".join([name, *(parameter.name for parameter in LOSSES[name].parameters)])


FORMS = tuple(map(_form, LOSSES))
"""What ``loss=`` takes."""


@dataclass(frozen=True)
class LossChoice:
    """Which loss a training lessens.

    Attributes
    ----------
    name : str
        A name in `LOSSES`.
    parameters : tuple of float
        As many as it has.

    Raises
    ------
    UsageError
        If there is no such loss, or a parameter is missing, needless or out of range.
    """

    name: str = "cross-entropy"
    parameters: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        _check(self.name, self.parameters, str(self))

    @classmethod
    def parse(cls, text: str) -> LossChoice:
        """Parse what ``loss=`` takes.

        Raises
        ------
        UsageError
            If the text is none of `FORMS`.
        """
        name, *values = text.split(":")
        parameters = tuple(map(_number, values))
        _check(name, parameters, text)
        return cls(name, parameters)

    def __str__(self) -> str:
        return ":".join([self.name, *map(repr, self.parameters)])

    def late_epoch(self, epochs: int) -> int:
        """Return the epoch, from 0, from which on the loss is another one; else `epochs`."""
        return epochs - int(LATE * epochs) if LOSSES[self.name].late else epochs

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
        kind = LOSSES[self.name]
        build = kind.late if late and kind.late else kind.build
        return build(counts, *self.parameters)


def _check(name: str, parameters: tuple[float, ...], text: str) -> None:
    if name not in LOSSES:
        raise UsageError(f"loss is {text!r}; choose one of {', '.join(FORMS)}")
    wanted = LOSSES[name].parameters
    if len(parameters) != len(wanted):
        raise UsageError(f"loss is {text!r}; write {_form(name)}")
    for parameter, value in zip(wanted, parameters, strict=True):
        if not parameter.accepts(value):
            raise UsageError(
                f"loss is {text!r}; {_form(name)} wants for {parameter.name} {parameter.wants}"
            )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan  # which no parameter accepts
