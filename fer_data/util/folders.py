"""Folders that appear whole or not at all, and clean-up after killed processes.

A process that builds a folder holds a lock on it, which the system releases when the process ends.
A temporary folder without a lock was left behind, and the next process that builds something next
to it removes it. Where a file system has no such locks (NFS), nothing is removed. Windows cannot
open a folder, so there the lock is on a file next to it.
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
def temporary_folder(target: Path) -> Iterator[Path]:
    """Give a new hidden folder next to `target`, which is removed at the end.

    Raises
    ------
    OSError
        If nothing can be written there.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    remove_left_behind(target.parent)
    temporary, lock = _claimed(target)
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        _unlock(temporary, lock)


@contextmanager
def atomic_folder(folder: Path) -> Iterator[Path]:
    """Give a new hidden folder next to `folder`, which is renamed to `folder` at the end.

    It is not renamed if the body has moved it, and is removed if the body raises.

    Raises
    ------
    OSError
        If nothing can be written there, or `folder` is there by then and holds something.
    """
    with temporary_folder(folder) as temporary:
        yield temporary
        if temporary.exists():
            _flush_folder(temporary)
            move_folder(temporary, folder)
            _flush_folder(folder.parent)


def move_folder(folder: Path, target: Path) -> None:
    """Rename a folder; the target may be an empty folder."""
    if _WINDOWS and target.is_dir():  # which is not replaced there
        target.rmdir()
    os.replace(folder, target)


def flush_files(folder: Path) -> None:
    """Flush all files below a folder to the disk; at once, where the system can."""
    if hasattr(os, "sync"):
        os.sync()
        return
    for path in folder.rglob("*"):  # Windows
        if path.is_file():
            with suppress(PermissionError), open(path, "rb+") as file:
                os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Flush the entries of a folder to the disk, where its file system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_folder(folder: Path) -> None:
    """Remove a folder: its name is free at once, and never holds half of it."""
    temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.building")
    os.replace(folder, temporary)
    shutil.rmtree(temporary, ignore_errors=True)


def _claimed(folder: Path) -> tuple[Path, int]:
    while True:
        temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.building")
        temporary.mkdir()
        with suppress(FileNotFoundError):  # removed before it was locked
            lock = _opened(temporary)
            with suppress(OSError):
                locks.is_taken(lock, wait=True)
            if temporary.exists():
                return temporary, lock
            _unlock(temporary, lock)


def _opened(folder: Path) -> int:
    """Return a descriptor of the folder, or of the file that is locked instead."""
    if _WINDOWS:
        return locks.opened(_lock_file(folder))
    return os.open(folder, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))


def _unlock(folder: Path, lock: int) -> None:
    os.close(lock)
    if _WINDOWS:
        with suppress(OSError):  # another process has opened it to test the lock
            _lock_file(folder).unlink(missing_ok=True)


def _lock_file(folder: Path) -> Path:
    return folder.with_suffix(".lock")


def remove_left_behind(parent: Path) -> None:
    """Remove what killed processes left of folders that they were building in a folder."""
    with suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            if _BUILDING.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                _remove_unless_locked(Path(entry.path))


def _remove_unless_locked(folder: Path) -> None:
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
