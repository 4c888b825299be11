"""Pixels decoded once, to a memory-mapped uint8 array [N, H, W, C] that later starts just map.

A store is a folder; `fer_data.data.store_folder` says which files it has and what is guaranteed of
them. It is built in a temporary folder, brought to the disk and renamed, so it is complete or not
there at all. One that is damaged is named in a warning and built again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fer_data.data import fill, store_folder
from fer_data.data.cache import cache_folder
from fer_data.data.changes import Changes
from fer_data.data.dataset import Dataset
from fer_data.data.decode import PixelFormat
from fer_data.data.decoded import decoded_images
from fer_data.data.image_format import FormatRequest, format_of
from fer_data.data.images import Images, images_of
from fer_data.data.options import check_options
from fer_data.data.origin import Origin
from fer_data.data.reading import DatasetLike, load
from fer_data.data.sources import memory
from fer_data.data.sources.content import State
from fer_data.data.store_folder import ABOUT, FORMAT, PIXELS, TIMES, BuildReport, DamagedStore
from fer_data.errors import DataError
from fer_data.util.files import write_text
from fer_data.util.folders import atomic_folder, remove_folder
from fer_data.util.words import printable, sized

_LOGGER = logging.getLogger("fer_data")

_logged: set[Path | str] = set()
"""Stores whose conversion this process has logged: many loaders may share one."""

_LARGE = 10**9
"""Bytes from which on a store is announced before it is built."""


@dataclass(frozen=True, eq=False)
class PixelStore:
    """The samples of a data set with their pixels.

    Attributes
    ----------
    path : Path or None
        The store's folder; None where the images are in memory.
    dataset : Dataset
    pixels : ndarray of uint8, shape [N, H, W, C], or Images
        Row *i* is the image of sample *i*. Memory-mapped and read-only, where there is a folder;
        where the dataset takes some of the images only, they are taken as they are indexed.
    form : PixelFormat
        What every image was brought to.
    report : BuildReport
        What that did to them.
    digest : str
        Of the pixels, when the store was built.
    fingerprint : str
        Of the data set's files, their names below its root and their bytes: the same for a copy
        elsewhere, and for files that were touched but not changed.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> fer_data.open_store((np.zeros((2, 60, 80, 3), np.uint8), ["cat", "dog"])).form.color
    'rgb'
    """

    path: Path | None
    dataset: Dataset
    pixels: NDArray[np.uint8] | Images
    form: PixelFormat
    report: BuildReport
    digest: str
    fingerprint: str = ""

    def __repr__(self) -> str:
        return f"PixelStore({self.path or 'memory'}, {len(self.pixels):,} images, {self.form})"

    def __reduce__(self) -> Any:
        if self.path is None:
            fields = (self.path, self.dataset, self.pixels, self.form, self.report)
            return PixelStore, (*fields, self.digest, self.fingerprint)
        # Mapped again, else every process would copy the pixels.
        return _mapped, (self.path, self.dataset, self.digest)

    def verify(self) -> None:
        """Read every pixel and compare it with the checksums taken when the store was built.

        Opening a store does so only where its file may have changed since the last time, see
        `fer_data.data.store_folder`.

        Raises
        ------
        DataError
            If the pixels are not those that were stored; the images are named.
        """
        if self.path is not None:
            store_folder.compare(self.path, len(self.dataset.origin))


def open_store(
    data: DatasetLike,
    *,
    form: PixelFormat | FormatRequest | None = None,
    cache: str | Path | Literal[False] | None = None,
    log: str = "read",
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
    form : PixelFormat or FormatRequest, optional
        Size and colour of every image; by default the data's own.
    cache : path, optional
        Folder that holds stores. By default the environment variable ``FER_DATA_CACHE``, else
        ``fer-data`` in the user's cache folder. False keeps none: the images of files are decoded
        whenever they are taken, for data that is too large to be kept decoded.
    log : str
        What is done with images that are converted, in the line that is logged: they are *read* as
        48x48 grey, or *compared*. Without a word nothing is logged.
    **options
        As in `fer_data.load`, for a path.

    Raises
    ------
    DataError
        If the data cannot be read, or an image cannot be decoded, is not excluded, and bad ones
        are not skipped.

    Examples
    --------
    >>> import fer_data
    >>> fer_data.write_synthetic("faces", num_images=21)
    >>> fer_data.open_store("faces").pixels.shape
    (21, 48, 48, 1)
    """
    check_options(options, open_store)
    dataset = load(data, **options)
    if dataset.origin.arrays:
        store = _in_memory(dataset, format_of(form, dataset))
    else:
        origin = dataset.origin
        state = origin.state()
        of_files = hashlib.blake2b(digest_size=10)
        of_files.update(f"{FORMAT} {origin.kind} {origin.image_column} {state.key()} ".encode())
        of_files.update(origin.locations.tobytes())
        of_files.update(os.fsencode(origin.root))
        known = cache_folder(cache or None) / "sizes" / f"{of_files.hexdigest()}.json"
        form = format_of(form, dataset, known)
        if cache is False:
            images, key = decoded_images(dataset, state, form)
            report = BuildReport(len(origin), 0, Changes())
            return PixelStore(None, dataset, images, form, report, key, key)
        of_files.update(str(form).encode())
        folder = cache_folder(cache) / f"{_plain(origin.root.name)}-{of_files.hexdigest()}"
        if not _is_of(origin, state, folder):
            _build(dataset, state, form, folder)
        try:
            store = _map(folder, dataset)
        except DamagedStore as error:
            _LOGGER.warning("%s; it is rebuilt", printable(error.damage))
            _remove_damaged(folder, error)
            _build(dataset, state, form, folder)
            store = _map(folder, dataset)
        store_folder.used_now(folder)
    if log:
        _log_conversion(store, log)
    return store


def _in_memory(dataset: Dataset, form: PixelFormat) -> PixelStore:
    """Return a store of images in memory: the arrays themselves, where they have the form."""
    bad: list[fill.Bad] = []
    changes = Changes()
    arrays: list[NDArray[np.uint8]] = [
        images.reshape(-1, *form.shape)
        for images in dataset.origin.arrays
        if isinstance(images, np.ndarray)
        and (*images.shape[1:3], math.prod(images.shape[3:])) == form.shape
    ]
    if len(arrays) != len(dataset.origin.arrays):
        filled = np.zeros((len(dataset.origin), *form.shape), np.uint8)
        stop_at_bad = not dataset.options.may_skip_bad
        done = fill.fill_array(dataset.origin, form, filled, stop_at_bad=stop_at_bad)
        arrays, bad, changes = [filled], done.bad, done.changes
    dataset = _without_bad(dataset, bad)
    key = memory.fingerprint(arrays)
    report = BuildReport(len(dataset.origin) - len(bad), len(bad), changes)
    return PixelStore(None, dataset, images_of(arrays, dataset.rows), form, report, key, key)


def _log_conversion(store: PixelStore, done: str) -> None:
    line = store.report.changes.line(store.report.num_samples, store.form, done)
    if line and (store.path or line) not in _logged:
        _logged.add(store.path or line)
        _LOGGER.warning("%s: %s", printable(str(store.dataset.root)), line)


def _is_of(origin: Origin, state: State, folder: Path) -> bool:
    """Whether a store is there, and of the present content; one of other content is taken away.

    Where the files were only touched, that is noted, so that they are read but once.
    """
    if not folder.exists():
        return False
    times = folder / TIMES
    try:
        with suppress(FileNotFoundError):
            if times.read_text("ascii") == state.changes():
                return True
        content = state.content(origin.root)
        # Read after the bytes, which may take long: another process may have built it meanwhile.
        stored = json.loads((folder / ABOUT).read_text("utf-8"))["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError):
        return True  # broken, as mapping it will say
    try:
        if content == stored:
            with suppress(OSError, DataError):  # in a cache that cannot be written
                write_text(times, state.changes())
            return True
        remove_folder(folder)
    except FileNotFoundError:  # another process was faster
        pass
    except OSError as error:
        raise _cannot_be_written(folder, error) from None
    return False


def _cannot_be_written(folder: Path, error: OSError) -> DataError:
    return DataError(
        f"{folder.parent}: the store of decoded images cannot be written "
        f"({error.strerror or error}); choose another place, for example with the environment "
        "variable FER_DATA_CACHE",
        fix={"cache": []},
    )


def _remove_damaged(folder: Path, error: DamagedStore) -> None:
    """Take a damaged store away, unless another process has built it again meanwhile."""
    traceback.clear_frames(error.__traceback__)  # they map it, and Windows moves no mapped file
    try:
        if error.inode == folder.stat().st_ino:
            remove_folder(folder)
    except FileNotFoundError:
        pass
    except OSError as refused:
        raise _cannot_be_written(folder, refused) from None


def _build(dataset: Dataset, state: State, form: PixelFormat, folder: Path) -> None:
    if folder.exists():  # another process was faster
        return
    num_bytes = len(dataset.origin) * math.prod(form.shape)
    if num_bytes >= _LARGE:
        _LOGGER.warning(
            "%s: decoded images take %s, kept in %s (see fer_data.cached_stores)",
            *map(printable, (str(dataset.root), sized(num_bytes), str(folder.parent))),
        )
    try:
        with atomic_folder(folder) as temporary:
            _fill(dataset, state, form, temporary)
    except OSError as error:
        if not folder.exists():  # else another process was faster
            raise _cannot_be_written(folder, error) from None


def _fill(dataset: Dataset, state: State, form: PixelFormat, folder: Path) -> None:
    """Write the files of a store."""
    target, origin = folder / PIXELS, dataset.origin
    filled = fill.fill(origin, form, target, stop_at_bad=not dataset.options.may_skip_bad)
    _without_bad(dataset, filled.bad)
    if len(filled.bad) == len(origin):
        cause = filled.bad[0].cause.partition("; correct the row")[0]
        raise DataError(f"{origin.root}: not one image can be decoded ({cause})")
    known = {}
    if len(filled.digests) == len(origin):
        known = dict(zip(origin.locations.tolist(), filled.digests, strict=True))
    report = BuildReport(len(origin) - len(filled.bad), len(filled.bad), filled.changes)
    store_folder.complete(
        folder,
        source=origin.root,
        form=form,
        report=report,
        bad=filled.bad,
        fingerprint=state.content(origin.root, known),
    )
    write_text(folder / TIMES, state.changes())


def _without_bad(dataset: Dataset, bad: Sequence[fill.Bad]) -> Dataset:
    """Return the dataset without images of its origin that cannot be decoded."""
    error_of = {image.row: image.cause for image in bad}
    indices = np.flatnonzero(np.isin(dataset.rows, list(error_of)))
    errors = [error_of[row] for row in dataset.rows[indices].tolist()]
    return fill.without_bad(dataset, list(zip(indices.tolist(), errors, strict=True)))


def _mapped(folder: Path, dataset: Dataset, digest: str) -> PixelStore:
    store = _map(folder, dataset)
    if store.digest != digest:
        raise DataError(f"{dataset.root}: the data changed while it was used; start again")
    return store


def _map(folder: Path, dataset: Dataset) -> PixelStore:
    stored = store_folder.stored(folder, len(dataset.origin))
    dataset = _without_bad(dataset, stored.bad)
    return PixelStore(
        folder,
        dataset,
        images_of([stored.pixels], dataset.rows),
        stored.form,
        stored.report,
        stored.digest,
        stored.fingerprint,
    )


def _plain(name: str) -> str:
    """Return a name's letters and digits, for people who look into the cache."""
    return "".join(c if c.isalnum() else "-" for c in name)[:40]
