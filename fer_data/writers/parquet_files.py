"""Parquet as Hugging Face lays image data out; a run that was killed goes on after a whole file."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from fer_data.data import sources
from fer_data.data.dataset import Dataset
from fer_data.data.decode import PixelFormat
from fer_data.data.sources.parquet_names import split_of_file
from fer_data.data.sources.parquet_table import MAX_BYTES, SPLIT_KEY
from fer_data.data.sources.piece import Piece
from fer_data.data.sources.source import check_bad_rows
from fer_data.errors import DataError
from fer_data.util.files import written_whole
from fer_data.util.parallel import in_parallel
from fer_data.util.progress import track
from fer_data.writers.conversion import Conversion, conversion_of
from fer_data.writers.folder import without
from fer_data.writers.pictures import as_file
from fer_data.writers.staging import leave_mark, mark_of

SHARD_BYTES = 500 << 20
"""About so many bytes of pictures a file, as in `datasets`."""

_GROUP_BYTES = 32 << 20
_GROUP_ROWS = 1000
_LOOKED_AT = 64

_Row = tuple[int, bytes | None, str]
"""Row, image file, and why there is none."""


def write_parquet(
    dataset: Dataset,
    staging: Path,
    out: Path,
    *,
    form: PixelFormat | None,
    skip_bad: bool,
    single: bool,
) -> Conversion:
    """Write a data set as parquet below `staging`, shards that are not there yet.

    Parameters
    ----------
    dataset : Dataset
    staging, out : Path
    form : PixelFormat, optional
        What pictures are brought to; they are PNG then.
    skip_bad : bool
    single : bool
        Whether to write one file, `out`, rather than ``data/<split>-00000-of-0000N.parquet``.

    Raises
    ------
    DataError
        If a class name is no UTF-8, a picture cannot be decoded and `skip_bad` is false, or there
        are several splits for one file.
    """
    schema = _schema(dataset, out if single else None)
    names = [_utf8(name) for name in sources.names(dataset)]
    shards = {dataset.splits[0]: [(dataset.indices(dataset.splits[0]), staging / out.name)]}
    if not single:
        (staging / "data").mkdir(exist_ok=True)
        rows_a_shard = max(1, SHARD_BYTES // _mean_bytes(dataset, form))
        shards = {
            split: list(_shards(dataset, split, staging / "data", rows_a_shard))
            for split in dataset.splits
        }
    bad: list[tuple[int, str]] = []
    num_reused = 0
    for of_split in shards.values():
        marks = [mark_of(staging, path.name) for _, path in of_split]
        to_write = [rows for (rows, _), mark in zip(of_split, marks, strict=True) if mark is None]
        with closing(_encoded(dataset, to_write, form)) as found:
            for (rows, path), mark in zip(of_split, marks, strict=True):
                if mark is None:
                    shard = islice(found, len(rows))
                    mark = {"bad": _write_shard(dataset, shard, path, schema, names, skip_bad)}
                    causes = [(row, cause) for row, cause in mark["bad"]]
                    without(dataset, causes, skip_bad=skip_bad)
                    leave_mark(staging, path.name, mark)
                else:
                    num_reused += len(rows) - len(mark["bad"])
                bad += [(row, cause) for row, cause in mark["bad"]]
                check_bad_rows(dataset.root, len(bad))
    kept = without(dataset, bad, skip_bad=skip_bad)
    changes = () if form is None else (f"every picture is PNG, {form}",)
    return conversion_of(kept, out, num_reused=num_reused, changes=changes)


def _encoded(
    dataset: Dataset, shards: list[NDArray[np.int64]], form: PixelFormat | None
) -> Generator[_Row, None, None]:
    """Yield the rows of all shards of a split, in one pass: a csv is read from its start."""
    if not shards:
        return
    rows = np.concatenate(shards)
    whole = dataset.take(rows).pieces()
    tasks = (joblib.delayed(_as_bytes)(piece, form) for piece in whole.pieces)
    parts = in_parallel(tasks, size=len(rows))
    split = dataset.splits[dataset.split_codes[rows[0]]]
    for found in track(parts, total=whole.number, description=f"Writing {split}"):
        for place, data, cause in found:
            yield int(rows[place]), data, cause


def _write_shard(
    dataset: Dataset,
    found: Iterable[_Row],
    path: Path,
    schema: pa.Schema,
    names: list[str],
    skip_bad: bool,
) -> list[list[Any]]:
    """Write some rows to a file; return [row, cause] of those that are bad.

    Unless bad rows are skipped, the first one ends it.
    """
    bad: list[list[Any]] = []
    with (
        written_whole(path) as beside,
        pq.ParquetWriter(beside, schema, use_dictionary=["label"]) as writer,
    ):
        group: list[_Row] = []
        size = 0
        for row, data, cause in found:
            if data is None:
                bad.append([row, cause])
                if not skip_bad:
                    break
                continue
            group.append((row, data, ""))
            size += len(data)
            if size >= _GROUP_BYTES or len(group) == _GROUP_ROWS:
                writer.write_table(_table(group, dataset, names, schema))
                group, size = [], 0
        if group:
            writer.write_table(_table(group, dataset, names, schema))
    return bad


def _as_bytes(piece: Piece, form: PixelFormat | None) -> list[_Row]:
    found: list[_Row] = []
    for row, name, raw in piece.pictures():
        try:
            if isinstance(raw, DataError):
                raise raw
            if isinstance(raw, Path) and raw.stat().st_size > MAX_BYTES:
                raise DataError(f"{name}: a picture of more than {MAX_BYTES:,} bytes")
            data = as_file(raw, form, name)
            found.append((row, data.read_bytes() if isinstance(data, Path) else data, ""))
        except DataError as error:
            found.append((row, None, str(error)))
    return found


def _table(group: list[_Row], dataset: Dataset, names: list[str], schema: pa.Schema) -> pa.Table:
    rows = [row for row, _, _ in group]
    images = [{"bytes": data, "path": names[row]} for row, data, _ in group]
    columns = [pa.array(images, schema.field("image").type), pa.array(dataset.labels[rows])]
    return pa.table(columns, names=schema.names).cast(schema)


def _schema(dataset: Dataset, single: Path | None) -> pa.Schema:
    for name in dataset.class_names:
        if name != _utf8(name):
            raise DataError(
                f"{dataset.root}: class name {name!r} is no UTF-8, as parquet needs; rename it"
            )
    label = {"names": list(dataset.class_names), "_type": "ClassLabel"}
    features = {"image": {"_type": "Image"}, "label": label}
    metadata = {b"huggingface": json.dumps({"info": {"features": features}})}
    if single is not None:
        (split, *others) = dataset.splits
        if others or split_of_file(single) not in (None, split):
            told = split_of_file(single)
            raise DataError(
                f"{dataset.root}: has {', '.join(dataset.splits)}, and {single.name} holds "
                f"{'one split' if told is None else f'the {told} split, by its name'}; "
                "name a folder",
                fix={"to": ["parquet"]},
            )
        metadata[SPLIT_KEY] = split
    image = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    return pa.schema({"image": image, "label": pa.int64()}, metadata=metadata)


def _shards(
    dataset: Dataset, split: str, folder: Path, rows_a_shard: int
) -> Iterator[tuple[NDArray[np.int64], Path]]:
    rows = dataset.indices(split)
    number = -(-len(rows) // rows_a_shard)
    for shard in range(number):
        name = f"{split}-{shard:05d}-of-{number:05d}.parquet"
        yield rows[shard * rows_a_shard : (shard + 1) * rows_a_shard], folder / name


def _mean_bytes(dataset: Dataset, form: PixelFormat | None) -> int:
    """Return the mean size of the pictures' files, as some of them tell."""
    rows = np.unique(np.linspace(0, len(dataset) - 1, _LOOKED_AT).astype(np.int64))
    sizes = [
        len(data)
        for piece in dataset.take(rows).pieces().pieces
        for _, data, _ in _as_bytes(piece, form)
        if data is not None
    ]
    return max(1, sum(sizes) // max(1, len(sizes)))


def _utf8(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()
