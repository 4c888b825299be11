"""Which column of a table is the label: the only one that can be, or the only one so named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fer_data.data.missing import EMPTY
from fer_data.data.sources import one_hot
from fer_data.data.sources.column_values import (
    holds_lists,
    is_id,
    is_standard,
    whole_numbers,
    why_no_label,
)
from fer_data.data.sources.table_columns import quoted
from fer_data.errors import DataError

Columns = Mapping[str, Sequence[str]]


@dataclass(frozen=True, eq=False)
class LabelColumn:
    """The label column, or the columns of one-hot labels.

    Attributes
    ----------
    names : tuple of str
    labels : list of str or None
        Class name of each row.
    notes : tuple of str
    """

    names: tuple[str, ...]
    labels: list[str | None]
    notes: tuple[str, ...] = ()


def find_label_column(
    path: Path, columns: Columns, given: str | Sequence[str] | None
) -> LabelColumn:
    """Return the label column.

    Parameters
    ----------
    path : path
        Named in messages.
    columns : mapping of str to sequence of str
        All but the columns of images, splits and groups.
    given : str or sequence of str, optional
        Its name; the names of one-hot columns, in a sequence or with commas between them.

    Raises
    ------
    DataError
        If no column can be the label, several can, or rows have several labels.
    """
    counts = {name: Counter(values) for name, values in columns.items()}
    if given is None:
        names, notes = _only(path, columns, counts)
    else:
        names, notes = _named(path, columns, given), ()
    if len(names) > 1:
        if (name := one_hot.more_than_flags(counts, names)) is not None:
            raise DataError(f"{path}: column {quoted(name)} holds more than 0 and 1")
        if one_hot.of_several(columns, counts, names):
            raise _several_labels(path, names)
        return LabelColumn(names, one_hot.labels(columns, names), notes)
    values, count = columns[names[0]], counts[names[0]]
    if holds_lists(count, len(values)):
        raise _several_labels(path, names)
    meaning = _class_names(count)
    labels = [meaning[value] for value in values]
    if all(name is None for name in meaning.values()):
        raise DataError(f"{path}: column {quoted(names[0])} is empty; expected labels")
    return LabelColumn(names, labels, notes)


def _named(path: Path, columns: Columns, given: str | Sequence[str]) -> tuple[str, ...]:
    names = (given,) if isinstance(given, str) else tuple(given)
    if isinstance(given, str) and given not in columns and "," in given:
        names = tuple(name.strip() for name in given.split(","))
    for name in names:
        if name not in columns:
            raise DataError(
                f"{path}: no column {quoted(name)} for labels; choose another",
                fix={"label_column": list(columns)},
            )
    return names


def _only(
    path: Path, columns: Columns, counts: Mapping[str, Counter[str]]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of the columns that are the label, and notes about the others."""
    num_rows = len(next(iter(columns.values()), ()))
    runs = one_hot.runs(columns, counts)
    taken = {name for names in runs for name in names}
    lists = [name for name in columns if not is_id(name) and holds_lists(counts[name], num_rows)]
    reasons = {
        name: "several labels" if name in lists else why_no_label(name, counts[name], num_rows)
        for name in columns
        if name not in taken
    }
    single = [(name,) for name, reason in reasons.items() if reason is None]
    candidates = _different([*runs, *single], columns, counts)
    standard = [names for names in candidates if len(names) == 1 and is_standard(names[0])]
    if len(standard) == 1 and not any(map(is_standard, lists)):
        others = [",".join(names) for names in candidates if names != standard[0]]
        also = f"other columns could be labels: {', '.join(map(quoted, others))}"
        return standard[0], (also,) if others else ()
    flags = one_hot.of_several(columns, counts, [name for name in columns if name not in taken])
    candidates.sort(key=lambda names: names[0] in flags)
    fix = {"label_column": [",".join(names) for names in candidates]}
    if lists:
        raise _several_labels(path, lists, fix)
    if flags and all(names[0] in flags for names in candidates):
        raise _several_labels(path, flags, fix)
    if len(candidates) == 1 and not flags:
        return candidates[0], ()
    if not candidates:
        shown = "; ".join(f"{quoted(name)}: {reason}" for name, reason in list(reasons.items())[:8])
        raise DataError(
            f"{path}: no column can be the label ({shown or 'there is no other column'}). Name one",
            fix={"label_column": [name for name in columns if len(counts[name]) > 1]},
        )
    also = f"; those of 0 and 1 ({len(flags)}) are multi-label together" if flags else ""
    raise DataError(
        f"{path}: {len(candidates)} columns could be the label{also}. Choose one",
        fix=fix,
    )


def _several_labels(
    path: Path, names: Sequence[str], fix: Mapping[str, Sequence[str]] | None = None
) -> DataError:
    shown = ", ".join(map(quoted, names[:8])) + (", …" if len(names) > 8 else "")
    columns = f"column {shown} holds" if len(names) == 1 else f"columns {shown} hold"
    choice = (fix or {}).get("label_column", ())[:1]
    return DataError(
        f"{path}: multi-label: {columns} several labels for an image; expected one"
        + (". Choose another column" if choice else ""),
        fix=fix if choice else None,
    )


def _class_names(counts: Counter[str]) -> dict[str, str | None]:
    """Return the class name that each value stands for: ``3`` for ``3.0``, None for none."""
    filled = [value for value in counts if value not in EMPTY]
    numbers = whole_numbers(filled)
    names: dict[str, str | None] = {value: value for value in filled}
    if numbers is not None:
        decimal = any("." in value or "e" in value.lower() for value in filled)
        names = {value: str(numbers[value]) if decimal else value for value in filled}
        if set(numbers.values()) != {-1, 1}:  # which are no and yes
            names |= {value: None for value in filled if numbers[value] == -1}
    return names | {value: None for value in counts if value in EMPTY}


def _different(
    candidates: list[tuple[str, ...]], columns: Columns, counts: Mapping[str, Counter[str]]
) -> list[tuple[str, ...]]:
    """Return candidates that divide the rows differently; of equal ones the one in words."""
    kept: list[tuple[str, ...]] = []
    for names in sorted(candidates, key=lambda names: _rank(names, counts)):
        if not any(_same(names, other, columns, counts) for other in kept):
            kept.append(names)
    return sorted(kept, key=candidates.index)


def _rank(names: tuple[str, ...], counts: Mapping[str, Counter[str]]) -> tuple[bool, bool]:
    """Return a key by which text comes first, then usual names."""
    if len(names) > 1:
        return False, False
    filled = [value for value in counts[names[0]] if value not in EMPTY]
    return whole_numbers(filled) is not None, not is_standard(names[0])


def _same(
    names: tuple[str, ...],
    others: tuple[str, ...],
    columns: Columns,
    counts: Mapping[str, Counter[str]],
) -> bool:
    """Whether two candidates divide the rows in the same way."""
    sizes = [
        sorted(
            counts[some[0]].values()
            if len(some) == 1
            else (one_hot.num_ones(counts[n]) for n in some)
        )
        for some in (names, others)
    ]
    if [size for size in sizes[0] if size] != [size for size in sizes[1] if size]:
        return False
    first, second = (_codes(some, columns) for some in (names, others))
    return first == second


def _codes(names: tuple[str, ...], columns: Columns) -> list[int]:
    """Return a number for each row's value, in the order in which values appear."""
    seen: dict[object, int] = {}
    rows = columns[names[0]] if len(names) == 1 else zip(*(columns[n] for n in names), strict=True)
    return [seen.setdefault(row, len(seen)) for row in rows]
