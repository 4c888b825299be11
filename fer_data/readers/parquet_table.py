"""The columns of parquet files that hold image data: the only reader that needs pyarrow.

The image column is a struct of ``bytes`` and ``path``, the label column an integer whose names the
schema's ``huggingface`` metadata has (or text). An integer of -1 and a null are no label.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from fer_data.errors import DataError
from fer_data.labels import SPLITS
from fer_data.manifest import LeftOut, Manifest, build
from fer_data.readers import source
from fer_data.readers.parquet import split_files
from fer_data.readers.piece import Found, Pieces

SPLIT_KEY = b"fer_data.split"
"""Key of the schema's metadata that tells the split of a file whose name does not."""

_ROWS_AT_ONCE = 64

MAX_BYTES = 256 << 20
"""Of one picture's file."""


@dataclass(frozen=True)
class Columns:
    """The columns of a file that matter, and the class names where labels are integers."""

    image: str
    label: str | None
    class_names: tuple[str, ...] | None


@dataclass(frozen=True)
class GroupRows:
    """The rows of a row group that a manifest has; its row `start` is row ``rows[0]`` there."""

    path: Path
    group: int
    column: str
    rows: list[int]
    start: int

    def __len__(self) -> int:
        return len(self.rows)

    def pictures(self) -> Iterator[Found]:
        """Yield the bytes of the image files."""
        wanted = {row: place for place, row in enumerate(self.rows, self.start)}
        row = 0
        with opened(self.path) as file:
            for batch in file.iter_batches(
                _ROWS_AT_ONCE, row_groups=[self.group], columns=[f"{self.column}.bytes"]
            ):
                for value in batch.column(0).field("bytes"):
                    if row in wanted:
                        name = f"{self.path}: row {row} of group {self.group}"
                        yield Found(wanted[row], name, _checked(value, name))
                    row += 1


def read(path: Path, *, skip_bad: bool) -> Manifest:
    """Read the manifest; see `fer_data.readers.parquet.read`."""
    samples: list[tuple[str, str | None, int]] = []
    class_names: set[str] = set()
    files, left_out = split_files(path)
    first = 0
    for split, file_path in files:
        with opened(file_path) as file:
            columns = _columns(file_path, file.schema_arrow)
            split = split or _own_split(file.schema_arrow)
            labels = _labels(file, columns)
        class_names.update(columns.class_names or (x for x in labels if isinstance(x, str)))
        for row, label in enumerate(labels, first):
            if isinstance(label, int):
                bad = f"label {label} of {len(columns.class_names or ())} classes"
                if not skip_bad:
                    raise DataError(
                        f"{file_path}: row {row - first}: {bad}; "
                        "correct the row, or leave bad rows out (--skip-bad)"
                    )
                left_out.append(LeftOut(f"row {row}", "bad label"))
            else:
                samples.append((split, label, row))
        first += len(labels)
    return build(path, "parquet with images", class_names, samples, left_out)


def pieces(manifest: Manifest) -> Pieces:
    """Return the rows, a row group a piece."""
    number = 0
    for _, path in split_files(manifest.root)[0]:
        with opened(path) as file:
            number += file.metadata.num_row_groups
    return Pieces(_pieces(manifest), number)


def names(manifest: Manifest) -> list[str]:
    """Return each picture's path, or a name made of split and number where it has none."""
    paths: list[str | None] = []
    for _, path in split_files(manifest.root)[0]:
        with opened(path) as file:
            image = file.schema_arrow.field(_columns(path, file.schema_arrow).image)
            if image.type.get_field_index("path") < 0:
                paths += [None] * file.metadata.num_rows
            else:
                column = file.read(columns=[f"{image.name}.path"]).column(0)
                paths += pa.compute.struct_field(column, "path").to_pylist()
    made = source.made_names(manifest)
    own = [paths[row] for row in manifest.locations.tolist()]
    return [name or instead for name, instead in zip(own, made, strict=True)]


@contextmanager
def opened(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a file, and name it in whatever goes wrong while it is read."""
    try:
        with pq.ParquetFile(path) as file:
            yield file
    except (pa.ArrowException, OSError) as error:
        text = " ".join(str(error).split())
        raise DataError(f"{path}: broken parquet ({text}); fetch or write the file again") from None


def _pieces(manifest: Manifest) -> Iterator[GroupRows]:
    first = 0
    for _, path in split_files(manifest.root)[0]:
        with opened(path) as file:
            column = _columns(path, file.schema_arrow).image
            sizes = [
                file.metadata.row_group(group).num_rows
                for group in range(file.metadata.num_row_groups)
            ]
        for group, size in enumerate(sizes):
            start, stop = np.searchsorted(manifest.locations, [first, first + size]).tolist()
            if start < stop:
                rows = [row - first for row in manifest.locations[start:stop].tolist()]
                yield GroupRows(path, group, column, rows, start)
            first += size


def _checked(value: Any, name: str) -> bytes | DataError:
    if not value.is_valid:
        cause = "no bytes of a picture (a path alone is not followed)"
    elif value.as_buffer().size > MAX_BYTES:
        cause = f"a picture of more than {MAX_BYTES:,} bytes"
    else:
        data: bytes = value.as_py()
        return data
    return DataError(f"{name}: {cause}; mend it, or leave bad ones out (--skip-bad)")


def _columns(path: Path, schema: pa.Schema) -> Columns:
    features = _features(schema)
    image = _first(schema, features, "Image", ("image", "img"))
    if image is None or not _holds_bytes(schema.field(image).type):
        raise DataError(
            f"{path}: no column of images; expected image, a struct of bytes and path, "
            "as Hugging Face's datasets write it"
        )
    label = _first(schema, features, "ClassLabel", ("label", "labels"))
    if label is None:
        return Columns(image, None, None)
    if pa.types.is_integer(schema.field(label).type):
        names = features.get(label, {}).get("names")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise DataError(
                f"{path}: column {label} has no class names; write them as a ClassLabel's, "
                "or as text"
            )
        if len(set(names)) < len(names):
            raise DataError(f"{path}: column {label} has a class name twice")
        return Columns(image, label, tuple(names))
    if pa.types.is_string(schema.field(label).type):
        return Columns(image, label, None)
    raise DataError(f"{path}: column {label} is {schema.field(label).type}; expected int64 or text")


def _features(schema: pa.Schema) -> dict[str, dict[str, Any]]:
    try:
        info = json.loads((schema.metadata or {})[b"huggingface"])["info"]
        features = info["features"]
        return {name: about for name, about in features.items() if isinstance(about, dict)}
    except (KeyError, TypeError, ValueError, AttributeError):  # no such metadata, or none of these
        return {}


def _first(
    schema: pa.Schema, features: dict[str, dict[str, Any]], kind: str, usual: tuple[str, ...]
) -> str | None:
    """Return the first column that is of a kind of feature, else the first usual name there is."""
    of_kind = [name for name, about in features.items() if about.get("_type") == kind]
    return next((name for name in (*of_kind, *usual) if schema.names.count(name) == 1), None)


def _holds_bytes(kind: pa.DataType) -> bool:
    if not pa.types.is_struct(kind):
        return False
    place = kind.get_field_index("bytes")
    return place >= 0 and kind.field(place).type in (pa.binary(), pa.large_binary())


def _own_split(schema: pa.Schema) -> str:
    found = (schema.metadata or {}).get(SPLIT_KEY, b"train").decode("utf-8", "replace")
    return found if found in SPLITS else "train"


def _labels(file: pq.ParquetFile, columns: Columns) -> list[str | int | None]:
    """Return each row's class name, None where it has none, or a number that stands for none."""
    if columns.label is None:
        return [None] * file.metadata.num_rows
    found: list[Any] = file.read(columns=[columns.label]).column(0).to_pylist()
    if columns.class_names is None:
        return found
    of_code: dict[int | None, str | int | None] = dict(enumerate(columns.class_names))
    of_code[None] = of_code[-1] = None
    return [of_code.get(code, code) for code in found]
