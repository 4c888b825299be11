"""A data set divided anew: stratified, copies of a picture on one side, written as a small csv."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.data.dataset import UNLABELLED, Dataset
from fer_data.data.labels import TEST_SPLITS
from fer_data.errors import DataError, UsageError
from fer_data.splitting.apportion import apportion
from fer_data.util.files import write_text
from fer_data.util.words import counted


@dataclass(frozen=True, eq=False)
class Division:
    """The samples of a data set on new sides.

    Attributes
    ----------
    dataset : Dataset
        The data, under its own splits.
    names : tuple of str
        Of the sides: splits, or folds from ``1``; the splits that were kept stand last.
    sides : ndarray of int64, shape [N]
        Index into `names`.
    num_folds : int
        0 where the sides are splits.
    num_kept : int
        How many of the sides are splits that stay as they were.
    num_across : int
        Groups of copies that stand both in what was divided and in a split that was kept.
    """

    dataset: Dataset
    names: tuple[str, ...]
    sides: NDArray[np.int64]
    num_folds: int
    num_kept: int
    num_across: int

    def counts(self) -> NDArray[np.int64]:
        """Return the labelled samples of each class on each side, int64 [C, S]."""
        found = np.zeros((len(self.dataset.class_names), len(self.names)), np.int64)
        counted = self.dataset.labels != UNLABELLED
        np.add.at(found, (self.dataset.labels[counted], self.sides[counted]), 1)
        return found

    def write(self, path: str | Path) -> None:
        """Write the csv that `fer_data.load` takes as ``splits``."""
        write_text(Path(path).absolute(), self.to_csv())

    def to_csv(self) -> str:
        """Return the text of that csv.

        With folds it names what was divided; the splits that were kept need no line.
        """
        column = "fold" if self.num_folds else "split"
        named = len(self.names) - (self.num_kept if self.num_folds else 0)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["sample", column])
        for sample, side in zip(self.dataset.sample_ids(), self.sides.tolist(), strict=True):
            if side < named:
                writer.writerow([sample, self.names[side]])
        return text.getvalue()

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as JSON holds them."""
        return {
            "path": str(self.dataset.root),
            "num_folds": self.num_folds,
            "kept_splits": list(self.names[len(self.names) - self.num_kept :]),
            "counts": {
                name: dict(zip(self.dataset.class_names, column, strict=True))
                for name, column in zip(self.names, self.counts().T.tolist(), strict=True)
            },
            "num_excluded": self.dataset.num_excluded,
            "num_groups_across": self.num_across,
        }


def split_samples(
    dataset: Dataset,
    groups: NDArray[np.int64],
    *,
    validation: float | None = None,
    test: float | None = None,
    folds: int | None = None,
    pool: bool = False,
    seed: int = 0,
    min_per_class: int = 1,
) -> Division:
    """Divide a data set into training, validation and test samples, or into folds.

    A test split that the data brings stays as it is, and the rest is divided (its training split,
    and a validation split where it has one). Every class has its share of each side, as nearly as
    the groups allow; see `fer_data.splitting.apportion`.

    Parameters
    ----------
    dataset : Dataset
    groups : ndarray of int64, shape [N]
        Samples with the same number, as `fer_data.photograph_groups` gives it, are never divided.
    validation, test : float, optional
        Shares of what is divided; by default 0.1 each, and no test share where a test split stays.
    folds : int, optional
        Divide into so many folds of one size instead, 2 or more.
    pool : bool
        Whether all splits are pooled and divided, the test splits too.
    seed : int
        The same seed gives the same sides.
    min_per_class : int
        Samples that each class (that has any) must have on each side.

    Returns
    -------
    Division

    Raises
    ------
    DataError
        If a sample to divide has no label, or a class has too few samples on a side.
    UsageError
        If an argument cannot be meant.
    """
    dataset.check_labels()
    kept = [] if pool else [split for split in dataset.splits if split in TEST_SPLITS]
    kept = [split for split in kept if len(dataset.indices(split))]
    names, shares = _sides(validation, test, folds, kept=bool(kept))
    taken = np.ones(len(dataset), np.bool_)
    for split in kept:
        taken[dataset.indices(split)] = False
    rows = np.flatnonzero(taken)
    labels = dataset.labels[rows]
    if not len(rows):
        raise DataError(
            f"{dataset.root}: nothing to divide beside {', '.join(kept)}; pool all splits",
            fix={"pool": ["true"]},
        )
    if (labels == UNLABELLED).any():
        number = int((labels == UNLABELLED).sum())
        unlabelled = counted(number, "sample to divide has", "samples to divide have")
        raise DataError(f"{dataset.root}: {unlabelled} no label")
    sides = np.full(len(dataset), -1)
    sides[rows] = apportion(labels, groups[rows], shares, seed=seed, min_per_class=min_per_class)
    for side, split in enumerate(kept, len(names)):
        sides[dataset.indices(split)] = side
    kept_groups = groups[(sides >= len(names))]
    found = Division(
        dataset=dataset,
        names=(*names, *kept),
        sides=sides,
        num_folds=folds or 0,
        num_kept=len(kept),
        num_across=len(np.intersect1d(groups[rows], kept_groups)),
    )
    _check(found, min_per_class)
    return found


def _sides(
    validation: float | None, test: float | None, folds: int | None, *, kept: bool
) -> tuple[tuple[str, ...], list[float]]:
    if folds is not None:
        if folds < 2:
            raise UsageError(f"folds is {folds}; it must be 2 or more")
        if validation is not None or test is not None:
            raise UsageError("folds are of one size: leave validation and test away")
        return tuple(str(fold) for fold in range(1, folds + 1)), [1 / folds] * folds
    if kept and test is not None:
        raise UsageError(
            "the data's own test split stays; to draw another one, pool all",
            fix={"pool": ["true"]},
        )
    parts = {
        "validation": 0.1 if validation is None else validation,
        "test": 0.0 if kept else 0.1 if test is None else test,
    }
    for name, share in parts.items():
        if not 0 <= share < 1:
            raise UsageError(f"{name} is {share}; it must be 0 or more and less than 1")
    rest = 1 - sum(parts.values())
    if not 0 < rest < 1:
        raise UsageError("validation and test together must be more than 0 and less than 1")
    chosen = {"train": rest, **{name: share for name, share in parts.items() if share}}
    return tuple(chosen), list(chosen.values())


def _check(division: Division, min_per_class: int) -> None:
    if min_per_class < 0:
        raise UsageError(f"min_per_class is {min_per_class}; it must be 0 or more")
    drawn = len(division.names) - division.num_kept
    counts = division.counts()[:, :drawn]
    for label in np.flatnonzero(counts.sum(axis=1)):
        side = int(counts[label].argmin())
        if counts[label, side] < min_per_class:
            where = f"fold {side + 1}" if division.num_folds else division.names[side]
            raise DataError(
                f"{division.dataset.root}: class {division.dataset.class_names[label]} has "
                f"{counted(int(counts[label, side]), 'sample')} in {where}, "
                f"fewer than {min_per_class:,}, of {counts[label].sum():,} in all (copies of a "
                "photograph stay together); merge rare classes, or ask for fewer",
                fix={"min_per_class": [str(counts[label, side])]},
            )
