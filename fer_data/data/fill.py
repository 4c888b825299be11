"""All images of a dataset decoded: to one array on disk, on all cores, or chunk by chunk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
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
from fer_data.data.skipped import CANNOT_BE_DECODED, Skipped
from fer_data.data.sources.chunk import Chunk, Chunks
from fer_data.data.sources.content import UNREADABLE, digest_of, digest_of_file
from fer_data.data.sources.source import check_bad_rows
from fer_data.errors import DataError, skippable
from fer_data.util.parallel import in_parallel
from fer_data.util.progress import track

_READ_WHOLE = 64 << 20
"""Bytes of the largest image file that is read into memory: what is hashed is what is decoded."""

_ZEROS = 1 << 20
"""Bytes that are written at a time where nothing else reserves space on disk."""


@dataclass(frozen=True)
class Bad:
    """A row of the dataset whose image cannot be decoded, and why."""

    row: int
    cause: str


@dataclass
class Filled:
    """What was changed of the images, and which cannot be decoded.

    `digests` has the digest of each image file; none where images are rows of a table.
    """

    changes: Changes = field(default_factory=Changes)
    bad: list[Bad] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Decoded:
    """Some images of a dataset.

    Attributes
    ----------
    rows : ndarray of int64, shape [N]
        Of the dataset, in order.
    pixels : ndarray of uint8, shape [N, H, W, C]
    bad : list of Bad
        What cannot be decoded, and is not among the rows.
    changes : Changes
        What was changed of the pixels to bring them to the form.
    """

    rows: NDArray[np.int64]
    pixels: NDArray[np.uint8]
    bad: list[Bad]
    changes: Changes


def decoded(
    dataset: Dataset, form: PixelFormat, *, chunks: Chunks | None = None
) -> Iterator[Decoded]:
    """Yield a dataset's images in order, to be used once and kept in no store, on all cores.

    Parameters
    ----------
    dataset : Dataset
    form : PixelFormat
    chunks : Chunks, optional
        Where the images come from; by default the reader of the dataset's root.
    """
    chunks = chunks or dataset.source_chunks()
    tasks = (joblib.delayed(_decoded)(chunk, form) for chunk in chunks.chunks)
    yield from in_parallel(tasks, size=len(dataset))


def fill(origin: Origin | Dataset, form: PixelFormat, target: Path, *, stop_at_bad: bool) -> Filled:
    """Decode every image to `target`, a new uint8 [N, H, W, C] ``.npy`` file, on all cores.

    Rows whose image is bad stay zero. With `stop_at_bad`, the work ends soon after the first.

    Raises
    ------
    DataError
        If more are bad than are ever skipped.
    """
    new_array(target, (len(origin), *form.shape))
    filled, source_chunks = Filled(), origin.source_chunks()
    chunks = takewhile(lambda _: not (filled.bad and stop_at_bad), source_chunks.chunks)
    tasks = (joblib.delayed(_fill_file)(chunk, form, target) for chunk in chunks)
    return _gathered(
        filled, in_parallel(tasks, size=len(origin)), origin.root, source_chunks.number
    )


def fill_array(
    origin: Origin, form: PixelFormat, target: NDArray[np.uint8], *, stop_at_bad: bool
) -> Filled:
    """Decode every image of an origin to an array in memory, as `fill` does."""
    filled, source_chunks = Filled(), origin.source_chunks()
    chunks = takewhile(lambda _: not (filled.bad and stop_at_bad), source_chunks.chunks)
    parts = (_fill(chunk, form, target) for chunk in chunks)
    return _gathered(filled, parts, origin.root, source_chunks.number)


def _gathered(filled: Filled, parts: Iterable[Filled], root: Path, number: int) -> Filled:
    """Add what was found of each chunk, as it is done."""
    for part in track(parts, total=number, description="Decoding images"):
        filled.changes += part.changes
        filled.bad += part.bad
        filled.digests += part.digests
        check_bad_rows(root, len(filled.bad))
    return filled


def without_bad(dataset: Dataset, bad: Sequence[tuple[int, str]]) -> Dataset:
    """Return the dataset without samples whose images cannot be decoded, each with its error.

    Raises
    ------
    DataError
        If there is one and such are not skipped, or there is no other.
    """
    if not bad:
        return dataset
    if not dataset.options.skip_bad:
        raise skippable(bad[0][1])
    if len(bad) == len(dataset):
        raise DataError(f"{dataset.root}: not one image can be decoded ({bad[0][1]})")
    indices = np.array([index for index, _ in bad])
    pairs = zip(dataset.sample_ids(indices), bad, strict=True)
    skipped = [Skipped(name, CANNOT_BE_DECODED, error) for name, (_, error) in pairs]
    return dataset.take(np.delete(np.arange(len(dataset)), indices), skipped=skipped)


def new_array(target: Path, shape: tuple[int, ...]) -> np.memmap[Any, np.dtype[np.uint8]]:
    """Make a ``.npy`` file of zeros, its disk space reserved: else a full disk is a bus error."""
    pixels = np.lib.format.open_memmap(target, "w+", np.uint8, shape)
    with open(target, "rb+") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, os.fstat(file.fileno()).st_size)
        else:  # macOS and Windows
            file.seek(pixels.offset)
            for start in range(0, pixels.nbytes, _ZEROS):
                file.write(bytes(min(_ZEROS, pixels.nbytes - start)))
    return pixels


def _fill_file(chunk: Chunk, form: PixelFormat, target: Path) -> Filled:
    return _fill(chunk, form, np.load(target, mmap_mode="r+", allow_pickle=False))


def _fill(chunk: Chunk, form: PixelFormat, target: NDArray[np.uint8]) -> Filled:
    filled = Filled()
    for row, pixels in _images(chunk, form, filled, with_digests=True):
        target[row] = pixels
    return filled


def _decoded(chunk: Chunk, form: PixelFormat) -> Decoded:
    filled = Filled()
    images = list(_images(chunk, form, filled))
    rows = np.array([row for row, _ in images], np.int64)
    pixels = np.array([pixels for _, pixels in images], np.uint8).reshape(-1, *form.shape)
    return Decoded(rows, pixels, filled.bad, filled.changes)


def _images(
    chunk: Chunk, form: PixelFormat, filled: Filled, *, with_digests: bool = False
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield the row and the pixels of each image that can be decoded; `filled` gets the rest."""
    for row, name, raw_image in chunk.raw_images():
        if isinstance(raw_image, DataError):
            filled.bad.append(Bad(row, str(raw_image)))
            continue
        raw: Raw = raw_image
        if with_digests and isinstance(raw_image, Path):
            raw, digest = _read(raw_image)
            filled.digests.append(digest)
        try:
            image = decode(raw, form, name)
        except DataError as error:
            filled.bad.append(Bad(row, str(error)))
            continue
        if image.resized or image.converted:
            filled.changes += Changes.of(image)
        yield row, image.pixels


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
