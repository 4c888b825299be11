"""A data set's pictures as one array of one form, for the formats that hold nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import joblib
import numpy as np
from numpy.typing import NDArray

from fer_data.data.dataset import Dataset
from fer_data.data.decode import Look, PixelFormat, look
from fer_data.data.fill import fill
from fer_data.data.sources.piece import Piece
from fer_data.errors import DataError
from fer_data.util.parallel import in_parallel
from fer_data.util.progress import track
from fer_data.util.words import counted
from fer_data.writers.conversion import Conversion, conversion_of, without

Chunks = Iterator[NDArray[np.uint8]]

_ROWS_AT_ONCE = 1024

_USUAL = PixelFormat(48, 48, "grey")
"""What an error proposes where nothing is asked for."""


@dataclass(frozen=True)
class OneForm:
    """A format that holds pictures of one size and colour.

    Attributes
    ----------
    holds : str
        What it holds, for errors.
    only : PixelFormat or None
        The one form that it holds, where there is but one.
    check : callable
        Refuses a dataset that it cannot hold.
    write : callable
        Writes a dataset whose pixels come as chunks, uint8 [K, H, W, C] each, to a file.
    """

    holds: str
    only: PixelFormat | None
    check: Callable[[Dataset], None]
    write: Callable[[Dataset, PixelFormat, Chunks, Path], None]


def write_one_form(
    dataset: Dataset,
    writer: OneForm,
    folder: Path,
    out: Path,
    *,
    form: PixelFormat | None,
) -> Conversion:
    """Write a data set in the form asked for, else in the one that it has.

    Parameters
    ----------
    dataset : Dataset
    writer : OneForm
    folder : Path
        Where the file is written, and decoded pixels are kept till then.
    out : Path
        What the file is to become; it has the same name.
    form : PixelFormat, optional

    Raises
    ------
    DataError
        If the format cannot hold the data set, a picture cannot be decoded and bad ones are not
        skipped, or pictures differ in form and none is asked for.
    OSError
        If something cannot be written.
    """
    writer.check(dataset)
    if form is None:
        form = writer.only or _first_form(dataset, writer.holds)
        _refuse_others(dataset, form, writer.holds)
    elif writer.only not in (None, form):
        raise DataError(
            f"{dataset.root}: {writer.holds}, not {form}; {_advice(writer.only)}", fix=_FORM
        )
    filled = fill(dataset, form, folder / "pixels.npy", stop_at_bad=not dataset.options.skip_bad)
    bad = [(one.row, one.cause) for one in filled.bad]
    kept = without(dataset, bad)
    rows = np.delete(np.arange(len(dataset)), [row for row, _ in bad])
    writer.write(kept, form, _chunks(folder / "pixels.npy", rows), folder / out.name)
    changes = (
        (filled.changes.num_resized, "resized"),
        (filled.changes.num_converted, "converted in colour"),
    )
    return conversion_of(
        kept,
        out,
        changes=tuple(f"{counted(number, 'picture')} {word}" for number, word in changes if number),
    )


def _chunks(pixels: Path, rows: NDArray[np.int64]) -> Chunks:
    array = np.load(pixels, mmap_mode="r", allow_pickle=False)
    starts = range(0, len(rows), _ROWS_AT_ONCE)
    for start in track(starts, total=len(starts), description="Writing pixels"):
        yield array[rows[start : start + _ROWS_AT_ONCE]]


def _first_form(dataset: Dataset, holds: str) -> PixelFormat:
    for piece in dataset.pieces().pieces:
        for _, name, (height, width, color) in _looks(piece):
            if color not in ("grey", "rgb") or max(height, width) > 4096:
                raise _misfit(name, (height, width, color), holds, _USUAL)
            return PixelFormat(height, width, color)  # type: ignore[arg-type]  # just compared
    raise DataError(f"{dataset.root}: not one picture can be decoded")


def _refuse_others(dataset: Dataset, form: PixelFormat, holds: str) -> None:
    found: list[tuple[str, Look]] = []
    whole = dataset.pieces()
    tasks = (joblib.delayed(_first_other)(piece, form) for piece in whole.pieces)
    parts = in_parallel(takewhile(lambda _: not found, tasks), size=len(dataset))
    for part in track(parts, total=whole.number, description="Looking at sizes"):
        found += part
    if found:
        raise _misfit(*found[0], holds, form)


def _first_other(piece: Piece, form: PixelFormat) -> list[tuple[str, Look]]:
    expected = form.height, form.width, form.color
    return [(name, seen) for _, name, seen in _looks(piece) if seen != expected][:1]


def _looks(piece: Piece) -> Iterator[tuple[int, str, Look]]:
    """Yield row, name and look of each picture that can be opened; decoding tells of the others."""
    for row, name, raw in piece.pictures():
        try:
            if not isinstance(raw, DataError):
                yield row, name, look(raw, name)
        except DataError:
            continue


def _misfit(name: str, seen: Look, holds: str, form: PixelFormat) -> DataError:
    height, width, color = seen
    return DataError(
        f"{name}: is {height}x{width} {color}, but {holds}; {_advice(form)}", fix=_FORM
    )


def _advice(form: PixelFormat | None) -> str:
    form = form or _USUAL
    return f"bring all to one form, as {form}"


_FORM: dict[str, tuple[str, ...]] = {"form": ()}
