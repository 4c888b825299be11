"""A run folder as bytes, to travel between machines that share no disk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from fer_data.errors import DataError


def pack(folder: Path) -> dict[str, bytes]:
    """Return the files below a folder by their relative paths, but no symbolic links."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def unpack(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files into a new folder.

    Parameters
    ----------
    files : mapping of str to bytes
        As `pack` gives them.
    folder : path
        An empty folder.

    Raises
    ------
    DataError
        If a path would leave the folder; nothing is written then.
    """
    for name in files:
        path = PurePosixPath(name)
        if not path.parts or path.is_absolute() or ".." in path.parts or "\0" in name:
            raise DataError(f"{name!r}: no path of a file in a run folder; nothing was unpacked")
    for name, content in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
