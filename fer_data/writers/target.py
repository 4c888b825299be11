"""The target of a conversion: it is new, outside the source, and appears complete."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fer_data.errors import DataError
from fer_data.util.files import refuse_special
from fer_data.util.folders import flush_files, move_folder, temporary_folder


def placed(out: str | Path, source: Path | None) -> Path:
    """Return the path of a target, links resolved.

    Parameters
    ----------
    out : path
    source : path, optional
        The file or folder that is read, where it is one.

    Raises
    ------
    DataError
        If it is the root of the file system, cannot be a path, holds the source or lies in it, or
        is a link, but to a folder.
    """
    try:
        if not os.path.isdir(out):
            refuse_special(Path(out))
        path = Path(os.path.realpath(out))
    except ValueError:
        raise DataError(f"{str(out)!r}: no path can hold this") from None
    if not path.name:
        raise DataError(f"{path}: the root cannot be replaced; name a file or folder in it")
    if source is None:
        return path
    if path in source.resolve().parents:
        raise DataError(f"{path}: holds the source; choose another place")
    if source.resolve() == path or source.resolve() in path.parents:
        raise DataError(f"{path}: lies in the source; choose another place")
    return path


@contextmanager
def written_at(out: Path, *, single: bool = False) -> Iterator[Path]:
    """Give a temporary folder to write in, which becomes `out` at the end.

    A killed process leaves that folder, hidden; the next conversion next to it removes it.

    Parameters
    ----------
    out : path
    single : bool
        Whether the file of the name of `out` in that folder becomes `out`, rather than the folder.

    Raises
    ------
    DataError
        If something is at `out` that is no empty folder to fill, or it cannot be written.
    """
    try:
        _refuse_taken(out, single=single)
        with temporary_folder(out) as folder:
            yield folder
            flush_files(folder)  # the target shall not appear before them
            _refuse_taken(out, single=single)  # it may have appeared meanwhile
            if single:
                os.replace(folder / out.name, out)
            else:
                move_folder(folder, out)
    except OSError as error:
        raise DataError(f"{out}: cannot be written ({error.strerror or error})") from None


def _refuse_taken(out: Path, *, single: bool) -> None:
    if out.is_dir():
        if single:
            raise DataError(f"{out}: is a folder; name a file")
        if any(out.iterdir()):
            raise DataError(f"{out}: holds files already; choose an empty folder or a new one")
    elif out.exists():
        raise DataError(f"{out}: is there already; choose another place, or delete it first")
