"""Where fuzz targets save bytes, and what they may raise."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from fer_data.errors import DataError, UsageError
from fer_data.fer2013.pixel_text import NUM_PIXELS

REFUSED = (DataError, UsageError)


@cache
def scratch() -> Path:
    """Return a folder of this process, in memory where that is possible."""
    shared = Path("/dev/shm")
    folder = tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None)
    scratch.folder = folder  # type: ignore[attr-defined]  # lives as long as the process
    return Path(folder.name)


def saved(data: bytes, name: str) -> Path:
    path = scratch() / name
    path.write_bytes(data)
    return path


def unpacked(data: bytes) -> bytes:
    """Write out what stands for many bytes: ``@`` for a good cell, ``~`` for all but one value."""
    return data.replace(b"@", b"7 " * (NUM_PIXELS - 1) + b"9").replace(
        b"~", b" 12" * (NUM_PIXELS - 1)
    )
