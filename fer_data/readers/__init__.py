"""From what users have to a `Manifest`: one module a layout, picked by looking at the path."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fer_data.errors import DataError
from fer_data.manifest import Manifest
from fer_data.readers import fer_csv, folder
from fer_data.selection import Selection

__all__ = ["READERS", "Reader", "fingerprint", "read"]


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
        Bytes that change whenever a file of the data set does, without reading the files.
    """

    recognises: Callable[[Path], bool]
    read: Callable[..., Manifest]
    state: Callable[[Path], bytes]


READERS = (
    Reader(folder.recognises, folder.read, folder.state),
    Reader(fer_csv.recognises, fer_csv.read, fer_csv.state),
)


def read(
    path: str | Path,
    *,
    merge_test: bool = True,
    skip_bad: bool = False,
    selection: Selection | None = None,
) -> Manifest:
    """Read the table of samples of a data set; pixels are not decoded.

    Parameters
    ----------
    path : path
        A folder of class folders, a folder of split folders with class folders in them, or a
        csv as FER2013 is published (``fer2013.csv``, ``icml_face_data.csv``, Kaggle's
        ``train.csv`` and ``test.csv``), gzipped or not.
    merge_test : bool
        Whether the csv's PublicTest and PrivateTest both become the split ``test``, as in
        Kaggle's folder, or ``public_test`` and ``private_test``.
    skip_bad : bool
        Whether a csv row that cannot be read is left out and noted, or an error.
    selection : Selection, optional
        What of it is taken, and under which labels.

    Raises
    ------
    DataError
        If the path is none of these, its rows cannot be read, or the selection does not fit it.
    """
    path = _existing(path)
    manifest = _reader(path).read(path, merge_test=merge_test, skip_bad=skip_bad)
    return selection.apply(manifest) if selection else manifest


def fingerprint(path: str | Path, *, merge_test: bool = True) -> str:
    """Return a key of the data set's present content, from names, sizes and times of its files.

    The time of the last *change* (ctime) is part of it, which a copy that keeps the
    modification time cannot fake.
    """
    path = _existing(path)
    key = hashlib.blake2b(digest_size=16)
    key.update(_reader(path).state(path))
    key.update(b"merged" if merge_test else b"apart")
    return key.hexdigest()


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
    return path


def _reader(path: Path) -> Reader:
    for reader in READERS:
        if reader.recognises(path):
            return reader
    raise DataError(
        f"{path}: neither a folder of class folders nor a csv with a pixels column "
        "(fer2013.csv, icml_face_data.csv, train.csv, test.csv)"
    )
