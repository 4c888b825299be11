"""The result of a conversion."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from fer_data.data.dataset import Dataset
from fer_data.data.skipped import Skipped
from fer_data.util.words import counted


class Rejected(Protocol):
    """What a source has and the target has not: a `Skipped`, or a bad row of FER2013's csv."""

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON holds it."""
        ...


@dataclass(frozen=True)
class Conversion:
    """What a conversion wrote.

    Attributes
    ----------
    out : Path
    counts : dict
        Split -> class name -> number of images.
    rejects : tuple of Skipped, or of `fer_data.fer2013.csv_rows.Reject`
        What the source has and the target has not, and why: bad rows where a csv became a folder,
        else what cannot be read or is no sample.
    unlabelled : dict
        Split -> number of images without a label, which are not in `counts`.
    changes : tuple of str
        Other changes, in words.
    are_rejects_listed : bool
        Whether ``rejects.csv`` in `out` lists the rejects, as it does where class folders are made.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> data = (np.zeros((3, 48, 48), np.uint8), ["cat", "dog", "dog"])
    >>> fer_data.convert(data, "pets.npz").counts
    {'train': {'cat': 1, 'dog': 2}}
    """

    out: Path
    counts: dict[str, dict[str, int]]
    rejects: tuple[Rejected, ...]
    unlabelled: dict[str, int] = field(default_factory=dict)
    changes: tuple[str, ...] = ()
    are_rejects_listed: bool = False

    @property
    def num_written(self) -> int:
        """Images in all."""
        labelled = sum(sum(classes.values()) for classes in self.counts.values())
        return labelled + sum(self.unlabelled.values())

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON shows."""
        return {
            "out": str(self.out),
            "counts": self.counts,
            "unlabelled": self.unlabelled,
            "rejects": [reject.to_dict() for reject in self.rejects],
            "changes": list(self.changes),
        }

    def rejects_text(self) -> str:
        """Return how many rejects there are, and where they are listed or what the first are."""
        number = f"{len(self.rejects):,}"
        if self.are_rejects_listed:
            files = any(isinstance(reject, Skipped) for reject in self.rejects)
            words = f"{number} skipped" if files else counted(len(self.rejects), "bad row")
            return f"{words}, see {self.out / 'rejects.csv'}"
        first = [reject for reject in self.rejects[:3] if isinstance(reject, Skipped)]
        shown = ", ".join(f"{reject.name} ({reject.reason})" for reject in first)
        return f"{number} skipped: {shown}" + (", …" if len(self.rejects) > 3 else "")


def conversion_of(
    dataset: Dataset,
    out: Path,
    *,
    changes: tuple[str, ...] = (),
    are_rejects_listed: bool = False,
) -> Conversion:
    """Return the conversion that wrote every sample of a dataset."""
    return Conversion(
        out,
        {
            split: dict(zip(dataset.class_names, dataset.class_counts(split).tolist(), strict=True))
            for split in dataset.splits
        },
        dataset.skipped,
        {split: n for split in dataset.splits if (n := dataset.num_unlabelled(split))},
        changes,
        are_rejects_listed,
    )


def skipped_csv(skipped: Iterable[Skipped]) -> str:
    """Return ``rejects.csv``: name and cause."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["name", "cause"])
    for item in skipped:
        writer.writerow([item.name.encode("utf-8", "backslashreplace").decode(), item.reason])
    return text.getvalue()
