"""Losses against class imbalance: ``compile(loss=fer_model.losses.balanced_softmax(counts))``."""

from fer_model.losses.choice import (
    LOSSES,
    LossChoice,
    balanced_softmax,
    class_balanced,
    class_balanced_focal,
    cross_entropy,
    focal,
    ldam,
    ldam_weighted,
    logit_adjusted,
)

__all__ = [
    "LOSSES",
    "LossChoice",
    "balanced_softmax",
    "class_balanced",
    "class_balanced_focal",
    "cross_entropy",
    "focal",
    "ldam",
    "ldam_weighted",
    "logit_adjusted",
]
