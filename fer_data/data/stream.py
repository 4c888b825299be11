"""Pictures decoded piece by piece, to be used once: in a store's form, and in no store."""

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
from fer_data.data.sources.piece import Piece, Pieces
from fer_data.errors import DataError
from fer_data.util.parallel import in_parallel


@dataclass(frozen=True, eq=False)
class Decoded:
    """Some pictures of a dataset.

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
    dataset: Dataset, form: PixelFormat, *, pieces: Pieces | None = None
) -> Iterator[Decoded]:
    """Yield a dataset's pictures in order, decoded on all cores as `fer_data.open_store` does.

    Parameters
    ----------
    dataset : Dataset
    form : PixelFormat
    pieces : Pieces, optional
        Where the pictures come from; by default the reader of the dataset's root.
    """
    pieces = pieces or dataset.pieces()
    tasks = (joblib.delayed(_decode)(piece, form) for piece in pieces.pieces)
    yield from in_parallel(tasks, size=len(dataset))


def _decode(piece: Piece, form: PixelFormat) -> Decoded:
    rows, pixels, bad = [], [], []
    changes = Changes()
    for row, name, raw in piece.pictures():
        if isinstance(raw, DataError):
            bad.append(Bad(row, str(raw)))
            continue
        try:
            picture = decode(raw, form, name)
        except DataError as error:
            bad.append(Bad(row, str(error)))
        else:
            rows.append(row)
            pixels.append(picture.pixels)
            if picture.resized or picture.converted:
                changes += Changes.of(picture)
    stacked = np.array(pixels, np.uint8).reshape(-1, *form.shape)
    return Decoded(np.array(rows, np.int64), stacked, bad, changes)
