"""The table of samples: one row each, with its split, its class and where its pixels are.

Columns are NumPy arrays rather than a DataFrame, so that ``fer-data stats`` starts without pandas
(0.7 s to import); ``to_frame`` gives the DataFrame to those who want one.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_data.data.labels import SPLITS
from fer_data.data.options import LoadOptions
from fer_data.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

UNLABELLED = -1

NO_SPLIT = -1
"""Split code of a sample that a selection takes out: it keeps its row, and is in no split."""

CANNOT_BE_DECODED = "cannot be decoded"


@dataclass(frozen=True)
class LeftOut:
    """A file, folder or row that is not part of the data, and why."""

    name: str
    reason: str

    @property
    def is_bad(self) -> bool:
        """Whether it is an error unless bad ones are skipped: something is wrong with it."""
        return self.reason.startswith(("bad ", CANNOT_BE_DECODED))


@dataclass(frozen=True, eq=False)
class Dataset:
    """The samples of one data set.

    Attributes
    ----------
    root : Path
        The folder or file that was read, absolute.
    layout : str
        What it was recognised as, for people to read.
    class_names : tuple of str
        In label order, which is alphabetical.
    splits : tuple of str
        The splits that are present, in the order of `fer_data.data.labels.SPLITS`.
    split_codes : ndarray of int8, shape [N]
        Index into `splits`; `NO_SPLIT` (-1) where a selection takes the sample out, so that row
        *i* stays picture *i* of a store.
    labels : ndarray of int32, shape [N]
        Index into `class_names`; `UNLABELLED` (-1) where the data brings no label.
    locations : ndarray of str or of int64, shape [N]
        Path below `root`, or the row in a table, counted from 0.
    left_out : tuple of LeftOut
        What was found and is no sample.
    soft_labels : ndarray of float32, shape [N, C], or None
        Shares of the classes that a loader may train on in place of `labels`, which balancing goes
        by all the same; None where labels are whole.
    notes : tuple of str
        A line for each choice that was made while reading, and for each change by an option.
    kind : str
        A key of `fer_data.data.sources.READERS`: what reads the images.
    options : LoadOptions
        How the data set was read, and what of it was taken.
    """

    root: Path
    layout: str
    class_names: tuple[str, ...]
    splits: tuple[str, ...]
    split_codes: NDArray[np.int8]
    labels: NDArray[np.int32]
    locations: NDArray[np.str_] | NDArray[np.int64]
    left_out: tuple[LeftOut, ...] = ()
    soft_labels: NDArray[np.float32] | None = None
    notes: tuple[str, ...] = ()
    kind: str = ""
    options: LoadOptions = field(default_factory=LoadOptions)

    def __post_init__(self) -> None:
        lengths = {len(self.split_codes), len(self.labels), len(self.locations)}
        if len(lengths) != 1:
            raise ValueError(f"columns of different lengths: {sorted(lengths)}")
        _check_codes(self.split_codes, NO_SPLIT, len(self.splits))
        _check_codes(self.labels, UNLABELLED, len(self.class_names))
        if self.locations.ndim != 1 or self.locations.dtype.kind not in "iU":
            raise ValueError(f"locations are {self.locations.dtype} {self.locations.shape}")

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        sizes = [f"{split} {len(self.rows(split)):,}" for split in self.splits]
        parts = [printable(str(self.root)), *sizes, f"{len(self.class_names)} classes"]
        return f"Dataset({', '.join(parts)})"

    @property
    def in_table(self) -> bool:
        """Whether pictures stand in a table's rows rather than in files of their own."""
        return self.locations.dtype.kind == "i"

    def rows(self, split: str) -> NDArray[np.int64]:
        """Return the row numbers of one split.

        Raises
        ------
        DataError
            If the data has no such split.
        """
        if split not in self.splits:
            raise DataError(
                f"{self.root}: there is no {split} split here, only {', '.join(self.splits)}"
            )
        return np.flatnonzero(self.split_codes == self.splits.index(split))

    def counts(self, split: str) -> NDArray[np.int64]:
        """Return the number of labelled samples of each class in one split, shape [C]."""
        labels = self.labels[self.rows(split)]
        return np.bincount(labels[labels >= 0], minlength=len(self.class_names)).astype(np.int64)

    def without_samples(self, split: str) -> tuple[str, ...]:
        """Return the names of the classes that have no labelled sample in one split."""
        return tuple(self.class_names[label] for label in np.flatnonzero(self.counts(split) == 0))

    def num_unlabelled(self, split: str) -> int:
        """Return the number of samples of one split that bring no label."""
        return int((self.labels[self.rows(split)] == UNLABELLED).sum())

    def check_labels(self) -> None:
        """Refuse a data set without any label.

        Raises
        ------
        DataError
            If no sample has one.
        """
        if len(self.labels) and not (self.labels >= 0).any():
            raise DataError(f"{self.root}: {self.layout}: no sample of it has a label")

    @property
    def num_excluded(self) -> int:
        """Number of samples that are in no split, and so in no count."""
        return int((self.split_codes == NO_SPLIT).sum())

    @property
    def num_bad(self) -> int:
        """How many of what was left out are an error unless bad ones are skipped."""
        return sum(item.is_bad for item in self.left_out)

    def left_out_summary(self) -> list[str]:
        """Return a line for each reason: how many were left out, and the first names."""
        names: dict[str, list[str]] = {}
        for item in self.left_out:
            names.setdefault(item.reason, []).append(item.name)
        return [
            f"{len(found):,} left out, {reason}: {', '.join(map(printable, found[:3]))}"
            + (", …" if len(found) > 3 else "")
            for reason, found in names.items()
        ]

    def sample_ids(self) -> list[str]:
        """Return a printable, unique name of each sample: its path, or ``row <number>``."""
        if self.in_table:
            return [f"row {row}" for row in self.locations]
        return [printable(path) for path in self.locations]

    def take(self, rows: NDArray[np.int64], *, left_out: Iterable[LeftOut] = ()) -> Dataset:
        """Return the dataset of some of the rows, with what that leaves out noted in it."""
        return replace(
            self,
            split_codes=self.split_codes[rows],
            labels=self.labels[rows],
            locations=self.locations[rows],
            soft_labels=None if self.soft_labels is None else self.soft_labels[rows],
            left_out=self.left_out + tuple(left_out),
        )

    def digest(self) -> str:
        """Return a key of which samples are in which split, and under which labels."""
        key = hashlib.blake2b(digest_size=16)
        key.update(repr((self.class_names, self.splits)).encode())
        for column in (self.split_codes, self.labels, self.soft_labels):
            key.update(b"" if column is None else column.tobytes())
        return key.hexdigest()

    def to_frame(self) -> pd.DataFrame:
        """Return a DataFrame with the columns ``sample``, ``split`` and ``class_name``."""
        import pandas as pd  # 0.7 s to import, and this is its only use here

        return pd.DataFrame(
            {
                "sample": self.sample_ids(),
                "split": pd.Categorical.from_codes(self.split_codes, self.splits),
                "class_name": pd.Categorical.from_codes(self.labels, self.class_names),
            }
        )


def build(
    root: Path,
    layout: str,
    class_names: Iterable[str],
    samples: Iterable[tuple[str, str | None, str | int]],
    left_out: Iterable[LeftOut] = (),
) -> Dataset:
    """Build a dataset from (split, class name or None, location) triples.

    Raises
    ------
    DataError
        If there is no sample at all.
    """
    rows = list(samples)
    left_out = tuple(left_out)
    names = tuple(sorted(set(class_names)))
    if not rows:
        raise DataError(f"{root}: {layout}, but no picture in it{_what_was_found(left_out)}")
    present = {split for split, _, _ in rows}
    splits = tuple(split for split in SPLITS if split in present)
    split_codes = {split: code for code, split in enumerate(splits)}
    label_codes: dict[str | None, int] = {name: code for code, name in enumerate(names)}
    label_codes[None] = UNLABELLED
    return Dataset(
        root=root,
        layout=layout,
        class_names=names,
        splits=splits,
        split_codes=np.array([split_codes[split] for split, _, _ in rows], np.int8),
        labels=np.array([label_codes[name] for _, name, _ in rows], np.int32),
        locations=np.array([location for _, _, location in rows]),
        left_out=left_out,
    )


def printable(name: str) -> str:
    """Return a file name with what no terminal can show (newlines, broken bytes) escaped."""
    if name.isprintable():
        return name
    return name.encode("unicode_escape").decode("ascii")


def shown_class(name: str) -> str:
    """Return a printable class name, quoted where it begins or ends with a blank.

    Without quotes it looks like another class; in files and JSON it is as it is.
    """
    return printable(name) if name == name.strip() else f"'{printable(name)}'"


def _check_codes(codes: NDArray[Any], least: int, stop: int) -> None:
    if codes.ndim != 1 or codes.dtype.kind != "i":
        raise ValueError(f"codes are {codes.dtype} {codes.shape}")
    if len(codes) and not least <= codes.min() <= codes.max() < stop:
        raise ValueError(f"codes are {codes.min()} to {codes.max()}, of {stop} names")


def _what_was_found(left_out: tuple[LeftOut, ...]) -> str:
    if not left_out:
        return ""
    reasons = Counter(item.reason for item in left_out)
    return "; left out: " + ", ".join(
        f"{number:,} ({reason})" for reason, number in reasons.items()
    )
