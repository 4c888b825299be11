"""Balanced batches from TFRecord files, where pictures can only be read one after the other.

Which class stands at which place is planned exactly as for a loader. Which of the class's samples
that is, is decided by the order of its files and a buffer that shuffles them. So of a loader's
promises these remain: the same in, the same out (with the same files, buffer and version of
TensorFlow); exact counts, and balanced batches where classes take turns; full cover, as a class is
read to its end before it is read again; repeats that differ; shards that are parts of every batch
(each process reads all files); nothing but the training split is balanced or augmented. An epoch
begins anywhere, but not a step: what classes have given before it is read and left out, at most
once through each class.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from fer_data.adapters.tfcall import call_python
from fer_data.data.labels import EVALUATION_SPLITS, split_to_take
from fer_data.data.sources.tfrecord import RecordFile, read_index
from fer_data.errors import UsageError
from fer_data.loading.batches import Labels
from fer_data.sampling.planner import Planner
from fer_data.sampling.schedule import EpochSize
from fer_data.sampling.shard import WHOLE, Shard
from fer_data.sampling.strategy import NATURAL, Strategy
from fer_data.sampling.weights import class_weights
from fer_data.transforms.augment import Augmentation, apply
from fer_data.util import keyed


def tfrecord_dataset(
    path: str | Path,
    *,
    split: str | None = None,
    balance: str | Strategy = "natural",
    batch_size: int = 64,
    epoch_size: EpochSize = None,
    augment: str = "flip",
    seed: int = 0,
    rescale: float = 1.0,
    labels: Labels = "one-hot",
    shuffle_buffer: int = 4096,
    shard: Shard = WHOLE,
    epoch: int = 0,
) -> tf.data.Dataset:
    """Give batches from the files that `write_tfrecords` wrote.

    Each iteration is one epoch, and the next iteration the next epoch.

    Parameters
    ----------
    path : path
        What `write_tfrecords` wrote.
    split, balance, batch_size, epoch_size, augment, seed, rescale, shard
        As in `fer_data.open_loader`; the last batch of an epoch may be smaller.
    labels : {"one-hot", "int"}
        Labels as float32 [B, classes] or as int64 [B].
    shuffle_buffer : int
        Records of each class that are shuffled at a time; a class that fits is shuffled whole.
    epoch : int
        The first epoch.

    Returns
    -------
    tf.data.Dataset
        Of (images float32 [B, H, W, C], labels), or (images, labels, weights float32 [B]) where
        the strategy weights the classes.

    Raises
    ------
    DataError
        If there are no such files, or there is no such split.
    UsageError
        If an argument cannot be meant.
    """
    index = read_index(path)
    present = sorted({file.split for file in index.files})
    split = split_to_take(split, present, str(index.path))
    counts = index.counts(split)
    strategy = balance if isinstance(balance, Strategy) else Strategy.parse(balance)
    evaluates = split in EVALUATION_SPLITS
    if evaluates and strategy != NATURAL:
        raise UsageError(f"balance {strategy} on the {split} split: only train is ever balanced")
    if labels not in ("one-hot", "int"):
        raise UsageError(f"labels is {labels!r}; choose one-hot or int")
    for name, value, least in (
        ("batch_size", batch_size, 1),
        ("shuffle_buffer", shuffle_buffer, 1),
        ("epoch", epoch, 0),
        ("seed", seed, 0),
    ):
        if value < least:
            raise UsageError(f"{name} is {value}; it must be {least} or more")
    planner = Planner(
        np.repeat(np.arange(len(counts)), counts),
        strategy,
        seed=seed,
        epoch_size=epoch_size,
        class_names=index.class_names,
        shuffle=not evaluates,
    )
    shard.check(planner.schedule.size % batch_size or batch_size)
    augmentation = Augmentation(
        "none" if evaluates else augment,
        None,
        np.zeros(len(counts), np.bool_),
        num_samples=index.num_samples,
        shape=index.form.shape[:2],
        seed=seed,
    )
    label_of = np.repeat(np.arange(len(counts)), counts)
    weights = class_weights(counts, strategy.weights or "balanced")
    one_hot = np.eye(len(counts), dtype=np.float32)
    numbers = itertools.count(epoch)

    def next_epoch() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the class of each place of the next epoch, and the draws of each before it."""
        number = next(numbers)
        return label_of[planner.epoch(number).samples], planner.schedule.before(number)

    def finish(
        pixels: NDArray[np.uint8],
        targets: NDArray[np.int64],
        samples: NDArray[np.int64],
        repeats: NDArray[np.int64],
    ) -> tuple[NDArray[Any], ...]:
        images = np.empty(pixels.shape, np.float32)
        apply(pixels.copy(), augmentation.parameters(samples, repeats, targets), images)
        if rescale != 1.0:
            images *= np.float32(rescale)
        found = one_hot[targets] if labels == "one-hot" else targets
        return images, found, weights[targets].astype(np.float32)

    specs = (
        tf.TensorSpec((None, *index.form.shape), tf.float32),
        tf.TensorSpec((None, len(counts)), tf.float32)
        if labels == "one-hot"
        else tf.TensorSpec((None,), tf.int64),
        tf.TensorSpec((None,), tf.float32),
    )

    epoch_specs = tf.TensorSpec((None,), tf.int64), tf.TensorSpec((len(counts),), tf.int64)

    def to_arrays(*batch: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return call_python(finish, batch, specs)[: 3 if strategy.weights else 2]

    def one_epoch(order: tf.Tensor, before: tf.Tensor) -> tf.data.Dataset:
        classes = [
            _class_stream(
                [file for file in index.files if (file.split, file.label) == (split, label)],
                begin=before[label],
                num_records=int(counts[label]),
                seed=keyed.word(seed, keyed.RECORDS, label) if not evaluates else None,
                buffer=shuffle_buffer,
            )
            for label in range(len(counts))
        ]
        order = tf.data.Dataset.from_tensor_slices(order)
        return tf.data.Dataset.choose_from_datasets(classes, order)

    def part(*batch: tf.Tensor) -> tuple[tf.Tensor, ...]:
        size = tf.shape(batch[0])[0]
        begin, end = (size * (shard.index + more) // shard.count for more in (0, 1))
        return tuple(x[begin:end] for x in batch)

    dataset = (
        tf.data.Dataset.range(1)
        .map(lambda _: call_python(next_epoch, [], epoch_specs))
        .flat_map(one_epoch)
        .batch(batch_size)
        .map(part)
        .map(lambda *batch: _decoded(batch, index.form.shape), num_parallel_calls=tf.data.AUTOTUNE)
        .map(to_arrays)
        .prefetch(tf.data.AUTOTUNE)
    )
    num_steps = -(-planner.schedule.size // batch_size)
    return dataset.apply(tf.data.experimental.assert_cardinality(num_steps))


def _class_stream(
    files: list[RecordFile],
    *,
    begin: tf.Tensor,
    num_records: int,
    seed: int | None,
    buffer: int,
) -> tf.data.Dataset:
    """Return records of one class without end, each with its repeat, from draw `begin` on."""
    if not num_records:  # no place of any epoch asks for it
        nothing = tf.data.Dataset.from_tensors((tf.constant(b""), tf.constant(0, tf.int64)))
        return nothing.take(0)

    def cycle(number: tf.Tensor) -> tf.data.Dataset:
        records = tf.data.TFRecordDataset([str(file.path) for file in files])
        if seed is not None:
            # Else TensorFlow's global seed would go into the order, and a global seed of 0 fails.
            tf.compat.v1.get_default_graph().seed = None
            records = records.shuffle(buffer, seed=number + seed, reshuffle_each_iteration=False)
        return records.map(lambda record: (record, number))

    first = begin // num_records
    endless = tf.data.Dataset.range(first, tf.int64.max).flat_map(cycle)
    return endless.skip(begin - first * num_records)


def _decoded(batch: tuple[tf.Tensor, ...], shape: tuple[int, int, int]) -> tuple[tf.Tensor, ...]:
    records, repeats = batch
    features = {
        "image/encoded": tf.io.FixedLenFeature((), tf.string),
        "image/class/label": tf.io.FixedLenFeature((), tf.int64),
        "image/id": tf.io.FixedLenFeature((), tf.int64),
    }
    found = tf.io.parse_example(records, features)
    pixels = tf.map_fn(
        lambda one: tf.ensure_shape(tf.io.decode_png(one, channels=shape[-1]), shape),
        found["image/encoded"],
        fn_output_signature=tf.TensorSpec(shape, tf.uint8),
    )
    return pixels, found["image/class/label"], found["image/id"], repeats
