"""Folders that appear whole or not at all, and what killed processes left of some.

Whoever builds a folder holds a lock on it, which the system drops with the process. So what nobody
locks was left behind, and the next to build something beside it takes it away. Where a file system
has no such locks (NFS), nothing is taken away. Windows opens no folder, so there the lock is on a
file beside it.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fer_data.errors import DataError
from fer_data.util import locks

_WINDOWS = sys.platform == "win32"

_BUILDING = re.compile(r"\..+\.[0-9a-f]{8}\.building", re.DOTALL)


@contextmanager
def temporary_beside(target: Path) -> Iterator[Path]:
    """Give a new hidden folder beside `target`, which is taken away at the end.

    Raises
    ------
    OSError
        If nothing can be written there.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    remove_left_behind(target.parent)
    beside, lock = _claimed(target)
    try:
        yield beside
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        _unlock(beside, lock)


@contextmanager
def built_whole(folder: Path) -> Iterator[Path]:
    """Give a new hidden folder beside `folder`, which becomes `folder` at the end.

    Unless the body has given it another name. Where the body raises, nothing stays.

    Raises
    ------
    OSError
        If nothing can be written there, or `folder` is there by then and holds something.
    """
    with temporary_beside(folder) as beside:
        yield beside
        if beside.exists():
            _flush_folder(beside)
            move_folder(beside, folder)
            _flush_folder(folder.parent)


def move_folder(folder: Path, target: Path) -> None:
    """Give a folder another name, which an empty folder may have."""
    if _WINDOWS and target.is_dir():  # which is not replaced there
        target.rmdir()
    os.replace(folder, target)


def flush_files(folder: Path) -> None:
    """Bring all files below a folder to the disk; all at once, where the system can."""
    if hasattr(os, "sync"):
        os.sync()
        return
    for path in folder.rglob("*"):  # Windows
        if path.is_file():
            with suppress(PermissionError), open(path, "rb+") as file:
                os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where its file system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def take_away(folder: Path) -> None:
    """Take a folder away: its name is free at once, and nothing is left half there."""
    beside = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.building")
    os.replace(folder, beside)
    shutil.rmtree(beside, ignore_errors=True)


def _claimed(folder: Path) -> tuple[Path, int]:
    while True:
        beside = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.building")
        beside.mkdir()
        with suppress(FileNotFoundError):  # taken away before it was locked
            lock = _opened(beside)
            with suppress(OSError):
                locks.is_taken(lock, wait=True)
            if beside.exists():
                return beside, lock
            _unlock(beside, lock)


def _opened(folder: Path) -> int:
    """Return a descriptor of what is locked in a folder's stead."""
    if _WINDOWS:
        return locks.opened(_lock_file(folder))
    return os.open(folder, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))


def _unlock(folder: Path, lock: int) -> None:
    os.close(lock)
    if _WINDOWS:
        with suppress(OSError):  # another process has opened it to look
            _lock_file(folder).unlink(missing_ok=True)


def _lock_file(folder: Path) -> Path:
    return folder.with_suffix(".lock")


def remove_left_behind(parent: Path) -> None:
    """Remove what killed processes left of folders that they were building in a folder."""
    with suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            if _BUILDING.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                _take_away_unless_locked(Path(entry.path))


def _take_away_unless_locked(folder: Path) -> None:
    with suppress(OSError, DataError):
        lock = _opened(folder)
        try:
            is_taken = locks.is_taken(lock)
            if not is_taken:
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)
        if _WINDOWS and not is_taken:
            _lock_file(folder).unlink(missing_ok=True)
