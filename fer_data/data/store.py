"""Pixels decoded once, to a memory-mapped uint8 array [N, H, W, C] that later starts just map.

A store is a folder: ``pixels.npy`` (a plain NumPy file), ``store.json`` (form, counts, a digest,
the content of the files, which rows cannot be decoded) and ``times`` (when the files last changed,
see `fer_data.data.sources.content`). It is built in a folder beside and renamed, so a store is
there whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from fer_data.data import fill, sources
from fer_data.data.changes import Changes
from fer_data.data.dataset import CANNOT_BE_DECODED, NO_SPLIT, Dataset, LeftOut, printable
from fer_data.data.decode import PixelFormat
from fer_data.data.reading import DatasetLike, load
from fer_data.data.sources.content import State
from fer_data.errors import DataError
from fer_data.util.files import write_json, write_text
from fer_data.util.folders import built_whole, take_away
from fer_data.util.words import counted

FORMAT = 4
"""Version of the layout on disk; a store of another version is built anew."""

_LOGGER = logging.getLogger("fer_data")

_logged: set[Path] = set()
"""Stores whose conversion this process has logged: many loaders may share one."""

_TIMES = "times"

_ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class BuildReport:
    """What building a store did to the pictures."""

    num_samples: int
    num_rejected: int = 0
    changes: Changes = field(default_factory=Changes)

    def __str__(self) -> str:
        changes = [
            f"{number:,} {word}"
            for number, word in (
                (self.changes.num_resized, "resized"),
                (self.changes.num_converted, "converted in colour"),
                (self.num_rejected, "left out as unreadable"),
            )
            if number
        ]
        return counted(self.num_samples, "picture") + (f", {', '.join(changes)}" if changes else "")


@dataclass(frozen=True, eq=False)
class PixelStore:
    """The samples of a data set with their pixels.

    Attributes
    ----------
    path : Path
        The store's folder.
    dataset : Dataset
        Row *i* is picture *i*.
    pixels : ndarray of uint8, shape [N, H, W, C]
        Memory-mapped, read-only.
    form : PixelFormat
        What every picture was brought to.
    report : BuildReport
        What that did to them.
    digest : str
        Of the pixels, taken when the store was built.
    fingerprint : str
        Of the data set's files, their names below its root and their bytes: the same for a copy
        elsewhere, and for files that were touched but not changed.
    """

    path: Path
    dataset: Dataset
    pixels: NDArray[np.uint8]
    form: PixelFormat
    report: BuildReport
    digest: str
    fingerprint: str = ""

    def __repr__(self) -> str:
        return f"PixelStore({self.path}, {len(self.pixels):,} images, {self.form})"

    def __reduce__(self) -> Any:
        # Mapped again, else every process would copy the pixels.
        return _mapped, (self.path, self.dataset, self.digest)

    def verify(self) -> None:
        """Read every pixel and compare with the digest taken when the store was built.

        Raises
        ------
        DataError
            If the pixels are not those that were stored.
        """
        if _digest(self.pixels) != self.digest:
            raise DataError(f"{self.path}: pixels differ from what was stored; delete the folder")


def open_store(
    data: DatasetLike,
    *,
    form: PixelFormat | None = None,
    cache: str | Path | None = None,
    log: bool = True,
    **options: Any,
) -> PixelStore:
    """Map the store of a data set, building it first where there is none of its present content.

    The store on disk holds every sample of the source, whatever the options take of it. Where
    images had another size or colour, the logger ``fer_data`` says so in one warning, once a
    process: how many, what they were, and what they became.

    Parameters
    ----------
    data : path or Dataset
        What `fer_data.load` takes.
    form : PixelFormat, optional
        Size and colour of every image; 48x48 grey by default.
    cache : path, optional
        Folder that holds stores. By default the environment variable ``FER_DATA_CACHE``, else
        ``fer-data`` in the user's cache folder.
    log : bool
        Whether to log a conversion.
    **options
        As in `fer_data.load`, for a path.

    Raises
    ------
    DataError
        If the data cannot be read, or an image cannot be decoded, is not excluded, and bad ones
        are not skipped.
    """
    dataset = load(data, **options)
    form = form or PixelFormat()
    state = sources.state(dataset)
    key = hashlib.blake2b(digest_size=10)
    key.update(f"{FORMAT} {dataset.kind} {state.key()} {form} ".encode())
    key.update(dataset.locations.tobytes())
    key.update(os.fsencode(dataset.root))
    folder = cache_folder(cache) / f"{_plain(dataset.root.name)}-{key.hexdigest()}"
    if not _is_of(dataset, state, folder):
        _build(dataset, state, form, folder)
    store = _map(folder, dataset)
    if log:
        _log_conversion(store)
    return store


def _log_conversion(store: PixelStore) -> None:
    line = store.report.changes.line(len(store.pixels), store.form)
    if line and store.path not in _logged:
        _logged.add(store.path)
        _LOGGER.warning("%s: %s", printable(str(store.dataset.root)), line)


def cache_folder(cache: str | Path | None = None) -> Path:
    """Return the folder that holds stores; see `open_store`."""
    chosen = cache or os.environ.get("FER_DATA_CACHE")
    return Path(chosen).absolute() if chosen else user_cache_path("fer-data")


def _is_of(dataset: Dataset, state: State, folder: Path) -> bool:
    """Whether a store is there, and of the present content; one of other content is taken away.

    Where the files were only touched, that is noted, so that they are read but once.
    """
    if not folder.exists():
        return False
    times = folder / _TIMES
    try:
        with suppress(FileNotFoundError):
            if times.read_text("ascii") == state.changes():
                return True
        content = state.content(dataset.root)
        # Read after the bytes, which may take long: another process may have built it meanwhile.
        stored = json.loads((folder / "store.json").read_text("utf-8"))["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError):
        return True  # broken, as mapping it will say
    try:
        if content == stored:
            with suppress(OSError, DataError):  # in a cache that cannot be written
                write_text(times, state.changes())
            return True
        take_away(folder)
    except FileNotFoundError:  # another process was faster
        pass
    except OSError as error:
        raise _cannot_be_written(folder, error) from None
    return False


def _cannot_be_written(folder: Path, error: OSError) -> DataError:
    return DataError(
        f"{folder.parent}: the store of decoded pictures cannot be written "
        f"({error.strerror or error}); choose another place with --cache or FER_DATA_CACHE"
    )


def _build(dataset: Dataset, state: State, form: PixelFormat, folder: Path) -> None:
    try:
        with built_whole(folder) as beside:
            _fill(dataset, state, form, beside)
    except OSError as error:
        if not folder.exists():  # else another process was faster
            raise _cannot_be_written(folder, error) from None


def _fill(dataset: Dataset, state: State, form: PixelFormat, folder: Path) -> None:
    """Write the files of a store."""
    target = folder / "pixels.npy"
    tolerant = dataset.options.skip_bad or dataset.options.exclude is not None
    filled = fill.fill(dataset, form, target, stop_at_bad=not tolerant)
    _refuse_bad(dataset, filled.bad)
    known = {}
    if filled.digests is not None and len(filled.digests) == len(dataset):
        locations = dataset.locations.tolist()
        known = dict(zip(locations, map(bytes, filled.digests), strict=True))
    fingerprint = state.content(dataset.root, known)
    if filled.bad:
        _take_out(dataset, filled.bad, target)
    pixels = np.load(target, mmap_mode="r", allow_pickle=False)
    report = BuildReport(len(pixels), len(filled.bad), filled.changes)
    write_json(
        folder / "store.json",
        {
            "format": FORMAT,
            "source": str(dataset.root),
            "form": asdict(form),
            "report": asdict(report),
            "bad": [[one.row, one.cause] for one in filled.bad],
            "digest": _digest(pixels),
            "fingerprint": fingerprint,
        },
    )
    write_text(folder / _TIMES, state.changes())


def _refuse_bad(dataset: Dataset, bad: list[fill.Bad]) -> None:
    """Raise the error of the first image that cannot be decoded, unless such are skipped."""
    taken = [one for one in bad if dataset.split_codes[one.row] != NO_SPLIT]
    if taken and not dataset.options.skip_bad:
        raise fill.error_of(taken[0])


def _take_out(dataset: Dataset, bad: list[fill.Bad], target: Path) -> None:
    """Take bad rows out of the array, block by block."""
    kept = _kept(dataset, bad)
    if not len(kept):
        cause = bad[0].cause.partition("; correct the row")[0]
        raise DataError(f"{dataset.root}: not one picture can be decoded ({cause})")
    whole = np.load(target, mmap_mode="r", allow_pickle=False)
    beside = target.with_name("kept.npy")
    new = fill.new_array(beside, (len(kept), *whole.shape[1:]))
    for start in range(0, len(kept), _ROWS_AT_ONCE):
        new[start : start + _ROWS_AT_ONCE] = whole[kept[start : start + _ROWS_AT_ONCE]]
    new.flush()
    os.replace(beside, target)


def _kept(dataset: Dataset, bad: list[fill.Bad]) -> NDArray[np.int64]:
    return np.delete(np.arange(len(dataset)), [one.row for one in bad])


def _mapped(folder: Path, dataset: Dataset, digest: str) -> PixelStore:
    store = _map(folder, dataset, is_taken=True)
    if store.digest != digest:
        raise DataError(f"{dataset.root}: the data changed while it was used; start again")
    return store


def _map(folder: Path, dataset: Dataset, *, is_taken: bool = False) -> PixelStore:
    """Map a store of all samples, or, with `is_taken`, of those that can be decoded."""
    try:
        about = json.loads((folder / "store.json").read_text("utf-8"))
        bad = [fill.Bad(int(row), str(cause)) for row, cause in about["bad"]]
        pixels = np.load(folder / "pixels.npy", mmap_mode="r", allow_pickle=False)
        form = PixelFormat(**about["form"])
        report = _report(**about["report"])
        digest, fingerprint = str(about["digest"]), str(about["fingerprint"])
        rows = [one.row for one in bad]
        if not is_taken and not set(rows) <= set(range(len(dataset))):
            raise ValueError(f"bad rows are {rows[:3]} of {len(dataset)}")
    except Exception as error:  # broken files make json and NumPy raise nearly anything
        raise _broken(folder, str(error)) from None
    if bad and not is_taken:
        _refuse_bad(dataset, bad)
        gone = np.array(rows, np.int64)
        names = dataset.take(gone[dataset.split_codes[gone] != NO_SPLIT]).sample_ids()
        skipped = [LeftOut(name, CANNOT_BE_DECODED) for name in names]
        dataset = dataset.take(_kept(dataset, bad), left_out=skipped)
    if pixels.dtype != np.uint8 or pixels.shape != (len(dataset), *form.shape):
        raise _broken(folder, f"pixels are {pixels.dtype} {pixels.shape}")
    return PixelStore(folder, dataset, pixels, form, report, digest, fingerprint)


def _report(*, num_samples: int, num_rejected: int, changes: dict[str, Any]) -> BuildReport:
    """Return a report from what JSON holds of it."""
    ends = (changes.pop(name) for name in ("smallest", "largest"))
    smallest, largest = (None if size is None else (int(size[0]), int(size[1])) for size in ends)
    colors = tuple(map(str, changes.pop("colors")))
    found = Changes(**changes, smallest=smallest, largest=largest, colors=colors)
    return BuildReport(num_samples, num_rejected, found)


def _broken(folder: Path, cause: str) -> DataError:
    return DataError(f"{folder}: broken store ({cause}); delete the folder, it is built again")


def _digest(pixels: NDArray[np.uint8]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for start in range(0, len(pixels), _ROWS_AT_ONCE):
        digest.update(pixels[start : start + _ROWS_AT_ONCE].tobytes())
    return digest.hexdigest()


def _plain(name: str) -> str:
    """Return the letters and digits of a name: a hint for people who look into the cache."""
    return "".join(c if c.isalnum() else "-" for c in name)[:40]
