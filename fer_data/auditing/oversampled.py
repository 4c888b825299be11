"""Classes that someone oversampled on disk, by copies that were saved beside the images."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fer_data.auditing.finding import Finding
from fer_data.auditing.subject import Subject, groups
from fer_data.util.words import counted, named_class

KINDS = {"oversampled-on-disk": "classes that are mostly versions of few photographs"}

_CERTAIN = 2.0
"""Samples a photograph from which a class was oversampled, whatever the others have."""

_SUSPECT = 1.5
"""The same over the other classes' median; FER2013's disgust has 1.5 and its median 1.1."""

_LEAST_SURPLUS = 20
"""Samples over photographs from which it is no chance: a class of few has copies at times."""


def find(subject: Subject) -> Iterator[Finding]:
    """Find classes with many versions of each photograph, and whether they cross splits."""
    dataset, photographs = subject.dataset, subject.duplicate_groups
    taken = np.flatnonzero(dataset.labels >= 0)
    taken = taken[np.argsort(dataset.labels[taken], kind="stable")]
    ends = np.searchsorted(dataset.labels[taken], np.arange(1, len(dataset.class_names)))
    rows = np.split(taken, ends)
    versions = np.array(
        [len(of_class) / max(1, len(set(photographs[of_class]))) for of_class in rows]
    )
    for label, of_class in enumerate(rows):
        if len(of_class) - len(set(photographs[of_class])) < _LEAST_SURPLUS:
            continue
        others = np.median(np.delete(versions, label)) if len(versions) > 1 else np.inf
        if versions[label] < min(_CERTAIN, _SUSPECT * max(others, 1)):
            continue
        found = list(groups(photographs, of_class))
        crossing = [group for group in found if len(set(dataset.split_codes[group])) > 1]
        surplus = np.concatenate([group[1:] for group in found])
        different = counted(len(set(photographs[of_class])), "photograph")
        words = f"{len(of_class):,} samples are {different}"
        if len(versions) > 1:
            words += f", {versions[label]:.1f} versions of each; other classes have {others:.1f}"
        if crossing:
            torn = counted(len(crossing), "photograph has", "photographs have")
            words += f"; {torn} versions in more than one split"
        yield Finding(
            "oversampled-on-disk",
            "error" if crossing else "warning",
            named_class(dataset.class_names[label]),
            words,
            "go back to the images themselves and balance when they are loaded, after the split"
            if crossing
            else "balance when images are loaded: copies on disk are drawn as new",
            groups=tuple(tuple(group.tolist()) for group in found),
            exclude=subject.trained(surplus[subject.telling[surplus]]),
        )
