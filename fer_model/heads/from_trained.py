"""Heads made of the trained one: its bias moved, or its classes scaled."""

from __future__ import annotations

import numpy as np

from fer_data.parameters import Number
from fer_model.heads.choice import HEADS, Head, HeadInputs
from fer_model.heads.fitting import balanced_scales, class_weights_of
from fer_model.heads.posthoc import apply_head, best_tau, tau_normalize
from fer_model.losses.choice import known_counts


@HEADS.register("post-hoc", Number("TAU", 0, 100), balances=True)
def post_hoc(inputs: HeadInputs, tau: float) -> tuple[Head, dict[str, float]]:
    r"""Take the classes' prior out of the logits.

    .. math:: z'_c = z_c - \tau \log \pi_c, \qquad \pi_c = n_c / n

    (Menon et al. 2021, arXiv:2007.07314, post hoc.)

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> features = np.array([[0.0, 1.0], [0.1, 0.9], [0.2, 1.1], [1.0, 0.0]])
    >>> head = fer_model.heads.fit("post-hoc:1", features, [0, 0, 0, 1], num_classes=2)
    >>> head.probabilities([[0.9, 0.1]]).argmax(axis=1).tolist()
    [1]
    """
    counts = known_counts(inputs.counts)
    bias = inputs.head.bias - tau * np.log(counts / counts.sum())
    return Head(inputs.head.kernel, bias), {"tau": tau}


@HEADS.register("tau-norm", Number("TAU", 0, 100, default=None))
def tau_norm(inputs: HeadInputs, tau: float | None) -> tuple[Head, dict[str, float]]:
    r"""Make the lengths of the classes' weight vectors more alike, and drop the bias.

    .. math:: w'_c = w_c / \lVert w_c \rVert^\tau

    Without a tau that with the best balanced accuracy on validation samples is taken, as the
    authors do (Kang et al. 2020, arXiv:1910.09217).

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> features = np.array([[0.0, 1.0], [0.1, 0.9], [0.2, 1.1], [1.0, 0.0]])
    >>> head = fer_model.heads.fit("tau-norm:1", features, [0, 0, 0, 1], num_classes=2)
    >>> head.probabilities([[0.9, 0.1]]).argmax(axis=1).tolist()
    [1]
    """
    kernel = inputs.head.kernel
    if tau is None:
        features, labels = inputs.validation()
        tau = best_tau(
            labels, lambda candidate: apply_head(features, tau_normalize(kernel, candidate))
        )
    return Head(tau_normalize(kernel, tau), np.zeros_like(inputs.head.bias)), {"tau": tau}


@HEADS.register("lws", retrains=True)
def lws(inputs: HeadInputs) -> tuple[Head, dict[str, float]]:
    r"""Scale each class's logit by a factor that is learnt, all classes with the same weight.

    .. math:: z'_c = s_c (w_c \cdot f + b_c)

    Learnable weight scaling (Kang et al. 2020, arXiv:1910.09217). There by ten epochs of balanced
    batches, here to the optimum of the weighted cross-entropy that these aim at, with the penalty
    :math:`\lVert s - 1 \rVert^2 / 2`, without which there is none where factors without bound
    are best. The logit of a class without training samples stays.

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> features = np.array([[0.0, 1.0], [0.1, 0.9], [0.2, 1.1], [1.0, 0.0]])
    >>> head = fer_model.heads.fit("lws", features, [0, 0, 0, 1], num_classes=2)
    >>> head.probabilities([[0.9, 0.1]]).argmax(axis=1).tolist()
    [1]
    """
    features, labels = inputs.train()
    logits = np.asarray(features, np.float64) @ inputs.head.kernel + inputs.head.bias
    scales = np.ones(logits.shape[1])
    present = class_weights_of(labels)[1]
    scales[present], iterations = balanced_scales(logits, labels)
    head = Head(inputs.head.kernel * scales, inputs.head.bias * scales)
    return head, {"iterations": float(iterations)}
