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

    def stretch() -> Iterator[tuple[int, int]]:
        """Yield the first step of the iteration that begins now, and the step after its last."""
        epoch = next(iteration)
        yield max(loader.step, epoch * per_epoch), (epoch + 1) * per_epoch

    def arrays(step: np.int64) -> tuple[NDArray[Any], ...]:
        return loader.arrays(int(step), labels=labels)

    specs = (
        tf.TensorSpec((None, *loader.store.form.shape), tf.float32),
        tf.TensorSpec((None, loader.num_classes), tf.float32)
        if labels == "one-hot"
        else tf.TensorSpec((None,), tf.int64),
        tf.TensorSpec((None,), tf.float32),
    )[: 3 if loader.strategy.weights else 2]

    def load(step: tf.Tensor) -> tuple[tf.Tensor, ...]:
        found = tf.numpy_function(arrays, [step], [one.dtype for one in specs], stateful=False)
        return tuple(tf.ensure_shape(x, one.shape) for x, one in zip(found, specs, strict=True))

    number = tf.TensorSpec((), tf.int64)
    dataset = (
        tf.data.Dataset.from_generator(stretch, output_signature=(number, number))
        .flat_map(tf.data.Dataset.range)
        .map(load, num_parallel_calls=2, deterministic=True)
        .prefetch(tf.data.AUTOTUNE)
    )
    if loader.step % per_epoch == 0:
        dataset = dataset.apply(tf.data.experimental.assert_cardinality(per_epoch))
    return dataset
