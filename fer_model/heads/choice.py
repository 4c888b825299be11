"""New last layers for trained nets: their registry, and how each is made.

A head is the kernel [D, C] and bias [C] of the last dense layer, before its softmax. The rest of
the net stays, so that a new head costs no second training, and balancing must beat it to be worth
one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fer_data.errors import TrainingError, UsageError
from fer_data.parameters import Number
from fer_data.registry import Choice, Registry
from fer_model.heads.posthoc import apply_head, best_tau, tau_normalize
from fer_model.losses.choice import known_counts


class Head(NamedTuple):
    """A last layer: kernel float64 [D, C], bias float64 [C]."""

    kernel: NDArray[np.float64]
    bias: NDArray[np.float64]


class Known(NamedTuple):
    """What a new head can be made of.

    Attributes
    ----------
    head : Head
        As it was trained.
    counts : ndarray of int64, shape [C]
        Training samples of each class.
    train, validation : callable
        Features float [N, D] and labels int [N] of the training and the validation samples, as
        they are: not augmented.
    """

    head: Head
    counts: NDArray[np.int64]
    train: Callable[[], tuple[NDArray[Any], NDArray[Any]]]
    validation: Callable[[], tuple[NDArray[Any], NDArray[Any]]]


HEADS = Registry("head", balances=False)
"""Heads: functions from `Known` and parameters to a `Head`, and what was chosen on the way, a dict.

Trait: ``balances``, as of a loss.
"""


@HEADS.register("post-hoc", Number("TAU", 0, 100), balances=True)
def post_hoc(known: Known, tau: float) -> tuple[Head, dict[str, float]]:
    r"""Take the classes' prior out of the logits.

    .. math:: z'_c = z_c - \tau \log \pi_c, \qquad \pi_c = n_c / n

    (Menon et al. 2021, arXiv:2007.07314, post hoc.)
    """
    counts = known_counts(known.counts)
    bias = known.head.bias - tau * np.log(counts / counts.sum())
    return Head(known.head.kernel, bias), {"tau": tau}


@HEADS.register("tau-norm", Number("TAU", 0, 100, default=None))
def tau_norm(known: Known, tau: float | None) -> tuple[Head, dict[str, float]]:
    r"""Make the lengths of the classes' weight vectors more alike, and drop the bias.

    .. math:: w'_c = w_c / \lVert w_c \rVert^\tau

    Without a tau that with the best balanced accuracy on validation samples is taken, as the
    authors do (Kang et al. 2020, arXiv:1910.09217).
    """
    kernel = known.head.kernel
    if tau is None:
        features, labels = known.validation()
        tau = best_tau(labels, lambda one: apply_head(features, tau_normalize(kernel, one)))
    return Head(tau_normalize(kernel, tau), np.zeros_like(known.head.bias)), {"tau": tau}


@HEADS.register("crt")
def crt(known: Known) -> tuple[Head, dict[str, float]]:
    """Train the last layer anew, all classes with the same weight, on the features of the others.

    Classifier re-training (Kang et al. 2020, arXiv:1910.09217). There by ten epochs of balanced
    batches, here to the optimum of the weighted cross-entropy that these aim at, with
    scikit-learn's usual penalty on standardised features (`LogisticRegression`, C = 1).
    """
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    features, labels = known.train()
    if len(np.unique(labels)) < 2:
        raise UsageError("crt: training samples of one class alone; there is nothing to tell apart")
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    model = LogisticRegression(class_weight="balanced", max_iter=_MOST_ITERATIONS)
    with threadpool_limits(1):  # its many small products took 80 times as long on two busy cores
        model.fit((features - mean) / scale, labels)
    size = len(known.head.bias)
    kernel, bias = np.zeros((features.shape[1], size)), np.full(size, -np.inf)
    if len(model.classes_) == 2:  # scikit-learn has one column, the second class's logit
        kernel[:, model.classes_] = np.stack([-model.coef_[0], model.coef_[0]], axis=1) / 2
        bias[model.classes_] = np.array([-1, 1]) * model.intercept_[0] / 2
    else:
        kernel[:, model.classes_], bias[model.classes_] = model.coef_.T, model.intercept_
    kernel /= scale[:, None]
    bias -= mean @ kernel
    bias[~np.isfinite(bias)] = bias[np.isfinite(bias)].min() - _NEVER
    iterations = int(model.n_iter_[0])
    if iterations >= _MOST_ITERATIONS:
        raise TrainingError(f"crt: no optimum within {iterations} iterations")
    return Head(kernel, bias), {"iterations": float(iterations)}


_NEVER = 100.0
"""How far the bias of a class without samples lies below the others."""

_MOST_ITERATIONS = 5000


class HeadChoice(Choice):
    """Which new head is made: a name in `HEADS` with its parameters."""

    registry = HEADS

    def build(self, known: Known) -> tuple[Head, dict[str, float]]:
        """Make the head; return it with what was chosen on the way."""
        head, chosen = self.entry.function(known, *self.parameters)
        return head, chosen
