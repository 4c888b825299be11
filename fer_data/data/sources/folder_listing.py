"""What the folders of a tree hold: images by their names, other files, and what is skipped.

Links to folders and files are followed where they can be read and lead to no folder above them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path

from fer_data.data.skipped import Skipped
from fer_data.data.sources import class_folders, image_tables
from fer_data.data.sources.files import Entry, Files, Folder
from fer_data.data.sources.layout_checks import DATA
from fer_data.data.sources.tree import NO_FILE, TEXTS, Layout, Listing
from fer_data.data.sources.tree_paths import SUFFIXES, ending
from fer_data.errors import DataError

_OF_SYSTEMS = frozenset(
    ("__macosx", "@eadir", "$recycle.bin", "system volume information", "lost+found", "__pycache__")
)
"""Folders, in lower case, that archive programs and systems leave; never hidden, never data."""

_BY_A_SYSTEM = "left by an archive program or a system"
_LOOP = "a link to a folder above it"
_TWICE = "a link to a folder that another link of its class leads to"
_NOWHERE = "a link that cannot be followed"

_HARMLESS = SUFFIXES | TEXTS | {*image_tables.ENDINGS, ".db", ".zip", ".npz", ".gz"}
"""Endings of files: a broken link of another name may be a class."""

_MAX_FOLDERS = 1 << 17
_FEW_FOLDERS = 256
"""In which the only file of data is looked for."""

_STEMS = 64


class Bound:
    """How many folders are looked into: links can make any number of a few."""

    def __init__(self, root: Path) -> None:
        self.root, self.number = root, 0

    def count(self) -> None:
        """Count one more, or refuse."""
        self.number += 1
        if self.number > _MAX_FOLDERS:
            raise DataError(
                f"{self.root}: more than {_MAX_FOLDERS:,} folders; "
                "name the one with the class folders"
            )


def layout_of(files: Files, *, as_named: bool) -> Layout:
    """Return which folders are classes: those that are found, or the folders as they stand."""
    bound = Bound(files.root)

    def list_folder(folder: str) -> Listing:
        bound.count()
        return listing(files, folder)

    if as_named:
        return class_folders.read_as_named(files.root, list_folder)
    return class_folders.find(files.root, list_folder)


def listing(files: Files, folder: str) -> Listing:
    """Return what a folder holds, but for what is hidden or left there by a system.

    Raises
    ------
    DataError
        If it cannot be read, or a link that may be a class cannot be followed.
    """
    folders, others, stems = [], [], []
    num_images = 0
    for entry in files.children(folder):
        if is_skipped(entry):
            continue
        is_image = ending(entry.name) in SUFFIXES
        if entry.kind == "file":
            if not is_image:
                others.append(entry.name)
                continue
            num_images += 1
            if num_images <= _STEMS:
                stems.append(entry.name[: entry.name.rfind(".")])
        elif entry.kind == "link":
            if ending(entry.name) not in _HARMLESS:  # a class's, or a split's
                path = files.root / entry.path
                raise DataError(f"{path}: {_NOWHERE}; repair the link or remove it")
            others.append(entry.name)
        elif entry.kind == "folder":
            if not files.makes_loop(entry):
                folders.append(entry.name)
        else:
            others.append(entry.name + NO_FILE)
    return Listing(tuple(folders), num_images, tuple(others), frozenset(stems))


def strangers(files: Files, layout: Layout) -> list[Skipped]:
    """Return what lies next to the class folders, and next to those that hold them."""
    known = {folder.path for folder in layout.folders} | set(layout.parents)
    holds_classes = {
        folder.path.rpartition("/")[0] for folder in layout.folders if folder.name is not None
    }
    skipped = []
    for parent in layout.parents:
        for entry in files.children(parent):
            if entry.path in known:
                continue
            if entry.name.startswith("."):
                reason = "hidden"
            elif is_skipped(entry):
                reason = _BY_A_SYSTEM
            elif parent not in holds_classes:
                place = "split folders" if layout.in_splits else "folder that holds the classes"
                reason = f"next to the {place}"
            else:
                reason = _LOOP if files.makes_loop(entry) else "not a class folder"
            skipped.append(Skipped(entry.path, reason))
    return skipped


def files_below(files: Files, folder: str, bound: Bound) -> Iterator[tuple[Entry, str]]:
    """Yield each file below a folder with the reason to leave it out, or ``""``."""
    within = [iter(files.children(folder))]  # folders may be deeper than Python's calls
    linked: set[tuple[int, int]] = set()
    while within:
        entry = next(within[-1], None)
        if entry is None:
            within.pop()
        elif entry.name[0] == ".":
            yield entry, "hidden"
        elif entry.kind == "link":
            yield entry, _NOWHERE
        elif entry.kind == "file":
            yield entry, "" if ending(entry.name) in SUFFIXES else "not an image file"
        elif entry.kind == "special":
            yield entry, "not a regular file"
        elif is_skipped(entry):
            yield entry, _BY_A_SYSTEM
        elif entry.place in linked:
            yield entry, _TWICE
        elif files.makes_loop(entry):
            yield entry, _LOOP
        else:
            bound.count()
            if entry.place is not None:
                linked.add(entry.place)
            within.append(iter(files.children(entry.path)))


def is_skipped(entry: Entry) -> bool:
    """Whether something is hidden, or was left there by a system."""
    return entry.name[0] == "." or entry.name.lower() in _OF_SYSTEMS


def only_file(root: Path) -> Path | None:
    """Return the only file of data in a folder, at any depth; None if there are more, or images."""
    files = Folder(root)
    waiting, data_files = deque([""]), []
    for _ in range(_FEW_FOLDERS):
        if not waiting:
            break
        try:
            entries = files.children(waiting.popleft())
        except DataError:
            return None
        for entry in entries:
            if is_skipped(entry):
                continue
            if entry.kind == "folder" and entry.place is None:
                waiting.append(entry.path)
            elif entry.kind == "file" and ending(entry.name) in SUFFIXES:
                return None
            elif entry.kind == "file" and entry.name.lower().endswith(DATA):
                data_files.append(root / entry.path)
    return None if waiting or len(data_files) != 1 else data_files[0]
