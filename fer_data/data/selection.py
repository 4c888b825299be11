"""What of a data set is taken, and in which split: small csv files next to it.

Images and the store of decoded pixels never change, so a selection costs nothing to try, and
what it took out can be read, line by line, in its files.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_data.data.dataset import Dataset
from fer_data.data.options import LoadOptions
from fer_data.data.sample_table import SampleTable
from fer_data.data.split_names import SPLITS, TEST_SPLITS
from fer_data.errors import DataError, UsageError
from fer_data.util.words import printable


def without_excluded(dataset: Dataset, options: LoadOptions) -> Dataset:
    """Return the dataset without the samples that the csv `exclude` lists.

    Raises
    ------
    DataError
        If the file cannot be read, is not of this form, names a sample that the data does not
        have, or names every sample.
    """
    if options.exclude is None:
        return dataset
    path = Path(options.exclude)
    table = SampleTable(path)
    if table.names[:1] != ["sample"]:
        raise DataError(f"{path}: the first column is not sample; expected one like sample,reason")
    rows = {row for row, _ in table.rows_of(dataset)}
    kept = np.setdiff1d(np.arange(len(dataset)), sorted(rows))
    if not len(kept):
        raise DataError(f"{dataset.root}: every sample is excluded by {printable(path.name)}")
    skipped = tuple(item for item in dataset.skipped if item.sample_id not in table.skipped)
    kept_data = dataset.take(kept).noted(f"{len(rows):,} excluded, by {printable(path.name)}")
    return replace(kept_data, skipped=skipped, num_excluded=dataset.num_excluded + len(rows))


def divided(dataset: Dataset, options: LoadOptions) -> Dataset:
    """Return the dataset in the splits of the csv `splits`, or those that its `fold` makes.

    Raises
    ------
    DataError
        If the file cannot be read, is not of this form, names a sample that the data does not
        have, or names one in two splits.
    UsageError
        If it has folds and none is named, or the other way round.
    """
    if options.splits is None:
        return dataset
    path, fold = Path(options.splits), options.fold
    table = SampleTable(path)
    column = next((name for name in ("split", "fold") if name in table.names), None)
    if "sample" not in table.names or column is None:
        raise DataError(f"{path}: no columns sample,split or sample,fold, as fer-data split writes")
    if column == "fold" and fold is None:
        raise UsageError(f"{path}: holds folds; name the one that validates", fix={"fold": ["1"]})
    if column == "split" and fold is not None:
        raise UsageError(f"{path}: holds splits, no folds; leave fold out")
    named = _values(table, dataset, column)
    split_of = np.full(len(dataset), "", "U16")
    if column == "split":
        for row, (line, value) in named.items():
            if value not in SPLITS:
                raise DataError(
                    f"{path}: line {line}: {value!r} is no split; choose one of {', '.join(SPLITS)}"
                )
            split_of[row] = value
    else:
        for code, split in enumerate(dataset.splits):
            if split in TEST_SPLITS:
                split_of[dataset.split_codes == code] = split
        for row, number in _fold_numbers(path, named, fold).items():
            split_of[row] = "validation" if number == fold else "train"
    return _with_splits(dataset, split_of, path, fold)


def _with_splits(
    dataset: Dataset, split_of: NDArray[np.str_], path: Path, fold: int | None
) -> Dataset:
    counts = {split: int((split_of == split).sum()) for split in SPLITS}
    splits = tuple(split for split in SPLITS if counts[split])
    if not splits:
        raise DataError(f"{path}: names no sample of {dataset.root}")
    kept = np.flatnonzero(split_of != "")
    codes = np.zeros(len(split_of), np.int8)
    for code, split in enumerate(splits):
        codes[split_of == split] = code
    unnamed = len(split_of) - len(kept)
    note = (
        f"splits by {printable(path.name)}"
        + (f", fold {fold}" if fold is not None else "")
        + f": {', '.join(f'{split} {counts[split]:,}' for split in splits)}"
        + (f"; {unnamed:,} that it does not name are in none" if unnamed else "")
    )
    changed = replace(dataset, splits=splits, split_codes=codes)
    return replace(changed.take(kept).noted(note), num_excluded=dataset.num_excluded + unnamed)


def _values(table: SampleTable, dataset: Dataset, column: str) -> dict[int, tuple[int, str]]:
    """Return the line and value of each row of the dataset that a table names."""
    values: dict[int, tuple[int, str]] = {}
    for row, (line, cells) in table.rows_of(dataset):
        value = cells[column]
        if values.setdefault(row, (line, value))[1] != value:
            raise DataError(
                f"{table.path}: line {line}: {cells['sample']} is in {column} {value} here and in "
                f"{column} {values[row][1]} on line {values[row][0]}"
            )
    return values


def _fold_numbers(
    path: Path, named: dict[int, tuple[int, str]], fold: int | None
) -> dict[int, int]:
    numbers = {}
    for row, (line, value) in named.items():
        if not value.isdecimal() or int(value) < 1:
            raise DataError(f"{path}: line {line}: {value!r} is no fold; they count from 1")
        numbers[row] = int(value)
    present = sorted(set(numbers.values()))
    if fold not in present:
        raise DataError(f"{path}: there is no fold {fold}, only {', '.join(map(str, present))}")
    return numbers
