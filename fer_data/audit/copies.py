"""Equal pictures: twice in a split, in two splits, under two labels.

They are equal as they are compared, at 48x48 grey: to the bit where that is what they are. Those
in colour, or of another size, may differ in what was lost, and so none of them is for exclusion.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fer_data.audit.finding import Finding
from fer_data.audit.leaks import find_leaks
from fer_data.audit.subject import Subject, groups
from fer_data.manifest import UNLABELLED

KINDS = {
    "exact-duplicates": "the same picture more than once in a split",
    "conflicting-labels": "the same picture under different labels",
    "leaked-copies": "pictures of one split that stand in another, too",
}


def find(subject: Subject) -> Iterator[Finding]:
    """Find equal pictures."""
    manifest = subject.manifest
    for split in manifest.splits:
        found = list(groups(subject.copies, manifest.rows(split)))
        if found:
            surplus = np.concatenate([group[1:] for group in found])
            yield Finding(
                "exact-duplicates",
                "warning",
                split,
                f"{len(surplus):,} redundant copies: {len(found):,} pictures appear more "
                f"than once, one of them {max(map(len, found))} times",
                "train on one of each; a score counts such a picture several times",
                groups=tuple(tuple(group.tolist()) for group in found),
                exclude=subject.trained(surplus[subject.unchanged[surplus]]),
            )
    labels = manifest.labels
    labelled = np.flatnonzero((labels != UNLABELLED) & (manifest.split_codes >= 0))
    torn = [group for group in groups(subject.copies, labelled) if len(set(labels[group])) > 1]
    if torn:
        members = np.concatenate(torn)
        yield Finding(
            "conflicting-labels",
            "error",
            "",
            f"{len(torn):,} pictures appear under more than one label, "
            f"{sum(map(len, torn)):,} samples in all",
            "decide on a label, or train without them",
            groups=tuple(tuple(group.tolist()) for group in torn),
            exclude=subject.trained(members[subject.unchanged[members]]),
        )
    yield from find_leaks(
        subject,
        subject.copies,
        kind="leaked-copies",
        words="are equal to pictures of",
        advice="train without the copies: the model has seen what it is to be judged on",
    )
