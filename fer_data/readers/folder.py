"""The folder layout: class folders with pictures, below split folders or given directly.

Symbolic links to folders are left out (they can loop), and links to files that lie outside the
data set too: what is read is what the user pointed at.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from fer_data.errors import DataError
from fer_data.labels import split_of_folder
from fer_data.manifest import LeftOut, Manifest, build
from fer_data.readers.content import State
from fer_data.readers.piece import Found, Pieces

RECORD = ".convert-csv.json"
"""What a folder was made of, where `fer_data.convert_csv` made it and nothing else has written
there since."""

_FILES_AT_ONCE = 256

_IN_SPLITS = "split folders with class folders"

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff"})


def recognises(path: Path) -> bool:
    """Whether the path is a folder."""
    return path.is_dir()


def read(path: Path, *, merge_test: bool = True, skip_bad: bool = False) -> Manifest:
    """Read the manifest of a folder, in the order split, class, file name.

    `merge_test` and `skip_bad` are for csv files: split folders are taken as they are named, and
    whether a picture is bad shows when it is decoded.
    """
    samples: list[tuple[str, str, str]] = []
    left_out: list[LeftOut] = []
    class_names: list[str] = []
    layout, folders = _class_folders(path, left_out)
    for split, name, folder in folders:
        class_names.append(name)
        for entry, reason in _files(path, folder):
            relative = entry.path[len(str(path)) + 1 :]
            if reason:
                left_out.append(LeftOut(relative, reason))
            else:
                samples.append((split, name, relative))
    samples.sort()
    return build(path, layout, class_names, samples, left_out)


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
    _, folders = _class_folders(path, [])
    for _, _, folder in folders:
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
    depth = 2 if manifest.layout == _IN_SPLITS else 1
    return [location.split("/", depth)[-1] for location in manifest.locations.tolist()]


_ClassFolder = tuple[str, str, Path]
"""Split, class name, folder."""


def _class_folders(root: Path, left_out: list[LeftOut]) -> tuple[str, list[_ClassFolder]]:
    """Return the layout in words and every class folder; note strangers beside them."""
    children = _children(root)
    splits = [
        (split, Path(child.path))
        for child in children
        if (split := split_of_folder(child.name)) and _is_folder(child) and _has_folders(child)
    ]
    if not splits:
        _refuse_what_is_no_class(root, children)
        split = split_of_folder(root.name) or "train"
        return f"class folders of the {split} split", _classes_in(root, split, "", left_out)
    seen: dict[str, str] = {}
    for split, folder in splits:
        if split in seen:
            raise DataError(
                f"{root}: {seen[split]} and {folder.name} both stand for the {split} split; "
                "rename or merge one of them"
            )
        seen[split] = folder.name
    left_out += [
        LeftOut(child.name, "beside the split folders")
        for child in children
        if child.name not in (*seen.values(), RECORD)
    ]
    return _IN_SPLITS, [
        found
        for split, folder in splits
        for found in _classes_in(folder, split, f"{folder.name}/", left_out)
    ]


def _refuse_what_is_no_class(root: Path, children: list[os.DirEntry[str]]) -> None:
    """Refuse folders that would be taken for classes, and are splits or whole data sets."""
    folders = [child for child in children if _is_folder(child)]
    if folders and all(split_of_folder(child.name) for child in folders):
        names = ", ".join(child.name for child in folders)
        raise DataError(f"{root}: no class folders in {names}; expected {names}/<class>/<picture>")
    for child in folders:
        inside = [entry for entry in _children(Path(child.path)) if _is_folder(entry)]
        if any(split_of_folder(entry.name) and _has_folders(entry) for entry in inside):
            raise DataError(f"{root}: the data set is one folder down; name {child.path}")


def _classes_in(
    folder: Path, split: str, prefix: str, left_out: list[LeftOut]
) -> list[_ClassFolder]:
    found = []
    for child in _children(folder):
        if child.name.startswith("."):
            left_out.append(LeftOut(prefix + child.name, "hidden"))
        elif _is_folder(child):
            found.append((split, child.name, Path(child.path)))
        else:
            left_out.append(LeftOut(prefix + child.name, "not a class folder"))
    if not found:
        raise DataError(
            f"{folder}: no class folders here; expected {folder.name}/<class>/<picture>, "
            f"or {folder.name}/train/<class>/<picture>"
        )
    return found


def _files(root: Path, folder: Path) -> Iterator[tuple[os.DirEntry[str], str]]:
    """Yield each file below a class folder with the reason to leave it out, or ``""``."""
    within = [iter(_children(folder))]  # folders may be deeper than Python's calls
    while within:
        entry = next(within[-1], None)
        if entry is None:
            within.pop()
        elif entry.is_symlink() and _leads_outside(root, entry):
            yield entry, "a symbolic link that leads out of the data set, or to a folder"
        elif entry.name[0] == ".":
            yield entry, "hidden"
        elif entry.is_file():
            ending = entry.name[entry.name.rfind(".") :].lower()
            yield entry, "" if ending in SUFFIXES else "not a picture by its name"
        elif entry.is_dir():
            within.append(iter(_children(Path(entry.path))))
        else:
            yield entry, "not a regular file"


def _leads_outside(root: Path, entry: os.DirEntry[str]) -> bool:
    try:
        target = Path(entry.path).resolve(strict=True)
        return target.is_dir() or not target.is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # broken, or a loop
        return True


def _children(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=attrgetter("name"))
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror})") from None


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")


def _has_folders(entry: os.DirEntry[str]) -> bool:
    return any(_is_folder(child) for child in _children(Path(entry.path)))
