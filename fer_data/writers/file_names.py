"""Safe file names for samples, which stay in their class folders."""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath

import numpy as np

from fer_data.data import sources
from fer_data.data.dataset import Dataset
from fer_data.data.sources.tree_paths import SUFFIXES
from fer_data.errors import DataError

_MAX_BYTES = 255

_WINDOWS = sys.platform == "win32"
_FOLDS_CASE = sys.platform in ("win32", "darwin")

_RESERVED = re.compile(
    r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9\u00b9\u00b2\u00b3]) *([.:].*)?", re.IGNORECASE
)
_NOT_ON_WINDOWS = re.compile(r'[\x00-\x1f"*:<>?|/\\]|[. ]\Z')


def check_class_names(dataset: Dataset) -> None:
    """Refuse a class name that cannot be a folder's here, or would be the folder of another class.

    Raises
    ------
    DataError
        If there is one, and which.
    """
    others: dict[str, str] = {}
    for name in dataset.class_names:
        other = others.setdefault(_folded(name), name)
        if not _is_plain(name) or other != name:
            why = "" if other == name else f" next to {other!r} on this system"
            raise DataError(
                f"{dataset.root}: class name {name!r} cannot be a folder's{why}; "
                "rename the class, or choose another format",
                fix={"to": []},
            )


def file_names(dataset: Dataset, *, as_png: bool) -> tuple[list[str], bool]:
    """Return a path below its class folder for each sample, and whether it is the source's own.

    The source's own names are taken if all of them are plain, end as an image's do, and differ
    within their class folder, those that do not with their whole path in them. Else, and for data
    in memory, names are made of split and row, without an ending. With `as_png`, own names end in
    ``.png``.
    """
    names = [] if dataset.origin.arrays else sources.names(dataset)
    if names and all(map(_is_image, names)):
        names = _as_png(names) if as_png else names
        if not _all_differ(dataset, names) and not dataset.in_table:
            names = _with_paths(dataset, names)
            names = _as_png(names) if as_png else names
        if all(map(_is_image, names)) and _all_differ(dataset, names):
            return names, True
    digits = max(5, len(str(len(dataset))))
    codes = dataset.split_codes.tolist()
    return [f"{dataset.splits[code]}_{row:0{digits}d}" for row, code in enumerate(codes)], False


def _as_png(names: list[str]) -> list[str]:
    return [str(PurePosixPath(name).with_suffix(".png")) for name in names]


def _with_paths(dataset: Dataset, names: list[str]) -> list[str]:
    """Return names in which duplicates within a folder are replaced by their whole paths."""
    keys = [*zip(dataset.split_codes.tolist(), dataset.labels.tolist(), names, strict=True)]
    counts = Counter(keys)
    return [
        name if counts[key] == 1 else location.replace("/", "-")
        for key, name, location in zip(keys, names, dataset.locations.tolist(), strict=True)
    ]


def _is_image(name: str) -> bool:
    ending = name[name.rfind(".") :].lower()
    return ending in SUFFIXES and all(map(_is_plain, name.split("/")))


def _is_plain(part: str) -> bool:
    """Whether a name is one part of a path, can be written, and is not hidden."""
    try:
        size = len(os.fsencode(part))
    except UnicodeEncodeError:
        return False
    if _WINDOWS and (_NOT_ON_WINDOWS.search(part) or _RESERVED.fullmatch(part)):
        return False
    return 0 < size <= _MAX_BYTES and part[0] != "." and "/" not in part and "\0" not in part


def _folded(name: str) -> str:
    """Return what two names share that are one file here."""
    return unicodedata.normalize("NFC", name).casefold() if _FOLDS_CASE else name


def _all_differ(dataset: Dataset, names: Iterable[str]) -> bool:
    """Whether no two samples would be one file, or one the other's folder."""
    folded = map(_folded, names)
    places = set(zip(dataset.split_codes.tolist(), dataset.labels.tolist(), folded, strict=True))
    return len(places) == len(dataset) and not any(
        (split, label, str(parent)) in places
        for split, label, name in places
        if "/" in name
        for parent in PurePosixPath(name).parents
    )


def check_labelled(dataset: Dataset, holds: str) -> None:
    """Refuse samples without a label.

    Raises
    ------
    DataError
        If there is one, and which.
    """
    unlabelled = np.flatnonzero(dataset.labels < 0)
    if len(unlabelled):
        name = dataset.sample_ids(unlabelled[:1])[0]
        raise DataError(
            f"{dataset.root}: {name} has no label, and {holds} hold none without; "
            "choose another format",
            fix={"to": ["npz", "parquet"]},
        )
