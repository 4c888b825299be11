"""All pictures of a manifest into one array on disk, on all cores, in flat memory."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from fer_data import readers
from fer_data.errors import DataError
from fer_data.manifest import Manifest
from fer_data.parallel import in_parallel
from fer_data.pixels.changes import Changes
from fer_data.pixels.decode import PixelFormat, decode
from fer_data.progress import track
from fer_data.readers.piece import Piece
from fer_data.readers.source import check_bad_rows


@dataclass(frozen=True)
class Bad:
    """A row of the manifest whose picture cannot be decoded, and why."""

    row: int
    cause: str


@dataclass(frozen=True)
class Filled:
    """What was changed of the pictures, and which cannot be decoded."""

    changes: Changes
    bad: list[Bad]


def fill(manifest: Manifest, form: PixelFormat, target: Path, *, stop_at_bad: bool) -> Filled:
    """Decode every picture of a manifest to `target`, a new uint8 [N, H, W, C] ``.npy`` file.

    Rows whose picture is bad stay zero. With `stop_at_bad`, the work ends soon after the first.

    Raises
    ------
    DataError
        If more are bad than are ever skipped.
    """
    new_array(target, (len(manifest), *form.shape))
    changes = Changes()
    bad: list[Bad] = []
    whole = readers.pieces(manifest)
    tasks = (joblib.delayed(_decode)(piece, form, target) for piece in whole.pieces)
    # Tasks that have begun are waited for, as they write to the file.
    parts = in_parallel(takewhile(lambda _: not (bad and stop_at_bad), tasks), size=len(manifest))
    for part in track(parts, total=whole.number, description="Decoding pictures"):
        changes += part.changes
        bad += part.bad
        check_bad_rows(manifest.root, len(bad))
    return Filled(changes, bad)


def error_of(bad: Bad) -> DataError:
    """Return the error that a bad picture is where bad ones are not skipped."""
    advice = "" if "--skip-bad" in bad.cause else "; mend it, or leave bad ones out (--skip-bad)"
    return DataError(bad.cause + advice)


def new_array(target: Path, shape: tuple[int, ...]) -> np.memmap[Any, np.dtype[np.uint8]]:
    """Make a ``.npy`` file of zeros, its room on disk taken: else a full disk is a bus error."""
    pixels = np.lib.format.open_memmap(target, "w+", np.uint8, shape)
    with open(target, "rb+") as file:
        os.posix_fallocate(file.fileno(), 0, os.fstat(file.fileno()).st_size)
    return pixels


def _decode(piece: Piece, form: PixelFormat, target: Path) -> Filled:
    pixels = np.load(target, mmap_mode="r+", allow_pickle=False)
    changes = Changes()
    bad = []
    for row, name, raw in piece.pictures():
        if isinstance(raw, DataError):
            bad.append(Bad(row, str(raw)))
            continue
        try:
            picture = decode(raw, form, name)
        except DataError as error:
            bad.append(Bad(row, str(error)))
            continue
        pixels[row] = picture.pixels
        if picture.resized or picture.converted:
            changes += Changes.of(picture)
    return Filled(changes, bad)
