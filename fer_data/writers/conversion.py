"""The result of a conversion."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fer_data.data.dataset import Dataset
from fer_data.data.skipped import CANNOT_BE_DECODED, Skipped
from fer_data.data.sources.csv_rows import Reject
from fer_data.errors import DataError, skippable
from fer_data.util.words import counted


@dataclass(frozen=True)
class Conversion:
    """What a conversion wrote.

    Attributes
    ----------
    out : Path
    counts : dict
        Split -> class name -> number of images.
    rejects : tuple of Reject or of Skipped
        What was not converted, and why: bad rows of a csv, else what cannot be read or is no
        sample.
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
    rejects: tuple[Reject, ...] | tuple[Skipped, ...]
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
            "rejects": [vars(reject) for reject in self.rejects],
            "changes": list(self.changes),
        }

    def rejects_text(self) -> str:
        """Return how many rejects there are, and where they are listed or what the first are."""
        number = f"{len(self.rejects):,}"
        if self.are_rejects_listed:
            rows = all(isinstance(reject, Reject) for reject in self.rejects)
            words = counted(len(self.rejects), "bad row") if rows else f"{number} skipped"
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


def without(dataset: Dataset, bad: list[tuple[int, str]]) -> Dataset:
    """Return the dataset without bad rows, which are skipped and noted, or raise an error.

    Raises
    ------
    DataError
        If there is a bad row and bad rows are not skipped, or there is no other row.
    """
    if not bad:
        return dataset
    if not dataset.options.skip_bad:
        raise skippable(bad[0][1])
    rows = np.array([row for row, _ in bad])
    if len(rows) == len(dataset):
        raise DataError(f"{dataset.root}: not one image can be decoded ({bad[0][1]})")
    names = dataset.sample_ids(rows)
    skipped = [Skipped(name, CANNOT_BE_DECODED) for name in names]
    return dataset.take(np.delete(np.arange(len(dataset)), rows), skipped=skipped)


def rejects_csv(rejects: tuple[Reject, ...] | tuple[Skipped, ...]) -> str:
    """Return ``rejects.csv``: row, line, column and cause, or name and cause."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    by_row = [reject for reject in rejects if isinstance(reject, Reject)]
    writer.writerow(["row", "line", "column", "cause"] if by_row else ["name", "cause"])
    for reject in by_row:
        writer.writerow([reject.row, reject.row + 2, reject.column, reject.cause])
    for skipped in rejects:
        if isinstance(skipped, Skipped):
            name = skipped.name.encode("utf-8", "backslashreplace").decode()
            writer.writerow([name, skipped.reason])
    return text.getvalue()
