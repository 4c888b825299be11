"""FER+: ten people's votes on every picture of FER2013, in place of the data's own labels.

The votes (Barsoum et al. 2016, arXiv:1608.01041) come as ``fer2013new.csv``, one row for each row
of ``fer2013.csv`` in the same order. They are joined by that order alone: the file's image names do
not follow it.

Microsoft's own code (``src/ferplus.py`` of microsoft/FERPlus) decides otherwise here and there.
It drops an emotion's single vote as an outlier; then, for "majority", it wants more than half of
the votes that are left and discards the picture else, and it discards pictures whose top is
unknown or no face. For soft labels ("crossentropy") it keeps the top emotions up to three quarters
of the votes, and discards a picture with more than three. Where votes tie, the first column wins.
Here the emotion with most votes is the label, no majority needed: a picture that people disagree on
is hard, not useless, and the soft labels say how hard. Single votes count, as in the paper's
formula of a soft label. Ties are decided by the label that FER2013 itself gives, an eleventh vote,
instead of the order of columns; where that is not among the tied, nobody knows, and the picture is
excluded. Contempt, which FER2013 does not have, is excluded unless it is asked for.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_data.data.dataset import UNLABELLED, Dataset
from fer_data.data.labels import USAGES, split_of_folder
from fer_data.errors import DataError
from fer_data.util.files import refuse_no_file
from fer_data.util.words import counted, printable

COLUMNS = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
    "unknown",
    "NF",
)
"""What is voted on, in the file's order; NF is "no face"."""

_NO_EMOTION = COLUMNS.index("unknown")
"""The first of the columns that are no emotion."""

_CLASS_OF = {"happiness": "happy", "sadness": "sad", "anger": "angry"}
"""Class name of each emotion that FER2013 calls otherwise."""

_NUMBER = re.compile(r"((?:public|private)_test|[a-z]*)[_-]?([0-9]+)$", re.IGNORECASE)
"""What may tell the split, and the row, at the end of a file's name."""


_KNOWS_ROWS = ("csv", "folder", "labelled-images")
"""Sources whose rows, or file names, may be FER2013's own numbers."""


@dataclass(frozen=True, eq=False)
class Votes:
    """The votes on the pictures of FER2013.

    Attributes
    ----------
    path : Path
    usages : tuple of str, length R
        ``Training``, ``PublicTest`` or ``PrivateTest``.
    counts : ndarray of int64, shape [R, 10]
        Votes for each of `COLUMNS`.
    """

    path: Path
    usages: tuple[str, ...]
    counts: NDArray[np.int64]


def read_votes(path: str | Path) -> Votes:
    """Read ``fer2013new.csv``.

    Raises
    ------
    DataError
        If it cannot be read, or is no such file.
    """
    path = Path(path).absolute()
    usages: list[str] = []
    counts: list[list[int]] = []
    refuse_no_file(path)
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            header = [name.strip() for name in next(rows, [])]
            if header[:1] != ["Usage"] or header[2:] != list(COLUMNS):
                raise DataError(
                    f"{path}: not the votes of FER+; expected a header like "
                    f"Usage,Image name,{','.join(COLUMNS)}"
                )
            for fields in rows:
                usage, _, *votes = fields
                if usage not in USAGES or len(votes) != len(COLUMNS):
                    raise ValueError(f"{usage!r} with {len(votes)} counts")
                counts.append([int(vote) for vote in votes])
                usages.append(usage)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None
    except (csv.Error, ValueError) as error:
        raise DataError(f"{path}: line {len(usages) + 2}: no row of votes ({error})") from None
    found = np.array(counts, np.int64).reshape(-1, len(COLUMNS))
    if (found < 0).any():
        raise DataError(f"{path}: line {int((found < 0).any(1).argmax()) + 2}: a negative count")
    return Votes(path, tuple(usages), found)


def overlay(
    dataset: Dataset,
    votes: Votes,
    *,
    soft: bool = False,
    contempt: bool = False,
    keep_unusable: bool = False,
) -> Dataset:
    """Return a dataset under the labels that most of the votes are for.

    Parameters
    ----------
    dataset : Dataset
        Of FER2013: a csv, or folders whose file names end in the row's number, with its seven
        classes.
    votes : Votes
    soft : bool
        Whether to give soft labels too: each sample's votes for the classes, normalised.
    contempt : bool
        Whether contempt is an eighth class, or excluded.
    keep_unusable : bool
        Whether a sample that most take for no face, or cannot tell, stays under its own label, or
        is excluded.

    Returns
    -------
    Dataset
        With the same rows; its notes say how many samples were decided, and excluded, how.

    Raises
    ------
    DataError
        If the samples cannot be joined to the votes, or the classes are not FER2013's.
    """
    names = dataset.class_names
    if contempt and "contempt" not in names:
        names = tuple(sorted((*names, "contempt")))
    column_of = _columns(dataset, names)
    kept = np.zeros(len(COLUMNS), np.bool_)
    kept[column_of] = True
    label_of = np.full(len(COLUMNS), UNLABELLED)
    label_of[column_of] = np.arange(len(names))
    renumbered = np.array([names.index(name) for name in dataset.class_names])
    own = np.where(dataset.labels >= 0, renumbered[dataset.labels], UNLABELLED)

    cast = votes.counts[_rows(dataset, votes)]
    tied = (cast == cast.max(axis=1, keepdims=True)) & (cast > 0)
    unusable = ~tied[:, :_NO_EMOTION].any(axis=1)
    tie = ~unusable & (tied.sum(axis=1) > 1)
    own_is_tied = tied[np.arange(len(dataset)), column_of[own]] & (own != UNLABELLED)
    by_own = tie & own_is_tied
    undecided = tie & ~own_is_tied
    other = ~unusable & ~tie & ~kept[tied.argmax(axis=1)]

    labels = np.where(~unusable & ~tie & ~other, label_of[tied.argmax(axis=1)], own)
    gone = undecided | other | (unusable & (not keep_unusable))
    of_file = f"FER+ ({printable(votes.path.name)})"
    notes = [
        f"{counted(int((~gone).sum()), 'label')} by {of_file}, "
        f"{by_own.sum():,} of them tied at the top and decided by the data's own label",
        f"{unusable.sum():,} {'kept under their own label' if keep_unusable else 'excluded'}, "
        f"most votes for unknown or no face in {of_file}",
        f"{undecided.sum():,} excluded, tied at the top in {of_file}",
    ]
    if not kept[COLUMNS.index("contempt")]:
        notes.append(f"{other.sum():,} excluded, contempt in {of_file}")
    if soft:
        notes.append("training is on soft labels: shares of the votes for the classes")
    found = replace(
        dataset,
        class_names=names,
        labels=labels.astype(np.int32),
        soft_labels=_shares(cast[:, column_of], labels, unusable) if soft else None,
    )
    if gone.all():
        raise DataError(f"{dataset.root}: {of_file} excludes every sample")
    return replace(
        found.take(np.flatnonzero(~gone)).noted(*notes),
        num_excluded=dataset.num_excluded + int(gone.sum()),
    )


def _columns(dataset: Dataset, names: tuple[str, ...]) -> NDArray[np.int64]:
    """Return the column of each class.

    Raises
    ------
    DataError
        If the classes are not FER2013's seven, with contempt or not.
    """
    emotions = COLUMNS[:_NO_EMOTION]
    found = {_CLASS_OF.get(name, name): column for column, name in enumerate(emotions)}
    wanted = set(found) - {"contempt"}
    if wanted - set(names) or set(names) - set(found):
        raise DataError(
            f"{dataset.root}: FER+ is of the classes {', '.join(sorted(wanted))}; "
            f"here they are {', '.join(map(printable, dataset.class_names))}"
        )
    return np.array([found[name] for name in names])


def _rows(dataset: Dataset, votes: Votes) -> NDArray[np.int64]:
    """Return the row of the votes for each sample, checked against its split."""
    numbers, splits = _numbers(dataset)
    ids = dataset.sample_ids()
    seen: dict[int, str] = {}
    for sample, number, split in zip(ids, numbers, splits, strict=True):
        if number >= len(votes.usages):
            raise DataError(
                f"{dataset.root}: {sample} is row {number:,} by its number, and {votes.path} has "
                f"{len(votes.usages):,}: numbers must be those of the rows of fer2013.csv"
            )
        if number in seen:
            raise DataError(
                f"{dataset.root}: {seen[number]} and {sample} are both row {number:,} by their "
                "numbers: these must be those of the rows of fer2013.csv"
            )
        seen[number] = sample
        usage = votes.usages[number]
        if split != "validation" and split not in (USAGES[usage], USAGES[usage].split("_")[-1]):
            raise DataError(
                f"{dataset.root}: {sample} is of {split}, and row {number:,} of {votes.path} of "
                f"{usage}: other data, or another order of rows"
            )
    return np.array(numbers, np.int64)


def _numbers(dataset: Dataset) -> tuple[list[int], list[str]]:
    """Return each sample's row of FER2013, and the split that its name or its folder tells."""
    splits = [dataset.splits[code] for code in dataset.split_codes.tolist()]
    if dataset.kind and dataset.kind not in _KNOWS_ROWS:
        raise DataError(
            f"{dataset.root}: {dataset.layout} does not tell FER2013's rows; take the "
            "csv itself, or folders as convert-csv writes them"
        )
    if dataset.in_table:
        return [int(row) for row in dataset.locations], splits
    numbers = []
    for place, location in enumerate(dataset.locations.tolist()):
        found = _NUMBER.search(location.rpartition(".")[0])
        if found is None or len(found[2]) > 18:
            raise DataError(
                f"{dataset.root}: {printable(location)}: no number at the end of its name, so its "
                "row in FER+ is unknown; convert-csv writes names like train_00012.png"
            )
        numbers.append(int(found[2]))
        splits[place] = split_of_folder(found[1]) or splits[place]
    return numbers, splits


def _shares(
    votes: NDArray[np.int64], labels: NDArray[np.int64], unusable: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Return votes as shares of the classes, float32 [N, C]; a label alone where there are none."""
    shares = votes.astype(np.float32)
    alone = np.flatnonzero((unusable | ~votes.any(axis=1)) & (labels != UNLABELLED))
    shares[alone] = 0
    shares[alone, labels[alone]] = 1
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1)
    return shares
