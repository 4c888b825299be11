"""The files of a store of pixels: written, read, and checked against their checksums.

``pixels.npy``
    A plain NumPy file.
``store.json``
    Form, counts, the content of the data, which rows cannot be decoded, a checksum (BLAKE2b) of
    every block of about 8 MiB of pixels, and one of all this.
``times``
    When the files of the data last changed.
``verified``
    Size, inode and times of ``pixels.npy`` when it was last compared with its checksums.

Hashing takes two to three seconds a gigabyte. So pixels are compared when a store is opened and
``pixels.npy`` is not as ``verified`` says, whichever process opens it. Whatever has written to the
file is found so, even where it set the modification time back. What changes bytes below the file
system, as a failing disk does, is found by `compare` alone.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.data.changes import Changes
from fer_data.data.decode import PixelFormat
from fer_data.data.fill import Bad
from fer_data.errors import DataError
from fer_data.util.files import write_json, write_text
from fer_data.util.words import counted

FORMAT = 6
"""Version of the layout on disk; a store of another version is built again."""

PIXELS, ABOUT, TIMES, VERIFIED = "pixels.npy", "store.json", "times", "verified"

_BLOCK_BYTES = 8 << 20


class DamagedStore(DataError):
    """The files of a store are not what was stored.

    Attributes
    ----------
    damage : str
        Which store, and what of it.
    inode : int
        Of its folder; 0 where there is none.
    """

    inode = 0

    def __init__(self, folder: Path, what: str) -> None:
        self.damage = f"{folder}: damaged store, {what}"
        with suppress(OSError):
            self.inode = folder.stat().st_ino
        super().__init__(f"{self.damage}; open it again to rebuild it")

    def __reduce__(self) -> Any:
        return DataError, (self.plain,)


@dataclass(frozen=True)
class BuildReport:
    """What building a store did to the images."""

    num_samples: int
    num_rejected: int = 0
    changes: Changes = field(default_factory=Changes)

    def __str__(self) -> str:
        changes = [
            f"{number:,} {word}"
            for number, word in (
                (self.changes.num_resized, "resized"),
                (self.changes.num_converted, "converted in colour"),
                (self.num_rejected, "skipped as unreadable"),
            )
            if number
        ]
        return counted(self.num_samples, "image") + (f", {', '.join(changes)}" if changes else "")


@dataclass(frozen=True, eq=False)
class Stored:
    """What a store holds.

    Attributes
    ----------
    pixels : memmap of uint8, shape [M, H, W, C]
        Of every image of the origin; those of bad rows are zero.
    form : PixelFormat
    report : BuildReport
    bad : tuple of Bad
    digest : str
        Of the pixels, when they were stored.
    fingerprint : str
        Of the content of the data.
    """

    pixels: NDArray[np.uint8]
    form: PixelFormat
    report: BuildReport
    bad: tuple[Bad, ...]
    digest: str
    fingerprint: str


def complete(
    folder: Path,
    *,
    source: Path,
    form: PixelFormat,
    report: BuildReport,
    bad: list[Bad],
    fingerprint: str,
) -> None:
    """Bring the pixels in a new folder to the disk, and write what belongs to them."""
    with open(folder / PIXELS, "rb+") as file:
        os.fsync(file.fileno())
    blocks = _digests(_map(folder))
    about = {
        "format": FORMAT,
        "source": str(source),
        "form": asdict(form),
        "report": asdict(report),
        "bad": [[image.row, image.cause] for image in bad],
        "fingerprint": fingerprint,
        "blocks": blocks,
    }
    write_json(folder / ABOUT, about | {"checksum": _checksum(about)})
    write_text(folder / VERIFIED, _state(folder))


def stored(folder: Path, num_images: int, *, compare: bool = False) -> Stored:
    """Map a store, its pixels compared with their checksums if they may have changed since.

    Parameters
    ----------
    folder : Path
    num_images : int
        Of the origin.
    compare : bool
        Whether to compare them in any case.

    Raises
    ------
    DamagedStore
        If its files cannot be read, are of another number of images, or differ from what was
        stored.
    """
    try:
        about = json.loads((folder / ABOUT).read_text("utf-8"))
        if about.pop("checksum") != _checksum(about):
            raise ValueError(f"{ABOUT} is not what was stored")
        bad = tuple(Bad(int(row), str(cause)) for row, cause in about["bad"])
        form = PixelFormat(**about["form"])
        report = _report(**about["report"])
        fingerprint = str(about["fingerprint"])
        blocks = [str(digest) for digest in about["blocks"]]
        rows = {image.row for image in bad}
        if not rows <= set(range(num_images)):
            raise ValueError(f"bad rows are {sorted(rows)[:3]} of {num_images}")
        pixels, state = _map(folder), _state(folder)
    except Exception as error:  # broken files make json and NumPy raise nearly anything
        raise DamagedStore(folder, str(error)) from None
    if pixels.dtype != np.uint8 or pixels.shape != (num_images, *form.shape):
        raise DamagedStore(folder, f"pixels are {pixels.dtype} {pixels.shape}")
    if len(blocks) != len(_starts(pixels)):
        raise DamagedStore(folder, f"{len(blocks)} checksums of {len(_starts(pixels))} blocks")
    known = _read(folder / VERIFIED) == state
    if compare or not known:
        _compare(folder, pixels, blocks)
    if not known:
        with suppress(OSError, DataError):  # in a cache that cannot be written
            write_text(folder / VERIFIED, state)
    digest = hashlib.blake2b("".join(blocks).encode(), digest_size=16).hexdigest()
    return Stored(pixels, form, report, bad, digest, fingerprint)


def compare(folder: Path, num_images: int) -> None:
    """Read every pixel of a store and compare it with the checksums.

    Raises
    ------
    DamagedStore
        If they differ; the next to open the store then knows.
    """
    try:
        stored(folder, num_images, compare=True)
    except DamagedStore:
        with suppress(OSError):
            (folder / VERIFIED).unlink(missing_ok=True)
        raise


def used_now(folder: Path) -> None:
    """Take note that a store is used: ``verified`` has the time of it."""
    with suppress(OSError):
        os.utime(folder / VERIFIED)


def _compare(folder: Path, pixels: NDArray[np.uint8], blocks: list[str]) -> None:
    starts = _starts(pixels)
    for start, block, actual in zip(starts, blocks, _digests(pixels), strict=True):
        if block != actual:
            last = min(start + starts.step, len(pixels)) - 1
            raise DamagedStore(
                folder, f"pixels differ from what was stored in images {start:,} to {last:,}"
            )


def _starts(pixels: NDArray[np.uint8]) -> range:
    """Return the first image of each block."""
    return range(0, len(pixels), max(1, _BLOCK_BYTES * len(pixels) // max(1, pixels.nbytes)))


def _digests(pixels: NDArray[np.uint8]) -> list[str]:
    starts = _starts(pixels)
    blocks = (pixels[start : start + starts.step].data for start in starts)
    return [hashlib.blake2b(block, digest_size=16).hexdigest() for block in blocks]


def _checksum(about: dict[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(about, sort_keys=True).encode(), digest_size=16).hexdigest()


def _map(folder: Path) -> NDArray[np.uint8]:
    pixels: NDArray[np.uint8] = np.load(folder / PIXELS, mmap_mode="r", allow_pickle=False)
    return pixels


def _state(folder: Path) -> str:
    """Return what the file system says of the pixels."""
    info = (folder / PIXELS).stat()
    return f"{info.st_size} {info.st_ino} {info.st_mtime_ns} {info.st_ctime_ns}"


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except (OSError, ValueError):
        return ""


def _report(*, num_samples: int, num_rejected: int, changes: dict[str, Any]) -> BuildReport:
    """Return a report from what JSON holds of it."""
    ends = (changes.pop(name) for name in ("smallest", "largest"))
    smallest, largest = (None if size is None else (int(size[0]), int(size[1])) for size in ends)
    colors = tuple(map(str, changes.pop("colors")))
    report_changes = Changes(**changes, smallest=smallest, largest=largest, colors=colors)
    return BuildReport(num_samples, num_rejected, report_changes)
