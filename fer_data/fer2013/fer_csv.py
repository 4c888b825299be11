"""FER2013's csv files: ``fer2013.csv``, ``icml_face_data.csv``, ``train.csv``, ``test.csv``.

A file is read in blocks of whole lines, so memory stays flat however long it is. A data row is
known by its number, counted from 0 as in the published csv; its line is that number plus two.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.data.class_names import ClassNames, parsed
from fer_data.data.dataset import Dataset
from fer_data.data.options import LoadOptions
from fer_data.data.origin import Origin
from fer_data.data.skipped import Skipped
from fer_data.data.sources import source
from fer_data.data.sources.chunk import Chunks, RawImage
from fer_data.data.sources.named_content import open_unpacked
from fer_data.data.sources.tree_paths import unpacked_ending
from fer_data.data.split_names import SPLITS, split_notes
from fer_data.errors import DataError
from fer_data.fer2013.csv_blocks import BLOCK_BYTES, SHORT, Block, fields_of, open_csv
from fer_data.fer2013.csv_columns import Columns, label_of, other_codes, unknown_word
from fer_data.fer2013.csv_rows import EXPECTED_EMOTIONS, Reject, bad_row, parse, split_of
from fer_data.fer2013.emotions import EMOTIONS, EMOTIONS_BY_CODE, USAGES

state, names = source.state, source.made_names


def recognises(path: Path) -> bool:
    """Whether the path is a file, and no table of labels by its ending and its header.

    What is wrong with one that is no csv at all, reading tells.
    """
    if not path.is_file():
        return False
    ending = unpacked_ending(path)
    return ending not in _TABLES and not (ending == ".csv" and _names_no_pixels(path))


_TABLES = frozenset((".tsv", ".jsonl", ".ndjson", ".json", ".lst", ".txt"))

_HEADER_BYTES = 1 << 16


def _names_no_pixels(path: Path) -> bool:
    """Whether the first line is text in several columns, none of them of pixels."""
    try:
        with open_unpacked(path) as file:
            line, end, _ = file.read(_HEADER_BYTES).partition(b"\n")
        text = line.decode("utf-8-sig").rstrip("\r")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError):
        return False
    names = [name.strip(' "').lower() for name in re.split(r"[,;\t]", text)]
    is_text = bool(end) and text.replace("\t", " ").isprintable()
    return is_text and len(names) > 1 and "pixels" not in names and names != ["emotion", "usage"]


def read(path: Path, options: LoadOptions) -> Dataset:
    """Read the dataset of a csv in the order of its rows.

    Of pixels only the length is looked at: that there can be as many as there must be.
    """
    rows: list[int] = []
    labels: list[int] = []
    splits: list[str] = []
    usages: set[tuple[bytes, str]] = set()
    skipped: list[Skipped] = []
    are_values_known = False
    num_codes = _num_codes(options.class_names)
    with open_csv(path, num_codes) as (columns, blocks):
        for block in blocks:
            part = parse(block, columns, merge_test=not options.test_apart, with_pixels=False)
            if not num_codes and not are_values_known and has_bad_value(part.rejects, columns):
                check_values(path)
                are_values_known = True
            skipped += [
                Skipped(bad.where, f"bad {bad.column}", str(bad_row(path, bad)))
                for bad in part.rejects
            ]
            source.check_bad(path, skipped, options)
            rows += part.rows
            labels += part.labels
            splits += part.splits
            usages |= part.usages
    if not num_codes and may_be_other_codes(columns, labels):
        check_values(path)
    if not rows:
        first = f" (the first: {skipped[0].error.removeprefix(f'{path}: ')})" if skipped else ""
        raise DataError(f"{path}: {columns.layout}, but no usable row in it{first}")
    present = [split for split in SPLITS if split in set(splits)]
    return Dataset(
        Origin(
            path,
            columns.layout,
            columns.class_names,
            np.array(rows, np.int64),
            image_format=((48, 48), (48, 48), "grey"),
        ),
        class_names=columns.class_names,
        splits=tuple(present),
        split_codes=np.array([present.index(split) for split in splits], np.int8),
        labels=np.array(labels, np.int32),
        skipped=tuple(skipped),
        notes=(*columns.notes, *split_notes(_texts(usages))),
    )


def _texts(usages: set[tuple[bytes, str]]) -> Iterator[tuple[str, str]]:
    for value, split in sorted(usages):
        yield value.strip().decode("utf-8", "replace"), split


@dataclass(frozen=True)
class BlockRows:
    """The rows of a block that a dataset has; its row `start` is the csv's row ``rows[0]``."""

    path: Path
    block: Block
    columns: Columns
    rows: list[int]
    start: int

    def __len__(self) -> int:
        return len(self.rows)

    def raw_images(self) -> Iterator[RawImage]:
        """Yield the pixels, uint8 [48, 48], then what is wrong with bad rows."""
        place = {row: place for place, row in enumerate(self.rows, self.start)}
        rows = parse(self.block, self.columns, merge_test=True, with_pixels=True)
        for row, pixels in zip(rows.rows, rows.pixels, strict=True):
            if row in place:
                yield RawImage(place[row], f"{self.path}: row {row}", pixels)
        for reject in rows.rejects:
            if reject.row in place:
                error = bad_row(self.path, reject)
                yield RawImage(place[reject.row], f"{self.path}: {reject.where}", error)


def chunks(origin: Origin, rows: NDArray[np.int64]) -> Chunks:
    """Return the rows, a block a chunk."""
    number = -(-origin.root.stat().st_size // BLOCK_BYTES)
    return Chunks(_chunks(origin, origin.locations[rows]), number)


def _chunks(origin: Origin, locations: NDArray[Any]) -> Iterator[BlockRows]:
    num_codes = 0 if origin.class_names == EMOTIONS else len(origin.class_names)
    with open_csv(origin.root, num_codes) as (columns, blocks):
        for block in blocks:
            bounds = [block.first_row, block.stop_row]
            start, stop = np.searchsorted(locations, bounds).tolist()
            if start < stop:
                rows = locations[start:stop].tolist()
                yield BlockRows(origin.root, block, columns, rows, start)


def _num_codes(class_names: ClassNames | None) -> int:
    """Return how many codes class names number, where they are not those of FER2013; else 0."""
    names = None if class_names is None else parsed(class_names)
    if names is None or isinstance(names, str):
        return 0
    if isinstance(names, Mapping):
        return max(map(int, names)) + 1 if all(map(str.isdecimal, names)) else 0
    return 0 if set(names) <= set(EMOTIONS) else len(names)


def check_values(path: Path) -> None:
    """Refuse a csv whose labels or splits are of another list, whether bad rows are skipped or not.

    Raises
    ------
    DataError
        If codes begin at 1, or go on after FER2013's, or a word that is none of its classes, or of
        the splits, comes more than once.
    """
    labels: Counter[bytes] = Counter()
    usages: Counter[bytes] = Counter()
    with open_csv(path) as (columns, blocks):
        for block in blocks:
            for line in block.data.split(b"\n"):
                fields = fields_of(line)
                if len(fields) == columns.number:
                    for counts, place in ((labels, columns.emotion), (usages, columns.usage)):
                        if place is not None:
                            counts[fields[place][:SHORT]] += 1
    if columns.emotion is not None:
        name = columns.names[columns.emotion]
        if reason := other_codes(labels, is_emotion=name.lower() == "emotion"):
            raise DataError(f"{path}: column {name}: {reason}")
        if word := unknown_word(labels, lambda value: label_of(value) is not None):
            raise _of_another_list(path, name, word, labels, f"is none of {EXPECTED_EMOTIONS}")
    if columns.usage is not None:
        name = columns.names[columns.usage]
        if word := unknown_word(usages, lambda value: split_of(value, True) is not None):
            raise _of_another_list(path, name, word, usages, f"is none of {', '.join(USAGES)}")


def _of_another_list(
    path: Path, column: str, word: str, counts: Counter[bytes], why: str
) -> DataError:
    number = sum(count for value, count in counts.items() if value.strip() == word.encode())
    return DataError(
        f"{path}: column {column}: {word!r} in {number:,} rows {why}; "
        "rename it, or take its rows out"
    )


def may_be_other_codes(columns: Columns, labels: Iterable[int]) -> bool:
    """Whether labels that are all known may still be of another list, as no code is 0."""
    if columns.emotion is None or columns.names[columns.emotion].lower() == "emotion":
        return False
    present = set(labels)
    return EMOTIONS.index(EMOTIONS_BY_CODE[0]) not in present or len(present) == 1


def has_bad_value(rejects: list[Reject], columns: Columns) -> bool:
    """Whether a label or a split is among what is bad."""
    places = (columns.emotion, columns.usage)
    names = {columns.names[place] for place in places if place is not None}
    return any(reject.column in names for reject in rejects)
