"""TFRecord files for tests, written with TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def example(features: Mapping[str, Any]) -> bytes:
    """Return a ``tf.train.Example`` of bytes, text, integers, floats, or lists of these."""
    import tensorflow as tf

    def feature(value: Any) -> Any:
        values = value if isinstance(value, list) else [value]
        values = [value.encode() if isinstance(value, str) else value for value in values]
        if values and isinstance(values[0], bytes):
            return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
        if values and isinstance(values[0], float):
            return tf.train.Feature(float_list=tf.train.FloatList(value=values))
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))

    found = {name: feature(value) for name, value in features.items()}
    return bytes(tf.train.Example(features=tf.train.Features(feature=found)).SerializeToString())


def write_records(path: Path, records: Sequence[Mapping[str, Any] | bytes]) -> Path:
    """Write a TFRecord file of examples, or of any bytes."""
    import tensorflow as tf

    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record if isinstance(record, bytes) else example(record))
    return path
