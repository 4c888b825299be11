"""New last layers for trained nets: ``fer_model.heads.fit("crt", features, labels, 7)``."""

from fer_model.heads.choice import HEADS, Head, HeadChoice, HeadInputs
from fer_model.heads.from_trained import lws, post_hoc, tau_norm
from fer_model.heads.on_features import fit
from fer_model.heads.retraining import crt, los_crt, mislas, ncm, retrained, weight_balance

__all__ = [
    "HEADS",
    "Head",
    "HeadChoice",
    "HeadInputs",
    "crt",
    "fit",
    "los_crt",
    "lws",
    "mislas",
    "ncm",
    "post_hoc",
    "retrained",
    "tau_norm",
    "weight_balance",
]
