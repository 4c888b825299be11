"""Size and colour of every picture of a data set, before it is brought to a form."""

from __future__ import annotations

import joblib

from fer_data.data.dataset import Dataset
from fer_data.data.decode import Look, look
from fer_data.data.origin import Origin
from fer_data.data.sources.piece import Piece
from fer_data.errors import DataError
from fer_data.util.parallel import in_parallel
from fer_data.util.progress import track


def looks(data: Origin | Dataset) -> list[Look]:
    """Return size and colour of every image; of one that cannot be opened, ``(0, 0, "")``."""
    found: list[Look] = [(0, 0, "")] * len(data)
    whole = data.pieces()
    tasks = (joblib.delayed(_looks)(piece) for piece in whole.pieces)
    parts = in_parallel(tasks, size=len(data))
    for part in track(parts, total=whole.number, description="Looking at files"):
        for row, seen in part:
            found[row] = seen
    return found


def _looks(piece: Piece) -> list[tuple[int, Look]]:
    found = []
    for row, name, raw in piece.pictures():
        if not isinstance(raw, DataError):
            try:
                found.append((row, look(raw, name)))
            except DataError:
                continue
    return found
