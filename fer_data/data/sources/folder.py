"""The folder layout: class folders with pictures, below split folders or given directly.

Links to folders and files are followed where they can be read and lead to no folder above them.
Which folders are classes, `class_folders` finds; `image_tables` whether a table says otherwise.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_data.data.dataset import Dataset, LeftOut, build
from fer_data.data.first_bytes import HEAD_BYTES, is_lfs_pointer, kind_of
from fer_data.data.options import LoadOptions
from fer_data.data.origin import Origin
from fer_data.data.sources import class_folders, image_tables
from fer_data.data.sources.class_folders import Layout, Listing
from fer_data.data.sources.content import State
from fer_data.data.sources.piece import Found, Pieces
from fer_data.errors import DataError

RECORD = ".convert-csv.json"
"""What a folder was made of, where `fer_data.convert_csv` made it and nothing else has written
there since."""

_FILES_AT_ONCE = 256

IN_SPLITS = "split folders with class folders"

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff"}
    | {".ppm", ".pgm", ".pbm", ".pnm"}
)

_OF_SYSTEMS = frozenset(
    ("__macosx", "@eadir", "$recycle.bin", "system volume information", "lost+found", "__pycache__")
)
"""Folders, in lower case, that archive programs and systems leave; never hidden, never data."""

_BY_A_SYSTEM = "left by an archive program or a system"
_LOOP = "a link to a folder above it"
_TWICE = "a link to a folder that another link of its class leads to"
_NOWHERE = "a link that cannot be followed"

_HARMLESS = SUFFIXES | class_folders.TEXTS | {*image_tables.ENDINGS, ".db", ".zip", ".npz", ".gz"}
"""Endings of files: a broken link of another name may be a class."""

_MAX_FOLDERS = 1 << 17
_STEMS = 64
_XLSX_TEXTS = "xl/sharedStrings.xml"


def recognises(path: Path) -> bool:
    """Whether the path is a folder."""
    return path.is_dir()


def read(path: Path, options: LoadOptions) -> Dataset:
    """Read the samples of a folder, in the order split, class, file name.

    Whether an image is bad shows when it is decoded.
    """
    samples: list[tuple[str, str | None, str]] = []
    left_out: list[LeftOut] = []
    found = _layout(path, told=options.layout is not None)
    if options.layout is None:
        _refuse_tables(path, found)
    bound = _Bound(path)
    strangers = _strangers(path, found)
    for split, name, folder in found.folders:
        is_first = True
        for entry, reason in _files(path, path / folder, bound):
            relative = entry.path[len(str(path)) + 1 :]
            if reason:
                left_out.append(LeftOut(relative, reason))
            else:
                if is_first:
                    _refuse_pointer(entry.path)
                is_first = False
                samples.append((split, name, relative))
    samples.sort(key=lambda sample: (sample[0], sample[1] or "", sample[2]))
    names = [folder.name for folder in found.folders if folder.name is not None]
    split = next(folder.split for folder in found.folders if folder.name is not None)
    words = IN_SPLITS if found.in_splits else f"class folders of the {split} split"
    dataset = build(path, words, names, samples, [*left_out, *strangers])
    return replace(dataset, notes=found.notes)


def pictures_below(path: Path) -> tuple[list[str], list[LeftOut]]:
    """Return the path of every picture below a folder, in order, and what is none.

    Raises
    ------
    DataError
        If there is no picture.
    """
    found: list[str] = []
    left_out: list[LeftOut] = []
    for entry, reason in _files(path, path, _Bound(path)):
        relative = entry.path[len(str(path)) + 1 :]
        if reason:
            left_out.append(LeftOut(relative, reason))
        else:
            found.append(relative)
    if not found:
        raise DataError(f"{path}: there is no picture in this folder")
    return sorted(found), left_out


def state(origin: Origin) -> State:
    """Return the state of every image file of the data set."""
    found = State()
    for name in origin.class_names:
        found.add_folder(name)  # a class without an image counts too
    for location in origin.locations.tolist():
        found.add(location, os.stat(origin.root / location))
    return found


@dataclass(frozen=True)
class Files:
    """Some files; the first is that of index `start`."""

    root: Path
    locations: list[str]
    start: int

    def __len__(self) -> int:
        return len(self.locations)

    def pictures(self) -> Iterator[Found]:
        """Yield the files."""
        for row, location in enumerate(self.locations, self.start):
            path = self.root / location
            yield Found(row, str(path), path)


def pieces(origin: Origin, rows: NDArray[np.int64]) -> Pieces:
    """Return the files, a few hundred a piece."""
    starts = range(0, len(rows), _FILES_AT_ONCE)
    locations = origin.locations[rows].tolist()
    return Pieces(
        (Files(origin.root, locations[start : start + _FILES_AT_ONCE], start) for start in starts),
        len(starts),
    )


def names(dataset: Dataset) -> list[str]:
    """Return each file's path below its class folder."""
    layout = _layout(dataset.root, told=dataset.options.layout is not None)
    folders = {folder.path for folder in layout.folders}
    found = []
    for location in dataset.locations.tolist():
        end = location.find("/")
        while end >= 0 and location[:end] not in folders:
            end = location.find("/", end + 1)
        found.append(location[end + 1 :])
    return found


class _Bound:
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


def _layout(root: Path, *, told: bool) -> Layout:
    bound = _Bound(root)

    def look(folder: str) -> Listing:
        bound.count()
        return _listing(root, root / folder)

    return class_folders.read_as_told(root, look) if told else class_folders.find(root, look)


def _listing(root: Path, folder: Path) -> Listing:
    folders, others, stems = [], [], []
    num_images = 0
    for entry in _children(folder):
        if _is_skipped(entry):
            continue
        if not entry.is_symlink() and entry.is_file():  # nearly all, so first
            if _ending(entry.name) in SUFFIXES:
                num_images += 1
                if num_images <= _STEMS:
                    stems.append(entry.name[: entry.name.rfind(".")])
            else:
                others.append(entry.name)
        elif _is_broken(entry):
            if _ending(entry.name) not in _HARMLESS:  # a class's, or a split's
                raise DataError(f"{entry.path}: {_NOWHERE}; mend the link or remove it")
            others.append(entry.name)
        elif entry.is_dir():
            if not _makes_loop(root, entry):
                folders.append(entry.name)
        elif not entry.is_file():
            others.append(entry.name + class_folders.NO_FILE)
        elif _ending(entry.name) in SUFFIXES:
            num_images += 1
        else:
            others.append(entry.name)
    return Listing(tuple(folders), num_images, tuple(others), frozenset(stems))


def _strangers(root: Path, found: Layout) -> list[LeftOut]:
    """Return what lies beside the class folders, and beside those that hold them."""
    known = {folder.path for folder in found.folders} | set(found.parents)
    holds_classes = {
        folder.path.rpartition("/")[0] for folder in found.folders if folder.name is not None
    }
    left_out = []
    for parent in found.parents:
        for entry in _children(root / parent):
            relative = f"{parent}/{entry.name}" if parent else entry.name
            if relative in known or (not parent and entry.name == RECORD):
                continue
            if entry.name.startswith("."):
                reason = "hidden"
            elif _is_skipped(entry):
                reason = _BY_A_SYSTEM
            elif parent not in holds_classes:
                beside = "split folders" if found.in_splits else "folder that holds the classes"
                reason = f"beside the {beside}"
            else:
                reason = _LOOP if _makes_loop(root, entry) else "not a class folder"
            left_out.append(LeftOut(relative, reason))
    return left_out


def _refuse_tables(root: Path, found: Layout) -> None:
    """Refuse class folders beside a table that names their images and other classes."""
    tables = [
        entry
        for parent in found.parents
        for entry in _children(root / parent)
        if image_tables.is_table(entry.name) and not _is_skipped(entry) and entry.is_file()
    ]
    if not tables:
        return
    tables.sort(key=lambda entry: (_ending(entry.name) == ".txt", -entry.stat().st_size))
    images = image_tables.Images(
        (
            (folder.name, _image_names(root / folder.path))
            for folder in found.folders
            if folder.name is not None
        ),
        (
            name
            for folder in found.folders
            if folder.name is None
            for name in _image_names(root / folder.path)
        ),
    )
    for entry in tables[: image_tables.MOST_TABLES]:
        text = _table_text(Path(entry.path))
        has_rows = _ending(entry.name) not in (".xlsx", ".parquet")
        if image_tables.contradicts(text, images, has_rows=has_rows):
            relative = entry.path[len(str(root)) + 1 :]
            raise DataError(
                f"{root}: {relative} beside the folders names their images, so the folders may "
                "be no classes; sort the images into one folder a class; "
                f"{class_folders.TYPE_IT}",
                fix=class_folders.AS_CLASSES,
            )


def _image_names(folder: Path) -> Iterator[str]:
    return (entry.name for entry in _children(folder) if _ending(entry.name) in SUFFIXES)


def _refuse_pointer(path: str) -> None:
    """Refuse a class whose first picture is a pointer of Git LFS: as a rule all of them are."""
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError:
        return  # decoding tells
    if is_lfs_pointer(head):
        raise DataError(f"{path}: {kind_of(head)}")


def _table_text(path: Path) -> str:
    """Return the beginning of a table as text, or of what an .xlsx says; nothing of others."""
    try:
        with open(path, "rb") as file:
            data = file.read(image_tables.BYTES_READ)
        if data.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(path) as archive, archive.open(_XLSX_TEXTS) as texts:
                data = re.sub(rb"<[^>]*>", b"\n", texts.read(image_tables.BYTES_READ))
    except Exception:  # a broken archive raises what each of its kinds of compression does
        return ""
    return data.decode("utf-8-sig", "replace")


def _files(root: Path, folder: Path, bound: _Bound) -> Iterator[tuple[os.DirEntry[str], str]]:
    """Yield each file below a class folder with the reason to leave it out, or ``""``."""
    within = [iter(_children(folder))]  # folders may be deeper than Python's calls
    linked: set[tuple[int, int]] = set()
    while within:
        entry = next(within[-1], None)
        if entry is None:
            within.pop()
        elif entry.name[0] == ".":
            yield entry, "hidden"
        elif _is_broken(entry):
            yield entry, _NOWHERE
        elif entry.is_file():
            yield entry, "" if _ending(entry.name) in SUFFIXES else "not a picture by its name"
        elif not entry.is_dir():
            yield entry, "not a regular file"
        elif _is_skipped(entry):
            yield entry, _BY_A_SYSTEM
        elif entry.is_symlink() and _place(entry) in linked:
            yield entry, _TWICE
        elif _makes_loop(root, entry):
            yield entry, _LOOP
        else:
            bound.count()
            if entry.is_symlink():
                linked.add(_place(entry))
            within.append(iter(_children(Path(entry.path))))


def _place(entry: os.DirEntry[str]) -> tuple[int, int]:
    found = entry.stat()
    return found.st_dev, found.st_ino


def _is_skipped(entry: os.DirEntry[str]) -> bool:
    return entry.name[0] == "." or entry.name.lower() in _OF_SYSTEMS


def _is_broken(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a link that leads nowhere, or to itself."""
    if not entry.is_symlink():
        return False
    try:
        entry.stat()
    except OSError:
        return True
    return False


def _makes_loop(root: Path, entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a link to a folder that it lies in."""
    if not entry.is_symlink() or _is_broken(entry) or not entry.is_dir():
        return False
    target = entry.stat()
    above = Path(entry.path).parent
    while not os.path.samestat(above.stat(), target):
        if above == root or above == above.parent:
            return root.resolve().is_relative_to(Path(entry.path).resolve())
        above = above.parent
    return True


def _children(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=attrgetter("name"))
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror})") from None


def _ending(name: str) -> str:
    return name[name.rfind(".") :].lower()
