"""Duplicates across two splits, exact or near, with the classes that they affect."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from fer_data.auditing.finding import Finding, as_tuples
from fer_data.auditing.subject import Subject, groups
from fer_data.util.words import counted, named_class


def find_leaks(
    subject: Subject,
    numbers: NDArray[np.int64],
    *,
    beyond: NDArray[np.int64] | None = None,
    kind: str,
    words: tuple[str, str],
    advice: str,
) -> Iterator[Finding]:
    """Yield a finding for each two splits with images in common.

    Parameters
    ----------
    subject : Subject
    numbers : ndarray of int64, shape [N]
        The group of each image: duplicates have the same number.
    beyond : ndarray of int64, shape [N], optional
        Images with the same number here are skipped: another finding reports them.
    kind, advice : str
        Of the findings.
    words : tuple of str
        What a leaked image is, in the singular and in the plural.
    """
    dataset = subject.dataset
    for earlier, later in combinations(dataset.splits, 2):
        first, second = dataset.indices(earlier), dataset.indices(later)
        leaks = np.isin(numbers[second], numbers[first])
        if beyond is not None:
            leaks &= ~np.isin(beyond[second], beyond[first])
        if not leaks.any():
            continue
        leaked = second[leaks]
        related = subject.duplicate_groups  # near-duplicates are excluded with an image
        sources = first[np.isin(related[first], related[leaked]) & subject.informative[first]]
        members = np.concatenate([first[np.isin(numbers[first], numbers[leaked])], leaked])
        yield Finding(
            kind,
            "error",
            f"{earlier}, {later}",
            f"{len(leaked):,} of {counted(len(second), f'{later} image')} "
            f"({len(leaked) / len(second):.1%}) {words[len(leaked) > 1]} {earlier}: "
            f"{_by_class(subject, leaked, later)}",
            advice,
            groups=as_tuples(groups(numbers, members)),
            exclude=tuple(sources.tolist()) if earlier in ("train", "validation") else (),
        )


def _by_class(subject: Subject, leaked: NDArray[np.int64], split: str) -> str:
    """Return how many samples of each class are leaked, the largest fraction first."""
    dataset = subject.dataset
    labels = dataset.labels[leaked]
    hits = np.bincount(labels[labels >= 0], minlength=len(dataset.class_names))
    fractions = hits / np.maximum(dataset.class_counts(split), 1)
    order = [label for label in np.argsort(-fractions, kind="stable") if hits[label]]
    shown = [
        f"{named_class(dataset.class_names[label])} {hits[label]:,} ({fractions[label]:.0%})"
        for label in order[:10]
    ]
    if len(order) > len(shown):
        shown.append(counted(len(order) - len(shown), "more class", "more classes"))
    return ", ".join(shown) or "without labels"
