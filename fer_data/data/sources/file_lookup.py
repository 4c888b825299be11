"""Look up the names that a table gives images in a listing of the files that there are.

Nothing is joined to a path and nothing is opened: a name stands for a file of the listing or for
none. The ways to read a name, from exact to lenient, are `LEVELS`; the first that finds a file
counts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

NO_FILE = -1

SEVERAL_FILES = -2

LEVELS = (
    "exact names",
    "names without their folders",
    "names without an extension",
    "names in another case",
    "names without an extension, in another case",
    "names with another extension",
)
"""The ways to read a name. Each takes names with some, all or more of the listed folders."""

_WHOLE = 0

_DRIVE = re.compile(r"[A-Za-z]:(/|$)")

_EXTENSION = re.compile(r"\.[A-Za-z]{1,4}[0-9]?$")

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


class FileLookup:
    """A listing of files, and the file that a name stands for.

    Parameters
    ----------
    files : sequence of str
        Relative paths with ``/``, each once.

    Examples
    --------
    >>> lookup = FileLookup(["part_1/ISIC_0001.jpg", "part_2/ISIC_0002.JPG"])
    >>> lookup.find("ISIC_0002"), lookup.find("part_1/isic_0001.png"), lookup.find("ISIC_0003")
    (1, 0, -1)
    """

    def __init__(self, files: Sequence[str]) -> None:
        self.files = files
        self._exact = {path: place for place, path in enumerate(files)}
        self._depth = 1 + max((path.count("/") for path in files), default=0)
        self._indices: dict[tuple[Callable[[str], str], int], dict[str, int | list[int]]] = {}

    def find(self, name: str, last_level: int = len(LEVELS) - 1) -> int:
        """Return the place of the file, `NO_FILE` or `SEVERAL_FILES`."""
        return int(self.find_all([name], last_level)[0][0])

    def find_all(
        self, names: Sequence[str], last_level: int = len(LEVELS) - 1
    ) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
        """Return for each name the place of its file, and which of `LEVELS` found it.

        The place is `NO_FILE` or `SEVERAL_FILES` where that is so.
        """
        exact = map(self._exact.get, names, repeat(NO_FILE))
        places = np.fromiter(exact, np.int64, len(names))
        levels = np.zeros(len(names), np.int8)
        left: list[tuple[int, str]] = []
        for row in np.flatnonzero(places == NO_FILE).tolist():
            name = normal(names[row])
            if name in self._exact:
                places[row] = self._exact[name]
            elif name and not refusal(name):
                left.append((row, name))
        for level in range(1, last_level + 1):
            lacking = []
            for row, name in left:
                match = self._matches(name, level)
                if match is None:
                    lacking.append((row, name))
                else:
                    places[row] = match if isinstance(match, int) else SEVERAL_FILES
                    levels[row] = level
            left = lacking
            if not left:
                break
        return places, levels

    def candidates(self, name: str) -> list[int]:
        """Return the places of all files that a name can stand for at the level that finds any."""
        name = normal(name)
        for level in range(1, len(LEVELS)):
            if (match := self._matches(name, level)) is not None:
                return [match] if isinstance(match, int) else match
        return []

    def _matches(self, name: str, level: int) -> int | list[int] | None:
        """Return the files that end with a name, or else the longest that the name ends with."""
        of_file, of_name = _KEYS[level]
        name = of_name(name)
        if "/" not in name:
            return self._index(of_file, 1).get(name)
        depth = name.count("/") + 1
        if depth <= self._depth:
            matches = self._index(of_file, depth).get(name)
            if matches is not None:
                return matches
        shorter = name
        while "/" in shorter:  # the table knows folders above the listed ones
            shorter = shorter.partition("/")[2]
            if (matches := self._index(of_file, _WHOLE).get(shorter)) is not None:
                return matches
        return None

    def _index(self, key: Callable[[str], str], depth: int) -> dict[str, int | list[int]]:
        """Return the places of the files by the last components of their key, or all of it."""
        index = self._indices.get((key, depth))
        if index is not None:
            return index
        index = self._indices[key, depth] = {}
        for place, path in enumerate(self.files):
            if depth == 1:
                path = path[path.rfind("/") + 1 :]
            elif depth != _WHOLE:
                parts = path.rsplit("/", depth)
                if len(parts) < depth:
                    continue
                path = path[len(parts[0]) + 1 :] if len(parts) > depth else path
            path = key(path)
            before = index.setdefault(path, place)
            if isinstance(before, list):
                before.append(place)
            elif before != place:
                index[path] = [before, place]
        return index


def normal(name: str) -> str:
    r"""Return a name with ``/`` for ``\`` and without ``./`` before it."""
    name = name.replace("\\", "/")
    while name.startswith("./"):
        name = name[2:].lstrip("/")
    return name


def refusal(name: str) -> str | None:
    """Return why a name is never looked up: it is absolute, leads upwards, or is an address."""
    name = normal(name)
    if ":" in name and _URL.match(name):
        return "an address"
    if name.startswith(("/", "~/")) or (":" in name and _DRIVE.match(name)):
        return "an absolute path"
    if ".." in name and ".." in name.split("/"):
        return "a path with .."
    return None


def without_extension(path: str) -> str:
    """Return a path without what follows the last dot of its last component."""
    stem, dot, ending = path.rpartition(".")
    return stem if dot and "/" not in ending and not stem.endswith("/") and stem else path


def _as_it_is(path: str) -> str:
    return path


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()


def _folded_stem(path: str) -> str:
    return _folded(without_extension(path))


def _folded_stem_of_file_name(name: str) -> str:
    """Return a name without its extension; nothing where it has none, as ``1.5`` has."""
    return _folded_stem(name) if _EXTENSION.search(name) else ""


_KEYS: tuple[tuple[Callable[[str], str], Callable[[str], str]], ...] = (
    (_as_it_is, _as_it_is),
    (_as_it_is, _as_it_is),
    (without_extension, _as_it_is),
    (_folded, _folded),
    (_folded_stem, _folded),
    (_folded_stem, _folded_stem_of_file_name),
)
"""For each level, what is compared of a file and of a name."""
