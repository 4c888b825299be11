"""From what users have to a `Dataset`: one module a layout, picked by looking at the path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fer_data.data.dataset import Dataset
from fer_data.data.options import LoadOptions
from fer_data.data.sources import (
    fer_csv,
    folder,
    labelled_images,
    npz,
    parquet,
    source,
    tfrecord,
)
from fer_data.data.sources.content import State
from fer_data.data.sources.piece import Pieces
from fer_data.errors import DataError, UsageError
from fer_data.util.files import refuse_no_file

__all__ = [
    "READERS",
    "Reader",
    "existing",
    "layout_of",
    "names",
    "pieces",
    "read",
    "state",
]


@dataclass(frozen=True)
class Reader:
    """One layout.

    Attributes
    ----------
    recognises : callable
        Whether a path has this layout, by looking at it.
    read : callable
        The data set of a path, by some options.
    state : callable
        What the file system says of the files of a data set, which are not read.
    pieces : callable
        A dataset's pictures in pieces, each of which any process can read alone.
    names : callable
        A file name for each sample of a dataset, the source's own where it has some. It comes
        from the data: not to be made a path of without a look.
    """

    recognises: Callable[[Path], bool]
    read: Callable[[Path, LoadOptions], Dataset]
    state: Callable[[Dataset], State]
    pieces: Callable[[Dataset], Pieces]
    names: Callable[[Dataset], list[str]]


def _reader_of(layout: Any) -> Reader:
    return Reader(layout.recognises, layout.read, layout.state, layout.pieces, layout.names)


READERS = {
    "tfrecord": _reader_of(tfrecord),
    "parquet": _reader_of(parquet),
    "folder": _reader_of(folder),
    "npz": _reader_of(npz),
    "csv": _reader_of(fer_csv),
    "labelled-images": _reader_of(labelled_images),
}
"""Every layout by its name. The first that recognises a path reads it."""


def read(path: str | Path, options: LoadOptions) -> Dataset:
    """Read the table of samples of a path; nothing is selected. See `fer_data.load`.

    Raises
    ------
    DataError
        If the path is no data set, may be meant in several ways, or its rows cannot be read.
    UsageError
        If a layout of folders is named for a file.
    """
    path = existing(path)
    if options.labels is not None or options.label_from is not None:
        kind = "labelled-images"
    else:
        kind = "folder" if options.layout is not None else layout_of(path)
    if kind == "folder" and not path.is_dir():
        raise UsageError(f"{path}: layout {options.layout} is of folders; leave it out for a file")
    return replace(READERS[kind].read(path, options), kind=kind, options=options)


def state(dataset: Dataset) -> State:
    """Return what the file system says of the files of a data set, which are not read.

    Raises
    ------
    DataError
        If a file is gone or cannot be looked at.
    """
    with source.reading(dataset.root):
        return READERS[dataset.kind].state(dataset)


def pieces(dataset: Dataset) -> Pieces:
    """Return a dataset's pictures in pieces, each of which any process can read alone."""
    return READERS[dataset.kind].pieces(dataset)


def names(dataset: Dataset) -> list[str]:
    """Return a file name for each sample, the source's own where it has some.

    It comes from the data: not to be made a path of without a look.
    """
    return READERS[dataset.kind].names(dataset)


def layout_of(path: str | Path) -> str:
    """Return the name of a data set's layout: a key of `READERS`.

    Raises
    ------
    DataError
        If it has none of them.
    """
    path = existing(path)
    if path.is_file() and path.suffix.lower() in folder.SUFFIXES:
        raise DataError(f"{path}: is a picture; name the folder that holds the class folders")
    for name, reader in READERS.items():
        if reader.recognises(path):
            return name
    raise DataError(
        f"{path}: neither a folder of class folders nor a csv with a pixels column (fer2013.csv, "
        "icml_face_data.csv, train.csv, test.csv), and no .npz, parquet or TFRecord files either"
    )


def existing(path: str | Path) -> Path:
    """Return an absolute path, of a folder or a regular file.

    Raises
    ------
    DataError
        If nothing is there, it cannot be looked at, or it is a device, a FIFO or a socket.
    """
    path = Path(path).absolute()
    try:
        path.stat()
    except ValueError:
        raise DataError(f"{str(path)!r}: no path can hold this") from None
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file or folder") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    if not path.is_dir():
        refuse_no_file(path)
    return path
