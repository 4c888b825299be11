"""What is known of given test samples besides their labels: clusters, leaks, training counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fer_data.errors import DataError, UsageError
from fer_data.util.words import printable
from fer_model.comparison.prediction_tables import PredictionTable, listed, read_counts

_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def clusters_of(clusters: str | ArrayLike | None, truth: PredictionTable) -> NDArray[np.int64]:
    """Return a number for each sample, the same for those that belong together, int64 [N]."""
    if clusters is None:
        return np.arange(len(truth), dtype=np.int64)
    if isinstance(clusters, str):
        if clusters not in truth.columns:
            raise UsageError(f"{truth.where}: no column {clusters!r} to cluster by")
        values = truth.columns[clusters]
    else:
        values = np.asarray(clusters)
    if values.shape != (len(truth),):
        raise UsageError(f"clusters: expected [{len(truth)}], got {list(values.shape)}")
    if values.dtype.kind not in "iu":
        values = values.astype(np.str_)
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def counts_of(
    counts: Mapping[str, int] | Sequence[int] | str | Path | None, names: tuple[str, ...]
) -> tuple[int, ...]:
    """Return the training samples of each class; none where they are not known."""
    if counts is None:
        return ()
    if isinstance(counts, str | Path):
        counts = read_counts(Path(counts))
    if isinstance(counts, Mapping):
        by_name = {str(name): number for name, number in counts.items()}
        if set(by_name) != set(names):
            raise UsageError(
                f"train_counts: expected the classes {listed(names)}, got {listed(by_name)}"
            )
        counts = [by_name[name] for name in names]
    numbers = np.asarray(counts)
    if numbers.shape != (len(names),) or numbers.dtype.kind not in "iu" or numbers.min() < 0:
        raise UsageError(
            f"train_counts: expected {len(names)} whole numbers, got {numbers.dtype} "
            f"{list(numbers.shape)}"
        )
    return tuple(numbers.tolist())


def leaked_of(leaked: ArrayLike | None, tables: Sequence[PredictionTable]) -> NDArray[np.bool_]:
    """Return which samples are leaked, bool [N]: as given, or by the tables' columns ``leaked``.

    Raises
    ------
    DataError, UsageError
        If they are no such flags, or two tables differ.
    """
    num = len(tables[0])
    if leaked is not None:
        return flags_of(leaked, num)
    by_table = [(table.where, _flags(table)) for table in tables if "leaked" in table.columns]
    for where, flags in by_table[1:]:
        if (flags != by_table[0][1]).any():
            row = int((flags != by_table[0][1]).argmax()) + 1
            raise DataError(f"{where}: row {row} is leaked in one of it and {by_table[0][0]} alone")
    return by_table[0][1] if by_table else np.zeros(num, np.bool_)


def flags_of(leaked: ArrayLike, num: int) -> NDArray[np.bool_]:
    """Return flags, one for each label, bool [N].

    Raises
    ------
    UsageError
        If they are no such flags.
    """
    flags = np.asarray(leaked)
    if flags.shape != (num,) or flags.dtype.kind != "b":
        raise UsageError(
            f"leaked: expected bool [{num}], one for each label, got {flags.dtype} "
            f"{list(flags.shape)}"
        )
    return flags


def _flags(table: PredictionTable) -> NDArray[np.bool_]:
    texts, places = np.unique(table.columns["leaked"].astype(np.str_), return_inverse=True)
    for text in texts.tolist():
        if text.lower() not in _FLAGS:
            raise DataError(
                f"{table.where}: expected true or false in the column leaked, got {printable(text)}"
            )
    return np.array([_FLAGS[text.lower()] for text in texts.tolist()], np.bool_)[places]
