"""Files that appear whole or not at all: written beside, flushed, renamed."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_BESIDE = re.compile(r"\.[0-9a-f]{8}\..+", re.DOTALL)


def was_left(name: str) -> bool:
    """Whether a file of this name is what a killed process left of one that it was writing."""
    return _BESIDE.fullmatch(name) is not None


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write to; it takes the place of `path` at the end.

    The name keeps its ending, as some writers choose the format by it. Where the body raises,
    `path` stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{secrets.token_hex(4)}.{path.name}")
    try:
        yield beside
        with open(beside, "rb+") as file:
            os.fsync(file.fileno())
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
