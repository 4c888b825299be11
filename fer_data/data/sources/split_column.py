"""Which column of a table is the split: one of the usual names, all of whose values are splits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fer_data.data.sources.column_values import plain
from fer_data.data.sources.table_columns import Table, quoted
from fer_data.data.split_names import split_notes, split_of_folder
from fer_data.errors import DataError

SPLIT_NAMES = frozenset(
    {"split", "splits", "set", "usage", "subset", "partition", "phase", "fold"}
    | {"dataset", "data_set", "split_name", "set_name", "data_split", "dataset_split"}
    | {"train_test"}
)
"""Names of columns that can be the split, if their values are."""


@dataclass(frozen=True, eq=False)
class SplitColumn:
    """The split column, if there is one: its name, each row's split, notes for people."""

    name: str | None = None
    splits: list[str] | None = None
    notes: tuple[str, ...] = ()


def find_split_column(
    table: Table, columns: Mapping[str, Sequence[str]], given: str | None
) -> SplitColumn:
    """Return the split column among some columns of a table.

    Raises
    ------
    DataError
        If the given column holds other values, or several columns disagree.
    """
    if given is not None:
        splits, bad = _splits(columns[given])
        if bad is not None:
            row = columns[given].index(bad)
            raise DataError(
                f"{table.where(row)}: column {quoted(given)} holds {quoted(bad)}; expected "
                "train, validation or test"
            )
        return SplitColumn(given, splits, split_notes(zip(columns[given], splits, strict=True)))
    splits_of: dict[str, list[str]] = {}
    notes: list[str] = []
    for name, values in columns.items():
        if plain(name) in SPLIT_NAMES:
            splits, bad = _splits(values)
            if bad is None:
                splits_of[name] = splits
            else:
                notes.append(f"column {quoted(name)} is not the split: it holds {quoted(bad)}")
    if not splits_of:
        return SplitColumn(notes=tuple(notes))
    (name, splits), *others = splits_of.items()
    if any(other != splits for _, other in others):
        raise DataError(
            f"{table.path}: {len(splits_of)} columns could be the split. Choose one",
            fix={"split_column": list(splits_of)},
        )
    notes += split_notes(zip(columns[name], splits, strict=True))
    return SplitColumn(name, splits, tuple(notes))


def in_split_folder(path: str, value: str) -> bool:
    """Whether a file lies below a folder of a split, given as a table writes it."""
    split = split_of_folder(value)
    return any(
        folder == value or (split is not None and split_of_folder(folder) == split)
        for folder in path.split("/")[:-1]
    )


def _splits(values: Sequence[str]) -> tuple[list[str], str | None]:
    """Return the split of each value, and the first value that is none."""
    split_of = {value: split_of_folder(value) for value in dict.fromkeys(values)}
    bad = next((value for value, split in split_of.items() if split is None), None)
    return ([] if bad is not None else [split_of[value] or "" for value in values]), bad
