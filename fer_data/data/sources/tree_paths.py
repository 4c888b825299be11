"""Paths with ``/`` as text: the words of which trees and sentences about them are made."""

from __future__ import annotations

import re
from pathlib import Path

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff"}
    | {".ppm", ".pgm", ".pbm", ".pnm"}
)
"""Endings of files that are images by their names, in lower case."""


def join(path: str, name: str) -> str:
    """Return the path of a name in a folder; ``""`` is the root."""
    return f"{path}/{name}" if path and name else path or name


def parent(path: str) -> str:
    """Return the folder that a path lies in."""
    return path.rpartition("/")[0]


def last(path: str) -> str:
    """Return the name that a path ends in."""
    return path.rpartition("/")[2]


def between(outer: str, inner: str) -> list[str]:
    """Return the paths from one folder down to another below it, both too."""
    paths = [inner]
    while paths[-1] != outer:
        paths.append(parent(paths[-1]))
    return paths[::-1]


def plain(name: str) -> str:
    """Return the letters of a name, in lower case."""
    return re.sub(r"[^a-z]", "", name.lower())


def listed(paths: list[str]) -> str:
    """Return the first of some paths, and how many more there are."""
    return ", ".join(paths[:4]) + (f" and {len(paths) - 4:,} more" if len(paths) > 4 else "")


def hold(paths: list[str]) -> str:
    """Return the verb that follows some paths."""
    return "holds" if len(paths) == 1 else "hold"


def ending(name: str) -> str:
    """Return the ending of a name, in lower case."""
    return name[name.rfind(".") :].lower() if "." in name else ""


def unpacked_ending(path: Path) -> str:
    """Return the ending of a file's name, in lower case; of a gzipped file's, the one before."""
    return Path(path.stem if path.suffix.lower() == ".gz" else path).suffix.lower()


def endings(names: tuple[str, ...]) -> str:
    """Return how often which endings are among some names."""
    counts: dict[str, int] = {}
    for name in names:
        ending = f".{name.rpartition('.')[2].lower()}" if "." in name else "no ending"
        counts[ending] = counts.get(ending, 0) + 1
    most = sorted(counts.items(), key=lambda item: -item[1])[:4]
    return ", ".join(f"{number:,} {ending}" for ending, number in most)
