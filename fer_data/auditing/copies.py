"""Equal images: twice in a split, in two splits, under two labels.

They are equal as they are compared, at 48x48 grey. Those in colour, or of another size, may differ
in what was lost: they are for exclusion only where their files, too, are equal to the byte.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fer_data.auditing.finding import Finding, Severity
from fer_data.auditing.leaks import find_leaks
from fer_data.auditing.subject import Subject, groups
from fer_data.data.chosen import UNLABELLED
from fer_data.util.words import counted

KINDS = {
    "exact-duplicates": "the same image more than once in a split",
    "conflicting-labels": "the same image under different labels",
    "leaked-copies": "images of one split that stand in another, too",
}


def find(subject: Subject) -> Iterator[Finding]:
    """Find equal images."""
    dataset = subject.dataset
    for split in dataset.splits:
        found = list(groups(subject.copies, dataset.indices(split)))
        if found:
            surplus = np.concatenate([group[1:] for group in found])
            certain = _certain_surplus(subject, found)
            doubtful = len(surplus) - len(certain)
            copies = counted(len(surplus), "redundant copy", "redundant copies")
            images = counted(len(found), "image appears", "images appear")
            most = max(map(len, found))
            often = f"more than once, one of them {most:,} times" if most > 2 else "twice"
            yield Finding(
                "exact-duplicates",
                "warning",
                split,
                f"{copies}: {images} {often}{_doubt(doubtful, len(surplus))}",
                ("train on one of each; " if len(certain) else "")
                + (f"{_LOOK}; " if doubtful else "")
                + "a score counts such an image several times",
                groups=tuple(tuple(group.tolist()) for group in found),
                exclude=subject.trained(certain),
            )
    labels = dataset.labels
    labelled = np.flatnonzero(labels != UNLABELLED)
    torn = [group for group in groups(subject.copies, labelled) if len(set(labels[group])) > 1]
    trained = [group for group in torn if subject.trained(group)]
    judged = [group for group in torn if not subject.trained(group)]
    if trained:
        yield _conflict(subject, "error", trained, "decide on a label, or train without them")
    if judged:
        yield _conflict(
            subject,
            "warning",
            judged,
            "no answer is right for both: a score on them is partly chance; decide on a label, "
            "or score without them",
        )
    yield from find_leaks(
        subject,
        subject.copies,
        kind="leaked-copies",
        words=("is equal to an image of", "are equal to images of"),
        advice="train without the copies: the model has seen what it is to be judged on",
    )


def _conflict(
    subject: Subject, severity: Severity, torn: list[NDArray[np.int64]], advice: str
) -> Finding:
    dataset, members = subject.dataset, np.concatenate(torn)
    certain = _certainly_torn(subject, torn)
    doubtful = len(members) - len(certain)
    codes = np.unique(dataset.split_codes[members])
    images = counted(len(torn), "image appears", "images appear")
    return Finding(
        "conflicting-labels",
        severity,
        ", ".join(dataset.splits[code] for code in codes),
        f"{images} under more than one label, {len(members):,} samples in all"
        + _doubt(doubtful, len(members)),
        (f"{advice}; " if len(certain) else "") + _LOOK if doubtful else advice,
        groups=tuple(tuple(group.tolist()) for group in torn),
        exclude=subject.trained(certain),
    )


_LOOK = "look at those that are equal only at 48x48 grey: they may differ, and are not excluded"


def _doubt(number: int, total: int) -> str:
    """Say how many of some samples may differ in what is lost at 48x48 grey; "" if none does."""
    which = "all of them" if number == total else f"{number:,} of them"
    return f"; {which} equal only at 48x48 grey" if number else ""


def _certain_surplus(subject: Subject, found: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return all rows of some groups but the first of each image, where it is the same for sure."""
    rows = np.sort(np.concatenate(found))
    first = np.unique(subject.identical[rows], return_index=True)[1]
    return np.delete(rows, first)


def _certainly_torn(subject: Subject, torn: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return the rows of some groups whose image has, for sure, more than one label."""
    rows, labels = np.sort(np.concatenate(torn)), subject.dataset.labels
    found = [group for group in groups(subject.identical, rows) if len(set(labels[group])) > 1]
    return np.concatenate(found) if found else np.empty(0, np.int64)
