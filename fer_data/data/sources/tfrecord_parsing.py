"""Records as TensorFlow reads and parses them, a few at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # has no stubs
from numpy.typing import NDArray

from fer_data.data.sources.tfrecord_features import Kind
from fer_data.data.sources.tfrecord_files import broken, check_records

_RECORDS_AT_ONCE = 64

_CPU = "CPU"
"""Else tensors would take memory of an accelerator, which may be another framework's."""

_TYPES = {"bytes": (tf.string, b""), "int64": (tf.int64, -1)}
"""Type of a feature, and its value where a record has none."""


def feature_kinds(path: Path) -> dict[str, Kind]:
    """Return the features of a file's first record, none where the file has no record.

    Raises
    ------
    DataError
        If the file is broken, or the record is no ``tf.train.Example``.
    """
    check_records(path)
    with _reading(path), tf.device(_CPU):
        for record in tf.data.TFRecordDataset(str(path)).take(1):
            features = tf.train.Example.FromString(record.numpy()).features.feature
            return {name: _kind_of(features[name]) for name in sorted(features)}
    return {}


def parsed(
    path: Path, kinds: dict[str, Kind], wanted: NDArray[np.int64] | None = None
) -> Iterator[tuple[NDArray[np.int64], dict[str, NDArray[Any]]]]:
    """Yield records of a file, a few at a time: their numbers, and their values by feature.

    Parameters
    ----------
    path : path
    kinds : dict of str to {"bytes", "int64"}
        Features to parse; a record without one gets ``b""`` or -1.
    wanted : ndarray of int64, shape [K], optional
        Numbers of records, ascending; by default all.

    Raises
    ------
    DataError
        If the file is broken, or a feature is of another type, or has several values.
    """
    number = check_records(path)
    spec = {name: tf.io.FixedLenFeature((), *_TYPES[kind]) for name, kind in kinds.items()}
    last = number if wanted is None else int(wanted[-1]) + 1
    with _reading(path):
        with tf.device(_CPU):
            batches = iter(tf.data.TFRecordDataset(str(path)).take(last).batch(_RECORDS_AT_ONCE))
        start = 0
        for batch in batches:
            numbers = np.arange(start, start + len(batch))
            start += len(batch)
            if wanted is not None:
                kept = np.flatnonzero(np.isin(numbers, wanted))
                if not len(kept):
                    continue
                numbers = numbers[kept]
            with tf.device(_CPU):
                some = batch if len(numbers) == len(batch) else tf.gather(batch, kept)
                features = tf.io.parse_example(some, spec)
            yield numbers, {name: value.numpy() for name, value in features.items()}


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except tf.errors.OpError as error:
        cause = error.message.rpartition("}} ")[2].partition(" [Op:")[0].partition("\n")[0]
        raise broken(path, cause) from None
    except DecodeError:
        raise broken(path, "its records are no tf.train.Example") from None


def _kind_of(feature: Any) -> Kind:
    kind = feature.WhichOneof("kind")
    kinds: dict[str | None, Kind] = {
        "bytes_list": "bytes",
        "int64_list": "int64",
        "float_list": "float",
    }
    return kinds.get(kind, "empty")
