"""Other labels for some samples or all, from a csv next to the data.

Its first column is ``sample``, ids as `Dataset.sample_ids` gives them. A sample that it does not
name keeps its label. Its other columns are

``label``
    The class, a new one too. Empty: the sample is unlabelled.
names of classes
    Votes or proportions, not negative; an empty cell is 0. The label is the class of the largest
    number; where several are, ``label`` says which. Where all are 0, ``label`` alone decides.
``exclude``
    Any text is a reason to exclude the sample, whatever else the row says.

Where there is a ``label`` and no other column has the name of one of the data's classes, the other
columns are for people, as probabilities and suggestions are.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_data.data.chosen import UNLABELLED, notes_on_new_classes, with_classes
from fer_data.data.dataset import Dataset
from fer_data.data.options import LoadOptions
from fer_data.data.sample_table import Row, SampleTable
from fer_data.errors import DataError
from fer_data.util.words import counted, printable

SAMPLE, LABEL, EXCLUDE = "sample", "label", "exclude"

_MAX_LISTED = 5
"""Reasons that notes name."""


def relabelled(dataset: Dataset, options: LoadOptions) -> Dataset:
    """Return the dataset under the labels of the csv `relabel`, without samples that it excludes.

    With `soft`, it has soft labels, too: each sample's numbers for the classes, normalised, and
    its label alone where it has none.

    Raises
    ------
    DataError
        If the file cannot be read or is not of this form, names a sample that the data does not
        have, two numbers are largest and no label decides, a label has not the largest number, or
        every sample is excluded.
    """
    if options.relabel is None:
        return dataset
    path, soft = Path(options.relabel), options.soft
    table = SampleTable(path)
    columns = _class_columns(table, dataset.class_names)
    if soft and not columns:
        raise DataError(f"{path}: no column bears the name of a class, so there are no soft labels")
    rows = _once_each(table, table.rows_of(dataset))
    reasons = {index: row.cells.get(EXCLUDE, "").strip() for index, row in rows.items()}
    rows = {index: row for index, row in rows.items() if not reasons[index]}
    kept = np.array([index for index in range(len(dataset)) if not reasons.get(index)], np.int64)
    if not len(kept):
        raise DataError(f"{dataset.root}: every sample is excluded by {printable(path.name)}")
    changed = dataset
    if columns or LABEL in table.names:
        changed = _with_labels(dataset, table, columns, rows, soft)
    excluded_ids = {
        name for name, row in table.skipped.items() if row.cells.get(EXCLUDE, "").strip()
    }
    if excluded_ids:
        skipped = tuple(item for item in changed.skipped if item.sample_id not in excluded_ids)
        changed = replace(changed, skipped=skipped)
    number = len(dataset) - len(kept)
    changed = changed.take(kept).noted(*_reasons(Counter(filter(None, reasons.values())), path))
    return replace(changed, num_excluded=dataset.num_excluded + number)


def _class_columns(table: SampleTable, own: Sequence[str]) -> list[str]:
    """Return the columns of numbers for classes."""
    if table.names[:1] != [SAMPLE]:
        raise DataError(
            f"{table.path}: the first column is not sample; expected a header like sample,label, "
            "or sample and the names of classes"
        )
    others = [name for name in table.names if name not in (SAMPLE, LABEL, EXCLUDE)]
    if len(others) == len(table.names) - 1 and not others:
        raise DataError(f"{table.path}: only a column sample; expected label, too")
    names = set(map(_composed, others))
    known = {*own, *map(printable, own)}
    if names & known or (others and not {LABEL, EXCLUDE} & set(table.names)):
        return others
    return []


def _composed(name: str) -> str:
    """Return a class name as datasets have it; see `fer_data.data.class_names.one_form`."""
    return unicodedata.normalize("NFC", name)


def _once_each(table: SampleTable, named: list[tuple[int, Row]]) -> dict[int, Row]:
    """Return the row of each sample, by its index.

    Raises
    ------
    DataError
        If a sample is named twice, and not with the same.
    """
    rows: dict[int, Row] = {}
    for index, row in named:
        first = rows.setdefault(index, row)
        if first.cells != row.cells:
            raise table.error(row.line, f"{row.cells[SAMPLE]} differs here from line {first.line}")
    return rows


def _with_labels(
    dataset: Dataset, table: SampleTable, columns: list[str], rows: dict[int, Row], soft: bool
) -> Dataset:
    """Return the dataset under the labels of some rows."""
    own = {printable(name): name for name in dataset.class_names}

    def of_class(text: str) -> str:
        return own.get(text, _composed(text.strip()))

    texts = [of_class(row.cells.get(LABEL, "")) for row in rows.values()]
    names = list(map(of_class, columns))
    if len(set(names)) < len(names):
        raise table.error(1, "two columns of one class")
    wide: Dataset = with_classes(dataset, {*texts, *names} - {""})
    place = {name: code for code, name in enumerate(wide.class_names)} | {"": UNLABELLED}
    given = np.array([place[text] for text in texts], np.int32)
    numbers = np.zeros((len(rows), len(wide.class_names)))
    numbers[:, [place[name] for name in names]] = _numbers(table, columns, rows)
    codes, num_ties = _decided(table, rows, wide.class_names, numbers, given)

    indices = np.array(list(rows), np.int64)
    labels, own_labels = wide.labels.copy(), np.full(len(wide), UNLABELLED, np.int32)
    labels[indices], own_labels[indices] = codes, wide.labels[indices]
    soft_labels = None
    if soft:
        soft_labels = np.eye(len(wide.class_names) + 1, dtype=np.float32)[labels, :-1]
        with_numbers = numbers.any(axis=1)
        proportions = numbers[with_numbers]
        proportions /= proportions.max(axis=1, keepdims=True, initial=0)
        proportions /= proportions.sum(axis=1, keepdims=True)
        soft_labels[indices[with_numbers]] = proportions
    by_file = f"by {printable(table.path.name)}"
    notes = [
        f"{counted(len(rows), 'label')} {by_file}, {(labels != wide.labels).sum():,} of them "
        "changed"
        + (f", {counted(num_ties, 'tie')} decided by its column label" if num_ties else "")
    ]
    notes += notes_on_new_classes(dataset, wide, f" {by_file}")
    if soft:
        notes.append("training is on soft labels: proportions of the numbers for the classes")
    relabelled_data = replace(wide, labels=labels, own_labels=own_labels, soft_labels=soft_labels)
    return relabelled_data.noted(*notes)


def _numbers(table: SampleTable, columns: list[str], rows: dict[int, Row]) -> NDArray[np.float64]:
    """Return the numbers for the classes, float64 [R, K]."""
    values = np.zeros((len(rows), len(columns)))
    for place, row in enumerate(rows.values()):
        for column, name in enumerate(columns):
            if not (cell := row.cells[name].strip()):
                continue
            try:
                value = float(cell)
            except ValueError:
                value = -1.0
            if not 0 <= value < np.inf or "_" in cell:
                raise table.error(
                    row.line,
                    f"{printable(name)} is {printable(cell[:40])!r}; expected a number, 0 or more",
                )
            values[place, column] = value
    return values


def _decided(
    table: SampleTable,
    rows: dict[int, Row],
    class_names: Sequence[str],
    numbers: NDArray[np.float64],
    given: NDArray[np.int32],
) -> tuple[NDArray[np.int32], int]:
    """Return the label of each row, int32 [R], and how many ties the column ``label`` decided."""
    largest = (numbers == numbers.max(axis=1, keepdims=True, initial=0)) & (numbers > 0)
    ties = largest.sum(axis=1) > 1
    by_numbers = largest.any(axis=1)
    fits = largest[np.arange(len(rows)), given] & (given != UNLABELLED)
    wrong = by_numbers & ~fits & (ties | (given != UNLABELLED))
    if wrong.any():
        first = int(wrong.argmax())
        tops = " and ".join(
            printable(class_names[code]) for code in np.flatnonzero(largest[first]).tolist()
        )
        verb = "have" if ties[first] else "has"
        label = printable(class_names[given[first]]) if given[first] >= 0 else "empty"
        raise table.error(
            list(rows.values())[first].line,
            f"{tops} {verb} the largest number, and label is {label}; expected "
            f"{'one of these' if ties[first] else 'that class, or nothing'}",
        )
    codes = np.where(by_numbers & ~ties, largest.argmax(axis=1), given).astype(np.int32)
    return codes, int(ties.sum())


def _reasons(reasons: Counter[str], path: Path) -> list[str]:
    """Return a line for each of the commonest reasons to exclude samples, and for the others."""
    by_file, common = f"by {printable(path.name)}", reasons.most_common(_MAX_LISTED)
    notes = [f"{number:,} excluded {by_file}: {printable(text[:80])}" for text, number in common]
    if others := reasons.total() - sum(number for _, number in common):
        notes.append(f"{others:,} excluded {by_file} for other reasons")
    return notes
