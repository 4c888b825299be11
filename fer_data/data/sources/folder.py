"""The folder layout: class folders with images, below split folders or given directly.

The folder is one on disk, or a zip archive that is read in place; see `files`. Which folders are
classes, `class_folders` finds; `image_tables` whether a table says otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_data.data.dataset import Dataset
from fer_data.data.options import LoadOptions
from fer_data.data.origin import Origin
from fer_data.data.skipped import Skipped
from fer_data.data.sources import archive, source
from fer_data.data.sources.archive import Member
from fer_data.data.sources.chunk import Chunks, RawImage
from fer_data.data.sources.content import State
from fer_data.data.sources.files import files_of
from fer_data.data.sources.folder_listing import Bound, files_below, layout_of, strangers
from fer_data.data.sources.folder_tables import refuse_pointer, refuse_tables
from fer_data.data.sources.table import build
from fer_data.errors import DataError

_FILES_AT_ONCE = 256

IN_SPLITS = "split folders with class folders"


def recognises(path: Path) -> bool:
    """Whether the path is a folder, or a zip archive that is no ``.npz``."""
    return path.is_dir() or (archive.is_zip(path) and not archive.holds_arrays(path))


def read(path: Path, options: LoadOptions) -> Dataset:
    """Read the samples of a folder, in the order split, class, file name.

    Whether an image is bad shows when it is decoded.
    """
    samples: list[tuple[str, str | None, str]] = []
    skipped: list[Skipped] = []
    files = files_of(path)
    layout = layout_of(files, as_named=options.layout is not None)
    if options.layout is None:
        refuse_tables(files, layout)
    bound = Bound(path)
    others = strangers(files, layout)
    for split, name, folder in layout.folders:
        is_first = True
        for entry, reason in files_below(files, folder, bound):
            if reason:
                skipped.append(Skipped(entry.path, reason))
            else:
                if is_first:
                    refuse_pointer(files, entry.path)
                is_first = False
                samples.append((split, name, entry.path))
    samples.sort(key=lambda sample: (sample[0], sample[1] or "", sample[2]))
    names = [folder.name for folder in layout.folders if folder.name is not None]
    split = next(folder.split for folder in layout.folders if folder.name is not None)
    words = IN_SPLITS if layout.in_splits else f"class folders of the {split} split"
    if path.is_file():
        words += " in a zip archive"
    dataset = build(path, words, names, samples, [*skipped, *others])
    return replace(dataset, notes=layout.notes)


def images_below(path: Path) -> tuple[list[str], list[Skipped]]:
    """Return the path of every image below a folder, in order, and what is none.

    Raises
    ------
    DataError
        If there is no image.
    """
    paths: list[str] = []
    skipped: list[Skipped] = []
    for entry, reason in files_below(files_of(path), "", Bound(path)):
        if reason:
            skipped.append(Skipped(entry.path, reason))
        else:
            paths.append(entry.path)
    if not paths:
        raise DataError(f"{path}: there is no image in this folder")
    return sorted(paths), skipped


def state(origin: Origin) -> State:
    """Return the state of every image file of the data set, or of the archive that they are in."""
    if origin.root.is_file():
        return source.state(origin)
    state = State()
    for name in origin.class_names:
        state.add_folder(name)  # a class without an image counts too
    for location in origin.locations.tolist():
        state.add(location, os.stat(origin.root / location))
    return state


@dataclass(frozen=True)
class ImageFiles:
    """Some files; the first is that of index `start`."""

    root: Path
    locations: list[str]
    start: int

    def __len__(self) -> int:
        return len(self.locations)

    def raw_images(self) -> Iterator[RawImage]:
        """Yield the files."""
        for row, location in enumerate(self.locations, self.start):
            path = self.root / location
            yield RawImage(row, str(path), path)


@dataclass(frozen=True)
class ImageMembers:
    """Some members of a zip archive, which whoever reads them opens; `start` is as above."""

    root: Path
    locations: list[str]
    members: list[Member]
    start: int

    def __len__(self) -> int:
        return len(self.locations)

    def raw_images(self) -> Iterator[RawImage]:
        """Yield the members' bytes."""
        with source.reading(self.root), open(self.root, "rb") as file:
            pairs = zip(self.locations, self.members, strict=True)
            for row, (location, member) in enumerate(pairs, self.start):
                name = str(self.root / location)
                data = archive.read_member(file, member)
                raw = DataError(f"{name}: {data}") if isinstance(data, str) else data
                yield RawImage(row, name, raw)


def chunks(origin: Origin, rows: NDArray[np.int64]) -> Chunks:
    """Return the files, a few hundred a chunk."""
    starts = range(0, len(rows), _FILES_AT_ONCE)
    locations = origin.locations[rows].tolist()
    parts = ((locations[start : start + _FILES_AT_ONCE], start) for start in starts)
    if not origin.root.is_file():
        return Chunks((ImageFiles(origin.root, some, start) for some, start in parts), len(starts))
    members = archive.members_of(origin.root)
    gone = Member(0, 0, 0, 0)  # the archive was replaced meanwhile
    return Chunks(
        (
            ImageMembers(origin.root, some, [members.get(name, gone) for name in some], start)
            for some, start in parts
        ),
        len(starts),
    )


def names(dataset: Dataset) -> list[str]:
    """Return each file's path below its class folder."""
    layout = layout_of(files_of(dataset.root), as_named=dataset.options.layout is not None)
    folders = {folder.path for folder in layout.folders}
    names = []
    for location in dataset.locations.tolist():
        end = location.find("/")
        while end >= 0 and location[:end] not in folders:
            end = location.find("/", end + 1)
        names.append(location[end + 1 :])
    return names
