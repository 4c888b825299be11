"""The place where a conversion is to appear: free, and not within the source."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fer_data.errors import DataError


@contextmanager
def checked(out: Path, *, force: bool, single: bool = False) -> Iterator[None]:
    """Refuse a target that holds something, unless forced; name it where it cannot be written.

    Parameters
    ----------
    out : path
    force : bool
    single : bool
        Whether one file is to appear, rather than a folder.

    Raises
    ------
    DataError
        If `out` holds something and `force` is false, is a folder for a file or a file for a
        folder, or cannot be written.
    """
    try:
        if single and out.is_dir():
            raise DataError(f"{out}: is a folder; name a file")
        if single and out.exists() and not force:
            raise DataError(f"{out}: is there already; name another file, or replace it (--force)")
        if not single and out.exists() and not out.is_dir():
            raise DataError(f"{out}: is a file; name a folder")
        if not single and out.is_dir() and any(out.iterdir()) and not force:
            raise DataError(
                f"{out}: holds other files; choose an empty folder, or write into it with --force"
            )
        yield
    except OSError as error:
        raise DataError(f"{out}: cannot be written ({error.strerror or error})") from None
