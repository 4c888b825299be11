"""Classes that lose most of their training samples by an exclusion."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.util.words import named_class, printable

_SHOWN = 5


def emptied(
    class_names: Sequence[str], before: NDArray[np.int64], left: NDArray[np.int64]
) -> list[str]:
    """Return a line for each class that loses more than half of its training samples.

    Parameters
    ----------
    class_names : sequence of str, length C
    before, left : ndarray of int64, shape [C]
        Training samples of each class before an exclusion and after it.
    """
    return [
        f"that leaves {left[label]:,} of {before[label]:,} training samples of "
        f"{named_class(class_names[label])}"
        for label in np.flatnonzero(2 * left < before).tolist()
    ]


def warn_of_emptied(before: Any, left: Any) -> None:
    """Warn the caller's caller of such classes of a `Dataset` before an exclusion and after it."""
    if "train" not in before.splits:
        return
    counts = before.class_counts("train")
    rest = left.class_counts("train") if "train" in left.splits else np.zeros_like(counts)
    if lines := emptied(before.class_names, counts, rest):
        more = [f"and {len(lines) - _SHOWN:,} more classes"] * (len(lines) > _SHOWN)
        warnings.warn(
            f"{printable(str(before.root))}: {counts.sum() - rest.sum():,} of {counts.sum():,} "
            f"labelled training samples are excluded; {'; '.join([*lines[:_SHOWN], *more])}. "
            "Where groups or near-duplicates leak, fer_data.split(..., pool=True) keeps them: it "
            "divides all splits again, by groups",
            stacklevel=3,
        )
