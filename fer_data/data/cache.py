"""The cache: every store of decoded images in a folder, how large it is, when it was last used."""

from __future__ import annotations

import json
import os
import re
import stat
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from fer_data.data.decode import PixelFormat
from fer_data.data.store_folder import ABOUT, PIXELS, TIMES, VERIFIED
from fer_data.errors import DataError
from fer_data.util.files import was_left
from fer_data.util.folders import remove_folder, remove_left_behind

_NAME = re.compile(r"[\w-]{0,40}-[0-9a-f]{20}")
_FILES = {PIXELS, ABOUT, TIMES, VERIFIED}
_SECONDS_A_DAY = 86_400


@dataclass(frozen=True)
class CachedStore:
    """A store of decoded images in a cache.

    Attributes
    ----------
    path : Path
        Its folder.
    source : Path
        The data set that it was built of, which may be there no more.
    form : PixelFormat
        Size and colour of its images.
    num_images : int
    num_bytes : int
        Of all its files.
    last_used : datetime
        When it was last opened, or built; in UTC.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> fer_data.write_synthetic("faces", num_images=21)
    >>> store = fer_data.open_store("faces", cache="cache")
    >>> [cached.num_images for cached in fer_data.cached_stores("cache")]
    [21]
    """

    path: Path
    source: Path
    form: PixelFormat
    num_images: int
    num_bytes: int
    last_used: datetime

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return {
            "path": str(self.path),
            "data": str(self.source),
            "format": str(self.form),
            "num_images": self.num_images,
            "num_bytes": self.num_bytes,
            "last_used": self.last_used.isoformat(timespec="seconds"),
        }


def cache_folder(cache: str | Path | None = None) -> Path:
    """Return the folder that holds stores; see `fer_data.open_store`."""
    chosen = cache or os.environ.get("FER_DATA_CACHE")
    return Path(chosen).absolute() if chosen else user_cache_path("fer-data")


def cached_stores(
    cache: str | Path | None = None,
    *,
    data: str | Path | None = None,
    unused_days: float = 0,
) -> tuple[CachedStore, ...]:
    """Return the stores in a cache, the largest first.

    Parameters
    ----------
    cache : path, optional
        As for `fer_data.open_store`.
    data : path, optional
        Only those of this data set.
    unused_days : float
        Only those that were last used so many days ago, or earlier.

    Raises
    ------
    DataError
        If the cache cannot be read.

    Examples
    --------
    >>> import fer_data
    >>> fer_data.write_synthetic("faces", num_images=21)
    >>> store = fer_data.open_store("faces", cache="cache")
    >>> [cached.num_images for cached in fer_data.cached_stores("cache", data="faces")]
    [21]
    """
    folder = cache_folder(cache)
    try:
        entries = [Path(entry.path) for entry in os.scandir(folder)]
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror or error})") from None
    sources = set() if data is None else {Path(data).absolute(), Path(os.path.realpath(data))}
    limit = time.time() - unused_days * _SECONDS_A_DAY
    stores = [
        store
        for store in map(_store_in, entries)
        if store is not None
        and (data is None or store.source in sources)
        and (not unused_days or store.last_used.timestamp() <= limit)
    ]
    return tuple(sorted(stores, key=lambda store: (-store.num_bytes, store.path)))


def clear_cache(stores: Iterable[CachedStore]) -> None:
    """Remove stores, and what killed processes left of others next to them.

    A process that has a store open keeps its pixels; workers that it starts later do not find them.
    What is no store, or not only a store, by then is left as it is.

    Raises
    ------
    DataError
        If one cannot be removed.

    Examples
    --------
    >>> import fer_data
    >>> fer_data.write_synthetic("faces", num_images=21)
    >>> store = fer_data.open_store("faces", cache="cache")
    >>> fer_data.clear_cache(fer_data.cached_stores("cache"))
    >>> fer_data.cached_stores("cache")
    ()
    """
    for store in stores:
        if _store_in(store.path) is None:
            continue
        try:
            remove_folder(store.path)
        except FileNotFoundError:  # another process was faster
            continue
        except OSError as error:
            raise DataError(
                f"{store.path}: cannot be removed ({error.strerror or error})"
            ) from None
        remove_left_behind(store.path.parent)


def _store_in(folder: Path) -> CachedStore | None:
    """Return the store in a folder, or None where there is none, or anything else with it."""
    if not _NAME.fullmatch(folder.name):
        return None
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        if not stat.S_ISDIR(folder.lstat().st_mode):
            return None
        infos = {entry.name: entry.stat(follow_symlinks=False) for entry in os.scandir(folder)}
        others = set(infos) - _FILES
        if not {PIXELS, ABOUT} <= set(infos) or not all(map(was_left, others)):
            return None
        if not all(stat.S_ISREG(info.st_mode) for info in infos.values()):
            return None
        about = json.loads((folder / ABOUT).read_text("utf-8"))
        used = infos.get(VERIFIED, infos[ABOUT]).st_mtime
        report = about["report"]
        if not isinstance(about["format"], int) or not isinstance(about["fingerprint"], str):
            return None
        return CachedStore(
            path=folder,
            source=Path(str(about["source"])),
            form=PixelFormat(**about["form"]),
            num_images=int(report["num_samples"]) + int(report["num_rejected"]),
            num_bytes=sum(info.st_size for info in infos.values()),
            last_used=datetime.fromtimestamp(used, UTC),
        )
    return None
