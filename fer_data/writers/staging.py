"""A hidden place beside the target where everything is written, and from which it appears whole.

Each part of the work leaves a mark there once its files are written, so a run that was killed goes
on after the last mark.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fer_data.data.sources import parquet, tfrecord
from fer_data.data.sources.folder_listing import RECORD
from fer_data.data.sources.parquet_names import split_files
from fer_data.errors import DataError
from fer_data.util import locks
from fer_data.util.files import refuse_special


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Keep other conversions to `out` away, by a lock on a file beside it.

    Raises
    ------
    DataError
        If another process has it, or the file cannot be written or is none of ours.
    """
    path = lock_path(out)
    while True:
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            lock = locks.opened(path)
        except OSError as error:
            raise DataError(f"{out}: cannot be written ({error.strerror or error})") from None
        try:
            if os.fstat(lock).st_size:
                raise DataError(f"{path}: holds something, so it is no lock; move it away")
            if locks.is_taken(lock):
                raise DataError(f"{out}: another conversion is writing it; wait for its end")
            if _is_same_file(lock, path):  # else it ended between opening and locking
                try:
                    _forget_what_is_published(out)
                    yield
                finally:
                    path.unlink(missing_ok=True)
                return
        finally:
            os.close(lock)


def lock_path(out: Path) -> Path:
    """Return the file that is locked while `out` is written; a killed process leaves it."""
    return out.with_name(f".{out.name}.lock")


def _partial(out: Path) -> Path:
    return out.with_name(f".{out.name}.partial")


def _forget_what_is_published(out: Path) -> None:
    """Take away what a conversion left that was killed as it published or gave up: no journal."""
    folder = _partial(out)
    if folder.exists() and not journal(folder).exists():
        shutil.rmtree(folder)


def _is_same_file(descriptor: int, path: Path) -> bool:
    return path.exists() and os.path.samestat(os.fstat(descriptor), path.stat())


@contextmanager
def staging(out: Path, settings: dict[str, Any]) -> Iterator[Path]:
    """Give the hidden folder beside `out`, empty unless it is of the same conversion.

    To be used while `out` is `locked`.
    """
    folder = _partial(out)
    key = _key(settings)
    if folder.exists() and not (journal(folder) / key).exists():
        _discard_journal(folder)
        shutil.rmtree(folder)
    journal(folder).mkdir(parents=True, exist_ok=True)
    (journal(folder) / key).touch()
    for unfinished in (*folder.glob(".*"), *folder.glob("*/.*")):  # of `files.written_whole`
        if unfinished.is_file() and unfinished.parent != journal(folder):
            unfinished.unlink()
    try:
        yield folder
    except DataError:  # with the same source it would fail again: nothing to go on with
        _discard_journal(folder)
        shutil.rmtree(folder)
        raise


def journal(folder: Path) -> Path:
    """Return where marks are, and whatever else is not to appear at the target."""
    return folder / ".journal"


def mark_of(folder: Path, name: str) -> dict[str, Any] | None:
    """Return the mark of a part of the work that is done, or None."""
    path = journal(folder) / f"{name}.json"
    if not path.exists():
        return None
    mark: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return mark


def leave_mark(folder: Path, name: str, mark: dict[str, Any]) -> None:
    """Mark a part of the work as done.

    It is not flushed: that would flush all files written so far, over and over. A kill loses
    nothing that was written, and after a crash of the machine another boot begins anew.
    """
    beside = journal(folder) / f"{name}.new"
    beside.write_text(json.dumps(mark), "utf-8")
    beside.rename(journal(folder) / f"{name}.json")


def publish(folder: Path, out: Path, *, single: bool) -> None:
    """Put what was written at the target: one file, or a folder, into which it is merged.

    Of a parquet or TFRecord data set that stands at the target already, the files that have no
    successor are deleted, as they would be read, or taken, for a part of the new one.

    Raises
    ------
    DataError
        If a file is where a folder is to be, or the other way round, or something that is neither
        would be replaced; nothing is changed then.
    """
    if single:
        refuse_special(out)
    elif out.exists() and any(out.iterdir()):
        _refuse_clashes(folder, out)
    _discard_journal(folder)
    os.sync()  # all files at once: the target shall not appear before them
    if single:
        os.replace(folder / out.name, out)
        shutil.rmtree(folder)
    elif not out.exists() or not any(out.iterdir()):
        os.replace(folder, out)  # takes the place of an empty folder
    else:
        _merge(folder, out)


def _discard_journal(folder: Path) -> None:
    """Take the journal away, at once: what a kill leaves of it is nothing to go on with."""
    discarded = folder / ".discarded"
    os.replace(journal(folder), discarded)
    shutil.rmtree(discarded)


def _refuse_clashes(folder: Path, out: Path) -> None:
    for new in folder.rglob("*"):
        old = out / new.relative_to(folder)
        there = old.exists() or old.is_symlink()
        if there and old.is_dir() != new.is_dir() and journal(folder) not in new.parents:
            kind, other = ("folder", "file") if old.is_dir() else ("file", "folder")
            raise DataError(f"{old}: is a {kind}, where a {other} is to be; move it away")
        if there and not new.is_dir() and journal(folder) not in new.parents:
            refuse_special(old)


def _merge(folder: Path, out: Path) -> None:
    (out / RECORD).unlink(missing_ok=True)  # it does not tell of what comes now
    stale = _shards(out)
    for below, _, names in os.walk(folder, topdown=False):  # the record and the index last
        target = out / Path(below).relative_to(folder)
        target.mkdir(parents=True, exist_ok=True)
        for name in names:
            os.replace(Path(below) / name, target / name)
            stale.discard(target / name)
    for path in stale:
        path.unlink(missing_ok=True)
    shutil.rmtree(folder)


def _shards(out: Path) -> set[Path]:
    """Return the files of the parquet or TFRecord data set that stands at the target.

    Parquet beside a folder ``data`` is no part of it, and neither is any file of no known split.
    """
    try:
        if parquet.recognises(out):
            files, _ = split_files(out)
            return {file for _, file in files if file.parent == out / "data"}
        if tfrecord.recognises(out):
            found = {file.path for file in tfrecord.read_index(out).files}
            return {one for one in found if one.suffix == ".tfrecord" and ".." not in one.parts}
    except DataError:  # nothing that could be read
        pass
    return set()


def _key(settings: dict[str, Any]) -> str:
    """Return what marks must have in common to be gone on from: the conversion and the boot."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    about = json.dumps(settings) + (boot.read_text("ascii") if boot.exists() else "")
    return hashlib.blake2b(about.encode(), digest_size=16).hexdigest()
