"""The place where a conversion is to appear: free, and not within the source."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fer_data.data import sources
from fer_data.errors import DataError
from fer_data.util.files import refuse_special

_FORCE = {"force": ("true",)}


def placed(out: str | Path, source: Path) -> Path:
    """Return the path of a target, links resolved.

    Raises
    ------
    DataError
        If it is the root of the file system, cannot be a path, holds the source, or is a link, but
        to a folder.
    """
    try:
        if not os.path.isdir(out):
            refuse_special(Path(out))
        path = Path(os.path.realpath(out))
    except ValueError:
        raise DataError(f"{str(out)!r}: no path can hold this") from None
    if not path.name:
        raise DataError(f"{path}: the root cannot be written whole; name a file or folder in it")
    if path in source.resolve().parents:
        raise DataError(f"{path}: holds the source; choose another place")
    return path


@contextmanager
def checked(out: Path, *, to: str, force: bool, single: bool = False) -> Iterator[None]:
    """Refuse a target that holds something, unless forced; name it where it cannot be written.

    Parameters
    ----------
    out : path
    to : str
        The layout that is to be there.
    force : bool
    single : bool
        Whether one file is to appear, rather than a folder.

    Raises
    ------
    DataError
        If `out` holds something and `force` is false, is a folder for a file or a file for a
        folder, holds parquet or TFRecord files and others are to come, or cannot be written.
    """
    try:
        if single and out.is_dir():
            raise DataError(f"{out}: is a folder; name a file")
        if single and out.exists() and not force:
            raise DataError(
                f"{out}: is there already; name another file, or replace it", fix=_FORCE
            )
        if not single and out.exists() and not out.is_dir():
            raise DataError(f"{out}: is a file; name a folder")
        if not single and out.is_dir() and any(out.iterdir()) and not force:
            raise DataError(
                f"{out}: holds other files; choose an empty folder, or write into it all the same",
                fix=_FORCE,
            )
        if not single and out.is_dir() and (held := sources.layout_of(out)) not in ("folder", to):
            raise DataError(
                f"{out}: holds a {held} data set, which would be read in place of the new {to} "
                "one, or mixed with it; choose another folder"
            )
        yield
    except OSError as error:
        raise DataError(f"{out}: cannot be written ({error.strerror or error})") from None
