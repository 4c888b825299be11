"""The table of samples: one row each, with its split, its class and where its pixels are.

Columns are NumPy arrays rather than a DataFrame, so that ``fer-data stats`` starts without pandas
(0.7 s to import); ``to_frame`` gives the DataFrame to those who need one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fer_data.data.chosen import UNLABELLED, indices_of, relabelled
from fer_data.data.emptied import warn_of_emptied
from fer_data.data.options import LoadOptions
from fer_data.data.origin import Origin
from fer_data.data.preview import dataset_frame, dataset_html
from fer_data.data.skipped import Exclusions, Skipped, check_same_data, summary
from fer_data.data.split_names import split_of_folder
from fer_data.errors import DataError, UsageError
from fer_data.util.words import counted, printable

if TYPE_CHECKING:
    import pandas as pd

    from fer_data.data.sources.chunk import Chunks


@dataclass(frozen=True, eq=False)
class Dataset:
    """The samples of a data set: a value that nothing changes.

    Attributes
    ----------
    origin : Origin
        Where the images are, those that were not taken included.
    class_names : tuple of str
        In label order, which is alphabetical unless another one was asked for.
    splits : tuple of str
        The splits that are present, in the order of `fer_data.data.split_names.SPLITS`.
    split_codes : ndarray of int8, shape [N]
        Index into `splits`.
    labels : ndarray of int32, shape [N]
        Index into `class_names`; `UNLABELLED` (-1) where the data brings no label.
    rows : ndarray of int64, shape [N]
        Which image of the origin each sample is, ascending; see `table_rows`.
    groups : ndarray of int64, shape [N], or None
        Index into `group_names`: samples of one group (a patient, a lesion, a track) belong on
        one side of every division.
    group_names : ndarray of str, shape [G]
    skipped : tuple of Skipped
        What was found and is no sample.
    soft_labels : ndarray of float32, shape [N, C], or None
        Proportions of the classes that a loader may train on in place of `labels`, which balancing
        goes by all the same; None where labels are whole.
    own_labels : ndarray of int32, shape [N], or None
        Of the samples that were given other labels, those that they had before; `UNLABELLED` for
        all others. None where no sample was.
    notes : tuple of str
        A line for each choice that was made while reading, and for each change by an option.
    options : LoadOptions
        How the data set was read, and what of it was taken.
    num_excluded : int
        How many samples a selection excluded.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> data = fer_data.load((np.zeros((3, 48, 48), np.uint8), ["cat", "dog", "dog"]))
    >>> data.class_names, data.labels.tolist(), len(data.select(data.labels == 1))
    (('cat', 'dog'), [0, 1, 1], 2)
    """

    origin: Origin
    class_names: tuple[str, ...]
    splits: tuple[str, ...]
    split_codes: NDArray[np.int8]
    labels: NDArray[np.int32]
    rows: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    groups: NDArray[np.int64] | None = None
    group_names: NDArray[np.str_] = field(default_factory=lambda: np.zeros(0, np.str_))
    skipped: tuple[Skipped, ...] = ()
    soft_labels: NDArray[np.float32] | None = None
    own_labels: NDArray[np.int32] | None = None
    notes: tuple[str, ...] = ()
    options: LoadOptions = field(default_factory=LoadOptions)
    num_excluded: int = 0

    def __post_init__(self) -> None:
        if not len(self.rows) and len(self.labels) == len(self.origin):
            object.__setattr__(self, "rows", np.arange(len(self.origin)))
        columns = (self.split_codes, self.labels, self.rows, self.groups, self.soft_labels)
        lengths = {len(column) for column in (*columns, self.own_labels) if column is not None}
        if len(lengths) != 1:
            raise ValueError(f"columns of different lengths: {sorted(lengths)}")
        _check_codes(self.split_codes, 0, len(self.splits))
        _check_codes(self.labels, UNLABELLED, len(self.class_names))
        _check_codes(self.rows, 0, len(self.origin))

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        sizes = [f"{split} {len(self.indices(split)):,}" for split in self.splits]
        classes = counted(len(self.class_names), "class", "classes")
        bad = sum(bool(item.error) for item in self.skipped)
        skipped = [f"{bad:,} skipped"] if bad else []
        return f"Dataset({', '.join([printable(str(self.root)), *sizes, classes, *skipped])})"

    def _repr_html_(self) -> str:
        return dataset_html(self)

    def __getitem__(self, split: str) -> Dataset:
        """Return the samples of one split, which is then the only one."""
        if not isinstance(split, str):
            raise UsageError(
                f"{self.root}: expected the name of a split ({', '.join(self.splits)}), got "
                f"{split!r:.80}; samples are chosen by select, and chunks yields images"
            )
        return self.select(self.indices(split_of_folder(split) or split))

    @property
    def root(self) -> Path:
        """The folder or file that was read, absolute; of data in memory, a name to show."""
        return self.origin.root

    @property
    def layout(self) -> str:
        """What it was recognised as, for people to read."""
        return self.origin.layout

    @property
    def kind(self) -> str:
        """Name of the source that read it."""
        return self.origin.kind

    @property
    def locations(self) -> NDArray[np.str_] | NDArray[np.int64]:
        """Path below `root`, or the row in a table, of each sample, shape [N]."""
        is_complete = len(self.rows) == len(self.origin)
        return self.origin.locations if is_complete else self.origin.locations[self.rows]

    @property
    def in_table(self) -> bool:
        """Whether images stand in a table's rows rather than in files of their own."""
        return self.origin.in_table

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Number of labelled samples of each class, by split."""
        return {
            split: dict(zip(self.class_names, self.class_counts(split).tolist(), strict=True))
            for split in self.splits
        }

    def indices(self, split: str) -> NDArray[np.int64]:
        """Return the indices of the samples of one split.

        Raises
        ------
        DataError
            If the data has no such split.
        """
        if split not in self.splits:
            raise DataError(
                f"{self.root}: there is no {printable(split)} split here, only "
                f"{', '.join(self.splits)}"
            )
        return np.flatnonzero(self.split_codes == self.splits.index(split))

    def class_counts(self, split: str) -> NDArray[np.int64]:
        """Return the number of labelled samples of each class in one split, shape [C]."""
        labels = self.labels[self.indices(split)]
        return np.bincount(labels[labels >= 0], minlength=len(self.class_names)).astype(np.int64)

    def without_samples(self, split: str) -> tuple[str, ...]:
        """Return the names of the classes that have no labelled sample in one split."""
        return tuple(
            self.class_names[label] for label in np.flatnonzero(self.class_counts(split) == 0)
        )

    def num_unlabelled(self, split: str) -> int:
        """Return the number of samples of one split that bring no label."""
        return int((self.labels[self.indices(split)] == UNLABELLED).sum())

    def check_labels(self) -> None:
        """Raise a DataError where no sample has a label."""
        if len(self.labels) and not (self.labels >= 0).any():
            raise DataError(f"{self.root}: {self.layout}: no sample of it has a label")

    @property
    def num_bad(self) -> int:
        """How many of the skipped are an error unless bad ones are skipped."""
        return sum(bool(item.error) for item in self.skipped)

    def skipped_summary(self) -> list[str]:
        """Return a line for each reason: how many were skipped, and the first names."""
        return summary(self.skipped)

    @property
    def table_rows(self) -> NDArray[np.int64]:
        """Row of each sample in the table that it comes from, counted from 0, int64 [N].

        That is the labels table of a folder, or the csv or parquet file that holds the images. Rows
        that were skipped are counted, so ``table.iloc[data.table_rows]`` are the samples' rows.

        Raises
        ------
        UsageError
            If there is no table.
        """
        if self.origin.table_rows is not None:
            rows: NDArray[np.int64] = self.origin.table_rows[self.rows]
        elif self.origin.in_table:
            rows = self.locations.astype(np.int64)
        else:
            raise UsageError(f"{self.root}: {self.layout} have no table; see sample_ids")
        return rows

    def sample_ids(self, indices: NDArray[np.int64] | None = None) -> list[str]:
        """Return printable, unique names of samples, in order: a path, or ``row <number>``."""
        rows = self.rows if indices is None else self.rows[indices]
        return self.origin.ids(rows)

    def take(self, indices: NDArray[np.integer], *, skipped: Iterable[Skipped] = ()) -> Dataset:
        """Return the dataset of some samples, with what that skips noted in it.

        Parameters
        ----------
        indices : ndarray of int, shape [K]
            Ascending, none twice.
        skipped : iterable of Skipped
        """
        if (np.diff(indices) <= 0).any():
            raise ValueError("indices are not ascending")
        codes = self.split_codes[indices]
        present = np.unique(codes)
        return replace(
            self,
            splits=tuple(self.splits[code] for code in present),
            split_codes=np.searchsorted(present, codes).astype(np.int8),
            labels=self.labels[indices],
            rows=self.rows[indices],
            groups=None if self.groups is None else self.groups[indices],
            soft_labels=None if self.soft_labels is None else self.soft_labels[indices],
            own_labels=None if self.own_labels is None else self.own_labels[indices],
            skipped=self.skipped + tuple(skipped),
        )

    def select(self, samples: ArrayLike) -> Dataset:
        """Return the dataset of some of its samples, in the order of the data.

        Parameters
        ----------
        samples : array of int, of bool [N] or of str
            Indices, a mask, or ids as `sample_ids` gives them.

        Raises
        ------
        UsageError
            If there is no such sample, one is named twice, or none is left.

        Examples
        --------
        >>> import numpy as np, fer_data
        >>> images = np.zeros((4, 8, 8), np.uint8)
        >>> data = fer_data.load((images, ["cat", "dog", "cat", "cat"]))
        >>> data.select([3, 0]).counts
        {'train': {'cat': 2, 'dog': 0}}
        """
        indices = indices_of(samples, len(self), self.sample_ids, self.root)
        if not len(indices):
            raise UsageError(f"{self.root}: no sample is selected")
        return self.take(np.sort(indices))

    def exclude(self, samples: ArrayLike | Exclusions) -> Dataset:
        """Return the dataset without some of its samples.

        Parameters
        ----------
        samples : array, or Audit
            What `select` takes, or an audit: what its findings would exclude, and what cannot be
            decoded.

        Raises
        ------
        UsageError
            If there is no such sample, none is left, or an audit is of other data.

        Warns
        -----
        UserWarning
            If an audit excludes more than half of the training samples of a class.
        """
        skipped = self.skipped
        if isinstance(samples, Exclusions):
            check_same_data(samples, self.root)
            bad = set(samples.exclude_ids)  # not rows, which differ once a file is gone
            skipped = tuple(item for item in skipped if item.sample_id not in bad)
            kept = np.flatnonzero([name not in bad for name in self.sample_ids()])
        else:
            kept = np.setdiff1d(
                np.arange(len(self)), indices_of(samples, len(self), self.sample_ids, self.root)
            )
        if not len(kept):
            raise UsageError(f"{self.root}: every sample is excluded")
        number = len(self) - len(kept)
        left = self.take(kept).noted(f"{number:,} excluded")
        if isinstance(samples, Exclusions):
            warn_of_emptied(self, left)
        return replace(left, num_excluded=self.num_excluded + number, skipped=skipped)

    def relabel(self, labels: Mapping[str, str] | ArrayLike) -> Dataset:
        """Return the dataset under other labels.

        Parameters
        ----------
        labels : mapping of str to str, or array of str or int, shape [N]
            New class names of samples by their ids; or a label for every sample: a class name,
            or an index into `class_names`. A name that the data does not have is a new class,
            which `notes` says.

        Raises
        ------
        UsageError
            If a sample or a label does not exist, or there are too few of them.
        """
        dataset: Dataset = relabelled(self, labels)
        return dataset

    def chunks(self) -> Iterator[tuple[NDArray[np.int64], list[NDArray[np.uint8]]]]:
        """Yield the samples a few hundred at a time, their images decoded as they are.

        Yields
        ------
        indices : ndarray of int64, shape [K]
        images : list of ndarray of uint8, [H, W] or [H, W, 3]

        Raises
        ------
        DataError
            If an image cannot be decoded.
        """
        from fer_data.data.decode import as_it_is  # Pillow, which counting does not need
        from fer_data.data.image_infos import bits_in_use

        bits = cache(partial(bits_in_use, self.origin))
        for chunk in self.source_chunks().chunks:
            images = list(chunk.raw_images())
            yield (
                np.array([image.row for image in images], np.int64),
                [as_it_is(image.raw, image.name, bits) for image in images],
            )

    def source_chunks(self) -> Chunks:
        """Return the images in chunks, each of which any process can read alone."""
        return self.origin.source_chunks(self.rows)

    def noted(self, *notes: str) -> Dataset:
        """Return the same with further notes."""
        return replace(self, notes=(*self.notes, *notes))

    def digest(self) -> str:
        """Return a key of which samples are in which split and group, and under which labels."""
        key = hashlib.blake2b(digest_size=16)
        key.update(repr((self.class_names, self.splits)).encode())
        for column in (self.rows, self.split_codes, self.labels, self.soft_labels, self.groups):
            key.update(b"" if column is None else column.tobytes())
        return key.hexdigest()

    def to_frame(self) -> pd.DataFrame:
        """Return a DataFrame with the columns ``sample``, ``split``, ``class_name``, ``group``.

        The last one is there where the samples have groups.
        """
        return dataset_frame(self)


def _check_codes(codes: NDArray[Any], least: int, stop: int) -> None:
    if codes.ndim != 1 or codes.dtype.kind != "i":
        raise ValueError(f"codes are {codes.dtype} {codes.shape}")
    if len(codes) and not least <= codes.min() <= codes.max() < stop:
        raise ValueError(f"codes are {codes.min()} to {codes.max()}, of {stop} names")
