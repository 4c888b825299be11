"""Output files of a command: they never replace an input, and errors name them."""

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
    """Refuse an output that would replace an input, a file of the data set, or a special file.

    Parameters
    ----------
    out : Path, optional
        The output.
    read : sequence of Path
        The inputs.
    data : Given, optional
        Options of reading; files named there are inputs, too.

    Raises
    ------
    UsageError, DataError
        If it would replace one of these.
    """
    if out is None:
        return
    named = data.given().values() if data else ()
    inputs = [*read, *(source for source in named if isinstance(source, Path))]
    if out.is_dir():
        raise UsageError(f"{out}: is a folder; name a file")
    for source in inputs:
        if out.resolve() == source.resolve():
            raise UsageError(f"{out}: is the input, and would be replaced; name another file")
        if source.is_dir() and _is_part(out.resolve(), source.resolve()):
            raise UsageError(f"{out}: is in {source}, which is an input; choose another place")
    refuse_special(out)


def _is_part(out: Path, folder: Path) -> bool:
    """Whether a file belongs to a folder of data: deep in it, or a data file at its top."""
    if out.parent == folder:
        return out.exists() and out.suffix not in _OURS
    return folder in out.parents


@contextmanager
def written(out: Path) -> Iterator[None]:
    """Name the output in errors while it is written.

    Raises
    ------
    DataError
        If the file system refuses it.
    """
    try:
        yield
    except OSError as error:
        raise DataError(f"{out}: cannot be written ({error.strerror or error})") from None
