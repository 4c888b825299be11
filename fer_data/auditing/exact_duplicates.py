"""Exact duplicates: twice in a split, in two splits, under two labels.

Images are compared at 48x48 grey. Images in colour, or of another size, may differ in what was
lost: they are excluded only where their files, too, are equal to the byte.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fer_data.auditing.finding import Finding, Severity, as_tuples
from fer_data.auditing.leaks import find_leaks
from fer_data.auditing.subject import Subject, groups
from fer_data.data.chosen import UNLABELLED
from fer_data.util.words import counted

KINDS = {
    "exact-duplicates": "the same image more than once in a split",
    "conflicting-labels": "the same image under different labels",
    "leaked-duplicates": "images of one split that are also in another",
}


def find(subject: Subject) -> Iterator[Finding]:
    """Find equal images."""
    dataset = subject.dataset
    for split in dataset.splits:
        duplicates = groups(subject.exact_groups, dataset.indices(split))
        if duplicates:
            surplus = np.concatenate([group[1:] for group in duplicates])
            certain = _certain_surplus(subject, duplicates)
            uncertain = len(surplus) - len(certain)
            redundant = counted(len(surplus), "redundant duplicate")
            images = counted(len(duplicates), "image appears", "images appear")
            most = max(map(len, duplicates))
            is_trained = bool(subject.trained(surplus))
            often = f"more than once, one of them {most:,} times" if most > 2 else "twice"
            yield Finding(
                "exact-duplicates",
                "warning",
                split,
                f"{redundant}: {images} {often}{_uncertainty(uncertain, len(surplus))}",
                "; ".join(
                    filter(
                        None,
                        (
                            "train on one of each" if subject.trained(certain) else "",
                            _LOOK if uncertain else "",
                            "" if is_trained else "a score counts such an image several times",
                        ),
                    )
                ),
                groups=as_tuples(duplicates),
                exclude=subject.trained(certain),
            )
    labels = dataset.labels
    labelled = np.flatnonzero(labels != UNLABELLED)
    conflicts = [
        group for group in groups(subject.exact_groups, labelled) if len(set(labels[group])) > 1
    ]
    trained = [group for group in conflicts if subject.trained(group)]
    evaluated = [group for group in conflicts if not subject.trained(group)]
    if trained:
        yield _conflict(subject, "error", trained, "decide on a label, or train without them")
    if evaluated:
        yield _conflict(
            subject,
            "warning",
            evaluated,
            "no answer is right for both: a score on them is partly chance; decide on a label, "
            "or score without them",
        )
    yield from find_leaks(
        subject,
        subject.exact_groups,
        kind="leaked-duplicates",
        words=("is equal to an image of", "are equal to images of"),
        advice="train without the duplicates: the model would be tested on images it has seen",
    )


def _conflict(
    subject: Subject, severity: Severity, conflicts: list[NDArray[np.int64]], advice: str
) -> Finding:
    dataset, members = subject.dataset, np.concatenate(conflicts)
    certain = _certain_conflicts(subject, conflicts)
    uncertain = len(members) - len(certain)
    codes = np.unique(dataset.split_codes[members])
    images = counted(len(conflicts), "image appears", "images appear")
    return Finding(
        "conflicting-labels",
        severity,
        ", ".join(dataset.splits[code] for code in codes),
        f"{images} under more than one label, {len(members):,} samples in all"
        + _uncertainty(uncertain, len(members)),
        (f"{advice}; " if len(certain) else "") + _LOOK if uncertain else advice,
        groups=as_tuples(conflicts),
        exclude=subject.trained(certain),
    )


_LOOK = "look at those that are equal only at 48x48 grey: they may differ, and are not excluded"


def _uncertainty(number: int, total: int) -> str:
    """Say how many samples may differ in what is lost at 48x48 grey; "" if none does."""
    which = "all of them" if number == total else f"{number:,} of them"
    return f"; {which} equal only at 48x48 grey" if number else ""


def _certain_surplus(subject: Subject, duplicates: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return all rows but the first of each image, where the images are certainly the same."""
    rows = np.sort(np.concatenate(duplicates))
    first = np.unique(subject.identical[rows], return_index=True)[1]
    return np.delete(rows, first)


def _certain_conflicts(subject: Subject, conflicts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return the rows whose image certainly has more than one label."""
    rows, labels = np.sort(np.concatenate(conflicts)), subject.dataset.labels
    certain = [group for group in groups(subject.identical, rows) if len(set(labels[group])) > 1]
    return np.concatenate(certain) if certain else np.empty(0, np.int64)
