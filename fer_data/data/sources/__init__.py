"""From what users have to a `Manifest`: one module a layout, picked by looking at the path."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer_data.data.manifest import Manifest
from fer_data.data.selection import Selection
from fer_data.data.sources import fer_csv, folder, npz, parquet, tfrecord
from fer_data.data.sources.class_folders import CLASS_FOLDERS
from fer_data.data.sources.content import State
from fer_data.data.sources.piece import Pieces
from fer_data.errors import DataError, UsageError
from fer_data.util.files import refuse_no_file

__all__ = [
    "READERS",
    "Reader",
    "check",
    "check_layout",
    "fingerprint",
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
        The manifest of a path. `merge_test` says whether FER2013's PublicTest and PrivateTest
        are both the split ``test``.
    state : callable
        What the file system says of the files of a data set, which are not read.
    pieces : callable
        A manifest's pictures in pieces, each of which any process can read alone.
    names : callable
        A file name for each sample of a manifest, the source's own where it has some. It comes
        from the data: not to be made a path of without a look.
    """

    recognises: Callable[[Path], bool]
    read: Callable[..., Manifest]
    state: Callable[[Path], State]
    pieces: Callable[[Manifest], Pieces]
    names: Callable[[Manifest], list[str]]


def _reader_of(layout: Any) -> Reader:
    return Reader(layout.recognises, layout.read, layout.state, layout.pieces, layout.names)


READERS = {
    "tfrecord": _reader_of(tfrecord),
    "parquet": _reader_of(parquet),
    "folder": _reader_of(folder),
    "npz": _reader_of(npz),
    "csv": _reader_of(fer_csv),
}
"""Every layout by its name. The first that recognises a path reads it."""


def read(
    path: str | Path,
    *,
    merge_test: bool = True,
    skip_bad: bool = False,
    selection: Selection | None = None,
    layout: str | None = None,
) -> Manifest:
    """Read the table of samples of a data set; pixels are not decoded.

    Parameters
    ----------
    path : path
        A folder of class folders, a folder of split folders with class folders in them, a csv
        as FER2013 is published (``fer2013.csv``, ``icml_face_data.csv``, Kaggle's
        ``train.csv`` and ``test.csv``), gzipped or not, a ``.npz`` file, parquet files as Hugging
        Face lays image data out, or TFRecord files with their ``index.json``.
    merge_test : bool
        Whether the csv's PublicTest and PrivateTest both become the split ``test``, as in
        Kaggle's folder, or ``public_test`` and ``private_test``.
    skip_bad : bool
        Whether a csv row that cannot be read is left out and noted, or an error, unless the
        selection excludes it.
    selection : Selection, optional
        What of it is taken, and under which labels.
    layout : {"class-folders"}, optional
        Takes the folders in a folder, or in its split folders, as classes where they may be
        something else: splits, images beside labels, one class only, images that a table names.
        Without, that is refused. By default as the selection says.

    Raises
    ------
    DataError
        If the path is none of these, may be meant in several ways, its rows cannot be read, or the
        selection does not fit it.
    """
    path = _existing(path)
    layout = layout or (selection.layout if selection else None)
    if selection and selection.exclude is not None and not skip_bad:
        found = read(path, merge_test=merge_test, skip_bad=True, selection=selection, layout=layout)
        if not found.num_bad:
            return found  # what is bad is excluded
    options: dict[str, Any] = {"merge_test": merge_test, "skip_bad": skip_bad}
    if layout is not None:
        check_layout(layout)
        if not path.is_dir():
            raise UsageError(f"{path}: layout {layout} is of folders; leave it out for a file")
        manifest = folder.read(path, layout=layout, **options)
    else:
        manifest = _reader(path).read(path, **options)
    return selection.apply(manifest) if selection else manifest


def state(path: str | Path) -> State:
    """Return what the file system says of the files of a data set, which are not read.

    Raises
    ------
    DataError
        If the path has none of the layouts.
    """
    path = _existing(path)
    return _reader(path).state(path)


def fingerprint(path: str | Path, *, merge_test: bool = True) -> str:
    """Return a key of names, sizes and modification times of a data set's files.

    A file that was rewritten to the same size, with its modification time set back, has the same
    one; see `fer_data.data.sources.content`.
    """
    key = hashlib.blake2b(digest_size=16)
    key.update(state(path).key().encode())
    key.update(b"merged" if merge_test else b"apart")
    return key.hexdigest()


def pieces(manifest: Manifest) -> Pieces:
    """Return a manifest's pictures in pieces, each of which any process can read alone."""
    return _reader(manifest.root).pieces(manifest)


def names(manifest: Manifest) -> list[str]:
    """Return a file name for each sample, the source's own where it has some.

    It comes from the data: not to be made a path of without a look.
    """
    return _reader(manifest.root).names(manifest)


def check_layout(layout: str | None) -> None:
    """Refuse a layout to read a folder by that is none.

    Raises
    ------
    UsageError
        If it is not None or ``"class-folders"``.
    """
    if layout not in (None, CLASS_FOLDERS):
        raise UsageError(f"layout is {layout!r}; the only one to name is {CLASS_FOLDERS}")


def check(path: str | Path, *, layout: str | None = None) -> None:
    """Refuse early what `read` would refuse for its layout or its first bytes; read no sample.

    Raises
    ------
    DataError, UsageError
        As `read`.
    """
    check_layout(layout)
    path = _existing(path)
    name = layout_of(path)
    if name == "folder":
        folder.check(path, layout=layout)
    elif name == "csv":
        with fer_csv.open_csv(path):
            pass


def layout_of(path: str | Path) -> str:
    """Return the name of a data set's layout: a key of `READERS`.

    Raises
    ------
    DataError
        If it has none of them.
    """
    path = _existing(path)
    if path.is_file() and path.suffix.lower() in folder.SUFFIXES:
        raise DataError(f"{path}: is a picture; name the folder that holds the class folders")
    for name, reader in READERS.items():
        if reader.recognises(path):
            return name
    raise DataError(
        f"{path}: neither a folder of class folders nor a csv with a pixels column (fer2013.csv, "
        "icml_face_data.csv, train.csv, test.csv), and no .npz, parquet or TFRecord files either"
    )


def _existing(path: str | Path) -> Path:
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


def _reader(path: Path) -> Reader:
    return READERS[layout_of(path)]
