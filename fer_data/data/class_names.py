"""Class names: one form of Unicode, and the names and the order that are asked for."""

from __future__ import annotations

import csv
import os
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from fer_data.data.chosen import recoded
from fer_data.data.dataset import Dataset
from fer_data.data.options import LoadOptions
from fer_data.errors import DataError, UsageError
from fer_data.util.files import refuse_no_file
from fer_data.util.words import counted, printable

NUMERIC = "numeric"
"""In place of names: those there are, in the order of the numbers that they are."""

_HEADERS = {("old", "new"), ("label", "name"), ("code", "name"), ("class", "name"), ("from", "to")}

ClassNames = str | os.PathLike[str] | Sequence[str] | Mapping[str, str]


def with_class_names(dataset: Dataset, options: LoadOptions) -> Dataset:
    """Return the dataset with class names in one form, and those that `class_names` gives it."""
    return renamed(one_form(dataset), options.class_names)


def one_form(dataset: Dataset) -> Dataset:
    """Return the dataset with each class name in Unicode's composed form (NFC).

    Two names that look alike, as a folder's from another system, are one class.
    """
    forms = {name: unicodedata.normalize("NFC", name) for name in dataset.class_names}
    if all(name == form for name, form in forms.items()):
        return dataset
    merged = len(forms) - len(set(forms.values()))
    composed = _mapped(dataset, [forms[name] for name in dataset.class_names], None)
    if not merged:
        return composed
    return composed.noted(
        f"{counted(merged, 'class name')} in two forms of Unicode: one class each"
    )


def renamed(dataset: Dataset, class_names: ClassNames | None) -> Dataset:
    """Return the dataset with other names, or another order, of its classes.

    Parameters
    ----------
    dataset : Dataset
    class_names : sequence, mapping, text or path, optional
        All the names in another order. Or as many new ones for classes that are numbers from 0.
        Or a mapping of old to new names, where two may get the same: they become one class. As
        text: names with commas between them, ``old=new,other=new``, ``numeric``, or a csv of old
        and new names.

    Raises
    ------
    DataError
        If the csv cannot be read.
    UsageError
        If the names do not fit the data's.
    """
    if class_names is None:
        return dataset
    own = dataset.class_names
    chosen = parsed(class_names)
    if chosen == NUMERIC:
        if not all(name.strip().isdecimal() for name in own):
            other = next(name for name in own if not name.strip().isdecimal())
            raise UsageError(f"class_names: class {printable(other)} is no number")
        return _mapped(dataset, own, sorted(own, key=int))
    if isinstance(chosen, Mapping):
        if unknown := [name for name in chosen if name not in own]:
            raise UsageError(f"class_names: {_not_there(unknown[0], own)}")
        return _mapped(dataset, [chosen.get(name, name) for name in own], None)
    assert not isinstance(chosen, str)
    if len(set(chosen)) < len(chosen):
        raise UsageError("class_names: a name is given twice; to merge classes, map them")
    if set(own) <= set(chosen):
        return _mapped(dataset, own, chosen)
    numbers = {str(number) for number in range(len(chosen))}
    if set(own) <= numbers:
        return _mapped(dataset, [chosen[int(name)] for name in own], chosen)
    if len(chosen) != len(own) and not set(own) & set(chosen):
        raise UsageError(
            f"class_names: {len(chosen)} names for {len(own)} classes "
            f"({', '.join(map(printable, own[:10]))})"
        )
    missing = next(name for name in own if name not in chosen)
    raise UsageError(
        f"class_names: lacks {printable(missing)}, which the data has; to give new names, map "
        "the old ones to them"
    )


def _mapped(dataset: Dataset, new: Sequence[str], order: Sequence[str] | None) -> Dataset:
    """Return the dataset with a new name for each class, in an order or alphabetically."""
    names = tuple(sorted(set(new)) if order is None else order)
    place = {name: code for code, name in enumerate(names)}
    mapped: Dataset = recoded(dataset, names, [place[name] for name in new])
    return mapped


def parsed(class_names: ClassNames) -> str | Sequence[str] | Mapping[str, str]:
    """Return ``numeric``, names, or old names with their new ones."""
    if isinstance(class_names, Mapping):
        return {str(old): str(new) for old, new in class_names.items()}
    if isinstance(class_names, str | os.PathLike):
        text = os.fspath(class_names)
        if text == NUMERIC:
            return text
        if text.lower().endswith(".csv") or isinstance(class_names, os.PathLike):
            return _read(Path(text))
        names = [name.strip() for name in text.split(",") if name.strip()]
        if names and all("=" in name for name in names):
            pairs = [name.rpartition("=") for name in names]
            return {old.strip(): new.strip() for old, _, new in pairs}
        return names
    return [str(name) for name in class_names]


def _read(path: Path) -> dict[str, str]:
    refuse_no_file(path)
    names: dict[str, str] = {}
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            for line, fields in enumerate(csv.reader(file), 1):
                if not fields or (line == 1 and tuple(map(str.lower, fields)) in _HEADERS):
                    continue
                if len(fields) != 2 or fields[0] in names:
                    raise DataError(
                        f"{path}: line {line}: expected an old and a new class name, each old one "
                        "once"
                    )
                names[fields[0]] = fields[1]
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"{path}: no csv of class names ({error})") from None
    return names


def _not_there(name: str, own: Sequence[str]) -> str:
    shown = ", ".join(map(printable, own[:10])) + (", …" if len(own) > 10 else "")
    return f"no class {printable(name)} in the data, which has {shown}"
