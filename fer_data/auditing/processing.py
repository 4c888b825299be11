"""Splits whose images were processed differently: blurred, brightened, resized, in colour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fer_data.auditing.finding import Finding
from fer_data.auditing.subject import Subject
from fer_data.data.split_names import EVALUATION_SPLITS

KINDS = {
    "processed-differently": "splits that differ from training in sharpness, brightness, contrast, "
    "size or colour",
}

LARGE, VERY_LARGE = 0.8, 2.0
"""Differences of means, in standard deviations (Cohen's d), that are a warning, and an error."""

_FEWEST = 20


def find(subject: Subject) -> Iterator[Finding]:
    """Find evaluation splits whose images differ from training images of the same classes."""
    dataset = subject.dataset
    if "train" not in dataset.splits:
        return
    train = dataset.indices("train")
    figures = {
        "sharpness": np.log(np.maximum(subject.measures.sharpness.astype(np.float64), 1e-3)),
        "brightness": subject.measures.brightness.astype(np.float64),
        "contrast": subject.measures.contrast.astype(np.float64),
    }
    for split in (name for name in dataset.splits if name in EVALUATION_SPLITS):
        judged = dataset.indices(split)
        if min(len(train), len(judged)) < _FEWEST:
            continue
        differences = {
            name: within_classes(values, dataset.labels, train, judged)
            for name, values in figures.items()
        }
        large = {name: d for name, d in differences.items() if abs(d) >= LARGE}
        parts = [f"{name} {d:+.1f} standard deviations" for name, d in large.items()]
        parts += _looks(subject, train, judged)
        if parts:
            worst = max(map(abs, large.values()), default=0.0)
            yield Finding(
                "processed-differently",
                "error" if worst >= VERY_LARGE else "warning",
                f"train, {split}",
                f"{split} images differ from training images of the same classes: "
                f"{', '.join(parts)}",
                "process both alike; near-duplicates across them cannot be judged as they are",
                num_unlisted=len(judged),
            )


def within_classes(
    values: NDArray[np.float64],
    labels: NDArray[np.int32],
    one: NDArray[np.int64],
    other: NDArray[np.int64],
) -> float:
    """Return how far the values of `other` are from those of `one`, in standard deviations.

    Means are compared class by class, weighted by the samples in `other`, so that other
    proportions of the classes make no difference. 0 where no class has two samples in both.

    Parameters
    ----------
    values : ndarray of float64, shape [N]
    labels : ndarray of int32, shape [N]
        Unlabelled samples (-1) count as a class.
    one, other : ndarray of int64
        Indices.
    """
    difference = variance = weight = 0.0
    for label in np.intersect1d(labels[one], labels[other]):
        first, second = values[one[labels[one] == label]], values[other[labels[other] == label]]
        if min(len(first), len(second)) > 1:
            difference += len(second) * float(second.mean() - first.mean())
            variance += len(second) * float(first.var() + second.var()) / 2
            weight += len(second)
    if not weight or not difference:
        return 0.0
    return difference / weight / float(np.sqrt(variance / weight)) if variance else float("inf")


def _looks(subject: Subject, train: NDArray[np.int64], judged: NDArray[np.int64]) -> Iterator[str]:
    """Yield in which size, and which colour, most images of each are, where these differ."""
    looks = subject.looks
    sizes = [f"{width}x{height}" for height, width, _ in looks]
    for values in (sizes, [color for _, _, color in looks]):
        usual = [
            Counter(values[index] for index in part.tolist()).most_common(1)[0]
            for part in (train, judged)
        ]
        is_usual = all(
            2 * number > len(part) for (_, number), part in zip(usual, (train, judged), strict=True)
        )
        if is_usual and usual[0][0] != usual[1][0]:
            yield f"{usual[1][0]} in place of {usual[0][0]}"
