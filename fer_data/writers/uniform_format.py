"""Formats that hold all images as one array, of one size and colour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_data.data.dataset import Dataset
from fer_data.data.decode import PixelFormat
from fer_data.data.fill import fill, without_bad
from fer_data.data.image_format import FormatRequest, format_of
from fer_data.data.image_infos import image_infos
from fer_data.errors import DataError
from fer_data.util.progress import track
from fer_data.writers.conversion import Conversion, conversion_of

Chunks = Iterator[NDArray[np.uint8]]

_ROWS_AT_ONCE = 1024


@dataclass(frozen=True)
class UniformFormat:
    """A format that holds images of one size and colour.

    Attributes
    ----------
    holds : str
        What it holds, for errors.
    only : PixelFormat or None
        The form that it holds, if there is only one.
    check : callable
        Refuses a dataset that it cannot hold.
    write : callable
        Writes a dataset whose pixels come as chunks, uint8 [K, H, W, C] each, to a file.
    """

    holds: str
    only: PixelFormat | None
    check: Callable[[Dataset], None]
    write: Callable[[Dataset, PixelFormat, Chunks, Path], None]


def write_uniform(
    dataset: Dataset,
    writer: UniformFormat,
    folder: Path,
    out: Path,
    *,
    form: FormatRequest | None,
) -> Conversion:
    """Write a data set in the requested form, else in its own.

    Parameters
    ----------
    dataset : Dataset
    writer : UniformFormat
    folder : Path
        Where the file is written, and decoded pixels are kept meanwhile.
    out : Path
        Final path of the file, with the same name.
    form : FormatRequest, optional
        What it does not set is the format's form, or the data's own.

    Raises
    ------
    DataError
        If the format cannot hold the data set, an image cannot be decoded and bad ones are not
        skipped, or images differ in form and none is requested.
    OSError
        If something cannot be written.
    """
    writer.check(dataset)
    used = _own_form(dataset, writer) if form is None else _requested_form(dataset, writer, form)
    filled = fill(dataset, used, folder / "pixels.npy", stop_at_bad=not dataset.options.skip_bad)
    bad = [(image.row, image.cause) for image in filled.bad]
    kept = without_bad(dataset, bad)
    rows = np.delete(np.arange(len(dataset)), [row for row, _ in bad])
    writer.write(kept, used, _chunks(folder / "pixels.npy", rows), folder / out.name)
    changed = filled.changes.line(len(kept), used)
    return conversion_of(kept, out, changes=(changed,) if changed else ())


def _chunks(pixels: Path, rows: NDArray[np.int64]) -> Chunks:
    array = np.load(pixels, mmap_mode="r", allow_pickle=False)
    starts = range(0, len(rows), _ROWS_AT_ONCE)
    for start in track(starts, total=len(starts), description="Writing pixels"):
        yield array[rows[start : start + _ROWS_AT_ONCE]]


def _own_form(dataset: Dataset, writer: UniformFormat) -> PixelFormat:
    """Return the form of all images; an error if they differ, or the format holds another one."""
    forms = image_infos(dataset)
    (usual, _), *_ = Counter(forms).most_common()
    form = writer.only or FormatRequest().of_image(usual if usual[0] else max(forms))
    for index, (height, width, color) in enumerate(forms):
        if height and (height, width, color) != (form.height, form.width, form.color):
            (name,) = dataset.sample_ids(np.array([index]))
            raise DataError(
                f"{dataset.root}: {name}: is {height}x{width} {color}, but {writer.holds}; "
                f"bring all to one form, as {form}",
                fix=_FORM,
            )
    return form


def _requested_form(dataset: Dataset, writer: UniformFormat, form: FormatRequest) -> PixelFormat:
    only = writer.only
    if only is not None:
        own = FormatRequest.of(only)
        form = replace(form, size=form.size or own.size, color=form.color or own.color)
    own_form = format_of(form, dataset)
    if only is not None and own_form.shape != only.shape:
        raise DataError(
            f"{dataset.root}: {writer.holds}, not {own_form}; bring all to one form, as {only}",
            fix=_FORM,
        )
    return own_form


_FORM: dict[str, tuple[str, ...]] = {"form": ()}
