"""Files that are not what their names say: an error page saved as an archive, an empty csv.

What a file is, its first bytes say where they can: a zip archive, parquet and gzip are read under
any name. A file that is none of these and not what its name promises is refused.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from fer_data.data.first_bytes import HEAD_BYTES, described, is_binary, kind_of
from fer_data.data.sources import source
from fer_data.data.sources.files import open_file
from fer_data.data.sources.tree_paths import unpacked_ending
from fer_data.errors import DataError

_GZIP_START = b"\x1f\x8b"

_PARQUET = (b"PAR1",)
_JSON = (b"{", b"[")

_PROMISED: dict[str, tuple[str, tuple[bytes, ...]]] = {
    ".zip": ("a zip archive", ()),
    ".npz": ("a .npz of NumPy's", ()),
    ".parquet": ("parquet", _PARQUET),
    ".pq": ("parquet", _PARQUET),
    ".json": ("JSON", _JSON),
    ".jsonl": ("JSON, an object a line", _JSON),
    ".ndjson": ("JSON, an object a line", _JSON),
}
"""By a name's ending, what is expected and how it may begin; archives were looked for before."""

_TEXTS = {".csv": "a csv", ".tsv": "a tsv", ".txt": "a list as text", ".lst": "a list as text"}


def refuse_other_content(path: Path, head: bytes) -> None:
    """Refuse what is to be read as text or parquet, and is not what its name promises.

    Parameters
    ----------
    path : path
    head : bytes
        Its first `fer_data.data.first_bytes.HEAD_BYTES`, unpacked.

    Raises
    ------
    DataError
        If it is empty, or something else; what it is and what to do.
    """
    ending = unpacked_ending(path)
    if ending in _PROMISED:
        expected, starts = _PROMISED[ending]
        is_it = _without_mark(head).startswith(starts)
    else:
        expected = _TEXTS.get(ending, "a data set")
        is_it = bool(head) and kind_of(head) is None and not is_binary(head) and not is_json(head)
    if not is_it:
        raise DataError(f"{path}: expected {expected}, got {described(head)}")


def head_of(path: Path) -> bytes:
    """Return the first bytes of a file, in a zip archive too, unpacked."""
    with source.reading(path), open_unpacked(path) as file:
        return file.read(HEAD_BYTES)


@contextmanager
def open_unpacked(path: Path) -> Iterator[IO[bytes]]:
    """Open a file, in a zip archive too, unpacked where it begins as a gzip file does."""
    with open_file(path) as file:
        is_gzip = file.read(len(_GZIP_START)) == _GZIP_START
        file.seek(0)
        if is_gzip:
            with gzip.open(file) as unpacked:
                yield cast(IO[bytes], unpacked)
        else:
            yield file


def is_json(head: bytes) -> bool:
    """Whether a text is objects of JSON by its beginning."""
    return bool(re.match(rb'\s*(\[\s*)?\{\s*"', _without_mark(head)))


def _without_mark(head: bytes) -> bytes:
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()
