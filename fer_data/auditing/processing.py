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
    "image-drift": "splits that differ from training in sharpness, brightness, contrast, "
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
        evaluated = dataset.indices(split)
        if min(len(train), len(evaluated)) < _FEWEST:
            continue
        differences = {
            name: within_classes(values, dataset.labels, train, evaluated)
            for name, values in figures.items()
        }
        large = {name: d for name, d in differences.items() if abs(d) >= LARGE}
        parts = [f"{name} {d:+.1f} standard deviations" for name, d in large.items()]
        parts += _looks(subject, train, evaluated)
        if parts:
            worst = max(map(abs, large.values()), default=0.0)
            yield Finding(
                "image-drift",
                "error" if worst >= VERY_LARGE else "warning",
                f"train, {split}",
                f"{split} images differ from training images of the same classes: "
                f"{', '.join(parts)}",
                "process both splits the same way; near-duplicates between them may go unnoticed",
                num_unlisted=len(evaluated),
            )


def within_classes(
    values: NDArray[np.float64],
    labels: NDArray[np.int32],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
) -> float:
    """Return the difference of two groups' mean values within classes, in standard deviations.

    Means of `second` minus `first`, class by class, weighted by the samples of `second`, so that
    class proportions have no influence. 0 where no class has two samples in both.

    Parameters
    ----------
    values : ndarray of float64, shape [N]
    labels : ndarray of int32, shape [N]
        Unlabelled samples (-1) count as a class.
    first, second : ndarray of int64
        Indices of the two groups.
    """
    difference = variance = weight = 0.0
    for label in np.intersect1d(labels[first], labels[second]):
        before = values[first[labels[first] == label]]
        after = values[second[labels[second] == label]]
        if min(len(before), len(after)) > 1:
            difference += len(after) * float(after.mean() - before.mean())
            variance += len(after) * float(before.var() + after.var()) / 2
            weight += len(after)
    if not weight or not difference:
        return 0.0
    return difference / weight / float(np.sqrt(variance / weight)) if variance else float("inf")


def _looks(
    subject: Subject, train: NDArray[np.int64], evaluated: NDArray[np.int64]
) -> Iterator[str]:
    """Yield the usual size and colour of both splits, where these differ."""
    looks = subject.looks
    sizes = [f"{width}x{height}" for height, width, _ in looks]
    for values in (sizes, [color for _, _, color in looks]):
        usual = [
            Counter(values[index] for index in part.tolist()).most_common(1)[0]
            for part in (train, evaluated)
        ]
        is_usual = all(
            2 * number > len(part)
            for (_, number), part in zip(usual, (train, evaluated), strict=True)
        )
        if is_usual and usual[0][0] != usual[1][0]:
            yield f"{usual[1][0]} instead of {usual[0][0]}"
