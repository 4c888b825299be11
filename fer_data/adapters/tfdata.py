"""Batches as a ``tf.data.Dataset``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from fer_data.adapters.iterations import Iterations
from fer_data.adapters.tfcall import call_python
from fer_data.data.reading import DatasetLike
from fer_data.loading.batches import Labels
from fer_data.loading.chunks import chunk_end, steps_at_once, steps_of_iteration
from fer_data.loading.loader import Loader
from fer_data.loading.opening import as_loader, check_labels
from fer_data.loading.state import line_of
from fer_data.transforms import Keys


def tf_dataset(
    source: DatasetLike | Loader,
    *,
    label_mode: Labels = "one-hot",
    steps_per_epoch: int | None = None,
    **options: Any,
) -> tf.data.Dataset:
    """Give batches as a ``tf.data.Dataset`` that ``keras.Model.fit`` takes.

    Every iteration gives the same number of steps, `steps_per_epoch`, and the next iteration goes
    on after them: a dataset that begins at step k gives k, k + 1, … without a gap, however many
    epochs ``fit`` trains, and a second ``fit`` goes on after the first; its ``repr`` says where it
    stands. (Where ``fit`` draws a batch to build a model, as on JAX and PyTorch or within a
    ``tf.distribute`` strategy, that is an iteration: give `ResumeData` to ``callbacks``.)

    Parameters
    ----------
    source : path, Dataset or Loader
        A data set, opened as `fer_data.open_loader` does, or a loader. The first iteration begins
        at the loader's ``step``.
    label_mode : {"one-hot", "int"}
        Labels as float32 [B, classes] or as int64 [B].
    steps_per_epoch : int, optional
        Batches of an iteration, and the dataset's cardinality; by default as many as an epoch of
        the loader has. Every promise of the loader holds whatever the number. Give it here and not
        to ``fit``, which would end the epoch in which this dataset's iteration ends.
    **options
        As in `fer_data.open_loader`, for a path.

    Returns
    -------
    tf.data.Dataset
        Of (images float32 [B, H, W, C], labels), or (images, labels, weights float32 [B]) where
        the strategy weights the classes; with an attribute ``class_names``.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> data = (np.zeros((4, 48, 48), np.uint8), ["cat", "cat", "cat", "dog"])
    >>> train = fer_data.tf_dataset(data, balance="batch", batch_size=2)
    >>> images, labels = next(iter(train))
    >>> images.numpy().shape, labels.numpy().sum(axis=0).tolist()
    ((2, 48, 48, 1), [1.0, 1.0])
    >>> model.fit(train, epochs=10)  # doctest: +SKIP
    """
    loader = as_loader(source, options, tf_dataset)
    check_labels(loader, label_mode)
    specs = (
        tf.TensorSpec((None, *_image_shape(loader)), loader.dtype),
        tf.TensorSpec((None, loader.num_classes), tf.float32)
        if label_mode == "one-hot"
        else tf.TensorSpec((None,), tf.int64),
        tf.TensorSpec((None,), tf.float32),
    )[: 3 if loader.weights else 2]
    return by_step(
        loader,
        lambda step, stop: loader.arrays(step, stop, label_mode=label_mode),
        specs,
        steps_per_epoch=steps_per_epoch,
        at_once=steps_at_once(loader),
    )


def _image_shape(loader: Loader) -> tuple[int, ...]:
    """Return height, width and channels; a function may give images of other ones."""
    if isinstance(loader.batch_plan(loader.step).parameters, Keys):
        return loader.batch(loader.step).images.shape[1:]
    return loader.store.form.shape


def by_step(
    loader: Loader,
    arrays: Callable[[int, int], tuple[NDArray[Any], ...]],
    specs: Sequence[tf.TensorSpec],
    *,
    at_once: int,
    steps_per_epoch: int | None = None,
) -> tf.data.Dataset:
    """Give what a function makes of a loader's steps, epoch by epoch, as `tf_dataset` does.

    A call from TensorFlow costs as much as three batches of 64. Images drawn together reach it as
    one array without a copy, of which each batch is a part, again without a copy: memory that is
    aligned, and used again (`fer_data.util.scratch`), makes that possible.

    Parameters
    ----------
    loader : Loader
    arrays : callable
        From a step and the one to stop before to arrays, those of all batches between one after
        the other.
    specs : sequence of tf.TensorSpec
        Of a batch's arrays.
    steps_per_epoch : int, optional
        As in `tf_dataset`.
    at_once : int
        Steps that one call prepares at most.

    Returns
    -------
    tf.data.Dataset
        Of tuples, a batch each.
    """
    per_epoch = steps_of_iteration(loader, steps_per_epoch)
    iterations = Iterations(per_epoch, loader.step, line_of(loader.settings()))

    def firsts_and_lasts() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the chunks of steps of the iteration that begins now."""
        step = iterations.begin()
        stop = step + per_epoch
        firsts, lasts = [], []
        while step < stop:
            firsts.append(step)
            step = min(stop, chunk_end(loader, step, at_once))
            lasts.append(step)
        return np.array(firsts), np.array(lasts)

    def batches(first: np.int64, last: np.int64) -> tuple[NDArray[Any], ...]:
        values = arrays(int(first), int(last))
        return tuple(array.reshape(last - first, -1, *array.shape[1:]) for array in values)

    steps = tf.TensorSpec((None,), tf.int64)
    of_several = [tf.TensorSpec((None, *spec.shape), spec.dtype) for spec in specs]
    dataset = (
        tf.data.Dataset.range(1)
        .map(lambda _: call_python(firsts_and_lasts, [], [steps, steps]))
        .unbatch()
        .map(lambda first, last: call_python(batches, [first, last], of_several))
        .flat_map(lambda *arrays: tf.data.Dataset.from_tensor_slices(arrays))
        .prefetch(at_once)
        .apply(tf.data.experimental.assert_cardinality(per_epoch))
    )
    about = f"balance={loader.balance}"
    return described(dataset, iterations, loader.store.dataset.class_names, about)


def described(
    dataset: tf.data.Dataset, iterations: Iterations, class_names: tuple[str, ...], about: str
) -> tf.data.Dataset:
    """Return a dataset that says what it is and where it stands.

    Its attributes ``iterations`` and ``class_names`` are these.
    """

    class Described(type(dataset)):  # type: ignore[misc]
        def __repr__(self) -> str:
            of = f"{len(class_names)} classes, {about}"
            return f"<{of}; {iterations}; {self.element_spec}>"

        __str__ = __repr__

    Described.__name__ = type(dataset).__name__
    dataset.__class__ = Described
    dataset.iterations, dataset.class_names = iterations, class_names
    return dataset
