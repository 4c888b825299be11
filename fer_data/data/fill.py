"""All images of a dataset into one array on disk, on all cores, in flat memory."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray

from fer_data.data.changes import Changes
from fer_data.data.dataset import Dataset
from fer_data.data.decode import PixelFormat, Raw, decode
from fer_data.data.origin import Origin
from fer_data.data.sources.chunk import Chunk
from fer_data.data.sources.content import DIGEST_BYTES, UNREADABLE, digest_of, digest_of_file
from fer_data.data.sources.source import check_bad_rows
from fer_data.errors import DataError
from fer_data.util.parallel import in_parallel
from fer_data.util.progress import track

_READ_WHOLE = 64 << 20
"""Bytes of the largest image file that is read into memory: what is hashed is what is decoded."""

_ZEROS = 1 << 20
"""Bytes that are written at a time where nothing else takes room on disk."""


@dataclass(frozen=True)
class Bad:
    """A row of the dataset whose image cannot be decoded, and why."""

    row: int
    cause: str


@dataclass(frozen=True)
class Filled:
    """What was changed of the images, and which cannot be decoded.

    `digests` has the digest of each image file, uint8 [N, D]; it is None where images are rows of
    a table.
    """

    changes: Changes
    bad: list[Bad]
    digests: NDArray[np.uint8] | None


def fill(origin: Origin | Dataset, form: PixelFormat, target: Path, *, stop_at_bad: bool) -> Filled:
    """Decode every image to `target`, a new uint8 [N, H, W, C] ``.npy`` file.

    Rows whose image is bad stay zero. With `stop_at_bad`, the work ends soon after the first.

    Raises
    ------
    DataError
        If more are bad than are ever skipped.
    """
    new_array(target, (len(origin), *form.shape))
    changes = Changes()
    bad: list[Bad] = []
    digests: list[NDArray[np.uint8]] = []
    whole = origin.source_chunks()
    tasks = (joblib.delayed(_decode)(chunk, form, target) for chunk in whole.chunks)
    parts = in_parallel(takewhile(lambda _: not (bad and stop_at_bad), tasks), size=len(origin))
    for part in track(parts, total=whole.number, description="Decoding images"):
        changes += part.changes
        bad += part.bad
        digests += [] if part.digests is None else [part.digests]
        check_bad_rows(origin.root, len(bad))
    return Filled(changes, bad, np.concatenate(digests) if digests else None)


def fill_array(
    origin: Origin, form: PixelFormat, target: NDArray[np.uint8], *, stop_at_bad: bool
) -> Filled:
    """Decode every image of an origin to an array in memory, as `fill` does."""
    changes = Changes()
    bad: list[Bad] = []
    whole = origin.source_chunks()
    for chunk in track(whole.chunks, total=whole.number, description="Decoding images"):
        done = _decode_to(chunk, form, target)
        changes += done.changes
        bad += done.bad
        if bad and stop_at_bad:
            break
    return Filled(changes, bad, None)


def new_array(target: Path, shape: tuple[int, ...]) -> np.memmap[Any, np.dtype[np.uint8]]:
    """Make a ``.npy`` file of zeros, its room on disk taken: else a full disk is a bus error."""
    pixels = np.lib.format.open_memmap(target, "w+", np.uint8, shape)
    with open(target, "rb+") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, os.fstat(file.fileno()).st_size)
        else:  # macOS and Windows
            file.seek(pixels.offset)
            for start in range(0, pixels.nbytes, _ZEROS):
                file.write(bytes(min(_ZEROS, pixels.nbytes - start)))
    return pixels


def _decode(chunk: Chunk, form: PixelFormat, target: Path) -> Filled:
    return _decode_to(chunk, form, np.load(target, mmap_mode="r+", allow_pickle=False))


def _decode_to(chunk: Chunk, form: PixelFormat, pixels: NDArray[np.uint8]) -> Filled:
    changes = Changes()
    bad = []
    digests = []
    for row, name, found in chunk.raw_images():
        if isinstance(found, DataError):
            bad.append(Bad(row, str(found)))
            continue
        raw: Raw = found
        if isinstance(found, Path):
            raw, digest = _read(found)
            digests.append(digest)
        try:
            image = decode(raw, form, name)
        except DataError as error:
            bad.append(Bad(row, str(error)))
            continue
        pixels[row] = image.pixels
        if image.resized or image.converted:
            changes += Changes.of(image)
    of_files = np.frombuffer(b"".join(digests), np.uint8).reshape(-1, DIGEST_BYTES)
    return Filled(changes, bad, of_files if digests else None)


def _read(path: Path) -> tuple[Raw, bytes]:
    """Return an image file's bytes, or the path of a large or unreadable one, and their digest."""
    try:
        with open(path, "rb", buffering=0) as file:
            if os.fstat(file.fileno()).st_size > _READ_WHOLE:
                return path, digest_of_file(path)
            data = file.readall()
    except OSError:  # which decoding says
        return path, UNREADABLE
    return data, digest_of(data)
