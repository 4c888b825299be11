"""Heads trained again on the features of a trained net, most with all classes alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fer_data.parameters import Number
from fer_model.heads.choice import HEADS, Head, HeadInputs
from fer_model.heads.fitting import (
    class_weights_of,
    cross_entropy,
    max_norm_regression,
    softmax_regression,
    whole_head,
)
from fer_model.heads.posthoc import apply_head, balanced_accuracy

Floats = NDArray[np.float64]


@HEADS.register("crt", retrains=True)
def crt(inputs: HeadInputs) -> tuple[Head, dict[str, float]]:
    """Train the last layer again, all classes with the same weight, on the features of the others.

    Classifier re-training (Kang et al. 2020, arXiv:1910.09217). There by ten epochs of balanced
    batches, here to the optimum of the weighted cross-entropy that these aim at, with
    scikit-learn's usual penalty on standardised features (`LogisticRegression`, C = 1).

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> features = np.array([[0.0, 1.0], [0.1, 0.9], [0.2, 1.1], [1.0, 0.0]])
    >>> head = fer_model.heads.fit("crt", features, [0, 0, 0, 1], num_classes=2)
    >>> head.probabilities([[0.9, 0.1]]).argmax(axis=1).tolist()
    [1]
    """
    return _with_targets(inputs, np.eye(len(inputs.counts)))


@HEADS.register("retrained", retrains=True)
def retrained(inputs: HeadInputs) -> tuple[Head, dict[str, float]]:
    r"""Train the last layer again as `crt` does, but balance nothing: all samples weigh the same.

    .. math:: \min_{W, b} \sum_i -\log p_{i y_i} + \frac{1}{2} \lVert W \rVert^2

    The control of heads that are trained (`crt`, `lws`, `los-crt`, `mislas`, `weight-balance`).
    These take the last layer to its optimum, which a short training of the net may not have
    reached: part of what they gain against the net is that. What they gain against this head is
    not. The penalty is that of `crt`.

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> features = np.array([[0.0, 1.0], [0.1, 0.9], [0.2, 1.1], [1.0, 0.0]])
    >>> head = fer_model.heads.fit("retrained", features, [0, 0, 0, 1], num_classes=2)
    >>> head.probabilities([[0.9, 0.1]]).argmax(axis=1).tolist()
    [1]
    """
    return _with_targets(inputs, np.eye(len(inputs.counts)), is_balanced=False)


@HEADS.register("los-crt", Number("SMOOTHING", 0, 1, default=0.98, excluding=1), retrains=True)
def los_crt(inputs: HeadInputs, smoothing: float) -> tuple[Head, dict[str, float]]:
    r"""Train as `crt` does, towards labels that are smoothed until they hardly differ.

    .. math:: T_{yc} = (1 - \delta) [c = y] + \delta / C

    Label over-smoothing (Sun et al. 2025, arXiv:2403.00250): logits of all classes then have about
    the same, small magnitude. The probabilities are far less sure than they could be; what counts
    is which is the highest. The smoothing needs no counts; the weights of the classes here do.

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> features = np.array([[0.0, 1.0], [0.1, 0.9], [0.2, 1.1], [1.0, 0.0]])
    >>> head = fer_model.heads.fit("los-crt:0.9", features, [0, 0, 0, 1], num_classes=2)
    >>> head.probabilities([[0.9, 0.1]]).argmax(axis=1).tolist()
    [1]
    """
    size = len(inputs.counts)
    return _with_targets(inputs, (1 - smoothing) * np.eye(size) + smoothing / size)


@HEADS.register(
    "mislas",
    Number("HEAD", 0, 1, default=0.3),
    Number("TAIL", 0, 1, default=0.0),
    retrains=True,
)
def mislas(inputs: HeadInputs, head: float, tail: float) -> tuple[Head, dict[str, float]]:
    r"""Train as `crt` does, towards labels that are smoothed the more, the commoner their class.

    .. math::
        T_{yc} = (1 - \varepsilon_y) [c = y] + \varepsilon_y / (C - 1) [c \ne y], \qquad
        \varepsilon_y = \varepsilon_K + (\varepsilon_1 - \varepsilon_K)
        \sin \frac{\pi (n_y - n_K)}{2 (n_1 - n_K)}

    Label-aware smoothing, HEAD and TAIL for the most and the least common class (Zhong et al. 2021,
    arXiv:2104.00466, second stage, concave form; defaults as for CIFAR-10-LT). There the layer's
    weights are also scaled by class, which gives a linear layer nothing that it has not; the first
    stage's mixup is an arm of its own, and batch normalisation stays as it was trained.

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> features = np.array([[0.0, 1.0], [0.1, 0.9], [0.2, 1.1], [1.0, 0.0]])
    >>> head = fer_model.heads.fit("mislas", features, [0, 0, 0, 1], num_classes=2)
    >>> head.probabilities([[0.9, 0.1]]).argmax(axis=1).tolist()
    [1]
    """
    return _with_targets(inputs, label_aware_targets(inputs.counts, head, tail))


def label_aware_targets(counts: NDArray[np.int64], head: float, tail: float) -> Floats:
    """Return what samples of each class (rows) are to aim at, [C, C]; see `mislas`."""
    size, present = len(counts), counts[counts > 0]
    place = (counts - present.min()) / max(1, present.max() - present.min())
    smoothing = tail + (head - tail) * np.sin(np.pi / 2 * np.clip(place, 0, 1))
    targets = np.repeat(smoothing[:, None] / (size - 1), size, axis=1)
    np.fill_diagonal(targets, 1 - smoothing)
    return targets


def _with_targets(
    inputs: HeadInputs, targets: Floats, *, is_balanced: bool = True
) -> tuple[Head, dict[str, float]]:
    features, labels = inputs.train()
    head, iterations = softmax_regression(
        features, labels, len(targets), targets=targets, is_balanced=is_balanced
    )
    return head, {"iterations": float(iterations)}


@HEADS.register("ncm")
def ncm(inputs: HeadInputs) -> tuple[Head, dict[str, float]]:
    r"""Answer the class whose mean feature is nearest, by the cosine of their angle.

    .. math:: z_c = \beta \frac{(f - \bar f) \cdot (\mu_c - \bar f)}{\lVert \mu_c - \bar f \rVert}

    Nearest class mean (Kang et al. 2020, arXiv:1910.09217), with :math:`\bar f` the mean of all
    training features. The length of a feature moves no answer. β moves none either: it makes
    probabilities of distances, and is the one with the best likelihood on validation samples.

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> features = np.array([[0.0, 1.0], [0.1, 0.9], [0.2, 1.1], [1.0, 0.0]])
    >>> labels = [0, 0, 0, 1]
    >>> head = fer_model.heads.fit("ncm", features, labels, 2, validation=(features, labels))
    >>> head.probabilities([[0.9, 0.1]]).argmax(axis=1).tolist()
    [1]
    """
    features, labels = inputs.train()
    labels, present, _ = class_weights_of(labels)
    centre = features.mean(axis=0)
    means = np.stack(
        [features[labels == label].mean(axis=0) for label in range(len(present))], axis=1
    )
    means -= centre[:, None]
    kernel = means / (np.linalg.norm(means, axis=0) + 1e-12)
    seen, truth = inputs.validation()
    logits, places = (seen - centre) @ kernel, np.searchsorted(present, truth)
    kept = np.isin(truth, present)
    beta = best_scale(logits[kept], places[kept]) if kept.any() else 1.0
    kernel *= beta
    return whole_head(kernel, -centre @ kernel, present, len(inputs.counts)), {"beta": beta}


def best_scale(logits: Floats, labels: NDArray[np.integer]) -> float:
    """Return the factor of logits [N, C], from 1e-4 to 1e4, with the least cross-entropy."""
    from scipy.optimize import minimize_scalar

    aims, samples = np.eye(logits.shape[1])[labels], np.ones(len(labels))
    result = minimize_scalar(
        lambda power: cross_entropy(10**power * logits, aims, samples)[0],
        bounds=(-4, 4),
        method="bounded",
    )
    return float(10**result.x)


_DECAYS = (1e-4, 1e-3, 1e-2, 1e-1)

_RADIUS = 0.1
"""Place of the largest length allowed between the least and the largest that the net has."""


@HEADS.register("weight-balance", Number("DECAY", 0, 100, default=None), retrains=True)
def weight_balance(inputs: HeadInputs, decay: float | None) -> tuple[Head, dict[str, float]]:
    r"""Train the last layer again, with weight decay and no class's weights longer than a radius.

    .. math:: \min_{W, b} \frac{1}{N} \sum_i a_i \left( -\log p_{i y_i} \right)
        + \frac{\lambda}{2} \lVert W \rVert^2 \quad \text{with} \quad \lVert w_c \rVert \le r,
        \qquad r = l_{\min} + 0.1 (l_{\max} - l_{\min})

    Weight balancing, second stage (Alshammari et al. 2022, arXiv:2203.14197; *l* are the lengths
    that the classes' weights have in the net, as in the authors' code). There the weights *a* are
    by the effective number of samples, here each class counts alike, as in `crt`; there by some
    epochs of projected gradient descent, here to the optimum. Without a decay, that of 0.0001,
    0.001, 0.01 and 0.1 with the best balanced accuracy on validation samples is taken.

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> features = np.array([[0.0, 1.0], [0.1, 0.9], [0.2, 1.1], [1.0, 0.0]])
    >>> head = fer_model.heads.fit("weight-balance:0.01", features, [0, 0, 0, 1], num_classes=2)
    >>> head.probabilities([[0.9, 0.1]]).argmax(axis=1).tolist()
    [1]
    """
    features, labels = inputs.train()
    lengths = np.linalg.norm(inputs.head.kernel, axis=0)
    radius = float(lengths.min() + _RADIUS * (lengths.max() - lengths.min()))
    tried = [
        (strength, max_norm_regression(features, labels, len(inputs.counts), strength, radius))
        for strength in (_DECAYS if decay is None else (decay,))
    ]
    if decay is None:
        seen, truth = inputs.validation()
        tried.sort(key=lambda fitted: -balanced_accuracy(truth, apply_head(seen, *fitted[1][0])))
    decay, (head, iterations) = tried[0]
    return head, {"decay": decay, "radius": radius, "iterations": float(iterations)}
