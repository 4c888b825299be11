"""Optima of last layers on fixed features: convex problems, solved to their end.

All losses here are means over samples with weights that give each class the same part, unless it
is said otherwise. A class without samples takes no part, and its bias lies far below the others.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fer_data.errors import TrainingError, UsageError
from fer_model.heads.choice import Head

Floats = NDArray[np.float64]

_MOST_ITERATIONS = 5000

_NEVER = 100.0
"""How far the bias of a class without samples lies below the others."""


def softmax_regression(
    features: ArrayLike,
    labels: ArrayLike,
    num_classes: int,
    *,
    targets: ArrayLike | None = None,
    is_balanced: bool = True,
    penalty: float = 1.0,
) -> tuple[Head, int]:
    r"""Return the linear layer with the least penalised cross-entropy, and how many iterations.

    .. math:: \sum_i a_i \sum_c -T_{y_i c} \log p_{ic} + \frac{\lambda}{2} \lVert W \rVert^2,
        \qquad a_i = N / (C n_{y_i})

    on standardised features; scikit-learn's `LogisticRegression` with λ = 1 / C, but for targets
    that may be soft.

    Parameters
    ----------
    features : array_like of float, shape [N, D]
    labels : array_like of int, shape [N]
    num_classes : int
    targets : array_like of float, shape [C, C], optional
        Row *y* is what is aimed at for samples of class *y*; by default that class alone.
    is_balanced : bool
        Whether all classes count alike; else all samples do.
    penalty : float
        λ.

    Raises
    ------
    UsageError
        If samples are of one class alone.
    TrainingError
        If there is no optimum within 5,000 iterations.
    """
    labels, present, weights = class_weights_of(labels)
    features = np.asarray(features, np.float64)
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    inputs = np.column_stack([(features - mean) / scale, np.ones(len(labels))])
    aims = np.eye(num_classes) if targets is None else np.asarray(targets, np.float64)
    aims = aims[np.ix_(present, present)]
    aims = (aims / aims.sum(axis=1, keepdims=True))[labels]
    samples = weights[labels] if is_balanced else np.ones(len(labels))
    size = (inputs.shape[1], len(present))

    def loss(flat: Floats) -> tuple[float, Floats]:
        layer = flat.reshape(size)
        value, slope = cross_entropy(inputs @ layer, aims, samples)
        gradient = inputs.T @ slope
        gradient[:-1] += penalty * layer[:-1] / len(labels)
        return value + penalty * (layer[:-1] ** 2).sum() / 2 / len(labels), gradient.ravel()

    found, iterations = least(loss, np.zeros(size).ravel())
    kernel, bias = found.reshape(size)[:-1] / scale[:, None], found.reshape(size)[-1]
    return whole_head(kernel, bias - mean @ kernel, present, num_classes), iterations


def balanced_scales(logits: Floats, labels: ArrayLike, penalty: float = 1.0) -> tuple[Floats, int]:
    r"""Return the factor of each class's logit with the least balanced cross-entropy, [C].

    .. math:: \sum_i a_i \left( -\log \mathrm{softmax}(s \odot z_i)_{y_i} \right)
        + \frac{\lambda}{2} \lVert s - 1 \rVert^2
    """
    labels, present, weights = class_weights_of(labels)
    aims, samples, logits = np.eye(len(present))[labels], weights[labels], logits[:, present]

    def loss(scales: Floats) -> tuple[float, Floats]:
        value, slope = cross_entropy(logits * scales, aims, samples)
        pull = penalty * (scales - 1) / len(labels)
        return value + float(pull @ (scales - 1)) / 2, (slope * logits).sum(axis=0) + pull

    found, iterations = least(loss, np.ones(len(present)))
    return found, iterations


def cross_entropy(logits: Floats, aims: Floats, samples: Floats) -> tuple[float, Floats]:
    """Return the mean cross-entropy of logits, float [N, C], samples weighted, and its gradient."""
    logits = logits - logits.max(axis=1, keepdims=True)
    powers = np.exp(logits)
    sums = powers.sum(axis=1, keepdims=True)
    parts = samples / len(samples)
    value = float(parts @ (np.log(sums[:, 0]) - (aims * logits).sum(axis=1)))
    return value, parts[:, None] * (powers / sums - aims)


def least(function: Callable[[Floats], tuple[float, Floats]], start: Floats) -> tuple[Floats, int]:
    """Return where a convex function with its gradient is least, and the number of iterations."""
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits

    steepest = abs(function(start)[1]).max()  # smoothed labels have gradients that much smaller
    with threadpool_limits(1):  # many small products took 80 times as long on two busy cores
        found = minimize(
            function,
            start,
            jac=True,
            method="L-BFGS-B",
            options={
                "maxiter": _MOST_ITERATIONS,
                "maxfun": 2 * _MOST_ITERATIONS,
                "gtol": min(1e-5, max(1e-4 * steepest, 1e-12)),
                "ftol": 1e-13,
            },
        )
    if found.nit >= _MOST_ITERATIONS or not np.isfinite(found.x).all():
        raise TrainingError(f"head: no optimum within {found.nit} iterations ({found.message})")
    return np.asarray(found.x, np.float64), int(found.nit)


def class_weights_of(labels: ArrayLike) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    """Return labels among the classes that have samples, these classes, and weights of mean 1.

    Raises
    ------
    UsageError
        If samples are of one class alone.
    """
    present, places = np.unique(np.asarray(labels, np.int64), return_inverse=True)
    if len(present) < 2:
        raise UsageError(
            "head: training samples of one class alone; there is nothing to tell apart"
        )
    return places, present, len(places) / (len(present) * np.bincount(places))


def whole_head(kernel: Floats, bias: Floats, present: NDArray[np.intp], num_classes: int) -> Head:
    """Return a head of all classes, given that of those which have samples."""
    every = Head(np.zeros((len(kernel), num_classes)), np.full(num_classes, bias.min() - _NEVER))
    every.kernel[:, present], every.bias[present] = kernel, bias
    return every


def max_norm_regression(
    features: ArrayLike, labels: ArrayLike, num_classes: int, decay: float, radius: float
) -> tuple[Head, int]:
    r"""Return the balanced linear layer with weight decay and columns no longer than a radius.

    .. math:: \min_{W, b} \frac{1}{N} \sum_i a_i \left( -\log p_{i y_i} \right)
        + \frac{\lambda}{2} \lVert W \rVert^2 \quad \text{with} \quad \lVert w_c \rVert \le r

    By accelerated projected gradient descent (Beck and Teboulle 2009, doi:10.1137/080716542), its
    momentum dropped where it leads uphill (O'Donoghue and Candès 2015, arXiv:1204.3982), until a
    step moves no weight by more than 1e-5 of the longest column, or 5,000 steps.
    """
    from threadpoolctl import threadpool_limits

    places, present, weights = class_weights_of(labels)
    features = np.asarray(features, np.float64)
    mean = features.mean(axis=0)
    inputs = features - mean  # lengths stay, and the problem is far better conditioned
    unit = max(np.sqrt((inputs**2).sum(axis=1).mean()), 1e-12)
    inputs = np.column_stack([inputs, np.full(len(places), unit)])  # the bias, in such units
    samples, aims = weights[places], np.eye(len(present))[places]
    with threadpool_limits(1):
        steepest = np.linalg.eigvalsh(inputs.T @ (inputs * (samples / len(places))[:, None]))[-1]
        rate = 1 / (steepest / 2 + decay)  # the softmax's own curvature is at most a half
        layer = ahead = np.zeros((inputs.shape[1], len(present)))
        momentum = 1.0
        for iteration in range(1, _MOST_ITERATIONS + 1):  # noqa: B007
            gradient = inputs.T @ cross_entropy(inputs @ ahead, aims, samples)[1]
            gradient[:-1] += decay * ahead[:-1]
            after = ahead - rate * gradient
            lengths = np.linalg.norm(after[:-1], axis=0)
            after[:-1] *= np.minimum(1, radius / np.maximum(lengths, 1e-300))
            move = after - layer
            if ((ahead - after) * move).sum() > 0:
                momentum = 1.0
            following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
            layer, ahead = after, after + (momentum - 1) / following * move
            momentum = following
            longest = np.linalg.norm(after, axis=0).max()
            if abs(move).max() <= 1e-5 * longest:
                break
    kernel, bias = layer[:-1], unit * layer[-1]
    return whole_head(kernel, bias - mean @ kernel, present, num_classes), iteration
