"""Which columns of a csv are pixels, labels and splits, and what their values mean.

Pure functions over a header and some rows. A column is known by its name, a column of splits by its
values too; what stays unclear is refused, so that labels are never silently missing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from fer_data.errors import DataError
from fer_data.fer2013.emotions import EMOTIONS, EMOTIONS_BY_CODE, split_of_usage

_LABEL_WORDS = frozenset(("label", "class", "emotion", "expression", "target", "category"))
_FILLERS = frozenset(("id", "ids", "name", "code", "index", "idx", "no"))
"""Other words that a label column's name may have in it: ``class_id``, ``emotion_name``."""

_SPLIT_WORDS = frozenset(("split", "set", "usage", "subset", "fold", "partition"))
_NAMES_OF_ROWS = frozenset(
    ("", "unnamed", "index", "id", "row", "image", "img", "file", "filename", "name", "path", "key")
)
_CODE = re.compile(rb"[0-6]\.0*")


@dataclass(frozen=True)
class Columns:
    """Where a csv's columns stand.

    Attributes
    ----------
    names : tuple of str
        The header, blanks and quotes around its names aside.
    pixels : int
    emotion, usage : int or None
        Of labels, and of splits.
    num_codes : int
        How many codes of labels there are, where they are not those of FER2013; else 0.
    """

    names: tuple[str, ...]
    pixels: int
    emotion: int | None
    usage: int | None
    num_codes: int = 0

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, in label order: those of FER2013, or numbers."""
        return tuple(map(str, range(self.num_codes))) if self.num_codes else EMOTIONS

    @property
    def number(self) -> int:
        """How many there are."""
        return len(self.names)

    @property
    def layout(self) -> str:
        """The layout in words."""
        used = [self.pixels, *(i for i in (self.emotion, self.usage) if i is not None)]
        header = ",".join(self.names[i] for i in sorted(used))
        if self.emotion is None:
            return "Kaggle's test.csv (no emotion column)"
        if self._is_called(self.emotion, "emotion") and self.usage is None:
            return "Kaggle's train.csv (no Usage column)"
        if self._is_called(self.emotion, "emotion") and self._is_called(self.usage, "usage"):
            order = "emotion,pixels,Usage" if self.pixels < used[-1] else "emotion,Usage,pixels"
            return f"FER2013 csv ({order})"
        return f"csv of pixels ({header})"

    @property
    def notes(self) -> tuple[str, ...]:
        """What columns were taken for, where their names are not FER2013's, and which were not."""
        notes = []
        for what, place, usual in (
            ("labels", self.emotion, "emotion"),
            ("splits", self.usage, "usage"),
        ):
            if place is not None and not self._is_called(place, usual):
                notes.append(f"{what} are column {self.names[place]}")
        used = (self.pixels, self.emotion, self.usage)
        if rest := [name or "''" for i, name in enumerate(self.names) if i not in used]:
            notes.append(f"columns not used: {', '.join(rest[:8])}")
        return tuple(notes)

    def _is_called(self, place: int | None, name: str) -> bool:
        return place is not None and self.names[place].lower() == name


def choose(where: str, names: Sequence[str], rows: Sequence[Sequence[str]]) -> Columns:
    """Return which columns are which.

    Parameters
    ----------
    where : str
        What an error names.
    names : sequence of str
        The header.
    rows : sequence of sequences of str
        The first rows; those of another length are not looked at.

    Raises
    ------
    DataError
        If there is no column of pixels, or several or unclear ones of labels or splits.
    """
    lower = [name.lower() for name in names]
    pixels = lower.index("pixels")
    values = [
        [row[i].strip() for row in rows if len(row) == len(names)] if i != pixels else []
        for i in range(len(names))
    ]
    others = [i for i in range(len(names)) if i != pixels]
    emotion = _one(where, "labels", names, values, _labels(lower, others))
    others = [i for i in others if i != emotion]
    by_name = _splits(lower, others)
    usage = _one(where, "splits", names, values, by_name or _of_splits(values, others))
    others = [i for i in others if i != usage and not _names_rows(lower[i])]
    if emotion is None and others:
        shown = ", ".join(names[i] for i in others[:8])
        raise DataError(
            f"{where}: no column of labels recognised; besides pixels it has {shown}. "
            "Name the column of labels emotion, or take the others out if there are no labels"
        )
    return Columns(tuple(names), pixels, emotion, usage)


@lru_cache(maxsize=1024)
def label_of(value: bytes, num_codes: int = 0) -> int | None:
    """Return the label of a code (``3``, ``3.0``) or of a class's own name; None of others.

    With `num_codes`, codes are numbers below it, and no names are known.
    """
    value = value.strip()
    if num_codes:
        is_code = re.fullmatch(rb"\d{1,6}(\.0*)?", value)
        return int(float(value)) if is_code and float(value) < num_codes else None
    if len(value) == 1 or _CODE.fullmatch(value):
        code = value[:1]
        return EMOTIONS.index(EMOTIONS_BY_CODE[int(code)]) if code in b"0123456" else None
    name = value.decode("utf-8", "replace").lower()
    return EMOTIONS.index(name) if name in EMOTIONS else None


def other_codes(codes: Counter[bytes], *, is_emotion: bool = True) -> str | None:
    """Return why a csv's codes are of another list of classes than FER2013's, or None.

    Parameters
    ----------
    codes : Counter of bytes
        How often each value of the column of labels comes.
    is_emotion : bool
        Whether the column is called so; of another, the codes must begin at 0 and differ.
    """
    numbers: Counter[int] = Counter()
    for value, count in codes.items():
        if re.fullmatch(rb"\s*\d{1,6}(\.0*)?\s*", value):
            numbers[int(float(value))] += count
    last = len(EMOTIONS_BY_CODE)
    if not numbers:
        return None
    known = f"the codes of FER2013 are 0 {EMOTIONS_BY_CODE[0]} to {last - 1} {EMOTIONS_BY_CODE[-1]}"
    shown = f"its codes are {min(numbers)} to {max(numbers)}"
    if (
        not is_emotion
        and numbers.total() == codes.total()
        and (min(numbers) > 0 or len(numbers) == 1)
    ):
        return f"{shown}, and {known}; call the column emotion if its codes are these"
    if max(numbers) < last:
        return None
    if min(numbers) > 0 and len(numbers) >= _FEWEST_CODES:
        return f"{shown}, so they begin at 1, and {known}; subtract 1, or write the classes' names"
    beyond = sum(count for number, count in numbers.items() if number >= last)
    if len(numbers) >= last - 1 and beyond > _FRACTION_BEYOND * numbers.total():
        return f"{shown}, and {known}; write the classes' names in place of the codes"
    return None


def unknown_word(values: Counter[bytes], is_known: Callable[[bytes], bool]) -> str | None:
    """Return a word that comes again among a column's values and is none of those known, or None.

    Rows with it are no accident: to skip them as bad would take a whole class or split away.
    """
    for value, count in values.most_common():
        word = value.strip()
        is_word = _WORD.fullmatch(word) and word.lower() not in _MISSING
        if count > 1 and is_word and not is_known(value):
            return word.decode("utf-8", "replace")
    return None


_WORD = re.compile(rb"[A-Za-z\x80-\xff][\w\x80-\xff &+./-]{0,40}")
_MISSING = frozenset((b"nan", b"na", b"n/a", b"none", b"null"))
_FEWEST_CODES = 4
_FRACTION_BEYOND = 0.01
"""Of the rows: fewer codes that are none are bad rows."""


def _labels(lower: list[str], places: list[int]) -> list[int]:
    """Return the column *emotion*, else those whose names say label, or class, and no more."""
    if exact := [i for i in places if lower[i] == "emotion"]:
        return exact[:1]
    label_columns = []
    for i in places:
        words = [word for word in _words(lower[i]) if word not in _FILLERS]
        if words and all(_is_one_of(word, _LABEL_WORDS) for word in words):
            label_columns.append(i)
    return label_columns


def _splits(lower: list[str], places: list[int]) -> list[int]:
    """Return the column *usage*, else those with a word for splits in their names."""
    if exact := [i for i in places if lower[i] == "usage"]:
        return exact[:1]
    return [i for i in places if any(_is_one_of(word, _SPLIT_WORDS) for word in _words(lower[i]))]


def _is_one_of(word: str, words: frozenset[str]) -> bool:
    return not words.isdisjoint((word, word.removesuffix("s"), word.removesuffix("es")))


def _of_splits(values: list[list[str]], places: list[int]) -> list[int]:
    """Return the columns all of whose values are names of splits."""
    return [i for i in places if values[i] and all(map(_is_split, values[i]))]


def _is_split(value: str) -> bool:
    return split_of_usage(value, merge_test=True) is not None


def _one(
    where: str, what: str, names: Sequence[str], values: list[list[str]], places: list[int]
) -> int | None:
    """Return the only column of some; of several, the only one that can be read, or one of like."""
    if len(places) < 2:
        return places[0] if places else None
    read: dict[int, list[int | str | None]] = {
        i: [
            label_of(value.encode()) if what == "labels" else split_of_usage(value, merge_test=True)
            for value in values[i]
        ]
        for i in places
    }
    fit = [i for i in places if read[i] and None not in read[i]]
    if fit and all(read[i] == read[fit[0]] for i in fit):
        return fit[0]
    shown = ", ".join(names[i] for i in places)
    raise DataError(f"{where}: several columns may be {what}: {shown}; keep one of them")


def _names_rows(name: str) -> bool:
    return all(word in _NAMES_OF_ROWS for word in _words(name))


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z]+", name)
