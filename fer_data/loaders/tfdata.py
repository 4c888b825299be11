"""Batches as a ``tf.data.Dataset``."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from fer_data.batches import Labels, Loader, check_labels
from fer_data.door import as_loader
from fer_data.errors import UsageError

_STEPS_TOGETHER = 16
"""Steps that one call of Python prepares: a call from TensorFlow costs as much as three batches."""


def tf_dataset(
    source: str | Path | Loader,
    *,
    labels: Labels = "one-hot",
    steps_per_epoch: int | None = None,
    **options: Any,
) -> tf.data.Dataset:
    """Give batches as a ``tf.data.Dataset`` that ``keras.Model.fit`` takes.

    Each iteration is one epoch, and the next iteration the next epoch, in an order of its own.
    (``fit`` on a model that has not been built draws a batch to build it, which is an iteration:
    build the model first where a run must begin with epoch 0.)

    Parameters
    ----------
    source : path or Loader
        A data set, opened as `fer_data.open_loader` does, or a loader. The first iteration begins
        at the loader's ``step``, and runs to the end of that step's epoch. Where that makes it
        shorter than the others, the cardinality is unknown.
    labels : {"one-hot", "int"}
        Labels as float32 [B, classes] or as int64 [B].
    steps_per_epoch : int, optional
        Batches of an iteration; the next iteration goes on after them, so every promise of the
        loader holds whatever the number. By default the loader's epoch.
    **options
        As in `fer_data.open_loader`, for a path.

    Returns
    -------
    tf.data.Dataset
        Of (images float32 [B, H, W, C], labels), or (images, labels, weights float32 [B]) where
        the strategy weights the classes.

    Examples
    --------
    >>> train = fer_data.tf_dataset("fer2013/", balance="oversample")  # doctest: +SKIP
    >>> model.fit(train, epochs=10)                                    # doctest: +SKIP
    """
    loader = as_loader(source, options)
    check_labels(loader, labels)
    per_epoch = loader.num_steps if steps_per_epoch is None else steps_per_epoch
    if per_epoch < 1:
        raise UsageError(f"steps_per_epoch is {per_epoch}; it must be 1 or more")
    iteration = itertools.count(loader.step // per_epoch)
    part = len(range(loader.batch_size)[loader.shard.of(loader.batch_size)])
    together = _STEPS_TOGETHER if loader.gives_bytes else 1

    def segments() -> Iterator[tuple[int, int]]:
        """Yield the steps of the iteration that begins now, cut where a batch may be smaller."""
        epoch = next(iteration)
        step, stop = max(loader.step, epoch * per_epoch), (epoch + 1) * per_epoch
        while step < stop:
            end = min(stop, (step // loader.num_steps + 1) * loader.num_steps)
            yield step, end
            step = end

    def stretch(first: np.int64, last: np.int64) -> tuple[NDArray[Any], ...]:
        return loader.stretch(int(first), int(last), labels=labels)

    specs = (
        tf.TensorSpec(
            (None, *loader.store.form.shape), tf.uint8 if loader.gives_bytes else tf.float32
        ),
        tf.TensorSpec((None, loader.num_classes), tf.float32)
        if labels == "one-hot"
        else tf.TensorSpec((None,), tf.int64),
        tf.TensorSpec((None,), tf.float32),
    )[: 3 if loader.strategy.weights else 2]

    def load(first: tf.Tensor, last: tf.Tensor) -> tuple[tf.Tensor, ...]:
        types = [one.dtype for one in specs]
        found = tf.numpy_function(stretch, [first, last], types, stateful=False)
        return tuple(tf.ensure_shape(x, one.shape) for x, one in zip(found, specs, strict=True))

    def batches(*arrays: tf.Tensor) -> tf.data.Dataset:
        size = tf.shape(arrays[0], out_type=tf.int64)[0]

        def batch(number: tf.Tensor) -> tuple[tf.Tensor, ...]:
            images, *rest = (x[number * part : (number + 1) * part] for x in arrays)
            if loader.gives_bytes:
                images = tf.cast(images, tf.float32)
                if loader.rescale != 1.0:
                    images *= loader.rescale
            return images, *rest

        return tf.data.Dataset.range(-(-size // part)).map(batch)

    def stretches(first: tf.Tensor, last: tf.Tensor) -> tf.data.Dataset:
        firsts = tf.data.Dataset.range(first, last, together)
        return firsts.map(lambda step: (step, tf.minimum(step + together, last)))

    number = tf.TensorSpec((), tf.int64)
    dataset = (
        tf.data.Dataset.from_generator(segments, output_signature=(number, number))
        .flat_map(stretches)
        .map(load, num_parallel_calls=1 if loader.gives_bytes else 2, deterministic=True)
        .flat_map(batches)
        .prefetch(tf.data.AUTOTUNE)
    )
    if loader.step % per_epoch == 0:
        dataset = dataset.apply(tf.data.experimental.assert_cardinality(per_epoch))
    return dataset
