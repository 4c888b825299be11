"""Whether the labels and the splits of a csv are of another list than FER2013's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from fer_data.data.labels import EMOTIONS, EMOTIONS_BY_CODE, USAGES
from fer_data.data.sources.csv_blocks import SHORT, fields_of, open_csv
from fer_data.data.sources.csv_columns import Columns, label_of, other_codes, unknown_word
from fer_data.data.sources.csv_rows import EXPECTED_EMOTIONS, Reject, split_of
from fer_data.errors import DataError


def check_values(path: Path) -> None:
    """Refuse a csv whose labels or splits are of another list, whether bad rows are skipped or not.

    Raises
    ------
    DataError
        If codes begin at 1, or go on after FER2013's, or a word that is none of its classes, or of
        the splits, comes more than once.
    """
    labels: Counter[bytes] = Counter()
    usages: Counter[bytes] = Counter()
    with open_csv(path) as (columns, blocks):
        for block in blocks:
            for line in block.data.split(b"\n"):
                fields = fields_of(line)
                if len(fields) == columns.number:
                    for counts, place in ((labels, columns.emotion), (usages, columns.usage)):
                        if place is not None:
                            counts[fields[place][:SHORT]] += 1
    if columns.emotion is not None:
        name = columns.names[columns.emotion]
        if reason := other_codes(labels, is_emotion=name.lower() == "emotion"):
            raise DataError(f"{path}: column {name}: {reason}")
        if word := unknown_word(labels, lambda value: label_of(value) is not None):
            raise _of_another_list(path, name, word, labels, f"is none of {EXPECTED_EMOTIONS}")
    if columns.usage is not None:
        name = columns.names[columns.usage]
        if word := unknown_word(usages, lambda value: split_of(value, True) is not None):
            raise _of_another_list(path, name, word, usages, f"is none of {', '.join(USAGES)}")


def _of_another_list(
    path: Path, column: str, word: str, counts: Counter[bytes], why: str
) -> DataError:
    number = sum(count for value, count in counts.items() if value.strip() == word.encode())
    return DataError(
        f"{path}: column {column}: {word!r} in {number:,} rows {why}; "
        "rename it, or take its rows out"
    )


def may_be_other_codes(columns: Columns, labels: Iterable[int]) -> bool:
    """Whether labels that are all known may still be of another list, as no code is 0."""
    if columns.emotion is None or columns.names[columns.emotion].lower() == "emotion":
        return False
    found = set(labels)
    return EMOTIONS.index(EMOTIONS_BY_CODE[0]) not in found or len(found) == 1


def has_bad_value(rejects: list[Reject], columns: Columns) -> bool:
    """Whether a label or a split is among what is bad."""
    places = (columns.emotion, columns.usage)
    names = {columns.names[place] for place in places if place is not None}
    return any(reject.column in names for reject in rejects)
