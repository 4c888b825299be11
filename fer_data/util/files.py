"""Files that appear whole or not at all: written to a temporary file, flushed, renamed."""

from __future__ import annotations

import json
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fer_data.errors import DataError

_TEMPORARY = re.compile(r"\.[0-9a-f]{8}\..+", re.DOTALL)


def was_left(name: str) -> bool:
    """Whether this is the name of a temporary file that a killed process left behind."""
    return _TEMPORARY.fullmatch(name) is not None


_KINDS = (
    (stat.S_ISDIR, "folder"),
    (stat.S_ISLNK, "symbolic link"),
    (stat.S_ISFIFO, "FIFO"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISCHR, "device"),
    (stat.S_ISBLK, "device"),
)


def refuse_special(path: Path) -> None:
    """Refuse to replace what exists and is no regular file.

    Raises
    ------
    DataError
        If it is a link (whatever it leads to), a folder, a device, a FIFO or a socket.
    """
    try:
        kind = _kind_of(path.lstat().st_mode)
    except (
        OSError,
        ValueError,
    ):  # nothing is there, or the path is invalid: writing will fail with a reason
        return
    if kind:
        hint = "; name the file itself" if kind == "symbolic link" else "; name a file"
        raise DataError(f"{path}: is a {kind}, which is not replaced{hint}")


def existing(path: str | Path) -> Path:
    """Return an absolute path, of a folder or a regular file.

    Raises
    ------
    DataError
        If nothing is there, it cannot be looked at, or it is a device, a FIFO or a socket.
    """
    path = Path(path).absolute()
    try:
        path.stat()
    except ValueError:
        raise DataError(f"{str(path)!r}: no path can hold this") from None
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file or folder") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    if not path.is_dir():
        refuse_no_file(path)
    return path


def refuse_no_file(path: Path) -> None:
    """Refuse to read what is no regular file: opening a FIFO or a device may wait for ever.

    A path that cannot be examined passes: opening it will fail with a reason.

    Raises
    ------
    DataError
        If it is, or leads to, a device, a FIFO, a socket or a folder.
    """
    try:
        kind = _kind_of(path.stat().st_mode)
    except (OSError, ValueError):
        return
    if kind:
        raise DataError(f"{path}: is a {kind}; expected a file")


def _kind_of(mode: int) -> str:
    return next((kind for holds, kind in _KINDS if holds(mode)), "")


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Give a temporary path next to `path` to write to; it replaces `path` at the end.

    The name keeps its suffix, as some writers choose the format by it. Where the body raises,
    `path` stays as it was.

    Raises
    ------
    DataError
        If something that is no regular file is there.
    """
    refuse_special(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{secrets.token_hex(4)}.{path.name}")
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        refuse_special(path)  # it may have appeared meanwhile
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    r"""Write a UTF-8 text file whole or not at all.

    Bytes of a file name that are no UTF-8 become ``\udc..`` escapes, which JSON reads back.
    """
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file whole or not at all."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")
