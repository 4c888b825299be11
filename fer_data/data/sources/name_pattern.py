"""Labels in the names of files, taken out by a regular expression."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from fer_data.data.sources.labels_table import TableMatch
from fer_data.data.sources.table_columns import quoted
from fer_data.data.split_names import split_notes, split_of_folder
from fer_data.errors import DataError, UsageError
from fer_data.util.words import counted


def labels_from_names(files: Sequence[str], pattern: str | re.Pattern[str]) -> TableMatch:
    r"""Read each file's label from its relative path.

    Parameters
    ----------
    files : sequence of str
        Relative paths with ``/``.
    pattern : str or re.Pattern
        Searched for in each path. Its only group is the label, or the group named ``label``;
        groups named ``split`` and ``group`` are read too.

    Raises
    ------
    UsageError
        If the pattern is no regular expression or has no such group.
    DataError
        If it does not fit a file, unless it fits none in a folder that is named as a test or
        validation split; or a split is none.

    Examples
    --------
    >>> match = labels_from_names(["S005_001_happy.png", "S010_002_sad.png"], r"_([a-z]+)\.")
    >>> match.labels
    ['happy', 'sad']
    >>> pattern = r"(?P<group>S\d+)_\d+_(?P<label>[a-z]+)"
    >>> labels_from_names(["S005_001_happy.png"], pattern).groups
    ['S005']
    """
    label = _label_group(pattern)
    search = re.compile(pattern).search
    matches = [search(path) for path in files]
    fits = [bool(match and match[label]) for match in matches]
    labelled = {split_of_path(path) for path, fit in zip(files, fits, strict=True) if fit}
    bad = [path for path, fit in zip(files, fits, strict=True) if not fit]
    without = [path for path in bad if split_of_path(path) not in {"train"} | labelled]
    bad = [path for path in bad if path not in set(without)]
    if bad:
        shown = ", ".join(map(quoted, bad[:3]))
        raise DataError(
            f"the pattern {quoted(str(getattr(pattern, 'pattern', pattern)))} finds no label in "
            f"{counted(len(bad), 'file')} of {len(files):,}: {shown}; change it, or leave those "
            "files elsewhere"
        )
    labels = [match[label] if match else None for match in matches]
    named = re.compile(pattern).groupindex
    splits = groups = None
    if "split" in named:
        pairs = zip(files, matches, strict=True)
        splits = [_split(match) if match else split_of_path(path) for path, match in pairs]
    if "group" in named:
        groups = [(match["group"] or None) if match else None for match in matches]
    read = ", ".join(["label", *(name for name in ("split", "group") if name in named)])
    notes = [f"{read} from the names of files"]
    if "split" in named:
        notes += split_notes((match["split"], _split(match)) for match in matches if match)
    if without:
        notes.append(
            f"no label in the names of {counted(len(without), 'file')} of the "
            f"{', '.join(sorted(set(map(split_of_path, without))))} split"
        )
    return TableMatch(np.arange(len(files)), labels, splits, groups, {}, tuple(notes))


def split_of_path(path: str) -> str:
    """Return the split of the first folder of a path that is named as one, else ``train``."""
    return next(filter(None, map(split_of_folder, path.split("/")[:-1])), "train")


def _label_group(pattern: str | re.Pattern[str]) -> str | int:
    try:
        compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise UsageError(f"{quoted(str(pattern))} is no regular expression ({error})") from None
    if "label" in compiled.groupindex:
        return "label"
    if compiled.groups - len(compiled.groupindex) == 1:
        of_name = set(compiled.groupindex.values())
        return next(number for number in range(1, compiled.groups + 1) if number not in of_name)
    raise UsageError(
        f"{quoted(compiled.pattern)} has {counted(compiled.groups, 'group')}; expected one, "
        "or one named label: (?P<label>…)"
    )


def _split(match: re.Match[str]) -> str:
    split = split_of_folder(match["split"] or "")
    if split is None:
        raise DataError(
            f"{quoted(match.string)}: {quoted(str(match['split']))} is no split; expected train, "
            "validation or test"
        )
    return split
