"""Class folders of image files: OUT/SPLIT/CLASS/NAME, on all cores, safe to kill."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import joblib
import numpy as np

from fer_data.data import sources
from fer_data.data.dataset import CANNOT_BE_DECODED, Dataset, LeftOut
from fer_data.data.decode import PixelFormat
from fer_data.data.sources.piece import Piece
from fer_data.data.sources.source import check_bad_rows
from fer_data.errors import DataError, skippable
from fer_data.util.files import write_text
from fer_data.util.parallel import in_parallel
from fer_data.util.progress import track
from fer_data.writers.conversion import Conversion, conversion_of, rejects_csv
from fer_data.writers.file_names import check_class_names, check_labelled, file_names
from fer_data.writers.pictures import as_file, ending, write
from fer_data.writers.staging import leave_mark, mark_of


class Place(NamedTuple):
    """Where a picture is to be written; a file name without an ending gets one."""

    split: str
    class_name: str
    file_name: str


class Part(Protocol):
    """Some pictures to write, in another process mostly."""

    @property
    def name(self) -> str:
        """Name of its mark."""
        ...

    def read(
        self, form: PixelFormat | None, bad: list[Any]
    ) -> Iterator[tuple[Place, Path | bytes]]:
        """Yield each picture's place and file; add what is bad, as JSON has it, to `bad`."""
        ...


def write_parts(
    parts: Iterable[Part], staging: Path, form: PixelFormat | None, *, size: int, total: int
) -> Iterator[dict[str, Any]]:
    """Write all parts on all cores; yield the mark of each, in order.

    A mark has ``counts`` ([split, class name, number] each), ``bad`` and ``reused``.
    """
    tasks = (joblib.delayed(_write_part)(part, staging, form) for part in parts)
    return track(in_parallel(tasks, size=size), total=total, description="Writing pictures")


def _write_part(part: Part, staging: Path, form: PixelFormat | None) -> dict[str, Any]:
    mark = mark_of(staging, part.name)
    if mark is not None:
        return {**mark, "reused": True}
    counts: Counter[tuple[str, str]] = Counter()
    bad: list[Any] = []
    for (split, class_name, file_name), data in part.read(form, bad):
        write(data, f"{staging}/{split}/{class_name}/{file_name}")
        counts[split, class_name] += 1
    mark = {"counts": [[*place, number] for place, number in counts.items()], "bad": bad}
    leave_mark(staging, part.name, mark)
    return {**mark, "reused": False}


@dataclass(frozen=True)
class _PiecePart:
    """A piece of a dataset, and the place of each of its samples."""

    piece: Piece
    places: list[Place]

    @property
    def name(self) -> str:
        return str(self.piece.start)

    def read(
        self, form: PixelFormat | None, bad: list[Any]
    ) -> Iterator[tuple[Place, Path | bytes]]:
        """Yield each picture's place and file; ``bad`` gets [row, cause]."""
        for row, name, raw in self.piece.pictures():
            place = self.places[row - self.piece.start]
            try:
                if isinstance(raw, DataError):
                    raise raw
                data = as_file(raw, form, name)
            except DataError as error:
                bad.append([row, str(error)])
                continue
            if "." not in place.file_name:
                place = place._replace(file_name=place.file_name + ending(data))
            yield place, data


def write_folder(
    dataset: Dataset, staging: Path, out: Path, *, form: PixelFormat | None, skip_bad: bool
) -> Conversion:
    """Write a data set's pictures below `staging`, those that are not there yet.

    Raises
    ------
    DataError
        If a sample has no label, a class name cannot be a folder's, or a picture cannot be decoded
        and `skip_bad` is false.
    """
    check_labelled(dataset, "class folders")
    check_class_names(dataset)
    as_png = form is not None or sources.layout_of(dataset.root) in ("csv", "npz")
    names, own = file_names(dataset, as_png=as_png)
    bad: list[tuple[int, str]] = []
    num_reused = 0
    whole = dataset.pieces()
    parts = (
        _PiecePart(piece, _places(dataset, names, piece))
        for piece in takewhile(lambda _: skip_bad or not bad, whole.pieces)
    )
    for mark in write_parts(parts, staging, form, size=len(dataset), total=whole.number):
        bad += [(row, cause) for row, cause in mark["bad"]]
        check_bad_rows(dataset.root, len(bad))
        num_reused += mark["reused"] * sum(number for *_, number in mark["counts"])
    kept = without(dataset, bad, skip_bad=skip_bad)
    make_class_folders(staging, kept)
    changes = []
    if form is not None:
        changes.append(f"every picture is PNG, {form}")
    if not own:
        changes.append("file names are made of split and row")
    return conversion_of(
        kept,
        out,
        num_reused=num_reused,
        changes=tuple(changes),
        are_rejects_listed=bool(kept.left_out),
    )


def make_class_folders(staging: Path, dataset: Dataset) -> None:
    """Make every class's folder in every split, as an empty class is one all the same."""
    for split in dataset.splits:
        for name in dataset.class_names:
            os.makedirs(staging / split / name, exist_ok=True)
    if dataset.left_out:
        write_text(staging / "rejects.csv", rejects_csv(dataset.left_out))


def without(dataset: Dataset, bad: list[tuple[int, str]], *, skip_bad: bool) -> Dataset:
    """Return the dataset without bad rows, which are left out and noted, or an error.

    Raises
    ------
    DataError
        If there is a bad row and `skip_bad` is false, or there is no other.
    """
    if not bad:
        return dataset
    if not skip_bad:
        raise skippable(bad[0][1])
    rows = np.array([row for row, _ in bad])
    if len(rows) == len(dataset):
        raise DataError(f"{dataset.root}: not one picture can be decoded ({bad[0][1]})")
    names = dataset.sample_ids(rows)
    left_out = [LeftOut(name, CANNOT_BE_DECODED) for name in names]
    return dataset.take(np.delete(np.arange(len(dataset)), rows), left_out=left_out)


def _places(dataset: Dataset, names: list[str], piece: Piece) -> list[Place]:
    rows = slice(piece.start, piece.start + len(piece))
    return [
        Place(dataset.splits[code], dataset.class_names[label], name)
        for code, label, name in zip(
            dataset.split_codes[rows].tolist(),
            dataset.labels[rows].tolist(),
            names[rows],
            strict=True,
        )
    ]
