"""What readers share: errors that name the file, names for rows, how many may be bad."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from fer_data.data.dataset import Dataset
from fer_data.data.options import LoadOptions
from fer_data.data.origin import Origin
from fer_data.data.skipped import Skipped
from fer_data.data.sources.content import State
from fer_data.data.split_names import SPLITS
from fer_data.errors import DataError, skippable

MAX_BAD_ROWS = 100_000
"""Bad rows that are skipped and listed; a data set with more is something else than it seems."""

MAX_NAME_BYTES = 4096
"""Of a path, on Linux; a file name of the data's own that is longer is none."""


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Name the file in what goes wrong while it is read."""
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path}: broken gzip ({error}); fetch the file again") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None


def state(origin: Origin) -> State:
    """Return the state of a data set that is one file."""
    return state_of_files(origin.root, [origin.root])


def state_of_files(root: Path, files: Iterable[Path]) -> State:
    """Return the state of some files of a folder, or of the one file that a data set is."""
    state = State()
    for file in [root] if root.is_file() else files:
        with reading(file):
            state.add("" if file == root else str(file.relative_to(root)), file.stat())
    return state


def check_bad(path: Path, bad: Sequence[Skipped], options: LoadOptions) -> None:
    """Refuse bad rows as soon as they are known to be an error, or too many.

    Raises
    ------
    DataError
        If there is one and the options cannot skip it, or there are more than `MAX_BAD_ROWS`.
    """
    if bad and not options.may_skip_bad:
        raise skippable(bad[0].error)
    check_bad_rows(path, len(bad))


def check_bad_rows(path: Path, number: int) -> None:
    """Refuse a data set with more than `MAX_BAD_ROWS` bad rows: a small file can hold any number.

    Raises
    ------
    DataError
        If there are more.
    """
    if number > MAX_BAD_ROWS:
        raise DataError(f"{path}: more than {MAX_BAD_ROWS:,} bad rows; this is not such a data set")


def inside(
    root: Path, kind: str, files: Iterable[tuple[str | None, Path]]
) -> tuple[list[tuple[str | None, Path]], list[Skipped]]:
    """Return the files of a folder by split and name, with their splits, and what is none of them.

    That are those that are no regular files, or lead out of the folder, and, where the name of any
    file tells a split, those whose name tells none.
    """
    kept: list[tuple[str | None, Path]] = []
    skipped = []
    for split, file in files:
        reason = ""
        if not file.is_file():
            reason = "not a regular file"
        elif not file.resolve().is_relative_to(root.resolve()):
            reason = "a symbolic link that leads out of the data set"
        if reason:
            skipped.append(Skipped(str(file.relative_to(root)), reason))
        else:
            kept.append((split, file))
    if any(split for split, _ in kept):
        reason = f"a {kind} file of no known split"
        unknown = [
            Skipped(str(file.relative_to(root)), reason) for split, file in kept if not split
        ]
        skipped = [*unknown, *skipped]
        kept = [(split, file) for split, file in kept if split]
    kept.sort(key=lambda item: (SPLITS.index(item[0]) if item[0] else 0, str(item[1])))
    return kept, skipped


def file_name(split: str, row: int) -> str:
    """Return the file name that a row gets in a folder."""
    return f"{split}_{row:05d}.png"


def made_names(dataset: Dataset) -> list[str]:
    """Return a file name for each sample, of its split and its number in the table or dataset."""
    numbers = dataset.locations.tolist() if dataset.in_table else range(len(dataset))
    rows = zip(dataset.split_codes.tolist(), numbers, strict=True)
    return [file_name(dataset.splits[code], number) for code, number in rows]


def own_names(dataset: Dataset, own: Iterable[str | None]) -> list[str]:
    """Return the names that the data brings for the rows, made ones where they can be no file's."""
    return [
        name if name and len(name.encode("utf-8", "surrogatepass")) <= MAX_NAME_BYTES else made_name
        for name, made_name in zip(own, made_names(dataset), strict=True)
    ]
