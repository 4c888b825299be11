"""A tree of folders: the questions by which class folders are found, and how it is then read."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from fer_data.data.sources.image_tables import is_table
from fer_data.data.sources.tree_paths import join, last, parent, plain
from fer_data.data.split_names import split_of_folder

MAX_DEPTH = 16
"""Folders between the data set's own and its class folders."""

_MOST_FOLDERS, _MOST_TABLES, _MOST_IN_FOLDER, _TABLES_DEPTH = 256, 16, 8, 2
"""Where tables of labels are looked for when class folders are doubtful."""

IMAGES = re.compile(r"(jpeg|jpg|png)?(images?|imgs?|pictures?|pics?|photos?|frames)")
"""What a folder of all images is called, without what is no letter."""

TEXTS = frozenset(
    (".txt", ".md", ".rst", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".yaml", ".yml", ".toml")
) | {".py", ".ipynb", ".m", ".r", ".sh", ".bat", ".html", ".pdf", ".doc", ".docx", ".xls", ".xlsx"}
TEXTS |= {".cfg", ".ini", ".log", ".pyc", ".names", ".data"}
"""Endings of texts, code and tables: a folder that holds nothing else is no class."""

NO_FILE = " (no regular file)"
"""Follows the name of what is neither a folder nor a regular file."""


class Listing(NamedTuple):
    """What a folder holds, but for what is hidden or left there by a system.

    Attributes
    ----------
    folders : tuple of str
        Names, in order.
    num_images : int
        Files that are images by their names.
    others : tuple of str
        Names of other files.
    stems : frozenset of str
        Names of the first images, without their endings.
    """

    folders: tuple[str, ...] = ()
    num_images: int = 0
    others: tuple[str, ...] = ()
    stems: frozenset[str] = frozenset()


class ClassFolder(NamedTuple):
    """A folder of one class and split; `name` is None where its images have no label."""

    split: str
    name: str | None
    path: str


@dataclass(frozen=True)
class Layout:
    """How a tree is read.

    Attributes
    ----------
    in_splits : bool
        Whether class folders lie in split folders.
    folders : tuple of ClassFolder
    parents : tuple of str
        The folders that hold them, whose other content is no part of the data.
    notes : tuple of str
        What was not as plain as it could be, for people.
    """

    in_splits: bool
    folders: tuple[ClassFolder, ...]
    parents: tuple[str, ...]
    notes: tuple[str, ...] = ()


ListFolder = Callable[[str], Listing]
"""Gives the listing of a folder by its path below the data set, ``""`` for the data set itself."""


class Tree:
    """The questions about one tree, each answered once.

    Parameters
    ----------
    root : Path
        What errors call it; nothing is read there.
    list_folder : callable
    """

    def __init__(self, root: Path, list_folder: ListFolder) -> None:
        self.root, self._list_folder = root, cache(list_folder)
        self.listing: ListFolder = cache(self._split_listing)
        self.places: Callable[[str], tuple[str, ...]] = cache(self._places)

    def _split_listing(self, path: str) -> Listing:
        """Return the listing of a folder, with the images of ``<split>/<class>/images`` in it."""
        listing = self._list_folder(path)
        if self.inner_images(path):
            inner = self._list_folder(join(path, listing.folders[0]))
            return Listing((), inner.num_images, listing.others, inner.stems)
        return listing

    def inner_images(self, path: str) -> bool:
        """Whether a folder in a split holds one of images, and nothing else of data."""
        listing = self._list_folder(path)
        if (
            listing.num_images
            or len(listing.folders) != 1
            or not split_of_folder(last(parent(path)))
        ):
            return False
        if split_of_folder(last(path)) or not IMAGES.fullmatch(plain(listing.folders[0])):
            return False
        inner = self._list_folder(join(path, listing.folders[0]))
        return bool(inner.num_images) and not inner.folders

    def tables(self) -> list[str]:
        """Return the tables in it, those of some folders from the root on."""
        paths, tables = deque([""]), []
        for _ in range(_MOST_FOLDERS):
            if not paths:
                break
            path = paths.popleft()
            tables += self.tables_in(path)
            if path.count("/") < _TABLES_DEPTH:
                paths += self.children(path)
        return tables[:_MOST_TABLES]

    def tables_in(self, path: str) -> list[str]:
        """Return the tables in a folder; one with many has rather a text next to each image."""
        tables = [join(path, name) for name in self.listing(path).others if is_table(name)]
        return tables if len(tables) <= _MOST_IN_FOLDER else []

    def children(self, path: str) -> list[str]:
        """Return the folders in one."""
        return [join(path, name) for name in self.listing(path).folders]

    def holding(self, path: str) -> list[str]:
        """Return the folders in one that hold images themselves."""
        return [child for child in self.children(path) if self.listing(child).num_images]

    def deeper(self, path: str) -> list[str]:
        """Return the folders in one that hold no images, and class folders at any depth."""
        if path.count("/") >= MAX_DEPTH:
            return []
        return [
            child
            for child in self.children(path)
            if not self.listing(child).num_images and self.places(child)
        ]

    def has_deeper_splits(self, path: str) -> bool:
        """Whether a folder in one that holds no images is named as a split."""
        return any(split_of_folder(last(child)) for child in self.deeper(path))

    def _places(self, path: str) -> tuple[str, ...]:
        """Return the folders at or below a path whose own folders hold images."""
        if self.holding(path) and not self.has_deeper_splits(path):
            return (path,)
        return tuple(place for child in self.deeper(path) for place in self.places(child))

    def has_images(self, path: str) -> bool:
        """Whether images are in a folder, at any depth."""
        return bool(self.listing(path).num_images) or self.has_images_deeper(path)

    def has_images_deeper(self, path: str) -> bool:
        """Whether a folder without images has folders with images somewhere below."""
        if self.listing(path).num_images:
            return False
        return any(
            self.listing(child).num_images or self.has_images_deeper(child)
            for child in self.children(path)
            if child.count("/") < MAX_DEPTH
        )

    def is_flat(self, path: str) -> bool:
        """Whether a folder of images is named as all images or a split, not as a class."""
        name = last(path)
        return bool(split_of_folder(name) or IMAGES.fullmatch(plain(name)))

    def has_classes(self, path: str) -> bool:
        """Whether class folders lie in a folder: two or more that are named as no split."""
        return any(
            sum(not self.is_flat(child) for child in self.holding(place)) > 1
            for place in self.places(path)
        )
