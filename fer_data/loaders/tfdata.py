"""Batches as a ``tf.data.Dataset``."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tensorflow as tf

from fer_data.batches import Loader
from fer_data.door import open_loader
from fer_data.errors import UsageError
from fer_data.strategy import Strategy


def tf_dataset(
    path: str | Path,
    *,
    split: str = "train",
    balance: str | Strategy = "natural",
    batch_size: int = 64,
    augment: str = "flip",
    seed: int = 0,
    labels: Literal["one-hot", "int"] = "one-hot",
    steps_per_epoch: int | None = None,
    initial_step: int = 0,
    **options: Any,
) -> tf.data.Dataset:
    """Open a data set's split as a ``tf.data.Dataset`` that ``keras.Model.fit`` takes.

    Each iteration is one epoch, and the next iteration the next epoch, in an order of its own.
    (``fit`` on a model that has not been built draws a batch to build it, which is an iteration:
    build the model first where a run must begin with epoch 0.)

    Parameters
    ----------
    path, split, balance, batch_size, augment, seed, **options
        As in `fer_data.open_loader`.
    labels : {"one-hot", "int"}
        Labels as float32 [B, classes] or as int64 [B].
    steps_per_epoch, initial_step : int
        As in `from_loader`.

    Returns
    -------
    tf.data.Dataset
        Of (images float32 [B, H, W, C], labels), or (images, labels, weights float32 [B]) where
        `balance` weights the classes.

    Examples
    --------
    >>> train = fer_data.tf_dataset("fer2013/", balance="oversample")  # doctest: +SKIP
    >>> model.fit(train, epochs=10)                                    # doctest: +SKIP
    """
    loader = open_loader(
        path,
        split=split,
        balance=balance,
        batch_size=batch_size,
        augment=augment,
        seed=seed,
        **options,
    )
    return from_loader(
        loader, labels=labels, steps_per_epoch=steps_per_epoch, initial_step=initial_step
    )


def from_loader(
    loader: Loader,
    *,
    labels: Literal["one-hot", "int"] = "one-hot",
    steps_per_epoch: int | None = None,
    initial_step: int = 0,
) -> tf.data.Dataset:
    """Give a loader's batches as a ``tf.data.Dataset``.

    Parameters
    ----------
    loader : Loader
    labels : {"one-hot", "int"}
    steps_per_epoch : int, optional
        Batches of an iteration; the next iteration goes on after them, so every promise of the
        loader holds whatever the number. By default the loader's epoch.
    initial_step : int
        Where to begin, counted in batches from the first epoch's start: the first iteration runs
        from there to the end of that step's epoch. It is computed, nothing is replayed. Where
        that makes the first iteration shorter than the others, the cardinality is unknown.
    """
    if labels not in ("one-hot", "int"):
        raise UsageError(f"labels is {labels!r}; choose one-hot or int")
    per_epoch = loader.num_steps if steps_per_epoch is None else steps_per_epoch
    if per_epoch < 1 or initial_step < 0:
        raise UsageError(
            f"steps_per_epoch is {per_epoch} and initial_step {initial_step}; "
            "they must be at least 1 and 0"
        )
    one_hot = np.eye(loader.num_classes, dtype=np.float32)
    iteration = itertools.count(initial_step // per_epoch)

    def stretch() -> Iterator[tuple[int, int]]:
        """Yield the first step of the iteration that begins now, and the step after its last."""
        epoch = next(iteration)
        yield max(initial_step, epoch * per_epoch), (epoch + 1) * per_epoch

    def batch(step: np.int64) -> tuple[np.ndarray, ...]:
        found = loader.batch(int(step))
        target = one_hot[found.labels] if labels == "one-hot" else found.labels
        return found.images, target, found.weights

    types = (tf.float32, tf.float32 if labels == "one-hot" else tf.int64, tf.float32)
    shape = loader.store.form.shape

    def load(step: tf.Tensor) -> tuple[tf.Tensor, ...]:
        images, target, weights = tf.numpy_function(batch, [step], types, stateful=False)
        images.set_shape((None, *shape))
        target.set_shape((None, loader.num_classes) if labels == "one-hot" else (None,))
        weights.set_shape((None,))
        return (images, target, weights) if loader.strategy.class_weights else (images, target)

    spec = (tf.TensorSpec((), tf.int64), tf.TensorSpec((), tf.int64))
    dataset = (
        tf.data.Dataset.from_generator(stretch, output_signature=spec)
        .flat_map(tf.data.Dataset.range)
        .map(load, num_parallel_calls=2, deterministic=True)
        .prefetch(tf.data.AUTOTUNE)
    )
    if initial_step % per_epoch == 0:
        dataset = dataset.apply(tf.data.experimental.assert_cardinality(per_epoch))
    return dataset
