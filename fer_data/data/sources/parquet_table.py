"""The columns of parquet files that hold image data: the only reader that needs pyarrow.

The image column is a struct of ``bytes`` and ``path``, the label column an integer whose names the
schema's ``huggingface`` metadata has (or text). An integer of -1, a null and an empty text are no
label.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from fer_data.data.chosen import UNLABELLED
from fer_data.data.dataset import Dataset
from fer_data.data.first_bytes import HEAD_BYTES, kind_of
from fer_data.data.missing import is_missing
from fer_data.data.options import LoadOptions
from fer_data.data.origin import Origin
from fer_data.data.skipped import Skipped
from fer_data.data.sources import source
from fer_data.data.sources.chunk import Chunks, RawImage
from fer_data.data.sources.parquet import split_files
from fer_data.data.sources.parquet_features import Columns, columns_of, is_text
from fer_data.data.sources.table import MAX_CLASSES, dataset_of
from fer_data.data.split_names import SPLITS, split_notes
from fer_data.errors import DataError
from fer_data.util.words import printable

SPLIT_KEY = b"fer_data.split"
"""Key of the schema's metadata that tells the split of a file whose name does not."""

_ROWS_AT_ONCE = 64
_VALUES_AT_ONCE = 1 << 16
_BYTES_AT_ONCE = 64 << 20
_BAD = UNLABELLED - 1

MAX_BYTES = 256 << 20
"""Of one image's file."""


@dataclass(frozen=True)
class GroupRows:
    """The rows of a row group that a dataset has; its row `start` is row ``rows[0]`` there."""

    path: Path
    group: int
    column: str
    rows: list[int]
    start: int

    def __len__(self) -> int:
        return len(self.rows)

    def raw_images(self) -> Iterator[RawImage]:
        """Yield the bytes of the image files."""
        wanted = {row: place for place, row in enumerate(self.rows, self.start)}
        row = 0
        with opened(self.path) as file:
            # A value that stands once in the file can be every row's, as long as all the group is.
            size = file.metadata.row_group(self.group).total_byte_size
            at_once = max(1, min(_ROWS_AT_ONCE, _BYTES_AT_ONCE // max(1, size)))
            for batch in file.iter_batches(
                at_once, row_groups=[self.group], columns=[f"{self.column}.bytes"]
            ):
                for value in batch.column(0).field("bytes"):
                    if row in wanted:
                        name = f"{self.path}: row {row} of group {self.group}"
                        yield RawImage(wanted[row], name, _checked(value, name))
                    row += 1
            if row <= self.rows[-1]:
                raise pa.ArrowInvalid(f"group {self.group} has {row:,} rows")


def read(path: Path, options: LoadOptions) -> Dataset:
    """Read the dataset; see `fer_data.data.sources.parquet.read`."""
    files, skipped = split_files(path)
    splits: list[str] = []
    labels: list[NDArray[np.int64]] = []
    codes: dict[str, int] = {}
    bad_rows: list[Skipped] = []
    num_bad = first = 0
    for split, file_path in files:
        with opened(file_path) as file:
            columns = columns_of(file_path, file.schema_arrow, options)
            splits.append(split or _own_split(file.schema_arrow))
            num_rows = _num_rows(file)
            num_bad += num_rows - file_path.stat().st_size  # without a byte each
            source.check_bad_rows(path, num_bad)
        with opened(file_path, columns.label) as file:
            file_labels, bad = _labels(path, file, columns, codes)
            if len(file_labels) != num_rows:
                raise pa.ArrowInvalid(f"{len(file_labels):,} labels of {num_rows:,}")
        of_classes = f"of {len(columns.class_names or ())} classes"
        bad_rows += [
            Skipped(
                f"row {first + row}",
                "bad label",
                f"{file_path}: row {row}: label {label} {of_classes}",
            )
            for row, label in bad
        ]
        source.check_bad(path, bad_rows, options)
        labels.append(file_labels)
        first += len(file_labels)
    every = np.concatenate(labels)
    rows = np.flatnonzero(every >= UNLABELLED)
    split_codes = np.repeat(np.arange(len(splits)), [len(some) for some in labels])
    found_data = dataset_of(
        path,
        "parquet with images",
        list(codes),
        every[rows],
        splits,
        split_codes[rows],
        rows=rows,
        skipped=[*skipped, *bad_rows],
    )
    if columns.label is not None and (columns.image, columns.label) != ("image", "label"):
        found_data = found_data.noted(
            f"image from {printable(columns.image)!r}, label from {printable(columns.label)!r}"
        )
    found_data = found_data.noted(*split_notes((file.name, split) for split, file in files))
    return replace(found_data, origin=replace(found_data.origin, image_column=columns.image))


def chunks(origin: Origin, rows: NDArray[np.int64]) -> Chunks:
    """Return the rows, a row group a chunk."""
    number = 0
    for _, path in split_files(origin.root)[0]:
        with opened(path) as file:
            number += file.metadata.num_row_groups
    return Chunks(_chunks(origin, origin.locations[rows]), number)


def names(dataset: Dataset) -> list[str]:
    """Return each image's path, or a name made of split and number where it has none."""
    paths: list[str | None] = []
    for _, path in split_files(dataset.root)[0]:
        paths += _paths(path, dataset.origin.image_column)
    return source.own_names(dataset, (paths[row] for row in dataset.locations.tolist()))


@contextmanager
def opened(path: Path, text: str | None = None) -> Iterator[pq.ParquetFile]:
    """Open a file, and name it in whatever goes wrong while it is read.

    The column `text`, if it is one of text, comes as dictionaries: each value once.
    """
    try:
        with pq.ParquetFile(path, read_dictionary=[text] if text else None) as file:
            yield file
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        if kind := _what_it_is(path):
            raise DataError(f"{path}: {kind}") from None
        text = " ".join(str(error).split())
        raise DataError(f"{path}: broken parquet ({text}); fetch or write the file again") from None


def _what_it_is(path: Path) -> str | None:
    with suppress(OSError), open(path, "rb") as file:
        head = file.read(HEAD_BYTES)
        return None if head.startswith(b"PAR1") else kind_of(head)
    return None


def _chunks(origin: Origin, locations: NDArray[Any]) -> Iterator[GroupRows]:
    first = 0
    for _, path in split_files(origin.root)[0]:
        with opened(path) as file:
            sizes = [
                file.metadata.row_group(group).num_rows
                for group in range(file.metadata.num_row_groups)
            ]
        for group, size in enumerate(sizes):
            start, stop = np.searchsorted(locations, [first, first + size]).tolist()
            if start < stop:
                rows = [row - first for row in locations[start:stop].tolist()]
                yield GroupRows(path, group, origin.image_column, rows, start)
            first += size


def _checked(value: Any, name: str) -> bytes | DataError:
    if not value.is_valid:
        cause = "no bytes of an image (a path alone is not followed)"
    elif value.as_buffer().size > MAX_BYTES:
        cause = f"an image of more than {MAX_BYTES:,} bytes"
    else:
        data: bytes = value.as_py()
        return data
    return DataError(f"{name}: {cause}")


def _own_split(schema: pa.Schema) -> str:
    split = (schema.metadata or {}).get(SPLIT_KEY, b"train").decode("utf-8", "replace")
    return split if split in SPLITS else "train"


def _num_rows(file: pq.ParquetFile) -> int:
    """Return the number of rows, which the file says twice."""
    about = file.metadata
    sizes = [about.row_group(group).num_rows for group in range(about.num_row_groups)]
    if min(sizes, default=0) < 0 or sum(sizes) != about.num_rows:
        raise pa.ArrowInvalid(f"row groups of {sum(sizes):,} rows, of {about.num_rows:,}")
    return sum(sizes)


def _paths(path: Path, column: str) -> list[str | None]:
    """Return the path of each row, None where there is none or it is too long for a file's."""
    with opened(path) as file:
        num_rows = _num_rows(file)
        image = file.schema_arrow.field(column)
    place = image.type.get_field_index("path")
    if place < 0 or not is_text(image.type.field(place).type):
        return [None] * num_rows
    paths: list[str | None] = []
    column = f"{image.name}.path"
    with opened(path, column) as file:
        for batch in file.iter_batches(_VALUES_AT_ONCE, columns=[column]):
            column_paths = batch.column(0).field("path")
            column_paths.validate(full=True)  # else a place may be beyond the dictionary
            texts = column_paths.dictionary
            too_long = pc.greater(pc.binary_length(texts), source.MAX_NAME_BYTES)
            of_place = [*pc.if_else(too_long, None, texts).to_pylist(), None]
            paths += [of_place[place] for place in column_paths.indices.fill_null(-1).to_pylist()]
        if len(paths) != num_rows:
            raise pa.ArrowInvalid(f"{len(paths):,} paths of {num_rows:,}")
    return paths


def _labels(
    path: Path, file: pq.ParquetFile, columns: Columns, codes: dict[str, int]
) -> tuple[NDArray[np.int64], list[tuple[int, int]]]:
    """Return each row's code, and row and label of those that are no class's.

    The code is -1 where there is no label, and less where it is bad. `codes` gets a code for each
    class that is new.
    """
    if columns.label is None:
        return np.full(file.metadata.num_rows, UNLABELLED), []
    names = columns.class_names or ()
    of_label = np.array([*(codes.setdefault(name, len(codes)) for name in names), UNLABELLED])
    parts = [np.empty(0, np.int64)]
    bad: list[tuple[int, int]] = []
    first = 0
    for batch in file.iter_batches(_VALUES_AT_ONCE, columns=[columns.label]):
        column = batch.column(0)
        if columns.class_names is None:
            parts.append(_text_codes(path, column, codes))
        else:
            labels = column.cast(pa.int64()).fill_null(UNLABELLED).to_numpy()
            wrong = (labels < UNLABELLED) | (labels >= len(names))
            rows = np.flatnonzero(wrong)
            bad += zip((first + rows).tolist(), labels[rows].tolist(), strict=True)
            source.check_bad_rows(path, len(bad))
            parts.append(np.where(wrong, _BAD, of_label[np.where(wrong, 0, labels)]))
        first += len(column)
    return np.concatenate(parts), bad


def _text_codes(
    path: Path, dictionary_array: pa.DictionaryArray, codes: dict[str, int]
) -> NDArray[np.int64]:
    dictionary_array.validate(full=True)
    if (pc.max(pc.binary_length(dictionary_array.dictionary)).as_py() or 0) > source.MAX_NAME_BYTES:
        raise DataError(f"{path}: a label of more than {source.MAX_NAME_BYTES:,} bytes")
    names = dictionary_array.dictionary.to_pylist()
    of_name = (
        UNLABELLED if is_missing(name) else codes.setdefault(name, len(codes)) for name in names
    )
    of_place = np.array([*of_name, UNLABELLED])
    if len(codes) > MAX_CLASSES:
        raise DataError(f"{path}: more than {MAX_CLASSES:,} labels that differ")
    code: NDArray[np.int64] = of_place[dictionary_array.indices.fill_null(UNLABELLED).to_numpy()]
    return code
