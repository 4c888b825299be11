"""Classes that were oversampled on disk, by duplicates saved with the images."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fer_data.auditing.finding import Finding, as_tuples
from fer_data.auditing.subject import Subject, groups
from fer_data.util.words import counted, named_class

KINDS = {"oversampled-on-disk": "classes that are mostly duplicates of few images"}

_CERTAIN = 2.0
"""Samples per distinct image from which a class counts as oversampled in any case."""

_SUSPECT = 1.5
"""The same, relative to the other classes' median; FER2013: disgust 1.5, median 1.1."""

_LEAST_SURPLUS = 20
"""Redundant samples that a class needs: a few duplicates are no oversampling."""


def find(subject: Subject) -> Iterator[Finding]:
    """Find classes with many duplicates of each image, and whether these cross splits."""
    dataset, numbers = subject.dataset, subject.duplicate_groups
    taken = np.flatnonzero(dataset.labels >= 0)
    taken = taken[np.argsort(dataset.labels[taken], kind="stable")]
    ends = np.searchsorted(dataset.labels[taken], np.arange(1, len(dataset.class_names)))
    rows = np.split(taken, ends)
    num_distinct = [len(set(numbers[of_class])) for of_class in rows]
    per_image = np.array(
        [len(of_class) / max(1, n) for of_class, n in zip(rows, num_distinct, strict=True)]
    )
    for label, of_class in enumerate(rows):
        if len(of_class) - num_distinct[label] < _LEAST_SURPLUS:
            continue
        others = np.median(np.delete(per_image, label)) if len(per_image) > 1 else np.inf
        if per_image[label] < min(_CERTAIN, _SUSPECT * max(others, 1)):
            continue
        duplicates = groups(numbers, of_class)
        crossing = [group for group in duplicates if len(set(dataset.split_codes[group])) > 1]
        surplus = np.concatenate([group[1:] for group in duplicates])
        distinct = counted(num_distinct[label], "distinct image")
        words = f"{len(of_class):,} samples of {distinct}"
        if len(per_image) > 1:
            words += f", {per_image[label]:.1f} per image; other classes have {others:.1f}"
        if crossing:
            images = counted(len(crossing), "image has", "images have")
            words += f"; {images} duplicates in more than one split"
        yield Finding(
            "oversampled-on-disk",
            "error" if crossing else "warning",
            named_class(dataset.class_names[label]),
            words,
            "start from the original images, and balance while they are loaded, after the split"
            if crossing
            else "balance while images are loaded: duplicates on disk count as new samples",
            groups=as_tuples(duplicates),
            exclude=subject.trained(surplus[subject.informative[surplus]]),
        )
