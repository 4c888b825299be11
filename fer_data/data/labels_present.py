"""Samples without a label, and classes without a sample: what is said or refused of any data."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fer_data.data.chosen import UNLABELLED
from fer_data.data.dataset import Dataset
from fer_data.data.skipped import Skipped
from fer_data.errors import skippable
from fer_data.util.words import counted, named_class

NO_LABEL = "has no label"

_SHOWN = 3


def without_unlabelled(dataset: Dataset, *, skip_bad: bool) -> Dataset:
    """Return the dataset where the samples of a split have labels all of them, or none of them.

    A split without any label, as a test split may be, stays as it is. In a split of labelled
    samples one without a label is bad.

    Raises
    ------
    DataError
        If there are such samples, and bad ones are not skipped.
    """
    lacking = np.zeros(len(dataset), np.bool_)
    for split in dataset.splits:
        indices = dataset.indices(split)
        is_lacking = dataset.labels[indices] == UNLABELLED
        if not is_lacking.any() or is_lacking.all():
            continue
        if not skip_bad:
            names = dataset.sample_ids(indices[is_lacking][:_SHOWN])
            number = int(is_lacking.sum())
            more = ", …" if number > _SHOWN else ""
            have = "has" if number == 1 else "have"
            raise skippable(
                f"{dataset.root}: {number:,} of {counted(len(indices), f'{split} sample')} {have} "
                f"no label ({', '.join(names)}{more})"
            )
        lacking[indices[is_lacking]] = True
    if not lacking.any():
        return dataset
    skipped = [
        Skipped(name, NO_LABEL, f"{dataset.root}: {name} {NO_LABEL}")
        for name in dataset.sample_ids(np.flatnonzero(lacking))
    ]
    return dataset.take(np.flatnonzero(~lacking), skipped=skipped)


def with_notes_on_classes(dataset: Dataset) -> Dataset:
    """Return the dataset with notes on splits without labels and classes without samples."""
    return dataset.noted(*(note for note in _notes(dataset) if note not in dataset.notes))


def _notes(dataset: Dataset) -> Iterator[str]:
    counts = {split: dataset.class_counts(split) for split in dataset.splits}
    every = sum(counts.values(), np.zeros(len(dataset.class_names), np.int64))
    if dataset.kind != "folder":  # which says why
        for split, number in counts.items():
            if not number.any():
                yield f"{split}: no sample has a label"
    if not every.any():
        return
    if empty := _classes(dataset, every == 0):
        of_folders = "; to drop one, remove its folder if it is empty"
        advice = of_folders if dataset.kind == "folder" else ""
        yield f"no sample of {empty}: a class all the same, counted as 0 and in no batch{advice}"
    if np.count_nonzero(every) == 1:
        yield f"one class only, {_classes(dataset, every > 0)}: there is nothing to balance"
    train = counts.get("train", every)
    for split, number in counts.items():
        if train.any() and (strange := _classes(dataset, (number > 0) & (train == 0))):
            yield f"{split} has classes that train lacks, so no training batch has them: {strange}"


def _classes(dataset: Dataset, chosen: np.ndarray) -> str:
    names = [named_class(dataset.class_names[label]) for label in np.flatnonzero(chosen)]
    return ", ".join(names[:10]) + (f" and {len(names) - 10:,} more" if len(names) > 10 else "")
