"""Files that appear whole or not at all: written beside, flushed, renamed."""

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

_BESIDE = re.compile(r"\.[0-9a-f]{8}\..+", re.DOTALL)


def was_left(name: str) -> bool:
    """Whether a file of this name is what a killed process left of one that it was writing."""
    return _BESIDE.fullmatch(name) is not None


_KINDS = (
    (stat.S_ISDIR, "folder"),
    (stat.S_ISLNK, "symbolic link"),
    (stat.S_ISFIFO, "FIFO"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISCHR, "device"),
    (stat.S_ISBLK, "device"),
)


def refuse_special(path: Path) -> None:
    """Refuse to write what is there already and no regular file: it would be replaced.

    Raises
    ------
    DataError
        If it is a link (whatever it leads to), a folder, a device, a FIFO or a socket.
    """
    try:
        kind = _kind_of(path.lstat().st_mode)
    except (OSError, ValueError):  # nothing there, or nothing can be: who writes will say
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

    A path that cannot be looked at passes: who opens it will say why.

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
def written_whole(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write to; it takes the place of `path` at the end.

    The name keeps its ending, as some writers choose the format by it. Where the body raises,
    `path` stays as it was.

    Raises
    ------
    DataError
        If something that is no regular file is there.
    """
    refuse_special(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{secrets.token_hex(4)}.{path.name}")
    try:
        yield beside
        with open(beside, "rb+") as file:
            os.fsync(file.fileno())
        refuse_special(path)  # it may have come meanwhile
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    r"""Write a UTF-8 text file whole or not at all.

    Bytes of a file name that are no UTF-8 become ``\udc..`` escapes, which JSON reads back.
    """
    with written_whole(path) as beside:
        beside.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file whole or not at all."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")
