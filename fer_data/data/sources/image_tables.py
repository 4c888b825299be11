"""Tables beside image folders: whether one names the images, and labels them otherwise.

Pure functions over text and names. A table is known by its cells: one column names the images,
with or without their endings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

ENDINGS = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".txt", ".xlsx", ".parquet")
"""Of a file that may be a table of images."""

BYTES_READ = 1 << 17
"""Of a table: as many say what it holds."""

FEWEST = 0.5
"""Of the images of one folder, or of the rows read: a table that names fewer is of others."""

_MANY = 1000
"""Rows that name images without their endings: so many are no list of classes."""

_CELLS = re.compile(r"[^,;\t\"'\[\]{}\r\n]+")


class Named(NamedTuple):
    """What a table says of images.

    Attributes
    ----------
    num_rows : int
        Rows that name an image.
    num_agreeing : int
        Of these, rows that name the image's own folder, too.
    """

    num_rows: int
    num_agreeing: int


def is_table(name: str) -> bool:
    """Whether a file is a table by its name."""
    return name.lower().endswith(ENDINGS)


def names_of_images(text: str, images: Mapping[str, Iterable[str]]) -> Named | None:
    """Return what a table says of the images of some folders; None where it names none of them.

    Parameters
    ----------
    text : str
        The table's beginning; of a binary one, any text that is in it.
    images : mapping of str to iterable of str
        File names by the name of their folder.
    """
    folders_of: dict[str, set[str]] = {}
    whole: set[str] = set()
    sizes: dict[str, int] = {}
    for folder, names in images.items():
        for name in map(str.lower, names):
            whole.add(name)
            for key in (name, name.rpartition(".")[0] or name):
                folders_of.setdefault(key, set()).add(folder)
            sizes[folder] = sizes.get(folder, 0) + 1
    lines = _rows(text)
    num_rows = num_agreeing = 0
    found_in = dict.fromkeys(sizes, 0)
    has_endings = False
    for cells in map(_cells, lines):
        named = next((cell for cell in map(_last, cells) if cell in folders_of), None)
        if named is None:
            continue
        num_rows += 1
        has_endings |= named in whole
        parts = {part for cell in cells for part in re.split(r"[/\\]", cell.lower())}
        num_agreeing += any(folder.lower() in parts for folder in folders_of[named])
        for folder in folders_of[named]:
            found_in[folder] += 1
    enough = any(number >= FEWEST * sizes[folder] for folder, number in found_in.items())
    if has_endings or num_rows >= _MANY:  # a few bare numbers may be anything
        enough |= num_rows >= FEWEST * len(lines)
    return Named(num_rows, num_agreeing) if num_rows and enough else None


def _cells(line: str) -> list[str]:
    """Return a line's cells, and the words of those that have several."""
    cells = [cell.strip() for cell in _CELLS.findall(line)]
    return cells + [word for cell in cells if " " in cell for word in cell.split()]


def _rows(text: str) -> list[str]:
    """Return the rows: lines, or, of JSON in few lines, its innermost objects and lists."""
    lines = [line for line in text.splitlines()[1:] if line.strip()]
    if text.lstrip()[:1] in ("{", "["):
        found = re.findall(r"[\[{]([^\[\]{}]+)[\]}]", text)
        if len(found) > 1:
            return found
        return text.split(",")
    if len(lines) > 1 and len(text) == BYTES_READ:
        lines.pop()  # cut off
    return lines or text.splitlines()


def _last(cell: str) -> str:
    """Return the last part of a path, in lower case."""
    return re.split(r"[/\\]", cell.strip())[-1].lower()
