"""Labels as columns of 0 and 1: one-hot with one 1 in a row, multi-label with more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from fer_data.data.sources.column_values import flags_of

Columns = Mapping[str, Sequence[str]]

Counts = Mapping[str, Mapping[str, int]]

_MAX_VALUES = 8


def runs(columns: Columns, counts: Counts) -> list[tuple[str, ...]]:
    """Return the longest runs of columns of 0 and 1 with exactly one 1 in every row."""
    names = [name for name in columns if _holds_only(counts[name], {0, 1})]
    ones = [num_ones(counts[name]) for name in names]
    num_rows = len(next(iter(columns.values()), ()))
    runs: list[tuple[str, ...]] = []
    start = 0
    while start < len(names):
        stop = _stop(ones, start, num_rows)
        if stop - start > 1 and (_ones_of_rows(columns, names[start:stop]) == 1).all():
            runs.append(tuple(names[start:stop]))
            start = stop
        else:
            start += 1
    return runs


def of_several(columns: Columns, counts: Counts, names: Sequence[str]) -> list[str]:
    """Return the columns of flags among some where a row has two ones; nothing where none has."""
    flags = [name for name in names if _holds_only(counts[name], {0, 1, -1, None})]
    if len(flags) < 2 or not (_ones_of_rows(columns, flags) > 1).any():
        return []
    return flags


def more_than_flags(counts: Counts, names: Sequence[str]) -> str | None:
    """Return the first column that holds anything but flags."""
    return next((n for n in names if not _holds_only(counts[n], {0, 1, -1, None})), None)


def labels(columns: Columns, names: Sequence[str]) -> list[str | None]:
    """Return for each row the column that has the 1, None where none has."""
    labels: list[str | None] = [None] * len(columns[names[0]])
    for name in names:
        for row in np.flatnonzero(_ones(columns[name])).tolist():
            labels[row] = name
    return labels


def num_ones(counts: Mapping[str, int]) -> int:
    """Return how many ones a column of flags has."""
    flags = flags_of(counts) or {}
    return sum(number for value, number in counts.items() if flags.get(value) == 1)


def _holds_only(counts: Mapping[str, int], allowed: set[int | None]) -> bool:
    flags = flags_of(counts) if len(counts) <= _MAX_VALUES else None
    return flags is not None and allowed.issuperset(flags.values())


def _stop(ones: Sequence[int], start: int, num_rows: int) -> int:
    """Return where the longest run from `start` ends that has as many ones as there are rows."""
    total, stop = 0, start
    for place in range(start, len(ones)):
        total += ones[place]
        if total > num_rows:
            break
        if total == num_rows:
            stop = place + 1
    return stop


def _ones_of_rows(columns: Columns, names: Sequence[str]) -> NDArray[np.int32]:
    total = np.zeros(len(columns[names[0]]), np.int32)
    for name in names:
        total += _ones(columns[name])
    return total


def _ones(values: Sequence[str]) -> NDArray[np.bool_]:
    flags = flags_of(set(values)) or {}
    return np.fromiter((flags.get(value) == 1 for value in values), bool, len(values))
