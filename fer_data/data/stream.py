"""Images decoded chunk by chunk, to be used once: in a store's form, and in no store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import joblib
import numpy as np
from numpy.typing import NDArray

from fer_data.data.changes import Changes
from fer_data.data.dataset import Dataset
from fer_data.data.decode import PixelFormat, decode
from fer_data.data.fill import Bad
from fer_data.data.sources.chunk import Chunk, Chunks
from fer_data.errors import DataError
from fer_data.util.parallel import in_parallel


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
    """Yield a dataset's images in order, decoded on all cores as `fer_data.open_store` does.

    Parameters
    ----------
    dataset : Dataset
    form : PixelFormat
    chunks : Chunks, optional
        Where the images come from; by default the reader of the dataset's root.
    """
    chunks = chunks or dataset.source_chunks()
    tasks = (joblib.delayed(_decode)(chunk, form) for chunk in chunks.chunks)
    yield from in_parallel(tasks, size=len(dataset))


def _decode(chunk: Chunk, form: PixelFormat) -> Decoded:
    rows, pixels, bad = [], [], []
    changes = Changes()
    for row, name, raw in chunk.raw_images():
        if isinstance(raw, DataError):
            bad.append(Bad(row, str(raw)))
            continue
        try:
            image = decode(raw, form, name)
        except DataError as error:
            bad.append(Bad(row, str(error)))
        else:
            rows.append(row)
            pixels.append(image.pixels)
            if image.resized or image.converted:
                changes += Changes.of(image)
    stacked = np.array(pixels, np.uint8).reshape(-1, *form.shape)
    return Decoded(np.array(rows, np.int64), stacked, bad, changes)
