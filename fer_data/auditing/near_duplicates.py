"""Near-duplicates: one image flipped, shifted, brightened, resized or encoded again."""

from __future__ import annotations

from collections.abc import Iterator

from fer_data.auditing.finding import Finding, as_tuples
from fer_data.auditing.leaks import find_leaks
from fer_data.auditing.subject import Subject, groups
from fer_data.duplicates.near import LEAST
from fer_data.util.words import counted

KINDS = {
    "near-duplicates": "near-duplicates within a split",
    "leaked-near-duplicates": "images of one split that have near-duplicates in another",
    "similar-images": "images so similar that some near-duplicates cannot be recognised",
}

UNSURE = 0.95
"""Correlation required of near-duplicates from which on it is said that some are missed."""


def find(subject: Subject) -> Iterator[Finding]:
    """Find near-duplicates; equal images are counted by `exact_duplicates`."""
    dataset, numbers = subject.dataset, subject.duplicate_groups
    if (required := subject.near_pairs.required) >= UNSURE:
        yield Finding(
            "similar-images",
            "note",
            "",
            "different images are so similar that near-duplicates must correlate by "
            f"{required:.2f} (usually {LEAST}): mirrored and brightened copies are found, unless "
            "pixels were clipped; shifted, resized and compressed ones may be missed",
            "split by groups if you know which images belong together",
            num_unlisted=len(dataset),
        )
    for split in dataset.splits:
        near = [
            group
            for group in groups(numbers, dataset.indices(split))
            if len(set(subject.exact_groups[group])) > 1
        ]
        if near:
            different = sum(len(set(subject.exact_groups[group])) for group in near)
            conflicts = sum(len(set(dataset.labels[group])) > 1 for group in near)
            yield Finding(
                "near-duplicates",
                "note",
                split,
                f"{counted(len(near), 'group')} of near-duplicates, {different:,} different images"
                + (f", {conflicts:,} of the groups under more than one label" if conflicts else ""),
                "keep each group on one side of every split (fer-data split does)",
                groups=as_tuples(near),
            )
    yield from find_leaks(
        subject,
        numbers,
        beyond=subject.exact_groups,
        kind="leaked-near-duplicates",
        words=("is a near-duplicate of an image in", "are near-duplicates of images in"),
        advice="train without these near-duplicates: the model would be tested on images it has "
        "nearly seen",
    )
