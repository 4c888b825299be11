"""Pixels decoded once, to a memory-mapped uint8 array [N, H, W, C] that later starts just map.

A store is a folder: ``pixels.npy`` (a plain NumPy file), ``samples.npz`` (the manifest's columns),
``store.json`` (form, counts, a digest, the content of the files) and ``times`` (when these last
changed, see `fer_data.data.sources.content`). It is built in a folder beside and renamed, so a
store is there whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from fer_data.data import fill, sources
from fer_data.data.changes import Changes
from fer_data.data.decode import PixelFormat
from fer_data.data.manifest import CANNOT_BE_DECODED, LeftOut, Manifest, printable
from fer_data.data.selection import Selection
from fer_data.data.sources.content import State
from fer_data.errors import DataError
from fer_data.util.files import write_json, write_text
from fer_data.util.folders import built_whole, take_away
from fer_data.util.words import counted

FORMAT = 3
"""Version of the layout on disk; a store of another version is built anew."""

_LOGGER = logging.getLogger("fer_data")

_logged: set[Path] = set()
"""Stores whose conversion this process has logged: many loaders may share one."""

_WITHOUT_BAD = "-without-bad"

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
    manifest : Manifest
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
    is_selected : bool
        Whether the manifest is not the store's own: a selection was applied to it.
    """

    path: Path
    manifest: Manifest
    pixels: NDArray[np.uint8]
    form: PixelFormat
    report: BuildReport
    digest: str
    fingerprint: str = ""
    is_selected: bool = False

    def __reduce__(self) -> Any:
        # Mapped anew, else every process would copy the pixels; what a selection made of the
        # manifest goes along, as its files may have changed since.
        columns = self.manifest.columns() if self.is_selected else None
        return _mapped, (self.path, self.manifest.root, columns, self.digest)

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
    path: str | Path,
    *,
    form: PixelFormat | None = None,
    cache: str | Path | None = None,
    merge_test: bool = True,
    skip_bad: bool = False,
    selection: Selection | None = None,
    log: bool = True,
    layout: str | None = None,
) -> PixelStore:
    """Map the store of a data set, building it first where there is none of its present content.

    Where images had another size or colour, the logger ``fer_data`` says so in one warning, once a
    process: how many, what they were, and what they became.

    Parameters
    ----------
    path : path
        A data set that `fer_data.read` takes.
    form : PixelFormat, optional
        Size and colour of every picture; 48x48 grey by default.
    cache : path, optional
        Folder that holds stores. By default the environment variable ``FER_DATA_CACHE``, else
        ``fer-data`` in the user's cache folder.
    merge_test : bool
        As in `fer_data.read`.
    skip_bad : bool
        Whether what cannot be decoded is left out and noted, or an error, unless the selection
        excludes it.
    selection : Selection, optional
        What of it is taken, and under which labels. The store on disk holds everything, and is
        the same whatever is selected.
    log : bool
        Whether to log a conversion.
    layout : {"class-folders"}, optional
        As in `fer_data.read`.

    Raises
    ------
    DataError
        If the data cannot be read, a picture not be decoded and `skip_bad` is false, or the
        selection does not fit the data.
    """
    form = form or PixelFormat()
    root = Path(path).absolute()
    layout = layout or (selection.layout if selection else None)
    sources.check_layout(layout)
    if selection and selection.exclude is not None and not skip_bad:
        found = open_store(
            path,
            form=form,
            cache=cache,
            merge_test=merge_test,
            skip_bad=True,
            selection=selection,
            log=log,
            layout=layout,
        )
        if not found.manifest.num_bad:
            return found  # what is bad is excluded
    source = _Source(root, sources.state(root), merge_test, layout)
    key = hashlib.blake2b(digest_size=10)
    key.update(f"{FORMAT} {source.state.key()} {merge_test} {form} {layout} ".encode())
    key.update(os.fsencode(root))
    folder = cache_folder(cache) / f"{_plain(root.name)}-{key.hexdigest()}"
    without_bad = folder.with_name(f"{folder.name}{_WITHOUT_BAD}")
    if skip_bad and _is_of(source, without_bad):
        folder = without_bad
    elif not _is_of(source, folder):
        folder = _build(source, form, folder, skip_bad=skip_bad)
    store = _map(folder, root)
    if log:
        _log_conversion(store)
    if not selection:
        return store
    return replace(store, manifest=selection.apply(store.manifest), is_selected=True)


def _log_conversion(store: PixelStore) -> None:
    line = store.report.changes.line(len(store.pixels), store.form)
    if line and store.path not in _logged:
        _logged.add(store.path)
        _LOGGER.warning("%s: %s", printable(str(store.manifest.root)), line)


def cache_folder(cache: str | Path | None = None) -> Path:
    """Return the folder that holds stores; see `open_store`."""
    chosen = cache or os.environ.get("FER_DATA_CACHE")
    return Path(chosen).absolute() if chosen else user_cache_path("fer-data")


@dataclass(frozen=True)
class _Source:
    """A data set as it is now; its state was looked at before anything of it is read."""

    root: Path
    state: State
    merge_test: bool
    layout: str | None

    def fingerprint(self, known: dict[str, bytes] | None = None) -> str:
        """Return `PixelStore.fingerprint`, given digests of files that were read already."""
        content = self.state.content(self.root, known)
        return content if self.merge_test else f"{content}-apart"


def _is_of(source: _Source, folder: Path) -> bool:
    """Whether a store is there, and of the present content; one of other content is taken away.

    Where the files were only touched, that is noted, so that they are read but once.
    """
    if not folder.exists():
        return False
    times = folder / _TIMES
    try:
        with suppress(FileNotFoundError):
            if times.read_text("ascii") == source.state.changes():
                return True
        before = json.loads((folder / "store.json").read_text("utf-8"))["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError):
        return True  # broken, as mapping it will say
    try:
        if source.fingerprint() == before:
            with suppress(OSError, DataError):  # in a cache that cannot be written
                write_text(times, source.state.changes())
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


def _build(source: _Source, form: PixelFormat, folder: Path, *, skip_bad: bool) -> Path:
    """Build a store and return its folder: one of its own where something bad was left out."""
    manifest = sources.read(
        source.root, merge_test=source.merge_test, skip_bad=skip_bad, layout=source.layout
    )
    try:
        with built_whole(folder) as beside:
            manifest = _fill(source, manifest, form, beside, skip_bad=skip_bad)
            if manifest.num_bad:
                folder = folder.with_name(f"{folder.name}{_WITHOUT_BAD}")
                os.replace(beside, folder)
    except OSError as error:
        if not folder.exists():  # else another process was faster
            raise _cannot_be_written(folder, error) from None
    return folder


def _fill(
    source: _Source, manifest: Manifest, form: PixelFormat, folder: Path, *, skip_bad: bool
) -> Manifest:
    """Write the files of a store and return the manifest of what is in it."""
    target = folder / "pixels.npy"
    filled = fill.fill(manifest, form, target, stop_at_bad=not skip_bad)
    if filled.bad and not skip_bad:
        raise fill.error_of(filled.bad[0])
    known = {}
    if filled.digests is not None and len(filled.digests) == len(manifest):
        locations = manifest.locations.tolist()
        known = dict(zip(locations, map(bytes, filled.digests), strict=True))
    fingerprint = source.fingerprint(known)
    if filled.bad:
        manifest = _without(manifest, filled.bad, target)
    samples: dict[str, Any] = {
        "class_names": np.array(manifest.class_names, np.str_),
        "splits": np.array(manifest.splits, np.str_),
        "split_codes": manifest.split_codes,
        "labels": manifest.labels,
        "locations": manifest.locations,
        "left_out": np.array([(item.name, item.reason) for item in manifest.left_out], np.str_),
    }
    np.savez(folder / "samples.npz", **samples)
    pixels = np.load(target, mmap_mode="r", allow_pickle=False)
    report = BuildReport(len(manifest), len(filled.bad), filled.changes)
    write_json(
        folder / "store.json",
        {
            "format": FORMAT,
            "source": str(manifest.root),
            "layout": manifest.layout,
            "notes": list(manifest.notes),
            "form": asdict(form),
            "report": asdict(report),
            "digest": _digest(pixels),
            "fingerprint": fingerprint,
        },
    )
    write_text(folder / _TIMES, source.state.changes())
    return manifest


def _without(manifest: Manifest, bad: list[fill.Bad], target: Path) -> Manifest:
    """Take bad rows out of the manifest and, block by block, out of the array."""
    kept = np.delete(np.arange(len(manifest)), [item.row for item in bad])
    if not len(kept):
        cause = bad[0].cause.partition("; correct the row")[0]
        raise DataError(f"{manifest.root}: not one picture can be decoded ({cause})")
    whole = np.load(target, mmap_mode="r", allow_pickle=False)
    beside = target.with_name("kept.npy")
    new = fill.new_array(beside, (len(kept), *whole.shape[1:]))
    for start in range(0, len(kept), _ROWS_AT_ONCE):
        new[start : start + _ROWS_AT_ONCE] = whole[kept[start : start + _ROWS_AT_ONCE]]
    new.flush()
    os.replace(beside, target)
    names = manifest.take(np.array([item.row for item in bad])).sample_ids()
    return manifest.take(kept, left_out=[LeftOut(name, CANNOT_BE_DECODED) for name in names])


def _mapped(folder: Path, root: Path, columns: dict[str, Any] | None, digest: str) -> PixelStore:
    store = _map(folder, root)
    if store.digest != digest:
        raise DataError(f"{root}: the data changed while it was used; start again")
    if columns is None:
        return store
    return replace(store, manifest=replace(store.manifest, **columns), is_selected=True)


def _map(folder: Path, root: Path) -> PixelStore:
    try:
        about = json.loads((folder / "store.json").read_text("utf-8"))
        with (
            open(folder / "samples.npz", "rb") as file,  # np.load leaves a broken one open
            np.load(file, allow_pickle=False) as samples,
        ):
            manifest = Manifest(
                root=root,
                layout=about["layout"],
                class_names=tuple(map(str, samples["class_names"].tolist())),
                splits=tuple(map(str, samples["splits"].tolist())),
                split_codes=samples["split_codes"],
                labels=samples["labels"],
                locations=samples["locations"],
                left_out=tuple(LeftOut(*item) for item in samples["left_out"].tolist()),
                notes=tuple(map(str, about["notes"])),
            )
        pixels = np.load(folder / "pixels.npy", mmap_mode="r", allow_pickle=False)
        form = PixelFormat(**about["form"])
        report = _report(**about["report"])
        digest, fingerprint = str(about["digest"]), str(about["fingerprint"])
    except Exception as error:  # broken files make zipfile and NumPy raise nearly anything
        raise _broken(folder, str(error)) from None
    if pixels.dtype != np.uint8 or pixels.shape != (len(manifest), *form.shape):
        raise _broken(folder, f"pixels are {pixels.dtype} {pixels.shape}")
    return PixelStore(folder, manifest, pixels, form, report, digest, fingerprint)


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
