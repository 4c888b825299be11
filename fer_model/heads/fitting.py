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

_LEAST_PART = 1e-3
"""Of the curvature's bound, that is tried."""

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
    inputs = np.vstack([((features - mean) / scale).T, np.ones(len(labels))])
    aims = np.eye(num_classes) if targets is None else np.asarray(targets, np.float64)
    aims = aims[np.ix_(present, present)]
    aims = np.asfortranarray((aims / aims.sum(axis=1, keepdims=True))[labels])
    samples = weights[labels] if is_balanced else np.ones(len(labels))
    size = (len(inputs), len(present))

    def loss(flat: Floats) -> tuple[float, Floats]:
        layer = flat.reshape(size)
        value, slopes = cross_entropy(_logits(layer, inputs), aims, samples)
        gradient = _gradient(slopes, inputs)
        gradient[:-1] += penalty * layer[:-1] / len(labels)
        return value + penalty * (layer[:-1] ** 2).sum() / 2 / len(labels), gradient.ravel()

    solution, iterations = least(loss, np.zeros(size).ravel())
    kernel, bias = solution.reshape(size)[:-1] / scale[:, None], solution.reshape(size)[-1]
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

    solution, iterations = least(loss, np.ones(len(present)))
    return solution, iterations


def _logits(layer: Floats, inputs: Floats) -> Floats:
    """Return what a layer [D, C] makes of inputs [D, N], as [N, C].

    Classes lie one after another in memory, as they do in all that is made of them: of the few
    numbers of a sample sums took four times as long.
    """
    return (layer.T @ inputs).T


def _gradient(slopes: Floats, inputs: Floats) -> Floats:
    """Return the gradient of a layer [D, C], given those of its logits [N, C]."""
    return (slopes.T @ inputs.T).T


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
        result = minimize(
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
    if result.nit >= _MOST_ITERATIONS or not np.isfinite(result.x).all():
        raise TrainingError(f"head: no optimum within {result.nit} iterations ({result.message})")
    return np.asarray(result.x, np.float64), int(result.nit)


def class_weights_of(labels: ArrayLike) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    """Return labels among the classes that have samples, these classes, and weights of mean 1.

    Raises
    ------
    UsageError
        If samples are of one class alone.
    """
    present, places = np.unique(np.asarray(labels, np.int64), return_inverse=True)
    if len(present) < 2:
        raise UsageError("head: all training samples are of one class; expected two or more")
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

    By accelerated proximal gradient descent (Beck and Teboulle 2009, doi:10.1137/080716542), its
    momentum dropped where it leads uphill (O'Donoghue and Candès 2015, arXiv:1204.3982), until a
    step lessens the bound by less than 1e-11, or 5,000 steps. The bound of a step has for its
    curvature a part of the features' weighted covariance: a half is always enough (Böhning 1992,
    doi:10.1007/BF00048682), and less is tried first. So features of any lengths take equally
    few steps. Along the covariance's principal axes it is a diagonal, and lengths stay.
    """
    from threadpoolctl import threadpool_limits

    places, present, weights = class_weights_of(labels)
    features = np.asarray(features, np.float64)
    samples, aims = weights[places], np.asfortranarray(np.eye(len(present))[places])
    parts = samples / len(places)
    mean = parts @ features
    inputs = features - mean
    with threadpool_limits(1):
        variances, axes = np.linalg.eigh(inputs.T @ (inputs * parts[:, None]))
        inputs = np.vstack([axes.T @ inputs.T, np.ones(len(places))])
        variances = np.maximum(variances, max(1e-12 * variances[-1], 1e-300))
        curvature = np.append(variances / 2 + decay, 0.5)[:, None]  # the bias has no decay
        decays = np.append(np.full(len(variances), decay), 0)[:, None]
        layer = ahead = np.zeros((len(inputs), len(present)))
        logits = logits_ahead = np.zeros(aims.shape, order="F")
        momentum = part = 1.0
        for iteration in range(1, _MOST_ITERATIONS + 1):  # noqa: B007
            loss, slopes = cross_entropy(logits_ahead, aims, samples)
            gradient = _gradient(slopes, inputs)
            gradient[:-1] += decay * ahead[:-1]
            part = max(0.9 * part, _LEAST_PART)
            while True:
                metric = part * curvature
                after = ahead - gradient / metric
                after[:-1] = nearest_within(after[:-1], metric[:-1], radius)
                step, logits_after = after - ahead, _logits(after, inputs)
                bound = loss + (slopes * (logits_after - logits_ahead)).sum()
                bound += ((metric - decays) * step**2).sum() / 2
                if part >= 1 or cross_entropy(logits_after, aims, samples)[0] <= bound + 1e-14:
                    break
                part = min(1.0, 2 * part)
            move = after - layer
            if (metric * step * move).sum() < 0:
                momentum = 1.0
            following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
            factor, momentum = (momentum - 1) / following, following
            layer, ahead = after, after + factor * move
            logits, logits_ahead = logits_after, logits_after + factor * (logits_after - logits)
            if (metric * move**2).sum() <= 1e-11:
                break
    kernel, bias = axes @ layer[:-1], layer[-1]
    return whole_head(kernel, bias - mean @ kernel, present, num_classes), iteration


def nearest_within(columns: Floats, curvature: Floats, radius: float) -> Floats:
    r"""Return the columns no longer than a radius that are nearest by a diagonal metric.

    .. math:: w = \frac{h}{h + \mu} v, \qquad \lVert w \rVert = r \text{ or } \mu = 0

    with :math:`\mu` by Newton's steps on :math:`1 / \lVert w \rVert`, which never pass it (Moré and
    Sorensen 1983, doi:10.1137/0904038).

    Parameters
    ----------
    columns : ndarray of float, shape [D, C]
    curvature : ndarray of float, shape [D, 1]
        h, above 0.
    radius : float
    """
    radius, projected = max(radius, 1e-30), columns
    multiplier = np.zeros(columns.shape[1])
    for _ in range(100):
        lengths = np.linalg.norm(projected, axis=0)
        if (lengths <= radius * (1 + 1e-12)).all():
            break
        slopes = (projected**2 / (curvature + multiplier)).sum(axis=0)
        steps = (lengths / radius - 1) * lengths**2 / np.maximum(slopes, 1e-300)
        multiplier += np.where(lengths > radius, steps, 0)
        projected = columns * (curvature / (curvature + multiplier))
    lengths = np.linalg.norm(projected, axis=0)
    within: Floats = projected * np.minimum(1, radius / np.maximum(lengths, 1e-300))
    return within
