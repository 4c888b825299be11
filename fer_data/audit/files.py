"""Files that cannot be decoded, or are of another size or colour than most."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import joblib
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fer_data.audit.finding import Finding
from fer_data.audit.subject import Subject
from fer_data.decode import FORMATS
from fer_data.manifest import NO_SPLIT, Manifest
from fer_data.parallel import in_parallel
from fer_data.progress import track

KINDS = {
    "unreadable": "files and rows that cannot be decoded",
    "odd-size": "pictures of another size than most",
    "odd-color": "pictures of another colour mode than most",
}

_FILES_AT_ONCE = 1024

_Header = tuple[str, str]
"""Size and colour mode, in words; empty where the file cannot be opened."""


def find(subject: Subject) -> Iterator[Finding]:
    """Find what is wrong with the files."""
    bad = tuple(
        item.name
        for item in subject.manifest.left_out
        if item.reason.startswith(("cannot be decoded", "bad "))
    )
    if bad:
        yield Finding(
            "unreadable",
            "error",
            "",
            f"{len(bad):,} cannot be decoded, and are not part of any other finding",
            "mend them, exclude them by name, or train with --skip-bad",
            names=bad,
        )
    if subject.manifest.in_table:
        return
    headers = [
        header if code != NO_SPLIT else ("", "")
        for header, code in zip(
            _headers(subject.manifest), subject.manifest.split_codes.tolist(), strict=True
        )
    ]
    for kind, values, words in (
        ("odd-size", [size for size, _ in headers], "pixels"),
        ("odd-color", [mode for _, mode in headers], "in Pillow's words"),
    ):
        counted = Counter(value for value in values if value)
        if len(counted) < 2:
            continue
        (usual, number), *others = counted.most_common()
        rows = [row for row, value in enumerate(values) if value not in ("", usual)]
        shown = ", ".join(f"{value} ({times:,})" for value, times in others[:5])
        more = f" and {len(others) - 5:,} more" if len(others) > 5 else ""
        yield Finding(
            kind,
            "note",
            "",
            f"{number:,} pictures are {usual}, {len(rows):,} are not: {shown}{more} ({words})",
            "know that they are brought to one form; look whether a class has them all",
            groups=tuple((row,) for row in rows),
        )


def _headers(manifest: Manifest) -> Iterator[_Header]:
    starts = range(0, len(manifest), _FILES_AT_ONCE)
    tasks = (
        joblib.delayed(_read_headers)(
            manifest.root, manifest.locations[start : start + _FILES_AT_ONCE]
        )
        for start in starts
    )
    parts = in_parallel(tasks, size=len(manifest))
    for part in track(parts, total=len(starts), description="Looking at files"):
        yield from part


def _read_headers(root: Path, locations: NDArray[np.str_]) -> list[_Header]:
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for location in locations:
            try:
                with Image.open(root / str(location), formats=FORMATS) as image:
                    found.append((f"{image.width}x{image.height}", image.mode))
            except Exception:  # what Pillow raises for broken files is of many kinds
                found.append(("", ""))
    return found
