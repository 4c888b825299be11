"""Features of a net that is good at common classes."""

from __future__ import annotations

import numpy as np

from fer_model.heads.choice import Head, HeadInputs


def known(seed: int = 0, size: int = 600, shape: tuple[int, int] = (5, 3)) -> HeadInputs:
    """A head that is good at common classes, with features that tell all of them."""
    random = np.random.default_rng(seed)
    labels = random.choice(shape[1], size, p=[0.8, 0.15, 0.05])
    centres = 1.5 * random.normal(size=shape[::-1])
    features = centres[labels] + random.normal(size=(size, shape[0]))
    kernel = random.normal(size=shape) * [2.0, 0.5, 0.1]
    counts = np.bincount(labels, minlength=shape[1])
    half = size // 2
    return HeadInputs(
        Head(kernel, random.normal(size=shape[1])),
        counts,
        lambda: (features[:half], labels[:half]),
        lambda: (features[half:], labels[half:]),
    )
