"""Near copies: one photograph twice, flipped, shifted, brightened, resized or encoded anew."""

from __future__ import annotations

from collections.abc import Iterator

from fer_data.auditing.finding import Finding
from fer_data.auditing.leaks import find_leaks
from fer_data.auditing.subject import Subject, groups
from fer_data.util.words import counted

KINDS = {
    "near-duplicates": "one photograph in several versions in a split",
    "leaked-near-copies": "photographs of one split of which another holds a version",
}


def find(subject: Subject) -> Iterator[Finding]:
    """Find near copies; those that are equal are counted by `copies`."""
    dataset, photographs = subject.dataset, subject.duplicate_groups
    for split in dataset.splits:
        every = groups(photographs, dataset.indices(split))
        found = [group for group in every if len(set(subject.copies[group])) > 1]
        if found:
            versions = sum(len(set(subject.copies[group])) for group in found)
            torn = sum(len(set(dataset.labels[group])) > 1 for group in found)
            images = counted(len(found), "photograph appears", "photographs appear")
            yield Finding(
                "near-duplicates",
                "note",
                split,
                f"{images} in {versions:,} versions"
                + (f", {torn:,} of them under more than one label" if torn else ""),
                "keep them on one side of every split (fer-data split does)",
                groups=tuple(tuple(group.tolist()) for group in found),
            )
    yield from find_leaks(
        subject,
        photographs,
        beyond=subject.copies,
        kind="leaked-near-copies",
        words=(
            "is another version of a photograph in",
            "are other versions of photographs in",
        ),
        advice="train without those versions: the model has seen what it is to be judged on",
    )
