"""Classes without samples, with too few samples, or with similar names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import numpy as np

from fer_data.auditing.finding import Finding
from fer_data.auditing.subject import Subject
from fer_data.util.words import named_class, printable

KINDS = {
    "missing-class": "classes without a sample in a split",
    "few-samples": "classes with too few samples in a split",
    "similar-class-names": "class names that differ by case, blanks or accents",
}

FEW = 20
"""With fewer samples each is more than five percentage points of a class's recall."""


def find(subject: Subject) -> Iterator[Finding]:
    """Find what is wrong with the classes."""
    dataset = subject.dataset
    for split in dataset.splits:
        counts = dataset.class_counts(split)
        if not counts.any():  # a split without labels, as Kaggle's test.csv
            continue
        missing = [named_class(name) for name in dataset.without_samples(split)]
        if missing:
            yield Finding(
                "missing-class",
                "error",
                split,
                f"no sample of {_listed(missing)}",
                "add samples, or remove the class from the other splits",
                names=tuple(map(printable, dataset.without_samples(split))),
            )
        few = np.flatnonzero((counts > 0) & (counts < FEW))
        if len(few):
            names = [named_class(dataset.class_names[label]) for label in few]
            shown = [f"{name} ({counts[label]})" for name, label in zip(names, few, strict=True)]
            yield Finding(
                "few-samples",
                "warning",
                split,
                f"fewer than {FEW} samples of {_listed(shown)}",
                "gather more, or read the scores of these classes as rough"
                if split != "train"
                else "gather more: balancing repeats these samples and adds no new ones",
                names=tuple(printable(dataset.class_names[label]) for label in few),
                num_unlisted=int(counts[few].sum()),
            )
    by_plain_name: dict[str, list[int]] = {}
    for label, name in enumerate(dataset.class_names):
        by_plain_name.setdefault(_plain(name), []).append(label)
    for labels in by_plain_name.values():
        if len(labels) > 1:
            similar = [dataset.class_names[label] for label in labels]
            yield Finding(
                "similar-class-names",
                "warning",
                "",
                f"{_listed([repr(name) for name in similar])} may be one class",
                "give them one name",
                names=tuple(map(printable, similar)),
                num_unlisted=int(np.isin(dataset.labels, labels).sum()),
            )


def _plain(name: str) -> str:
    """Return a name without case, accents, blanks, hyphens and underscores."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"[\s_-]+", "", plain) or name


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 10:,} more" if len(names) > 10 else ""
    return ", ".join(names[:10]) + more
