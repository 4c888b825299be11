"""Tables next to image folders: whether one names the images, and labels them otherwise.

Pure functions over text and names. A table is known by its cells: one column names the images,
with or without their endings.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from fer_data.data.split_names import split_of_folder

ENDINGS = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".txt", ".xlsx", ".parquet")
"""Of a file that may be a table of images."""

LABELS_TABLES = (".csv", ".tsv", ".parquet", ".jsonl", ".ndjson", ".json", ".txt")
"""Of these, tables that can be read for labels, the likeliest first."""

_NO_TABLES = re.compile(r"(read.?me|licen[cs]e|requirements|changelog|classes|labels?_?names)\b.*")

BYTES_READ = 1 << 17
"""Of a table: as many say what it holds."""

MOST_TABLES = 64
"""Tables looked at: there may be a text next to each image."""

FEWEST = 0.5
"""Of the images of one folder, or of the rows read: a table that names fewer is of others."""

_MANY = 1000
"""Rows that name images without their endings, in a table that is not read to its end."""

_AGREES = 0.9
"""Of the rows that name an image: as many that say what its folder says, say nothing else."""

_CELLS = re.compile(r"[^,;\t\"'\[\]{}\r\n]+")
_SEPARATORS = re.compile(r"[/\\]")

_FEWEST_FOLDERS = 4
_CLASS_WORDS = ("class", "label", "categor", "name", "folder", "species", "breed", "emotion")

_NO_LABELS = frozenset(("split", "set", "usage", "subset", "fold", "partition"))
_NO_LABELS |= {"width", "height", "size", "channels", "folder", "dir", "directory", "path"}
"""Names of columns that are no labels, whatever they hold."""


class Images:
    """The images of class folders by their names, for any number of tables.

    Parameters
    ----------
    images : iterable of (str, iterable of str)
        Names of folders, and of the files in them; a folder may come once for each split.
    unlabelled : iterable of str
        Names of files that are in no class folder: a table of these says nothing of the folders.
    """

    def __init__(
        self, images: Iterable[tuple[str, Iterable[str]]], unlabelled: Iterable[str] = ()
    ) -> None:
        self.folders_of: dict[str, set[str]] = {}
        self.whole: set[str] = set()
        self.sizes: Counter[str] = Counter()
        ignored = {key for name in unlabelled for key in _keys(name)}
        for folder, names in images:
            for name in names:
                keys = _keys(name)
                self.sizes[folder.lower()] += 1
                if ignored.isdisjoint(keys):
                    self.whole.add(keys[0])
                    for key in keys:
                        self.folders_of.setdefault(key, set()).add(folder.lower())


def is_table(name: str) -> bool:
    """Whether a file is a table by its name."""
    return name.lower().endswith(ENDINGS)


def is_labels_table(path: str) -> bool:
    """Whether a file can be read as a table of labels, by its name."""
    name = path[path.rfind("/") + 1 :].lower()
    return name.endswith(LABELS_TABLES) and not _NO_TABLES.match(name)


def contradicts(text: str, images: Images, *, has_rows: bool = True) -> bool:
    """Whether a table names the images, and says of them what their folders don't.

    It doesn't where a cell next to the image's name is the folder's, where a column goes one to one
    with the folders, or where no column can be one of labels.

    Parameters
    ----------
    text : str
        The table's beginning; of a binary one, any text that is in it.
    images : Images
    has_rows : bool
        Whether what stands next to a name belongs to it; in .xlsx and parquet it does not, so there
        the names of all folders must be in the text.
    """
    lines = _rows(text)
    rows: list[
        tuple[set[str], list[str]]
    ] = []  # an image's folders, and the cells next to its name
    found_in: Counter[str] = Counter()
    seen: set[str] = set()
    has_endings = False
    for cells in map(_cells, lines):
        named = next((cell for cell in map(_last, cells) if cell in images.folders_of), None)
        if named is None:
            continue
        has_endings |= named in images.whole
        folders = images.folders_of[named]
        parts = {part for cell in cells for part in _SEPARATORS.split(cell.lower())[:-1]}
        rows.append((folders & parts or folders, [_without_name(cell, named) for cell in cells]))
        if named not in seen:
            seen.add(named)
            found_in.update(folders)
    enough = bool(rows) and len(rows) >= FEWEST * images.sizes.total()
    if has_endings:
        enough |= any(number >= FEWEST * images.sizes[name] for name, number in found_in.items())
    if has_endings or (len(rows) >= _MANY and len(text) >= BYTES_READ):
        enough |= len(rows) >= FEWEST * len(lines)
    if not has_rows:
        return enough and not images.sizes.keys() <= {line.strip().lower() for line in lines}
    return bool(rows) and enough and not _agrees(rows, _cells(text.split("\n", 1)[0]))


def labels_folders(text: str, folders: Iterable[str]) -> bool:
    """Whether a table has a row for each folder, and a column that groups them: the labels.

    So it is where folders are patients. A list of classes says so in the name of its column.
    """
    names = {name.lower() for name in folders}
    header, rows = _cells(text.split("\n", 1)[0]), [_cells(line.lower()) for line in _rows(text)]
    rows = [cells for cells in rows if len(cells) == len(header)]
    if len(names) < _FEWEST_FOLDERS or len(header) < 2 or len(rows) < len(names):
        return False
    columns = dict(zip(header, map(list, zip(*rows, strict=True)), strict=False))
    for key, values in columns.items():
        named = names.intersection(values)
        if len(named) < _AGREES * len(names) or len(set(values)) < len(values):
            continue
        if any(word in key.lower() for word in _CLASS_WORDS):
            return False
        others = [column for name, column in columns.items() if name != key]
        return any(map(_may_be_labels, others))
    return False


def _agrees(rows: list[tuple[set[str], list[str]]], header: list[str]) -> bool:
    width = Counter(len(cells) for _, cells in rows).most_common(1)[0][0]
    names = header if len(header) == width else [""] * width
    may_be = [_NO_LABELS.isdisjoint(re.findall(r"[a-z]+", name.lower())) for name in names]
    num_agreeing = sum(
        any(cell in folders for cell, may in zip(cells, may_be, strict=False) if may)
        for folders, cells in rows
    )
    if num_agreeing >= _AGREES * len(rows):
        return True
    regular = [(folders, cells) for folders, cells in rows if len(cells) == width]
    columns = [[cells[i] for _, cells in regular] for i in range(width) if may_be[i]]
    columns = [column for column in columns if _may_be_labels(column)]
    known = [next(iter(folders)) if len(folders) == 1 else "" for folders, _ in regular]
    return not columns or any(_is_one_to_one(known, column) for column in columns)


def _may_be_labels(column: list[str]) -> bool:
    """Whether values come again, differ, and are no names of splits."""
    values = Counter(column)
    values.pop("", None)
    if len(values) < 2 or 3 * len(values) > 2 * values.total():
        return False
    return not all(split_of_folder(value) for value in values)


def _is_one_to_one(folders: list[str], column: list[str]) -> bool:
    """Whether each folder has a value of its own, but for a few rows."""
    pairs = Counter(pair for pair in zip(folders, column, strict=True) if all(pair))
    value_of: dict[str, str] = {}
    for (folder, value), _ in pairs.most_common():
        value_of.setdefault(folder, value)
    fit = sum(number for (folder, value), number in pairs.items() if value_of[folder] == value)
    distinct = len(set(value_of.values())) == len(value_of) > 1
    return distinct and fit >= _AGREES * len(folders)


def _without_name(cell: str, named: str) -> str:
    """Return a cell in lower case, ``""`` where it is the image's name or another path."""
    return "" if _SEPARATORS.search(cell) or _last(cell) == named else cell.lower()


def _keys(name: str) -> tuple[str, str]:
    """Return a file's name in lower case, with and without its ending."""
    name = name.lower()
    return name, name.rpartition(".")[0] or name


def _cells(line: str) -> list[str]:
    """Return a line's cells, and the words of those that have several."""
    cells = [cell.strip() for cell in _CELLS.findall(line)]
    return cells + [word for cell in cells if " " in cell for word in cell.split()]


def _rows(text: str) -> list[str]:
    """Return the rows: lines, or, of JSON in few lines, its innermost objects and lists."""
    lines = [line for line in text.splitlines()[1:] if line.strip()]
    if text.lstrip()[:1] in ("{", "["):
        rows = re.findall(r"[\[{]([^\[\]{}]+)[\]}]", text)
        if len(rows) > 1:
            return rows
        return text.split(",")
    if len(lines) > 1 and len(text) == BYTES_READ:
        lines.pop()  # cut off
    return lines or text.splitlines()


def _last(cell: str) -> str:
    """Return the last part of a path, in lower case."""
    return _SEPARATORS.split(cell.strip())[-1].lower()
