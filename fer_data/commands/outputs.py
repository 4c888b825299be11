"""Files that a command writes: never in place of what it reads, and named where they cannot be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from fer_data.commands.fields import Given
from fer_data.errors import DataError, UsageError
from fer_data.util.files import refuse_special

_OURS = (".csv", ".html")
"""Of what a command may replace at the top of a folder of data: no data set has such files there.
"""


def check_output(out: Path | None, read: Sequence[Path], data: Given | None = None) -> None:
    """Refuse an output that would replace an input, a file of the data set, or no regular file.

    Parameters
    ----------
    out : Path, optional
        What is to be written.
    read : sequence of Path
        What is read.
    data : Given, optional
        How it is read; files that are named there are read, too.

    Raises
    ------
    UsageError, DataError
        If it would.
    """
    if out is None:
        return
    named = data.given().values() if data else ()
    inputs = [*read, *(one for one in named if isinstance(one, Path))]
    if out.is_dir():
        raise UsageError(f"{out}: is a folder; name a file")
    for one in inputs:
        if out.resolve() == one.resolve():
            raise UsageError(f"{out}: is what is read, and would be replaced; name another file")
        if one.is_dir() and _is_part(out.resolve(), one.resolve()):
            raise UsageError(f"{out}: lies in {one}, which is read; choose another place")
    refuse_special(out)


def _is_part(out: Path, folder: Path) -> bool:
    """Whether a file lies in a folder of data: deep in it, or at its top as a part of it."""
    if out.parent == folder:
        return out.exists() and out.suffix not in _OURS
    return folder in out.parents


@contextmanager
def written(out: Path) -> Iterator[None]:
    """Name the output in what goes wrong while it is written.

    Raises
    ------
    DataError
        If the file system refuses it.
    """
    try:
        yield
    except OSError as error:
        raise DataError(f"{out}: cannot be written ({error.strerror or error})") from None
