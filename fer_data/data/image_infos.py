"""Size, colour and range of values of every image of a data set, before it is brought to a form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

import joblib

from fer_data.data.decode import ImageInfo, Raw, highest_value, image_info
from fer_data.data.sources.chunk import Chunk, Chunks
from fer_data.errors import DataError
from fer_data.util.parallel import in_parallel
from fer_data.util.progress import track

T = TypeVar("T")

_BITS = (8, 10, 12, 14, 16)
"""How many bits of 16 may be in use: those of microscopes, X-ray and cameras."""


class Chunked(Protocol):
    """An `Origin`, or a `Dataset`."""

    def __len__(self) -> int: ...

    def source_chunks(self) -> Chunks:
        """Return its images."""
        ...


def image_infos(data: Chunked) -> list[ImageInfo]:
    """Return size and colour of every image; of one that cannot be opened, ``(0, 0, "")``."""
    infos: list[ImageInfo] = [(0, 0, "")] * len(data)
    for row, info in _values(data, image_info):
        infos[row] = info
    return infos


def bits_in_use(data: Chunked) -> int | None:
    """Return how many bits the highest value of all images of 16 bits has, 8 to 16.

    None where there are no such images; the others are opened, and not decoded.
    """
    highest = max((value for _, value in _values(data, highest_value)), default=0)
    return next(bits for bits in _BITS if highest < 1 << bits) if highest else None


def _values(data: Chunked, see: Callable[[Raw, str], T]) -> Iterator[tuple[int, T]]:
    source_chunks = data.source_chunks()
    tasks = (joblib.delayed(_values_of)(chunk, see) for chunk in source_chunks.chunks)
    parts = in_parallel(tasks, size=len(data))
    for part in track(parts, total=source_chunks.number, description="Looking at files"):
        yield from part


def _values_of(chunk: Chunk, see: Callable[[Raw, str], T]) -> list[tuple[int, T]]:
    infos = []
    for row, name, raw in chunk.raw_images():
        if not isinstance(raw, DataError):
            try:
                infos.append((row, see(raw, name)))
            except DataError:
                continue
    return infos
