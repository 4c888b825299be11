"""A tree of files: a folder on disk, or a zip archive that is read in place.

Paths in it are relative to its root, with ``/``. A path on disk may lead into an archive:
``data.zip/train/cat/1.png`` is a member of ``data.zip``, and `open_file` opens it.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, NamedTuple, Protocol

from fer_data.data.sources import archive
from fer_data.errors import DataError

Kind = Literal["file", "folder", "link", "special"]
"""A *link* is one that is not followed, a *special* file a device, a FIFO or a socket."""


class Entry(NamedTuple):
    """What a folder holds.

    Attributes
    ----------
    name : str
    path : str
        Below the root of the tree.
    kind : Kind
        Of what a link leads to, where it can be followed.
    place : tuple of int, optional
        What a followed link leads to, the same for all links to one folder.
    """

    name: str
    path: str
    kind: Kind
    place: tuple[int, int] | None = None


class Files(Protocol):
    """A tree of files."""

    @property
    def root(self) -> Path:
        """What holds it, absolute."""
        ...

    def children(self, folder: str) -> list[Entry]:
        """Return what a folder holds, in the order of names; the root is ``""``.

        Raises
        ------
        DataError
            If it cannot be read.
        """
        ...

    def makes_loop(self, entry: Entry) -> bool:
        """Whether an entry is a link to a folder that it lies in."""
        ...

    def size(self, path: str) -> int:
        """Return the bytes of a file."""
        ...

    def head(self, path: str, size: int) -> bytes:
        """Return the first bytes of a file; none where it cannot be read."""
        ...


@dataclass(frozen=True)
class Folder:
    """A folder on disk. Links are followed where they can be read and make no loop."""

    root: Path

    def children(self, folder: str) -> list[Entry]:
        """Return what a folder holds."""
        path = self.root / folder
        before = f"{folder}/" if folder else ""
        try:
            with os.scandir(path) as entries:
                return sorted(_entry(before, entry) for entry in entries)
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error.strerror})") from None

    def makes_loop(self, entry: Entry) -> bool:
        """Whether an entry is a link to a folder that it lies in."""
        if entry.place is None or entry.kind != "folder":
            return False
        path = self.root / entry.path
        target = path.stat()
        above = path.parent
        while not os.path.samestat(above.stat(), target):
            if above == self.root or above == above.parent:
                return self.root.resolve().is_relative_to(path.resolve())
            above = above.parent
        return True

    def size(self, path: str) -> int:
        """Return the bytes of a file."""
        return (self.root / path).stat().st_size

    def head(self, path: str, size: int) -> bytes:
        """Return the first bytes of a file."""
        try:
            with open(self.root / path, "rb") as file:
                return file.read(size)
        except OSError:
            return b""


def _entry(before: str, entry: os.DirEntry[str]) -> Entry:
    name = entry.name
    path = before + name
    if not entry.is_symlink():
        if entry.is_file():  # nearly all, so first
            return Entry(name, path, "file")
        return Entry(name, path, "folder" if entry.is_dir() else "special")
    try:
        info = entry.stat()
    except OSError:
        return Entry(name, path, "link")
    place = (info.st_dev, info.st_ino)
    if entry.is_file():
        return Entry(name, path, "file", place)
    return Entry(name, path, "folder" if entry.is_dir() else "special", place)


class Archive:
    """A zip archive, of which nothing is unpacked. Links in it are not followed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.members = archive.members_of(root)
        self._children: dict[str, list[Entry]] = {"": []}
        for path, member in self.members.items():
            kind: Kind = "link" if member.is_link else "folder" if member.is_folder else "file"
            self._add(Entry(path[path.rfind("/") + 1 :], path, kind))

    def _add(self, entry: Entry) -> None:
        """Add an entry, and the folders above it that have no member of their own."""
        if entry.kind == "folder":
            if entry.path in self._children:
                return
            self._children[entry.path] = []
        parent = entry.path.rpartition("/")[0]
        if parent not in self._children:
            if parent in self.members and not self.members[parent].is_folder:
                raise DataError(f"{self.root}: {parent!r} is a file and a folder; pack it again")
            self._add(Entry(parent[parent.rfind("/") + 1 :], parent, "folder"))
        self._children[parent].append(entry)

    def children(self, folder: str) -> list[Entry]:
        """Return what a folder holds."""
        return sorted(self._children[folder])

    def makes_loop(self, entry: Entry) -> bool:
        """Whether an entry is a link to a folder that it lies in: none is."""
        return False

    def size(self, path: str) -> int:
        """Return the bytes of a file."""
        return self.members[path].size

    def head(self, path: str, size: int) -> bytes:
        """Return the first bytes of a file."""
        try:
            with open(self.root, "rb") as file:
                return archive.head_of(file, self.members[path], size)
        except OSError:
            return b""


def files_of(path: Path) -> Files:
    """Return the tree of a folder or of a zip archive.

    Raises
    ------
    DataError
        If an archive is broken, encrypted, too large, or has names that cannot be files'.
    """
    return Folder(path) if path.is_dir() else Archive(path)


def open_file(path: Path) -> IO[bytes]:
    """Open a file, which may lie in a zip archive.

    Raises
    ------
    OSError
        If it cannot be opened.
    DataError
        If it is in an archive that is broken, or too large there.
    """
    above = path
    try:
        return open(path, "rb")
    except (FileNotFoundError, NotADirectoryError):
        while not above.exists() and above != above.parent:
            above = above.parent
        if not archive.is_zip(above):
            raise
    inside = path.relative_to(above).as_posix()
    member = archive.members_of(above).get(inside)
    if member is None or member.is_folder or member.is_link:
        raise FileNotFoundError(2, "no such file in the archive", str(path))
    with open(above, "rb") as file:
        data = archive.read_member(file, member)
    if isinstance(data, str):
        raise DataError(f"{path}: {data}")
    return io.BytesIO(data)
