"""A hidden place beside the target where everything is written, and from which it appears whole.

Each part of the work leaves a mark there once its files are written, so a run that was killed goes
on after the last mark.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fer_data.errors import DataError


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Keep other conversions to `out` away, by a lock on a file beside it.

    Raises
    ------
    DataError
        If another process has it, or the file cannot be written.
    """
    path = lock_path(out)
    while True:
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            lock = open(path, "w")  # noqa: SIM115  # closed below
        except OSError as error:
            raise DataError(f"{out}: cannot be written ({error.strerror or error})") from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DataError(
                    f"{out}: another conversion is writing it; wait for its end"
                ) from None
            if _is_same_file(lock.fileno(), path):  # else it ended between opening and locking
                try:
                    yield
                finally:
                    path.unlink(missing_ok=True)
                return


def lock_path(out: Path) -> Path:
    """Return the file that is locked while `out` is written; a killed process leaves it."""
    return out.with_name(f".{out.name}.lock")


def _is_same_file(descriptor: int, path: Path) -> bool:
    return path.exists() and os.path.samestat(os.fstat(descriptor), path.stat())


@contextmanager
def staging(out: Path, settings: dict[str, Any]) -> Iterator[Path]:
    """Give the hidden folder beside `out`, empty unless it is of the same conversion.

    To be used while `out` is `locked`.
    """
    folder = out.with_name(f".{out.name}.partial")
    key = _key(settings)
    if folder.exists() and not (journal(folder) / key).exists():
        shutil.rmtree(folder)
    journal(folder).mkdir(parents=True, exist_ok=True)
    (journal(folder) / key).touch()
    for unfinished in (*folder.glob(".*"), *folder.glob("*/.*")):  # of `files.written_whole`
        if unfinished.is_file() and unfinished.parent != journal(folder):
            unfinished.unlink()
    try:
        yield folder
    except DataError:  # with the same source it would fail again: nothing to go on with
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


def publish(folder: Path, out: Path) -> None:
    """Put what was written at the target: one file, or a folder, into which it is merged.

    A file of parquet or TFRecord that stands at the target already, and would be read as a part of
    the new data set, is deleted.
    """
    shutil.rmtree(journal(folder))
    os.sync()  # all files at once: the target shall not appear before them
    single = folder / out.name
    if single.is_file() and not out.is_dir():
        os.replace(single, out)
        shutil.rmtree(folder)
        return
    if not out.exists() or not any(out.iterdir()):
        os.replace(folder, out)  # takes the place of an empty folder
        return
    for below, _, names in os.walk(folder):
        target = out / Path(below).relative_to(folder)
        target.mkdir(exist_ok=True)
        if endings := {Path(name).suffix for name in names} & {".parquet", ".tfrecord"}:
            for stale in target.iterdir():
                if stale.suffix in endings and stale.name not in names:
                    stale.unlink()
        for name in names:
            os.replace(Path(below) / name, target / name)
    shutil.rmtree(folder)


def _key(settings: dict[str, Any]) -> str:
    """Return what marks must have in common to be gone on from: the conversion and the boot."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    about = json.dumps(settings) + (boot.read_text("ascii") if boot.exists() else "")
    return hashlib.blake2b(about.encode(), digest_size=16).hexdigest()
