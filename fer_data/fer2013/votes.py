"""FER+'s ``fer2013new.csv``, and which of its rows belongs to a sample of FER2013."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_data.data.dataset import Dataset
from fer_data.data.split_names import split_of_folder
from fer_data.errors import DataError
from fer_data.fer2013.emotions import USAGES
from fer_data.util.files import refuse_no_file
from fer_data.util.words import printable

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

NUM_EMOTIONS = COLUMNS.index("unknown")
"""The columns before are emotions."""

_CLASS_OF = {"happiness": "happy", "sadness": "sad", "anger": "angry"}
"""Class name of each emotion that FER2013 calls otherwise."""

_NUMBER = re.compile(r"((?:public|private)_test|[a-z]*)[_-]?([0-9]+)$", re.IGNORECASE)
"""What may tell the split, and the row, at the end of a file's name."""


_KNOWS_ROWS = ("csv", "folder", "labelled-images")
"""Sources whose rows, or file names, may be FER2013's own numbers."""


@dataclass(frozen=True, eq=False)
class Votes:
    """The votes on the images of FER2013.

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
    numbers = np.array(counts, np.int64).reshape(-1, len(COLUMNS))
    if (numbers < 0).any():
        raise DataError(f"{path}: line {int((numbers < 0).any(1).argmax()) + 2}: a negative count")
    return Votes(path, tuple(usages), numbers)


def columns_of(dataset: Dataset, names: tuple[str, ...]) -> NDArray[np.int64]:
    """Return the column of each class.

    Raises
    ------
    DataError
        If the classes are not FER2013's seven, with contempt or not.
    """
    emotions = COLUMNS[:NUM_EMOTIONS]
    columns = {_CLASS_OF.get(name, name): column for column, name in enumerate(emotions)}
    wanted = set(columns) - {"contempt"}
    if wanted - set(names) or set(names) - set(columns):
        raise DataError(
            f"{dataset.root}: FER+ has the classes {', '.join(sorted(wanted))}; "
            f"the data has {', '.join(map(printable, dataset.class_names))}"
        )
    return np.array([columns[name] for name in names])


def rows_of(dataset: Dataset, votes: Votes) -> NDArray[np.int64]:
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
        match = _NUMBER.search(location.rpartition(".")[0])
        if match is None or len(match[2]) > 18:
            raise DataError(
                f"{dataset.root}: {printable(location)}: no number at the end of its name, so its "
                "row in FER+ is unknown; convert-csv writes names like train_00012.png"
            )
        numbers.append(int(match[2]))
        splits[place] = split_of_folder(match[1]) or splits[place]
    return numbers, splits
