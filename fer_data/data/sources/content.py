"""Which content a data set has: by its files' sizes and times, else by their bytes.

Names, sizes and modification times are a key that costs a `stat` a file. A copy can set the
modification time as it likes, but not the time of the last change of the inode (ctime): where that
is another one, the bytes decide. So a hard link, a chmod or a backup, which change the ctime alone,
make no other data set, and a file whose content was changed under a kept modification time does.
"""

from __future__ import annotations

import hashlib
import os
from array import array
from collections.abc import Mapping
from pathlib import Path

DIGEST_BYTES = 16

UNREADABLE = bytes(DIGEST_BYTES)
"""In place of the digest of a file that cannot be read."""


class State:
    """What the file system says of the files of a data set.

    Attributes
    ----------
    names : list of str
        Paths below the root of the data set; ``""`` is the root itself, where that is the file.
        Those that end in a slash are folders, which only have to be there.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self._numbers = array("q")

    def add(self, name: str, info: os.stat_result) -> None:
        """Take note of a file."""
        self.names.append(name)
        self._numbers.extend((info.st_size, info.st_mtime_ns, info.st_ctime_ns))

    def add_folder(self, name: str) -> None:
        """Take note of a folder."""
        self.names.append(f"{name}/")

    def key(self) -> str:
        """Return a key of names, sizes and modification times."""
        digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
        digest.update("\0".join(self.names).encode("utf-8", "surrogateescape"))
        digest.update(self._numbers[0::3])
        digest.update(self._numbers[1::3])
        return digest.hexdigest()

    def names_and_sizes(self) -> str:
        """Return a key of names and sizes, the same for a copy elsewhere."""
        digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
        digest.update("\0".join(self.names).encode("utf-8", "surrogateescape"))
        digest.update(self._numbers[0::3])
        return digest.hexdigest()

    def changes(self) -> str:
        """Return a key of the times at which the inodes last changed."""
        return hashlib.blake2b(self._numbers[2::3], digest_size=DIGEST_BYTES).hexdigest()

    def content(self, root: Path, known: Mapping[str, bytes] | None = None) -> str:
        """Return a key of names and bytes, wherever the data set lies.

        Parameters
        ----------
        root : Path
            Of the data set.
        known : mapping of str to bytes, optional
            Digests, as `digest_of_file` gives them, of files that need not be read again.
        """
        digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
        known = known or {}
        for name in self.names:
            digest.update(name.encode("utf-8", "surrogateescape") + b"\0")
            if not name.endswith("/"):
                digest_of_name = known.get(name)
                digest.update(
                    digest_of_file(root / name) if digest_of_name is None else digest_of_name
                )
        return digest.hexdigest()


def digest_of(data: bytes) -> bytes:
    """Return the digest of a file's bytes."""
    return hashlib.blake2b(data, digest_size=DIGEST_BYTES).digest()


def digest_of_file(path: Path) -> bytes:
    """Return the digest of a file's bytes, or `UNREADABLE`."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(
                file, lambda: hashlib.blake2b(digest_size=DIGEST_BYTES)
            ).digest()
    except OSError:
        return UNREADABLE
