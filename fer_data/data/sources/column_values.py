"""What the values of a column can mean: classes, numbers, flags, lists of labels."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from itertools import islice

from fer_data.data.missing import EMPTY
from fer_data.data.sources.table import MAX_CLASSES
from fer_data.data.split_names import split_of_folder

_LABEL_WORDS = ("label", "class", "category", "target", "emotion", "expression")

STANDARD_NAMES = frozenset(
    f"{word}{ending}" for word in _LABEL_WORDS for ending in ("", "_name", "_id")
) | frozenset(
    {"labels", "classes", "categories", "targets", "diagnosis", "species", "breed", "y"}
    | {"classname", "class_label", "label_text", "ground_truth", "groundtruth"}
)
"""Column names that say label and nothing else."""

_ID_WORDS = frozenset(
    {"image", "img", "photo", "file", "patient", "lesion", "subject", "case", "study"}
    | {"person", "user", "video", "track", "sample", "individual", "object", "animal"}
    | {"group", "session"}
)

_GROUP = re.compile(
    r"patient|lesion|subject|group|individual|person|identity|track|video|session|sequence|animal"
    r"|case|study"
)

_DATE = re.compile(r"\d{4}[-/.:]\d\d?[-/.:]\d\d?(?!\d)|\d\d?[-/.]\d\d?[-/.]\d{4}(?!\d)")

_MEAN_WORDS, _MAX_WORDS, _MAX_CHARACTERS = 8, 12, 200

_FEW_ROWS, _LOOKED_AT = 8, 10_000


def plain(name: str) -> str:
    """Return a column's name in lower case with underscores."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    return re.sub(r"[\s\-.]+", "_", name.lower())


def is_standard(name: str) -> bool:
    """Whether a column's name says that it is the label."""
    return plain(name) in STANDARD_NAMES


def is_id(name: str) -> bool:
    """Whether a column's name says that it tells rows or groups of rows apart."""
    name = plain(name)
    if name in STANDARD_NAMES:
        return False
    return name in ("id", "ids", "index", "uuid") or (
        name.endswith(("_id", "_ids", "_uuid")) or (name[-2:] == "id" and name[:-2] in _ID_WORDS)
    )


def is_group(name: str, num_values: int, num_rows: int) -> bool:
    """Whether a column looks like groups of samples: an id, or so named, with repeated values."""
    return 1 < num_values < num_rows and (is_id(name) or bool(_GROUP.search(plain(name))))


def number_of(value: str) -> float | None:
    """Return the number that a cell holds, or None."""
    try:
        return float(value) if "_" not in value else None
    except ValueError:
        return None


def whole_numbers(values: Collection[str]) -> dict[str, int] | None:
    """Return the integer of each value, None unless all are integers (``3.0`` is one)."""
    numbers = {value: number_of(value) for value in values}
    integers = {
        value: int(number)
        for value, number in numbers.items()
        if number is not None and abs(number) < 1 << 53 and number == int(number)
    }
    return integers if len(integers) == len(numbers) else None


def flags_of(values: Collection[str]) -> dict[str, int | None] | None:
    """Return what each value of a column of flags says: 0, 1, -1, or None where it is empty.

    None if it holds anything else, or no 0 and no 1.
    """
    truths = {"true": 1, "false": 0}
    flags: dict[str, int | None] = {}
    for value in values:
        number = None if value in EMPTY else truths.get(value.lower(), number_of(value))
        if number not in (None, 0, 1, -1) or (number is None and value not in EMPTY):
            return None
        flags[value] = None if number is None else int(number)
    return flags if {0, 1} & set(flags.values()) else None


def why_no_label(name: str, counts: Mapping[str, int], num_rows: int) -> str | None:
    """Return why a column is no class of each image, or None where it could be.

    Parameters
    ----------
    name : str
    counts : mapping of str to int
        How often each value occurs.
    num_rows : int
    """
    values = [value for value in counts if value not in EMPTY]
    if len(values) < 2:
        return f"{len(values)} value"
    if is_id(name):
        return "an id"
    if (num_rows >= _FEW_ROWS and 2 * len(values) > num_rows) or len(values) > MAX_CLASSES:
        return f"{len(values):,} different values"
    if all(split_of_folder(value) for value in values):
        return "names of splits"
    if all(number_of(value) is not None for value in values):
        integers = whole_numbers(values)
        if integers is None:
            return "measurements"
        numbers = set(integers.values()) - {-1}
        if min(numbers, default=-1) not in (0, 1) or max(numbers) - min(numbers) >= len(numbers):
            return "numbers that do not count from 0 or 1"
        return None
    if sum(1 for value in values if _DATE.match(value)) * 2 > len(values):
        return "dates"
    return "free text" if is_free_text(values) else None


def is_free_text(values: Collection[str]) -> bool:
    """Whether values are sentences rather than names."""
    words = [value.count(" ") + 1 for value in values]
    longest = max(map(len, values), default=0)
    many = sum(words) > _MEAN_WORDS * len(words) or max(words, default=0) > _MAX_WORDS
    return many or longest > _MAX_CHARACTERS


def holds_lists(counts: Mapping[str, int], num_rows: int) -> bool:
    """Whether cells hold several labels: ``a|b``, ``a;b``, ``a, b``, ``a b``, ``["a", "b"]``.

    Names of classes have blanks and commas too. They are lists where the parts are labels by
    themselves, or where few words in any number make many values.
    """
    values = [value for value in islice(counts, _LOOKED_AT) if value not in EMPTY]
    if not values:
        return False
    if all(value[0] in "[{" and value[-1] in "]}" for value in values):
        values = [value[1:-1].replace('"', "").strip() for value in values]
        numeric = all(number_of(part) is not None for part in ",".join(values).split(",") if part)
        return not numeric or _are_lists(values, ",", num_rows)
    if any("|" in value.strip("|") for value in values):
        return True
    if is_free_text(values):
        return False
    return any(_are_lists(values, mark, num_rows) for mark in (";", ",", None))


def _are_lists(values: list[str], mark: str | None, num_rows: int) -> bool:
    cells = [[part.strip() for part in value.split(mark)] for value in values]
    cells = [[part for part in parts if part] for parts in cells]
    several = [parts for parts in cells if len(parts) > 1]
    if not several:
        return False
    alone = {parts[0] for parts in cells if len(parts) == 1}
    words = {part for parts in cells for part in parts}
    lengths = Counter(map(len, cells))
    if all(word.lstrip("+-").isdigit() for word in words):
        few = num_rows < _FEW_ROWS or 2 * len(values) <= num_rows
        return few and (len(lengths) > 1 or mark is None)
    of_labels = sum(alone.issuperset(parts) for parts in several)
    return 2 * of_labels >= len(several) or (len(lengths) > 2 and len(values) > 2 * len(words))
