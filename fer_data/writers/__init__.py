"""Conversion from any layout that `fer_data.load` takes: one module per format."""

from __future__ import annotations

import os
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from fer_data.data import sources
from fer_data.data.decode import PixelFormat
from fer_data.data.image_format import FormatRequest, image_summary
from fer_data.data.options import check_options
from fer_data.data.reading import DatasetLike, load_unlabelled_too
from fer_data.errors import UsageError
from fer_data.extras import require
from fer_data.util.quiet import with_tensorflow
from fer_data.writers.conversion import Conversion
from fer_data.writers.folder import write_folder
from fer_data.writers.target import placed, written_at
from fer_data.writers.uniform_format import write_uniform

__all__ = ["FORMATS", "Conversion", "Format", "convert"]

Format = Literal["folder", "csv", "npz", "parquet", "tfrecord"]

FORMATS: tuple[Format, ...] = ("folder", "csv", "npz", "parquet", "tfrecord")

_NEEDS = {"parquet": "pyarrow", "tfrecord": "tensorflow"}
"""Format to the package that writes it, which an extra installs."""

_ONE_FORM = {"csv": "fer_data.fer2013.csv_file", "npz": "fer_data.writers.npz_file"}
"""Format to the module whose ``WRITER`` writes it: FER2013's package stands above this one."""

_CONVERT_CSV = "fer_data.fer2013.csv_to_folder"

_OF_ENDING: dict[str, Format] = {
    ".csv": "csv",
    ".csv.gz": "csv",
    ".npz": "npz",
    ".parquet": "parquet",
}


def convert(
    src: DatasetLike,
    dst: str | Path,
    *,
    to: Format | None = None,
    form: FormatRequest | PixelFormat | None = None,
    **options: Any,
) -> Conversion:
    """Write a data set in another format.

    Pixels, labels, splits and names stay as they are where the format holds them, and the bytes of
    image files between folders and parquet. The same data gives the same bytes.

    Parameters
    ----------
    src : path, arrays, DataFrame, dataset or Dataset
        What `fer_data.load` takes; of a `Dataset`, the samples that are in it.
    dst : path
        A new file, or a new or empty folder. It appears when everything is written.
    to : {"folder", "csv", "npz", "parquet", "tfrecord"}, optional
        By default from the suffix of `dst` (``.csv``, ``.csv.gz``, ``.npz``, ``.parquet``), else
        ``"folder"``.
    form : FormatRequest or PixelFormat, optional
        Size, colour or both to convert every image to. What is not given stays each image's own,
        or the data's in formats that hold images of one form. By default images are unchanged.
    **options
        As in `fer_data.load`.

    Returns
    -------
    Conversion

    Raises
    ------
    DataError
        If the source cannot be read, has no label at all, lies below `dst` or holds it, `dst` is
        there already, or the format cannot hold the source.
    UsageError
        If `to` is no format, does not fit what `dst` ends with, or its package is not installed.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> data = (np.zeros((3, 48, 48), np.uint8), ["cat", "dog", "dog"])
    >>> conversion = fer_data.convert(data, "pets", to="folder")
    >>> fer_data.load("pets").class_names
    ('cat', 'dog')
    """
    check_options(options, convert)
    to = _format(Path(dst), to)
    if to in _NEEDS:
        require(f"writing {to}", _NEEDS[to])
    chosen = {name: value for name, value in options.items() if value}
    if to == "folder" and form is None and _is_plain_csv(src, chosen):
        converted: Conversion = import_module(_CONVERT_CSV).convert_csv(src, dst, **chosen)
        return converted
    dataset = load_unlabelled_too(src, **options)  # formats that hold these keep them
    dataset.check_labels()
    asked = None if form is None else FormatRequest.of(form)
    if asked and asked.bits is None and to not in _ONE_FORM:
        asked = replace(asked, bits=image_summary(dataset).bits)
    dst = placed(dst, None if dataset.origin.arrays else dataset.root)
    single = to in ("csv", "npz") or _ending(dst) == ".parquet"
    with written_at(dst, single=single) as folder:
        if to == "folder":
            done = write_folder(dataset, folder, dst, form=asked)
        elif to == "parquet":
            from fer_data.writers.parquet_files import write_parquet  # imports pyarrow

            done = write_parquet(dataset, folder, dst, form=asked, single=single)
        elif to == "tfrecord":
            writer = with_tensorflow("fer_data.writers.tfrecord_files")
            done = writer.write_tfrecords(dataset, folder, dst, form=asked)
        else:
            done = write_uniform(
                dataset, import_module(_ONE_FORM[to]).WRITER, folder, dst, form=asked
            )
    return replace(done, changes=(*dataset.notes, *done.changes))


def _is_plain_csv(src: DatasetLike, options: dict[str, Any]) -> bool:
    """Whether a source is a FER2013 csv of which everything is taken."""
    if not isinstance(src, str | os.PathLike) or options.keys() - {"skip_bad", "test_apart"}:
        return False
    return sources.layout_of(Path(src)) == "csv"


def _format(dst: Path, to: Format | None) -> Format:
    by_suffix = _OF_ENDING.get(_ending(dst))
    if to is None:
        if by_suffix is None and dst.suffix[1:].isalpha() and not dst.is_dir():
            raise UsageError(
                f"{dst.name}: {dst.suffix} is no known format; name one", fix={"to": FORMATS}
            )
        return by_suffix or "folder"
    if to not in FORMATS:
        raise UsageError(f"to is {to!r}; choose one of {', '.join(FORMATS)}")
    if by_suffix not in (None, to):
        raise UsageError(
            f"{dst.name} has the suffix of a {by_suffix} file, not {to}; choose one of the two"
        )
    if by_suffix is None and to in ("csv", "npz"):
        raise UsageError(f"{dst.name} is no name of a {to} file; name it {dst.name}.{to}")
    return to


def _ending(path: Path) -> str:
    name = path.name.lower()
    return next((ending for ending in _OF_ENDING if name.endswith(ending)), "")
