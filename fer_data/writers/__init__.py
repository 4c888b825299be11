"""From any layout that `fer_data.load` takes to any other: one module a format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from fer_data.data import sources
from fer_data.data.dataset import Dataset
from fer_data.data.decode import PixelFormat
from fer_data.data.reading import DatasetLike, load
from fer_data.errors import DataError, UsageError
from fer_data.extras import require
from fer_data.writers import csv_file, npz_file
from fer_data.writers.conversion import Conversion
from fer_data.writers.csv_to_folder import convert_csv
from fer_data.writers.folder import write_folder
from fer_data.writers.one_form import OneForm, write_one_form
from fer_data.writers.staging import journal, locked, publish, staging
from fer_data.writers.target import checked, placed

__all__ = ["FORMATS", "Conversion", "Format", "convert", "convert_csv"]

Format = Literal["folder", "csv", "npz", "parquet", "tfrecord"]

FORMATS: tuple[Format, ...] = ("folder", "csv", "npz", "parquet", "tfrecord")

_NEEDS = {"parquet": "pyarrow", "tfrecord": "tensorflow"}
"""Format to the package that writes it, which an extra installs."""

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
    form: PixelFormat | None = None,
    force: bool = False,
    **options: Any,
) -> Conversion:
    """Write a data set in another format.

    Pixels, labels, splits and names stay as they are where the format holds them, and the bytes of
    image files between folders and parquet. Killed at any moment and called again, it ends in the
    same bytes: it goes on, or, where it was killed after `dst` appeared, is refused as that holds
    something. With `force` it writes all anew then. Only `convert_csv`, which a csv to class
    folders is without a `form`, knows what it has finished.

    Parameters
    ----------
    src : path or Dataset
        What `fer_data.load` takes.
    dst : path
        Appears when all is written.
    to : {"folder", "csv", "npz", "parquet", "tfrecord"}, optional
        By default what `dst` ends with (``.csv``, ``.csv.gz``, ``.npz``, ``.parquet``), else
        ``"folder"``.
    form : PixelFormat, optional
        Size and colour to bring every picture to. By default pictures stay as they are.
    force : bool
        Whether to replace a file, or write into a folder that holds other files. Those of the same
        name are replaced, and shards of an older parquet or TFRecord data set deleted; all others
        stay.
    **options
        As in `fer_data.load`, for a path.

    Returns
    -------
    Conversion

    Raises
    ------
    DataError
        If the source cannot be read, has no label at all, lies below `dst` or holds it, `dst`
        holds something, or parquet or TFRecord files though others are to come, or the format
        cannot hold the source.
    UsageError
        If `to` is no format, does not fit what `dst` ends with, or its package is not installed.
    """
    root = src.root if isinstance(src, Dataset) else Path(src).absolute()
    dst = placed(dst, root)
    to = _format(dst, to)
    if to in _NEEDS:
        require(f"writing {to}", _NEEDS[to])
    if root.resolve() == dst or root.resolve() in dst.parents:
        raise DataError(f"{dst}: lies in the source; choose another place")
    chosen = {name: value for name, value in options.items() if value}
    if to == "folder" and form is None and _is_plain_csv(src, chosen):
        return convert_csv(root, dst, force=force, **chosen)
    dataset = load(src, **options)
    dataset.check_labels()
    skip_bad = dataset.options.skip_bad
    single = to in ("csv", "npz") or _ending(dst) == ".parquet"
    state = dataset.origin.state()
    settings = {
        "source": state.key(),
        "changes": state.changes(),  # what is half done is started over where it is in doubt
        "samples": dataset.digest(),
        "to": to,
        "form": str(form),
        "options": dataset.options.to_dict(),
    }
    with (
        locked(dst),
        checked(dst, to=to, force=force, single=single),
        staging(dst, settings) as folder,
    ):
        if to == "folder":
            done = write_folder(dataset, folder, dst, form=form, skip_bad=skip_bad)
        elif to == "parquet":
            from fer_data.writers.parquet_files import write_parquet  # imports pyarrow

            done = write_parquet(dataset, folder, dst, form=form, skip_bad=skip_bad, single=single)
        else:
            target = folder / dst.name if single else folder
            writer, cache = _one_form_writer(to), journal(folder) / "store"
            done = write_one_form(dataset, writer, target, form=form, cache=cache)
            done = replace(done, out=dst)
        publish(folder, dst, single=single)
    return replace(done, changes=(*dataset.notes, *done.changes))


def _is_plain_csv(src: DatasetLike, options: dict[str, Any]) -> bool:
    """Whether a source is a FER2013 csv of which everything is taken."""
    if isinstance(src, Dataset) or options.keys() - {"skip_bad", "test_apart"}:
        return False
    return sources.layout_of(src) == "csv"


def _one_form_writer(to: Format) -> OneForm:
    if to == "csv":
        return csv_file.WRITER
    if to == "npz":
        return npz_file.WRITER
    from fer_data.writers import tfrecord_files  # imports tensorflow

    return tfrecord_files.WRITER


def _format(dst: Path, to: Format | None) -> Format:
    told = _OF_ENDING.get(_ending(dst))
    if to is None:
        if told is None and dst.suffix[1:].isalpha() and not dst.is_dir():
            raise UsageError(
                f"{dst.name}: {dst.suffix} says no format; name one", fix={"to": FORMATS}
            )
        return told or "folder"
    if to not in FORMATS:
        raise UsageError(f"to is {to!r}; choose one of {', '.join(FORMATS)}")
    if told not in (None, to):
        raise UsageError(f"{dst.name} ends as a {told} file does, not {to}; choose one of the two")
    if told is None and to in ("csv", "npz"):
        raise UsageError(f"{dst.name} is no name of a {to} file; name it {dst.name}.{to}")
    return to


def _ending(path: Path) -> str:
    name = path.name.lower()
    return next((ending for ending in _OF_ENDING if name.endswith(ending)), "")
