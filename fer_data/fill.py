"""All pictures of a manifest into one array on disk, on all cores, in flat memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray

from fer_data.decode import PixelFormat, from_array, read_picture
from fer_data.errors import DataError
from fer_data.manifest import Manifest
from fer_data.parallel import in_parallel
from fer_data.progress import track
from fer_data.readers import fer_csv

_FILES_AT_ONCE = 256


@dataclass(frozen=True)
class Bad:
    """A row of the manifest whose picture cannot be decoded, and why."""

    row: int
    cause: str


@dataclass(frozen=True)
class Filled:
    """How many pictures were resized or converted in colour, and which cannot be decoded."""

    num_resized: int
    num_converted: int
    bad: list[Bad]


def fill(manifest: Manifest, form: PixelFormat, target: Path, *, stop_at_bad: bool) -> Filled:
    """Decode every picture of a manifest to `target`, a new uint8 [N, H, W, C] ``.npy`` file.

    Rows whose picture is bad stay zero. With `stop_at_bad`, the work ends soon after the first.
    """
    new_array(target, (len(manifest), *form.shape))
    num_resized = num_converted = 0
    bad: list[Bad] = []
    parts = (_from_csv if manifest.is_csv else _from_files)(
        manifest, form, target, lambda _: not (bad and stop_at_bad)
    )
    for part in parts:
        num_resized += part.num_resized
        num_converted += part.num_converted
        bad += part.bad
    return Filled(num_resized, num_converted, bad)


def new_array(target: Path, shape: tuple[int, ...]) -> np.memmap[Any, np.dtype[np.uint8]]:
    """Make a ``.npy`` file of zeros, its room on disk taken: else a full disk is a bus error."""
    pixels = np.lib.format.open_memmap(target, "w+", np.uint8, shape)
    with open(target, "rb+") as file:
        os.posix_fallocate(file.fileno(), 0, os.fstat(file.fileno()).st_size)
    return pixels


_GoOn = Callable[[object], bool]
"""Whether another task is to begin. Those that have begun are waited for: they write files."""


def _from_files(
    manifest: Manifest, form: PixelFormat, target: Path, go_on: _GoOn
) -> Iterator[Filled]:
    starts = range(0, len(manifest), _FILES_AT_ONCE)
    tasks = (
        joblib.delayed(_decode_files)(
            manifest.root, manifest.locations[start : start + _FILES_AT_ONCE], start, form, target
        )
        for start in starts
    )
    parts = in_parallel(takewhile(go_on, tasks), size=len(manifest))
    return track(parts, total=len(starts), description="Decoding pictures")


def _decode_files(
    root: Path, locations: NDArray[np.str_], start: int, form: PixelFormat, target: Path
) -> Filled:
    pixels = np.load(target, mmap_mode="r+", allow_pickle=False)
    num_resized = num_converted = 0
    bad = []
    for row, location in enumerate(locations, start):
        try:
            picture = read_picture(root / str(location), form)
        except DataError as error:
            bad.append(Bad(row, f"{error}; mend it, or leave bad ones out (--skip-bad)"))
            continue
        pixels[row] = picture.pixels
        num_resized += picture.resized
        num_converted += picture.converted
    return Filled(num_resized, num_converted, bad)


def _from_csv(
    manifest: Manifest, form: PixelFormat, target: Path, go_on: _GoOn
) -> Iterator[Filled]:
    size = manifest.root.stat().st_size
    with fer_csv.open_csv(manifest.root) as (columns, blocks):
        tasks = (_block_task(manifest, block, columns, form, target) for block in blocks)
        yield from track(
            in_parallel(takewhile(go_on, tasks), size=len(manifest)),
            total=-(-size // fer_csv.BLOCK_BYTES),
            description="Decoding rows",
        )


def _block_task(
    manifest: Manifest,
    block: fer_csv.Block,
    columns: fer_csv.Columns,
    form: PixelFormat,
    target: Path,
) -> object:
    start, stop = np.searchsorted(manifest.locations, [block.first_row, block.stop_row])
    rows = manifest.locations[start:stop]
    return joblib.delayed(_decode_block)(manifest.root, block, columns, rows, start, form, target)


def _decode_block(
    path: Path,
    block: fer_csv.Block,
    columns: fer_csv.Columns,
    rows: NDArray[np.int64],
    start: int,
    form: PixelFormat,
    target: Path,
) -> Filled:
    """Decode the rows of a block; the manifest's row `start` is the csv's row ``rows[0]``."""
    pixels = np.load(target, mmap_mode="r+", allow_pickle=False)
    found = fer_csv.parse(block, columns, merge_test=True, with_pixels=True)
    places = start + np.searchsorted(rows, found.rows)
    changed = form != PixelFormat()
    if changed:
        for place, picture in zip(places, found.pixels, strict=True):
            pixels[place] = from_array(picture, form)
    else:
        pixels[places] = found.pixels[..., None]
    bad = [
        Bad(start + int(np.searchsorted(rows, reject.row)), str(fer_csv.bad_row(path, reject)))
        for reject in found.rejects
        if reject.row in rows
    ]
    num_resized = len(places) if form.shape[:2] != (48, 48) else 0
    return Filled(num_resized, len(places) if form.color != "grey" else 0, bad)
