"""A folder that holds one file of data, a csv or arrays, and nothing else that is data."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from fer_data.data.sources import fer_csv, npz
from fer_data.data.sources.files import Folder
from fer_data.data.sources.folder_listing import ending, is_skipped
from fer_data.data.sources.image_names import SUFFIXES
from fer_data.data.sources.layout_checks import DATA
from fer_data.errors import DataError

_MOST_FOLDERS = 256


def only_file(root: Path) -> Path | None:
    """Return the only file of data in a folder, at any depth; None if there are others, or images.

    A csv is one of FER2013's, not a table of labels.
    """
    files = Folder(root)
    waiting, found = deque([""]), []
    for _ in range(_MOST_FOLDERS):
        if not waiting:
            break
        try:
            entries = files.children(waiting.popleft())
        except DataError:
            return None
        for entry in entries:
            if is_skipped(entry):
                continue
            if entry.kind == "folder" and entry.place is None:
                waiting.append(entry.path)
            elif entry.kind == "file" and ending(entry.name) in SUFFIXES:
                return None
            elif entry.kind == "file" and entry.name.lower().endswith(DATA):
                found.append(root / entry.path)
    if waiting or len(found) != 1:
        return None
    return found[0] if _is_data(found[0]) else None


def _is_data(path: Path) -> bool:
    name = path.name.lower()
    if name.endswith((".csv", ".csv.gz")):
        return fer_csv.recognises(path)
    return name.endswith(".parquet") or (name.endswith(".npz") and npz.recognises(path))
