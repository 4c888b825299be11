"""The result of a split: a dataset for each split, or folds, and the csv that records it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_data.data.chosen import UNLABELLED
from fer_data.data.dataset import Dataset
from fer_data.data.split_names import SPLITS, TEST_SPLITS
from fer_data.errors import DataError, UsageError
from fer_data.util import notebook
from fer_data.util.files import write_text
from fer_data.util.words import counted, printable, shown_class

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Split:
    """A data set that was split: `train`, `validation` and `test`, or folds.

    It iterates over the datasets of its splits in that order; with folds, over a pair
    ``(train, validation)`` of datasets for each fold.

    Attributes
    ----------
    source : Dataset
        The data, under its own splits.
    names : tuple of str
        Splits, or folds from ``1``; splits of the data that were kept come last.
    sides : ndarray of int64, shape [N]
        Index into `names` of each sample.
    num_folds : int
        0 where there are splits.
    num_kept : int
        How many of `names` are splits that stay as they were.
    num_across : int
        Groups, of the data or of near-duplicates, with samples both in the new splits and in a
        split that was kept.
    num_own_across : int
        Of these, groups of the data: what a model is tested on is of groups that it was trained on.
    num_groups : int
        Groups of two samples or more that were kept together: of the data, of near-duplicates, and
        their unions, among what was divided.
    num_near_duplicate_groups : int or None
        Groups of near-duplicates among what was divided; None where they were not looked for.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> images = np.random.default_rng(0).integers(0, 256, (40, 48, 48), np.uint8)
    >>> split = fer_data.split((images, ["cat", "dog"] * 20), validation=0.1, test=0.2)
    >>> split.names, [len(part) for part in split]
    (('train', 'validation', 'test'), [28, 4, 8])
    """

    source: Dataset
    names: tuple[str, ...]
    sides: NDArray[np.int64]
    num_folds: int = 0
    num_kept: int = 0
    num_across: int = 0
    num_own_across: int = 0
    num_groups: int = 0
    num_near_duplicate_groups: int | None = None

    def __len__(self) -> int:
        return self.num_folds or len(self.dataset.splits)

    def __iter__(self) -> Iterator[Any]:
        if self.num_folds:
            return (self.fold(number) for number in range(1, self.num_folds + 1))
        return (self.dataset[name] for name in self.dataset.splits)

    def __getitem__(self, which: str | int) -> Any:
        """Return the dataset of a split by its name, or by its place; with folds, a place's pair.

        Raises
        ------
        DataError
            If there is no such split.
        IndexError
            If there is no such place.
        """
        if isinstance(which, str):
            return self.dataset[which] if not self.num_folds else self._kept(which)
        place = range(len(self))[which]
        return self.fold(place + 1) if self.num_folds else self.dataset[self.dataset.splits[place]]

    def __repr__(self) -> str:
        sizes = np.bincount(self.sides, minlength=len(self.names)).tolist()
        parts = [f"{name} {size:,}" for name, size in zip(self.names, sizes, strict=True)]
        if self.num_folds:
            drawn, parts = sizes[: self.num_folds], parts[self.num_folds :]
            span = f"{min(drawn):,}" + f" to {max(drawn):,}" * (min(drawn) < max(drawn))
            parts.insert(0, f"{self.num_folds} folds of {span}")
        return f"Split({printable(str(self.source.root))}, {', '.join(parts)})"

    def _repr_html_(self) -> str:
        counts = self.counts().tolist()
        rows = [("all samples", *np.bincount(self.sides, minlength=len(self.names)).tolist())]
        rows += [
            (shown_class(name), *row)
            for name, row in zip(self.source.class_names, counts, strict=True)
        ]
        kinds = f"{self.num_folds} folds" if self.num_folds else "a split"
        notes = [self.together, self.across]
        return notebook.page(
            str(self.source.root),
            f"{kinds} of {len(self.source):,} samples",
            notebook.table(("class", *self.names), rows, most=60),
            notebook.notes(filter(None, notes)),
        )

    @property
    def together(self) -> str:
        """A line on the groups that were kept together."""
        near = self.num_near_duplicate_groups
        of_near = "near-duplicates were not looked for"
        if near is not None:
            of_near = f"{counted(near, 'group')} of near-duplicates"
        of_two = "of two samples or more kept together"
        return f"{counted(self.num_groups, 'group')} {of_two} ({of_near})"

    @property
    def across(self) -> str:
        """A line on the groups that a split that was kept has, too; "" where there are none."""
        if not self.num_across:
            return ""
        kept = ", ".join(self.names[-self.num_kept :])
        one, many = (f"{word} of the divided samples" for word in ("group", "groups"))
        groups = counted(self.num_across, f"{one} has", f"{many} have")
        of = "near-duplicates"
        if self.num_own_across:
            own = f"{self.num_own_across:,} of the data's own"
            others = ", the others of near-duplicates"
            of = own + others * (self.num_own_across < self.num_across)
        return f"{groups} members in {kept}, too ({of})"

    @property
    def train(self) -> Dataset:
        """The training samples."""
        return self._one("train")

    @property
    def validation(self) -> Dataset:
        """The validation samples."""
        return self._one("validation")

    @property
    def test(self) -> Dataset:
        """The test samples: those that were drawn, or the data's own."""
        return self[next((name for name in TEST_SPLITS if name in self.names), "test")]  # type: ignore[no-any-return]

    @cached_property
    def dataset(self) -> Dataset:
        """All samples, in the new splits; with folds, which are no splits, in their own."""
        if self.num_folds:
            return self.source
        return _with_splits(self.source, self.names, self.sides)

    def fold(self, number: int) -> tuple[Dataset, Dataset]:
        """Return the training and the validation samples of a fold: fold `number` validates.

        Parameters
        ----------
        number : int
            From 1, as the option ``fold`` of `fer_data.load` counts them.

        Raises
        ------
        UsageError
            If there is no such fold.
        """
        if not 1 <= number <= self.num_folds:
            there = f"1 to {self.num_folds}" if self.num_folds else "none: split by folds"
            raise UsageError(f"fold {number}: the folds are {there}")
        names = ("train", "validation", *self.names[self.num_folds :])
        sides = self.sides - self.num_folds + 2
        sides[self.sides < self.num_folds] = 0
        sides[self.sides == number - 1] = 1
        divided = _with_splits(self.source, names, sides)
        return divided["train"], divided["validation"]

    def counts(self) -> NDArray[np.int64]:
        """Return the labelled samples of each class and of each of `names`, int64 [C, S]."""
        shape = len(self.source.class_names), len(self.names)
        labelled = self.source.labels != UNLABELLED
        cells = self.source.labels[labelled] * np.int64(shape[1]) + self.sides[labelled]
        return np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape).astype(np.int64)

    def to_frame(self) -> pd.DataFrame:
        """Return a DataFrame of `counts`: a row a class, a column a split or fold."""
        import pandas as pd  # 0.7 s to import, and this is its only use here

        index = pd.Index(self.source.class_names, name="class_name")
        return pd.DataFrame(self.counts(), index=index, columns=list(self.names))

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
        for sample, side in zip(self.source.sample_ids(), self.sides.tolist(), strict=True):
            if side < named:
                writer.writerow([sample, self.names[side]])
        return text.getvalue()

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as JSON holds them."""
        return {
            "path": str(self.source.root),
            "num_folds": self.num_folds,
            "kept_splits": list(self.names[len(self.names) - self.num_kept :]),
            "counts": {
                name: dict(zip(self.source.class_names, column, strict=True))
                for name, column in zip(self.names, self.counts().T.tolist(), strict=True)
            },
            "num_excluded": self.source.num_excluded,
            "num_groups": self.num_groups,
            "num_near_duplicate_groups": self.num_near_duplicate_groups,
            "num_groups_across": self.num_across,
            "num_own_groups_across": self.num_own_across,
        }

    def _one(self, name: str) -> Dataset:
        if self.num_folds:
            raise UsageError(f"{name}: each fold has its own; take one, as fold(1)")
        return self.dataset[name]

    def _kept(self, name: str) -> Dataset:
        if name not in self.names[self.num_folds :]:
            raise DataError(
                f"{self.source.root}: there is no {printable(name)} split besides the folds"
            )
        return self.source[name]


def _with_splits(dataset: Dataset, names: tuple[str, ...], sides: NDArray[np.int64]) -> Dataset:
    """Return a dataset in new splits, all samples in one; a split without samples is none."""
    counts = np.bincount(sides, minlength=len(names))
    splits = tuple(split for split in SPLITS if split in names and counts[names.index(split)])
    codes = np.array([splits.index(name) if name in splits else -1 for name in names], np.int8)
    sizes = ", ".join(f"{name} {counts[names.index(name)]:,}" for name in splits)
    new = replace(dataset, splits=splits, split_codes=codes[sides])
    return new.noted(f"split: {counted(len(dataset), 'sample')}, {sizes}")
