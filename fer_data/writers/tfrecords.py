"""TFRecord shards: one file or more for each split and class, and an index of them.

A record is a ``tf.train.Example`` with the features that TensorFlow's own tools use:
``image/encoded`` (PNG), ``image/format``, ``image/height``, ``image/width``, ``image/class/label``,
``image/class/text``, ``image/filename``, and ``image/id``, the sample's row. A file holds one class
only, so that `fer_data.tfrecord_dataset` can balance classes as it reads. ``index.json`` is written
last.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from PIL import Image

from fer_data.data import sources
from fer_data.data.dataset import Dataset
from fer_data.data.decode import Color, Fit
from fer_data.data.image_format import FormatRequest, sides_of
from fer_data.data.reading import DatasetLike
from fer_data.data.sources.tfrecord import FORMAT, RecordFile, RecordIndex, read_index
from fer_data.data.store import PixelStore, open_store
from fer_data.errors import DataError
from fer_data.util.files import write_json, written_whole
from fer_data.util.progress import track

_MAX_PLAIN = 200


def write_tfrecords(
    data: DatasetLike,
    out: str | Path,
    *,
    records_per_file: int = 4096,
    image_size: int | tuple[int, int] | None = None,
    color: Color | None = None,
    fit: Fit = "stretch",
    cache: str | Path | None = None,
    **options: Any,
) -> RecordIndex:
    """Write the labelled samples of a data set as TFRecord files.

    Parameters
    ----------
    data, image_size, color, fit, cache, **options
        As in `fer_data.open_loader`.
    out : path
        A folder that does not exist, or is empty.
    records_per_file : int

    Returns
    -------
    RecordIndex

    Raises
    ------
    DataError
        If the data cannot be read, a class name is no text, or `out` holds something.
    """
    out = Path(out).absolute()
    if out.exists() and any(out.iterdir()):
        raise DataError(f"{out}: holds something already; choose another folder")
    form = FormatRequest(sides_of(image_size), color, fit)
    store = open_store(data, form=form, cache=cache, **options)
    check_class_names(store.dataset)
    write_shards(store, out, records_per_file=records_per_file)
    return read_index(out)


def check_class_names(dataset: Dataset) -> None:
    """Refuse a class name that is neither UTF-8 nor bytes of a folder's name.

    Raises
    ------
    DataError
        If there is one, and which.
    """
    for name in dataset.class_names:
        try:
            name.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            raise DataError(
                f"{dataset.root}: class name {name!r} is no UTF-8, as TFRecord files need; "
                "rename it"
            ) from None


def write_shards(store: PixelStore, out: Path, *, records_per_file: int = 4096) -> None:
    """Write the labelled samples of a store as TFRecord files, those that are not there yet.

    Parameters
    ----------
    store : PixelStore
    out : path
        A folder; a file that is in it already is of the same store, and whole.
    records_per_file : int

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    dataset, names = store.dataset, sources.names(store.dataset)
    tasks = [
        (split, label, rows[start : start + records_per_file], start // records_per_file)
        for split in dataset.splits
        for label in range(len(dataset.class_names))
        if len(rows := _rows_of(store.dataset.indices(split), dataset.labels, label))
        for start in range(0, len(rows), records_per_file)
    ]
    files = []
    for split, label, rows, number in track(tasks, total=len(tasks), description="Writing"):
        file = out / split / f"{_plain(dataset.class_names[label], label)}-{number:05d}.tfrecord"
        if not file.exists():
            with _writer(file) as writer:
                for row in rows.tolist():
                    pixels = np.asarray(store.pixels[row])
                    class_name = dataset.class_names[label]
                    writer.write(_example(pixels, label, class_name, row, names[row]))
        files.append(RecordFile(file, split, label, len(rows)))
    write_json(
        out / "index.json",
        {
            "format": FORMAT,
            "class_names": list(dataset.class_names),
            "form": asdict(store.form),
            "num_samples": len(dataset),
            "files": [{**asdict(file), "path": str(file.path.relative_to(out))} for file in files],
        },
    )


@contextmanager
def _writer(file: Path) -> Iterator[tf.io.TFRecordWriter]:
    try:
        with written_whole(file) as beside, tf.io.TFRecordWriter(str(beside)) as writer:
            yield writer
    except tf.errors.OpError as error:  # no OSError, though the disk is full
        raise OSError(error.message.rpartition("; ")[2]) from None  # without the hidden name


def _rows_of(rows: NDArray[np.int64], labels: NDArray[np.int32], label: int) -> NDArray[np.int64]:
    chosen: NDArray[np.int64] = rows[labels[rows] == label]
    return chosen


def _plain(class_name: str, label: int) -> str:
    """Return a class name as a part of a file's name, or its label where it is too long for one.

    No name has ``=`` left once it is quoted, so no other class has the label's.
    """
    plain = quote(class_name.encode("utf-8", "surrogateescape"), safe=" ")
    return plain if len(plain) <= _MAX_PLAIN else f"class={label}"


def _bytes_of_name(file_name: str) -> bytes:
    try:
        return file_name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # no file can have it
        return file_name.encode("utf-8", "backslashreplace")


def _example(
    pixels: NDArray[np.uint8], label: int, class_name: str, row: int, file_name: str
) -> bytes:
    encoded = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(encoded, "PNG")

    def integer(value: int) -> Any:
        return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))

    def text(value: bytes) -> Any:
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))

    features = {
        "image/encoded": text(encoded.getvalue()),
        "image/filename": text(_bytes_of_name(file_name)),
        "image/format": text(b"png"),
        "image/height": integer(pixels.shape[0]),
        "image/width": integer(pixels.shape[1]),
        "image/class/label": integer(label),
        "image/class/text": text(class_name.encode("utf-8", "surrogateescape")),
        "image/id": integer(row),
    }
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return example.SerializeToString(deterministic=True)  # type: ignore[no-any-return]
