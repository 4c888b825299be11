"""Groups of the data that stand in training and in an evaluation split."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fer_data.auditing.finding import Finding, as_tuples
from fer_data.auditing.subject import Subject, groups
from fer_data.data.split_names import EVALUATION_SPLITS
from fer_data.util.words import counted, printable

KINDS = {
    "leaked-groups": "groups, such as patients, that are in training and in an evaluation split",
}

_NAMED = 5


def find(subject: Subject) -> Iterator[Finding]:
    """Find the groups of each evaluation split of which training has samples."""
    dataset, numbers = subject.dataset, subject.dataset.groups
    if numbers is None or "train" not in dataset.splits:
        return
    train = dataset.indices("train")
    for split in (name for name in dataset.splits if name in EVALUATION_SPLITS):
        evaluated = dataset.indices(split)
        across = np.intersect1d(numbers[train], numbers[evaluated])
        if not len(across):
            continue
        leaked = evaluated[np.isin(numbers[evaluated], across)]
        trained = train[np.isin(numbers[train], across)]
        members = np.concatenate([trained, leaked])
        names = tuple(dataset.group_names[across].tolist())
        shown = ", ".join(map(printable, names[:_NAMED])) + ", …" * (len(names) > _NAMED)
        shared = counted(len(across), "group is", "groups are")
        yield Finding(
            "leaked-groups",
            "error",
            f"train, {split}",
            f"{shared} in both, with {len(trained):,} training samples and {len(leaked):,} of "
            f"{counted(len(evaluated), f'{split} sample')} "
            f"({len(leaked) / len(evaluated):.1%}): {shown}",
            "train without them, or divide all splits, pooled, by groups (fer-data split does)",
            groups=as_tuples(groups(numbers, members)),
            names=names,
            exclude=tuple(trained.tolist()),
        )
