"""The recall of each class with each arm, in the order in which it is shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Recalls:
    """Recalls of classes, the most frequent class first: means over seeds.

    Attributes
    ----------
    arms : tuple of str, length A
        The baseline first.
    class_names : tuple of str, length C
    values : ndarray of float64, shape [A, C]
        From 0 to 1; NaN for a class without a test sample.
    counts : ndarray of int64, shape [C]
        Samples of each class.
    of_training : bool
        Whether these are of the training split, not of the test split.
    """

    arms: tuple[str, ...]
    class_names: tuple[str, ...]
    values: NDArray[np.float64]
    counts: NDArray[np.int64]
    of_training: bool

    @property
    def titles(self) -> list[str]:
        """Class names, with their training samples where these are known."""
        if not self.of_training:
            return list(self.class_names)
        pairs = zip(self.class_names, self.counts.tolist(), strict=True)
        return [f"{name} ({count:,})" for name, count in pairs]
