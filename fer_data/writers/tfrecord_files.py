"""TFRecord files in the convention of TensorFlow's tools: ``SPLIT-00000-of-0000N.tfrecord``.

A record is a ``tf.train.Example`` with ``image/encoded`` (PNG, or a JPEG file's own bytes),
``image/format``, ``image/height``, ``image/width``, ``image/class/label`` (-1 without a label),
``image/class/text`` and ``image/filename``. ``labels.txt`` has the class names, one a line.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tensorflow as tf

from fer_data.data import sources
from fer_data.data.dataset import Dataset
from fer_data.data.decode import image_info
from fer_data.data.fill import without_bad
from fer_data.data.image_format import FormatRequest
from fer_data.data.sources.tfrecord_labels import LABELS
from fer_data.errors import DataError
from fer_data.writers.conversion import Conversion, conversion_of
from fer_data.writers.images import as_png_or_jpeg, ending
from fer_data.writers.shards import Encoder, Images

SHARD_BYTES = 128 << 20
"""About so many bytes of images a file, as TensorFlow's guide advises."""

_FORMATS = {".png": b"png", ".jpg": b"jpeg"}


def write_tfrecords(
    dataset: Dataset, folder: Path, out: Path, *, form: FormatRequest | None
) -> Conversion:
    """Write a data set as TFRecord files into `folder`, which is to become `out`.

    Parameters
    ----------
    dataset : Dataset
    folder, out : Path
    form : FormatRequest, optional
        What images are brought to; they are PNG then.

    Raises
    ------
    DataError
        If a class name is no UTF-8 or no line, or an image cannot be decoded and bad ones are not
        skipped.
    OSError
        If a file cannot be written.
    """
    _check_class_names(dataset)
    names = sources.names(dataset)
    encoder = Encoder(dataset, form, as_png_or_jpeg)

    def write(path: Path, images: Images) -> None:
        with _writer(path) as writer:
            for sample, data in images:
                writer.write(_example(dataset, sample, data, names[sample]))

    bad = encoder.write(encoder.shards(folder, "tfrecord", SHARD_BYTES), write)
    kept = without_bad(dataset, bad)
    text = "".join(f"{name}\n" for name in dataset.class_names)
    (folder / LABELS).write_text(text, "utf-8", newline="\n")
    changes = () if form is None else (f"every image is PNG, {form}",)
    return conversion_of(kept, out, changes=changes)


def _check_class_names(dataset: Dataset) -> None:
    for name in dataset.class_names:
        if not name or name != _bytes_of(name).decode() or "\n" in name or "\r" in name:
            raise DataError(
                f"{dataset.root}: class name {name!r} is no line of UTF-8, as TFRecord files need; "
                "rename it",
                fix={"class_names": []},
            )


@contextmanager
def _writer(path: Path) -> Iterator[tf.io.TFRecordWriter]:
    try:
        with tf.io.TFRecordWriter(str(path)) as writer:
            yield writer
    except tf.errors.OpError as error:  # no OSError, though the disk is full
        raise OSError(error.message.rpartition("; ")[2]) from None  # without the hidden name


def _example(dataset: Dataset, sample: int, data: bytes, name: str) -> bytes:
    height, width, _ = image_info(data, name)
    label = int(dataset.labels[sample])
    features = {
        "image/encoded": _text(data),
        "image/filename": _text(_bytes_of(name)),
        "image/format": _text(_FORMATS[ending(data)]),
        "image/height": _integer(height),
        "image/width": _integer(width),
        "image/class/label": _integer(label),
        "image/class/text": _text(_bytes_of(dataset.class_names[label]) if label >= 0 else b""),
    }
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return example.SerializeToString(deterministic=True)  # type: ignore[no-any-return]


def _integer(value: int) -> Any:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))


def _text(value: bytes) -> Any:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def _bytes_of(name: str) -> bytes:
    return name.encode("utf-8", "backslashreplace")
