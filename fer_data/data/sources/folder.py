"""The folder layout: class folders with pictures, below split folders or given directly.

Links to folders and files are followed where they can be read and lead to no folder above them.
Which folders are classes, `class_folders` finds; `image_tables` whether a table says otherwise.
"""

from __future__ import annotations

import os
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path

from fer_data.data.first_bytes import HEAD_BYTES, is_lfs_pointer, kind_of
from fer_data.data.manifest import LeftOut, Manifest, build
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
_NOWHERE = "a link that cannot be followed"

_MAX_FOLDERS = 1 << 17
_XLSX_TEXTS = "xl/sharedStrings.xml"
_AGREES = 0.9
"""Of a table's rows that name an image: as many that name its folder, too, say nothing else."""


def recognises(path: Path) -> bool:
    """Whether the path is a folder."""
    return path.is_dir()


def read(
    path: Path, *, merge_test: bool = True, skip_bad: bool = False, layout: str | None = None
) -> Manifest:
    """Read the manifest of a folder, in the order split, class, file name.

    `merge_test` and `skip_bad` are for csv files: split folders are taken as they are named, and
    whether a picture is bad shows when it is decoded. With `layout` the folders are classes
    whatever they hold; else what they may be, too, is refused.
    """
    samples: list[tuple[str, str | None, str]] = []
    left_out: list[LeftOut] = []
    found = _layout(path, told=layout is not None)
    if layout is None:
        _refuse_tables(path, found)
    strangers = _strangers(path, found)
    for split, name, folder in found.folders:
        is_first = True
        for entry, reason in _files(path, path / folder):
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
    splits = {folder.split for folder in found.folders}
    words = IN_SPLITS if found.in_splits else f"class folders of the {splits.pop()} split"
    manifest = build(path, words, names, samples, [*left_out, *strangers])
    return replace(manifest, notes=found.notes)


def check(path: Path, *, layout: str | None = None) -> None:
    """Refuse a folder that `read` would refuse for its layout; its pictures are not listed.

    Raises
    ------
    DataError
        As `read`.
    """
    found = _layout(path, told=layout is not None)
    if layout is None:
        _refuse_tables(path, found)


def pictures_below(path: Path) -> tuple[list[str], list[LeftOut]]:
    """Return the path of every picture below a folder, in order, and what is none.

    Raises
    ------
    DataError
        If there is no picture.
    """
    found: list[str] = []
    left_out: list[LeftOut] = []
    for entry, reason in _files(path, path):
        relative = entry.path[len(str(path)) + 1 :]
        if reason:
            left_out.append(LeftOut(relative, reason))
        else:
            found.append(relative)
    if not found:
        raise DataError(f"{path}: there is no picture in this folder")
    return sorted(found), left_out


def state(path: Path) -> State:
    """Return the state of every image file."""
    found = State()
    start = len(str(path)) + 1
    for folder in (path / folder.path for folder in _layout_as_read(path).folders):
        found.add_folder(str(folder)[start:])  # a class without an image counts too
        for entry, reason in _files(path, folder):
            if not reason:
                found.add(entry.path[start:], entry.stat())
    return found


@dataclass(frozen=True)
class Files:
    """Some files; the manifest's row `start` is the first."""

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


def pieces(manifest: Manifest) -> Pieces:
    """Return the files, a few hundred a piece."""
    starts = range(0, len(manifest), _FILES_AT_ONCE)
    locations = manifest.locations.tolist()
    return Pieces(
        (
            Files(manifest.root, locations[start : start + _FILES_AT_ONCE], start)
            for start in starts
        ),
        len(starts),
    )


def names(manifest: Manifest) -> list[str]:
    """Return each file's path below its class folder."""
    layout = _layout_as_read(manifest.root, manifest.class_names)
    folders = {folder.path for folder in layout.folders}
    found = []
    for location in manifest.locations.tolist():
        end = location.find("/")
        while end >= 0 and location[:end] not in folders:
            end = location.find("/", end + 1)
        found.append(location[end + 1 :])
    return found


def _layout(root: Path, *, told: bool) -> Layout:
    looks = 0

    def look(folder: str) -> Listing:
        nonlocal looks
        looks += 1
        if looks > _MAX_FOLDERS:
            raise DataError(
                f"{root}: more than {_MAX_FOLDERS:,} folders; name the one with the class folders"
            )
        return _listing(root, root / folder)

    return class_folders.read_as_told(root, look) if told else class_folders.find(root, look)


def _layout_as_read(root: Path, class_names: Iterable[str] | None = None) -> Layout:
    """Return the layout by which a data set was read: as told where it is refused else.

    Both hold the same images where neither is refused; the class names say which it was.
    """
    try:
        found = _layout(root, told=False)
    except DataError:
        return _layout(root, told=True)
    own = {folder.name for folder in found.folders if folder.name is not None}
    if class_names is not None and own != set(class_names):
        return _layout(root, told=True)
    return found


def _listing(root: Path, folder: Path) -> Listing:
    folders, others = [], []
    num_images = 0
    for entry in _children(folder):
        if _is_skipped(entry):
            continue
        if not entry.is_symlink() and entry.is_file():  # nearly all, so first
            if _ending(entry.name) in SUFFIXES:
                num_images += 1
            else:
                others.append(entry.name)
        elif _is_broken(entry):
            if "." not in entry.name:  # a class's, or a split's
                raise DataError(f"{entry.path}: {_NOWHERE}; mend the link or remove it")
            others.append(entry.name)
        elif entry.is_dir():
            if not _makes_loop(root, entry):
                folders.append(entry.name)
        elif _ending(entry.name) in SUFFIXES:
            num_images += 1
        else:
            others.append(entry.name)
    return Listing(tuple(folders), num_images, tuple(others))


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
            if parent not in holds_classes:
                reason = "beside the split folders"
            elif entry.name.startswith("."):
                reason = "hidden"
            elif _is_skipped(entry):
                reason = _BY_A_SYSTEM
            else:
                reason = _LOOP if _makes_loop(root, entry) else "not a class folder"
            left_out.append(LeftOut(relative, reason))
    return left_out


def _refuse_tables(root: Path, found: Layout) -> None:
    """Refuse class folders beside a table that names their images and other classes."""
    images: dict[str, list[str]] | None = None
    for parent in found.parents:
        for entry in _children(root / parent):
            if _is_skipped(entry) or not image_tables.is_table(entry.name) or not entry.is_file():
                continue
            if images is None:
                images = {
                    folder.name: [
                        child.name
                        for child in _children(root / folder.path)
                        if _ending(child.name) in SUFFIXES
                    ]
                    for folder in found.folders
                    if folder.name is not None
                }
            text = _table_text(Path(entry.path))
            named = image_tables.names_of_images(text, images)
            if named and named.num_agreeing < named.num_rows * _AGREES:
                relative = entry.path[len(str(root)) + 1 :]
                raise DataError(
                    f"{root}: {relative} beside the folders names their images, so the folders may "
                    "be no classes; sort the images into one folder a class; "
                    f"{class_folders.TYPE_IT}"
                )


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
    except (OSError, zipfile.BadZipFile, KeyError, zlib.error, RuntimeError, NotImplementedError):
        return ""
    return data.decode("utf-8-sig", "replace")


def _files(root: Path, folder: Path) -> Iterator[tuple[os.DirEntry[str], str]]:
    """Yield each file below a class folder with the reason to leave it out, or ``""``."""
    within = [iter(_children(folder))]  # folders may be deeper than Python's calls
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
        elif _makes_loop(root, entry):
            yield entry, _LOOP
        else:
            within.append(iter(_children(Path(entry.path))))


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
