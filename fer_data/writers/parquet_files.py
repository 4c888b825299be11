"""Parquet as Hugging Face lays image data out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fer_data.data import sources
from fer_data.data.dataset import Dataset
from fer_data.data.fill import without_bad
from fer_data.data.image_format import FormatRequest
from fer_data.data.sources.parquet import split_of_file
from fer_data.data.sources.parquet_table import SPLIT_KEY
from fer_data.errors import DataError
from fer_data.writers.conversion import Conversion, conversion_of
from fer_data.writers.shards import Encoder, Images

SHARD_BYTES = 500 << 20
"""About so many bytes of images a file, as in `datasets`."""

_GROUP_BYTES = 32 << 20
_GROUP_ROWS = 1000


def write_parquet(
    dataset: Dataset,
    folder: Path,
    out: Path,
    *,
    form: FormatRequest | None,
    single: bool,
) -> Conversion:
    """Write a data set as parquet into `folder`, which, or whose file, is to become `out`.

    Parameters
    ----------
    dataset : Dataset
    folder, out : Path
    form : FormatRequest, optional
        What images are brought to; they are PNG then.
    single : bool
        Whether to write one file, `out`, rather than ``data/<split>-00000-of-0000N.parquet``.

    Raises
    ------
    DataError
        If a class name is no UTF-8, an image cannot be decoded, or there
        are several splits for one file.
    """
    schema = _schema(dataset, out if single else None)
    names = [_utf8(name) for name in sources.names(dataset)]
    encoder = Encoder(dataset, form)
    shards = {dataset.splits[0]: [(np.arange(len(dataset)), folder / out.name)]}
    if not single:
        (folder / "data").mkdir()
        shards = encoder.shards(folder / "data", "parquet", SHARD_BYTES)

    def write(path: Path, images: Images) -> None:
        with pq.ParquetWriter(path, schema, use_dictionary=["label"]) as writer:
            for group in _groups(images):
                writer.write_table(_table(group, dataset, names, schema))

    kept = without_bad(dataset, encoder.write(shards, write))
    changes = () if form is None else (f"every image is PNG, {form}",)
    return conversion_of(kept, out, changes=changes)


def _groups(images: Images) -> Iterator[list[tuple[int, bytes]]]:
    group: list[tuple[int, bytes]] = []
    size = 0
    for sample, data in images:
        group.append((sample, data))
        size += len(data)
        if size >= _GROUP_BYTES or len(group) == _GROUP_ROWS:
            yield group
            group, size = [], 0
    if group:
        yield group


def _table(
    group: list[tuple[int, bytes]], dataset: Dataset, names: list[str], schema: pa.Schema
) -> pa.Table:
    rows = [row for row, _ in group]
    images = [{"bytes": data, "path": names[row]} for row, data in group]
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
            expected = split_of_file(single)
            raise DataError(
                f"{dataset.root}: has {', '.join(dataset.splits)}, and {single.name} holds "
                f"{'one split' if expected is None else f'the {expected} split, by its name'}; "
                "name a folder",
                fix={"to": ["parquet"]},
            )
        metadata[SPLIT_KEY] = split
    image = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    return pa.schema({"image": image, "label": pa.int64()}, metadata=metadata)


def _utf8(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()
