"""How many steps and seconds the head of ``weight-balance`` takes, against plain descent.

Both minimise the same convex loss (cross-entropy with weight decay, columns no longer than a
radius) on made-up features whose principal axes have uneven lengths. Plain descent is accelerated
proximal gradient descent as in the textbook (Beck and Teboulle 2009, doi:10.1137/080716542), with
one step length for all axes, that of the longest one. It stops where it comes as near to the
optimum as the package's head does, or after so many steps.

    python tools/bench_weight_balance.py --samples 4000 --features 64 --classes 7 --unevenness 100
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from fer_model.heads.fitting import class_weights_of, cross_entropy, max_norm_regression

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

DECAY, RADIUS = 0.01, 1.0


def made_features(num: int, size: int, classes: int, unevenness: float) -> tuple[Floats, Labels]:
    """Return features [N, D], the longest axis so many times the shortest, and labels [N]."""
    random = np.random.default_rng(0)
    parts = 0.6 ** np.arange(classes)  # long-tailed
    labels = np.r_[np.arange(classes), random.choice(classes, num - classes, p=parts / parts.sum())]
    features = random.normal(size=(num, size)) + random.normal(size=(classes, size))[labels]
    turned, _ = np.linalg.qr(random.normal(size=(size, size)))
    return features * np.geomspace(1, 1 / unevenness, size) @ turned, labels


def loss_of(kernel: Floats, bias: Floats, features: Floats, labels: Labels) -> float:
    """Return what is minimised."""
    places, present, weights = class_weights_of(labels)
    aims = np.eye(len(present))[places]
    value, _ = cross_entropy(features @ kernel + bias, aims, weights[places])
    return value + DECAY / 2 * float((kernel**2).sum())


def plain_descent(features: Floats, labels: Labels, enough: float, most: int) -> tuple[float, int]:
    """Return the loss that plain descent comes to, and its steps."""
    places, present, weights = class_weights_of(labels)
    aims, samples = np.eye(len(present))[places], weights[places]
    inputs = np.hstack([features, np.ones((len(features), 1))])
    longest = np.linalg.eigvalsh(inputs.T @ (inputs * (samples / len(places))[:, None]))[-1]
    decays = np.append(np.full(features.shape[1], DECAY), 0)[:, None]
    step = 1 / (longest / 2 + DECAY)
    layer = ahead = np.zeros((inputs.shape[1], len(present)))
    momentum, loss = 1.0, np.inf
    for number in range(1, most + 1):
        _, slopes = cross_entropy(inputs @ ahead, aims, samples)
        after = ahead - step * (inputs.T @ slopes + decays * ahead)
        after[:-1] *= np.minimum(1, RADIUS / np.linalg.norm(after[:-1], axis=0))
        following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = after + (momentum - 1) / following * (after - layer)
        layer, momentum = after, following
        if number % 20 == 0:
            loss = loss_of(layer[:-1], layer[-1], features, labels)
            if loss <= enough:
                break
    return loss, number


def main() -> None:
    """Measure both, in turn, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("samples", 4000), ("features", 64), ("classes", 7), ("rounds", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--unevenness", type=float, default=100)
    parser.add_argument("--most", type=int, default=5000)
    asked = parser.parse_args()
    features, labels = made_features(asked.samples, asked.features, asked.classes, asked.unevenness)
    seconds: dict[str, list[float]] = {"package": [], "plain": []}
    with threadpool_limits(1):
        for _ in range(asked.rounds):
            began = time.process_time()
            head, steps = max_norm_regression(features, labels, asked.classes, DECAY, RADIUS)
            seconds["package"].append(time.process_time() - began)
            ours = loss_of(*head, features, labels)
            began = time.process_time()
            theirs, plain_steps = plain_descent(features, labels, ours + 1e-9, asked.most)
            seconds["plain"].append(time.process_time() - began)
    for name, loss, number in (("package", ours, steps), ("plain", theirs, plain_steps)):
        spent = sorted(seconds[name])
        print(
            f"{name:>8}: {number:>5} steps, {np.median(spent):.3f} s of a processor "
            f"({spent[0]:.3f} to {spent[-1]:.3f}), loss {loss:.9f}"
        )
    ratio = np.array(seconds["plain"]) / np.array(seconds["package"])
    print(f"   ratio: {np.median(ratio):.2f} ({ratio.min():.2f} to {ratio.max():.2f})")


if __name__ == "__main__":
    main()
