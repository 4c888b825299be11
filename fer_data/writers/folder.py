"""Class folders of image files: OUT/SPLIT/CLASS/NAME, on all cores."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import joblib

from fer_data.data.dataset import Dataset
from fer_data.data.fill import without_bad
from fer_data.data.image_format import FormatRequest
from fer_data.data.sources.chunk import Chunk
from fer_data.data.sources.source import check_bad_rows
from fer_data.errors import DataError
from fer_data.util.files import write_text
from fer_data.util.parallel import in_parallel
from fer_data.util.progress import track
from fer_data.writers.conversion import Conversion, conversion_of, skipped_csv
from fer_data.writers.file_names import check_class_names, check_labelled, file_names
from fer_data.writers.images import as_file, ending, write


class Place(NamedTuple):
    """Where to write an image; a file name without a suffix gets one."""

    split: str
    class_name: str
    file_name: str


class Part(Protocol):
    """Some images to write, in another process mostly."""

    def read(
        self, form: FormatRequest | None, bad: list[Any]
    ) -> Iterator[tuple[Place, Path | bytes]]:
        """Yield each image's place and file; add what is bad to `bad`."""
        ...


class PartResult(NamedTuple):
    """What was written of a part: numbers by split and class name, and what is bad."""

    counts: Counter[tuple[str, str]]
    bad: list[Any]


def write_parts(
    parts: Iterable[Part],
    folder: Path,
    form: FormatRequest | None,
    *,
    size: int,
    total: int,
    links: bool = False,
) -> Generator[PartResult, None, None]:
    """Write all parts on all cores; yield what was written of each, in order.

    With `links`, files of the data are linked where possible, not copied. Close the generator
    before removing `folder`: workers write into it until then.
    """
    tasks = (joblib.delayed(_write_part)(part, folder, form, links) for part in parts)
    with closing(in_parallel(tasks, size=size)) as results:
        yield from track(results, total=total, description="Writing images")


def _write_part(part: Part, folder: Path, form: FormatRequest | None, links: bool) -> PartResult:
    written = PartResult(Counter(), [])
    for (split, class_name, file_name), data in part.read(form, written.bad):
        write(data, f"{folder}/{split}/{class_name}/{file_name}", links=links)
        written.counts[split, class_name] += 1
    return written


@dataclass(frozen=True)
class _ChunkPart:
    """A chunk of a dataset, and the place of each of its samples."""

    chunk: Chunk
    places: list[Place]

    def read(
        self, form: FormatRequest | None, bad: list[Any]
    ) -> Iterator[tuple[Place, Path | bytes]]:
        """Yield each image's place and file; `bad` gets (row, cause)."""
        for row, name, raw in self.chunk.raw_images():
            place = self.places[row - self.chunk.start]
            try:
                if isinstance(raw, DataError):
                    raise raw
                data = as_file(raw, form, name)
            except DataError as error:
                bad.append((row, str(error)))
                continue
            if "." not in place.file_name:
                place = place._replace(file_name=place.file_name + ending(data))
            yield place, data


def write_folder(
    dataset: Dataset,
    folder: Path,
    out: Path,
    *,
    form: FormatRequest | None,
    links: bool = False,
) -> Conversion:
    """Write a data set's images into `folder`, which is to become `out`; see `write_parts`.

    Raises
    ------
    DataError
        If a sample has no label, a class name cannot be a folder's, or an image cannot be decoded
       .
    """
    check_labelled(dataset, "class folders")
    check_class_names(dataset)
    names, own = file_names(dataset, as_png=form is not None or dataset.kind in ("csv", "npz"))
    bad: list[tuple[int, str]] = []
    whole = dataset.source_chunks()
    parts = (
        _ChunkPart(chunk, _places(dataset, names, chunk))
        for chunk in takewhile(lambda _: dataset.options.skip_bad or not bad, whole.chunks)
    )
    sizes = {"size": len(dataset), "total": whole.number}
    with closing(write_parts(parts, folder, form, **sizes, links=links)) as results:
        for written in results:
            bad += written.bad
            check_bad_rows(dataset.root, len(bad))
    kept = without_bad(dataset, bad)
    _make_class_folders(folder, kept)
    changes = []
    if form is not None:
        changes.append(f"every image is PNG, {form}")
    if not own:
        changes.append("file names are made of split and row")
    return conversion_of(kept, out, changes=tuple(changes), are_rejects_listed=bool(kept.skipped))


def _make_class_folders(folder: Path, dataset: Dataset) -> None:
    """Make every class's folder in every split, as an empty class is one all the same."""
    for split in dataset.splits:
        for name in dataset.class_names:
            os.makedirs(folder / split / name, exist_ok=True)
    if dataset.skipped:
        write_text(folder / "rejects.csv", skipped_csv(dataset.skipped))


def _places(dataset: Dataset, names: list[str], chunk: Chunk) -> list[Place]:
    rows = slice(chunk.start, chunk.start + len(chunk))
    return [
        Place(dataset.splits[code], dataset.class_names[label], name)
        for code, label, name in zip(
            dataset.split_codes[rows].tolist(),
            dataset.labels[rows].tolist(),
            names[rows],
            strict=True,
        )
    ]
