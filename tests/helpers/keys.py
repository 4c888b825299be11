"""Which content a data set has, as the file system tells it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fer_data.data.reading import load


def fingerprint(path: str | Path, **options: Any) -> str:
    """Return a key of names, sizes and times of a data set's files."""
    return load(path, **options).origin.state().key()
