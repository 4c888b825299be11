"""Balanced batches of indices as a ``tf.data.Dataset``, for your own map function."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from fer_data.adapters.iterations import Iterations
from fer_data.adapters.tfcall import call_python
from fer_data.adapters.tfdata import described
from fer_data.loading.samplers import BalancedBatchSampler
from fer_data.util.checks import whole_number


def tf_indices(
    sampler: BalancedBatchSampler, *, steps_per_epoch: int | None = None
) -> tf.data.Dataset:
    """Give a sampler's batches of indices as a ``tf.data.Dataset``.

    As in `tf_dataset`, every iteration gives the same number of steps, the next one goes on after
    them, and the first one begins at ``sampler.step``. The sampler itself is not moved.

    Parameters
    ----------
    sampler : BalancedBatchSampler
    steps_per_epoch : int, optional
        Batches of an iteration; by default as many as an epoch of the sampler has.

    Returns
    -------
    tf.data.Dataset
        Of indices int64 [B], or pairs (indices, repeats) where the sampler gives repeats; with an
        attribute ``class_names``.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> labels = np.array([0, 0, 0, 1])
    >>> sampler = fer_data.BalancedBatchSampler(labels, "batch", batch_size=2)
    >>> indices = fer_data.tf_indices(sampler)
    >>> [sorted(labels[batch.numpy()].tolist()) for batch in indices]
    [[0, 1], [0, 1]]
    >>> train = indices.map(lambda rows: tf.gather(images, rows))  # doctest: +SKIP
    """
    num_steps = len(sampler)
    if steps_per_epoch is not None:
        num_steps = whole_number("steps_per_epoch", steps_per_epoch, 1)
    fingerprint = str(sampler.state_dict(0)["fingerprint"])
    iterations = Iterations(num_steps, sampler.step, fingerprint)
    spec = tf.TensorSpec((None,), tf.int64)
    specs = [spec, spec] if sampler.with_repeats else [spec]

    def batch(step: np.int64) -> tuple[Any, ...]:
        indices = np.asarray(sampler[int(step)], np.int64)
        return tuple(indices.T) if sampler.with_repeats else (indices,)

    def start() -> np.int64:
        return np.int64(iterations.begin())

    def steps(_: Any) -> tf.data.Dataset:
        (first,) = call_python(start, [], [tf.TensorSpec((), tf.int64)])
        return tf.data.Dataset.range(first, first + num_steps)

    def indices(step: tf.Tensor) -> Any:
        indices = call_python(batch, [step], specs)
        return indices if sampler.with_repeats else indices[0]

    dataset = (
        tf.data.Dataset.range(1)
        .flat_map(steps)
        .map(indices)
        .prefetch(2)
        .apply(tf.data.experimental.assert_cardinality(num_steps))
    )
    return described(dataset, iterations, sampler.class_names, f"balance={sampler.strategy}")
