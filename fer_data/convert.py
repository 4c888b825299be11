"""From a FER2013 csv to class folders of PNG files, byte-exact, on all cores, safe to kill.

Everything is written to a hidden folder beside the target and renamed at the very end. Each block
of rows leaves a mark there once its files are written, so a run that was killed goes on after the
last mark, and the target appears whole or not at all.
"""

from __future__ import annotations

import csv
import fcntl
import hashlib
import io
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import joblib

from fer_data import readers
from fer_data.errors import DataError
from fer_data.labels import EMOTIONS, SPLITS
from fer_data.parallel import in_parallel
from fer_data.png import encode_grey
from fer_data.progress import track
from fer_data.readers import fer_csv

_RECORD = ".convert-csv.json"
"""In the finished folder: what it was made of, so that the same command again has nothing to do."""

_BYTES_A_ROW = 8400


@dataclass(frozen=True)
class Conversion:
    """What a conversion wrote.

    Attributes
    ----------
    out : Path
    counts : dict
        Split -> class name -> number of pictures.
    rejects : tuple of Reject
        Bad rows, which were left out.
    num_reused : int
        Pictures that an earlier, interrupted run had written.
    """

    out: Path
    counts: dict[str, dict[str, int]]
    rejects: tuple[fer_csv.Reject, ...]
    num_reused: int

    @property
    def num_written(self) -> int:
        """Pictures in all."""
        return sum(sum(classes.values()) for classes in self.counts.values())


def convert_csv(
    path: str | Path,
    out: str | Path,
    *,
    merge_test: bool = True,
    skip_bad: bool = False,
    force: bool = False,
) -> Conversion:
    """Write ``out/<split>/<class>/<split>_<row>.png`` for every row of a FER2013 csv.

    Rows are numbered from 0, as in the published file. Killed at any moment and called again, it
    ends in the same bytes.

    Parameters
    ----------
    path : path
        A csv with an emotion column, gzipped or not.
    out : path
        Appears when all is written.
    merge_test : bool
        Whether PublicTest and PrivateTest are both ``test``, as in Kaggle's folder, or
        ``public_test`` and ``private_test``.
    skip_bad : bool
        Whether bad rows are left out and listed in ``out/rejects.csv``, or an error.
    force : bool
        Whether to write into a folder that holds other files. Those of the same name are
        replaced, all others stay.

    Raises
    ------
    DataError
        If a row is bad and `skip_bad` is false (nothing appears at `out` then), the csv cannot be
        read, or `out` holds other files and `force` is false.
    """
    path, out = Path(path).absolute(), Path(os.path.realpath(out))
    if path.is_dir():
        raise DataError(f"{path}: is a folder; name a csv such as fer2013.csv")
    settings = {"source": readers.fingerprint(path, merge_test=merge_test), "skip_bad": skip_bad}
    try:
        done = _standing(out, settings, force=force)
        if done and not _lock_path(out).exists():  # else a killed one may have left it
            return done
        with _locked(out):
            done = _standing(out, settings, force=force)  # of a conversion that ended meanwhile
            if done:
                return done
            with _staging(out, settings) as staging:
                conversion = _write_all(
                    path, staging, out, merge_test=merge_test, skip_bad=skip_bad
                )
                record = {"settings": settings, "counts": conversion.counts}
                record["rejects"] = [vars(reject) for reject in conversion.rejects]
                _write(staging / _RECORD, json.dumps(record, indent=2, ensure_ascii=False) + "\n")
                shutil.rmtree(_journal(staging))
                os.sync()  # all pictures at once: the folder shall not appear before its files
                _publish(staging, out)
    except OSError as error:
        raise DataError(f"{out}: cannot be written ({error.strerror or error})") from None
    return conversion


def _write_all(
    path: Path, staging: Path, out: Path, *, merge_test: bool, skip_bad: bool
) -> Conversion:
    counts: Counter[tuple[str, int]] = Counter()
    rejects: list[fer_csv.Reject] = []
    num_reused = 0
    with fer_csv.open_csv(path) as (columns, blocks):
        if columns.emotion is None:
            raise DataError(
                f"{path}: no emotion column, so there are no classes to make folders of"
            )
        wanted = takewhile(lambda _: skip_bad or not rejects, blocks)
        marks = _marks(path, columns, wanted, staging, merge_test)
        for mark in marks:
            rejects += [fer_csv.Reject(**reject) for reject in mark["rejects"]]
            fer_csv.check_bad_rows(path, len(rejects))
            found = Counter({(split, label): number for split, label, number in mark["counts"]})
            counts += found
            num_reused += mark["reused"] * found.total()
    if rejects and not skip_bad:
        raise fer_csv.bad_row(path, rejects[0])
    if not counts:
        raise DataError(f"{path}: {columns.layout}, but no usable row in it")
    present = [name for name in SPLITS if any(split == name for split, _ in counts)]
    for split in present:
        for name in EMOTIONS:  # an empty class is a class all the same
            (staging / split / name).mkdir(parents=True, exist_ok=True)
    if rejects:
        _write(staging / "rejects.csv", _rejects_csv(rejects))
    table = {
        split: {name: counts[split, label] for label, name in enumerate(EMOTIONS)}
        for split in present
    }
    return Conversion(out, table, tuple(rejects), num_reused)


def _marks(
    path: Path,
    columns: fer_csv.Columns,
    blocks: Iterator[fer_csv.Block],
    staging: Path,
    merge_test: bool,
) -> Iterator[dict[str, Any]]:
    size = path.stat().st_size
    tasks = (joblib.delayed(_write_block)(block, columns, staging, merge_test) for block in blocks)
    parts = in_parallel(tasks, size=size // _BYTES_A_ROW)
    return track(parts, total=-(-size // fer_csv.BLOCK_BYTES), description="Writing pictures")


def _write_block(
    block: fer_csv.Block, columns: fer_csv.Columns, staging: Path, merge_test: bool
) -> dict[str, Any]:
    """Write a block's pictures, then its mark; or return the mark of an earlier run."""
    mark_path = _journal(staging) / f"{block.first_row}.json"
    if mark_path.exists():
        return {**json.loads(mark_path.read_text("utf-8")), "reused": True}
    found = fer_csv.parse(block, columns, merge_test=merge_test, with_pixels=True)
    places = list(zip(found.splits, found.labels, strict=True))
    counts = Counter(places)
    for split, label in counts:
        (staging / split / EMOTIONS[label]).mkdir(parents=True, exist_ok=True)
    for row, (split, label), pixels in zip(found.rows, places, found.pixels, strict=True):
        with open(f"{staging}/{split}/{EMOTIONS[label]}/{split}_{row:05d}.png", "wb") as file:
            file.write(encode_grey(pixels))
    mark = {
        "counts": [[split, label, number] for (split, label), number in counts.items()],
        "rejects": [vars(reject) for reject in found.rejects],
        "reused": False,
    }
    # Not flushed: that would flush all pictures written so far, over and over. A kill loses
    # nothing that was written, and after a crash of the machine another boot begins anew.
    beside = mark_path.with_suffix(".new")
    beside.write_text(json.dumps(mark), "utf-8")
    beside.rename(mark_path)
    return mark


def _standing(out: Path, settings: dict[str, Any], *, force: bool) -> Conversion | None:
    """Return the conversion that stands at `out` already, and refuse what else stands there."""
    done = _done_before(out, settings)
    if done:
        return done
    if out.exists() and not out.is_dir():
        raise DataError(f"{out}: is a file; name a folder")
    if out.is_dir() and any(out.iterdir()) and not force:
        raise DataError(
            f"{out}: holds other files; choose an empty folder, or write into it with --force"
        )
    return None


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    """Keep other conversions to `out` away, by a lock on a file beside it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    path = _lock_path(out)
    while True:
        with open(path, "w") as lock:
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


def _lock_path(out: Path) -> Path:
    return out.with_name(f".{out.name}.lock")


def _is_same_file(descriptor: int, path: Path) -> bool:
    return path.exists() and os.path.samestat(os.fstat(descriptor), path.stat())


@contextmanager
def _staging(out: Path, settings: dict[str, Any]) -> Iterator[Path]:
    """Give the hidden folder beside `out`, empty unless it is of the same conversion."""
    staging = out.with_name(f".{out.name}.partial")
    key = _key(settings)
    if staging.exists() and not (_journal(staging) / key).exists():
        shutil.rmtree(staging)
    _journal(staging).mkdir(parents=True, exist_ok=True)
    (_journal(staging) / key).touch()
    try:
        yield staging
    except DataError:  # with the same csv it would fail again: nothing to go on with
        shutil.rmtree(staging)
        raise


def _key(settings: dict[str, Any]) -> str:
    """Return what marks must have in common to be gone on from: the conversion and the boot."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    about = json.dumps(settings) + (boot.read_text("ascii") if boot.exists() else "")
    return hashlib.blake2b(about.encode(), digest_size=16).hexdigest()


def _publish(staging: Path, out: Path) -> None:
    if not out.exists() or not any(out.iterdir()):
        os.replace(staging, out)  # takes the place of an empty folder
        return
    for folder, _, names in os.walk(staging):
        target = out / Path(folder).relative_to(staging)
        target.mkdir(exist_ok=True)
        for name in names:
            os.replace(Path(folder) / name, target / name)
    shutil.rmtree(staging)


def _done_before(out: Path, settings: dict[str, Any]) -> Conversion | None:
    """Return the conversion that stands at `out` if it is this one and its files are all there."""
    try:
        record = json.loads((out / _RECORD).read_text("utf-8"))
        if record["settings"] != settings:
            return None
        for split, classes in record["counts"].items():
            for name, number in classes.items():
                files = (out / split / name).glob(f"{split}_*.png")
                if sum(1 for _ in files) != number:
                    return None
        rejects = tuple(fer_csv.Reject(**reject) for reject in record["rejects"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # none, or another's
        return None
    conversion = Conversion(out, record["counts"], rejects, 0)
    return Conversion(out, record["counts"], rejects, conversion.num_written)


def _write(path: Path, text: str) -> None:
    """Write a file of the staging folder; one written beside could stay there after a kill."""
    path.write_text(text, encoding="utf-8", newline="\n")


def _rejects_csv(rejects: list[fer_csv.Reject]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["row", "line", "column", "cause"])
    for reject in rejects:
        writer.writerow([reject.row, reject.row + 2, reject.column, reject.cause])
    return text.getvalue()


def _journal(staging: Path) -> Path:
    return staging / ".journal"
