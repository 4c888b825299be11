"""What a model is fed: a loader's batches, or plans of them, on every backend of Keras.

TensorFlow takes them as a ``tf.data`` pipeline; the others take them by their numbers, and need no
TensorFlow.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from fer_data.adapters.plans import planned_arrays, refuse_shard
from fer_data.loading.chunks import chunk_end, steps_at_once, steps_of_iteration
from fer_data.loading.loader import Loader
from fer_data.transforms import Flip, ForRare, Ops, Transform

_Batch = tuple[Any, ...]


def feed(
    loader: Loader,
    *,
    rows: NDArray[np.int64] | None = None,
    steps_per_epoch: int | None = None,
    label_smoothing: float = 0.0,
) -> Any:
    """Return what ``evaluate`` and ``predict`` take, and ``fit`` with `Epochs` among its callbacks.

    Images are uint8 where that loses nothing, a quarter of the bytes: the net makes floats of them.

    Call ``fit`` with ``shuffle=False``, as Keras shuffles some of it else.

    Parameters
    ----------
    loader : Loader
        The first epoch of ``fit``, whatever its ``initial_epoch``, begins at the loader's ``step``.
    rows : ndarray of int64, shape [N], optional
        Give plans of batches for a device that holds the images of these rows of the store; see
        `fer_data.adapters.plans`.
    steps_per_epoch : int, optional
        Batches of every epoch; by default as many as the loader's epoch has.
    label_smoothing : float
        Fraction of each one-hot or soft label [B, C] that is spread over all classes.

    Returns
    -------
    tf.data.Dataset or Batches

    Raises
    ------
    UsageError
        If `steps_per_epoch` is not 1 or more, or a shard's batches are to be planned.
    """
    if rows is None and not loader.mix and _only_flips(loader.transform):
        loader = replace(loader, dtype="uint8")
    if keras.backend.backend() != "tensorflow":
        return Batches(
            loader, rows=rows, steps_per_epoch=steps_per_epoch, label_smoothing=label_smoothing
        )
    if rows is None:
        from fer_data.adapters.tfdata import tf_dataset

        dataset = tf_dataset(loader, steps_per_epoch=steps_per_epoch)
    else:
        from fer_data.adapters.tfplans import plan_dataset

        dataset = plan_dataset(loader, rows, steps_per_epoch=steps_per_epoch)
    return dataset.map(_smoothing(label_smoothing)) if label_smoothing else dataset


class Batches(keras.utils.PyDataset):
    """Batches by their numbers; the parameters are those of `feed`.

    Several are prepared at once, and while they are used the next ones, on a thread. The last few
    are kept: Keras asks for some, to see what they are like, and then for the same again.
    """

    def __init__(
        self,
        loader: Loader,
        *,
        rows: NDArray[np.int64] | None = None,
        steps_per_epoch: int | None = None,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__()
        self._loader = loader
        self._per_epoch = steps_of_iteration(loader, steps_per_epoch)
        self.iteration = 0
        """Which one is asked for; for `Epochs` to move on, as Keras asks before it trains."""
        self._smoothed = _smoothing(label_smoothing)
        self._at_once = steps_at_once(loader, with_images=rows is None)
        self._arrays: Callable[[int, int], _Batch] = loader.arrays
        if rows is not None:
            refuse_shard(loader)
            self._arrays = partial(planned_arrays, loader, rows)
        self._thread = ThreadPoolExecutor(1)
        self._kept: deque[tuple[int, list[_Batch]]] = deque(maxlen=2)
        self._ahead: tuple[int, Future[list[_Batch]]] | None = None

    def __len__(self) -> int:
        return self._per_epoch

    def __getitem__(self, index: int) -> _Batch:
        step = self._loader.step + self.iteration * self._per_epoch + index
        for start, batches in self._kept:
            if 0 <= step - start < len(batches):
                return batches[step - start]
        if self._ahead and self._ahead[0] == step:
            batches = self._ahead[1].result()
        else:
            batches = self._drawn(step, 1)  # the first one is waited for
        self._kept.append((step, batches))
        if self._ahead:
            self._ahead[1].cancel()
        after = step + len(batches)
        self._ahead = after, self._thread.submit(self._drawn, after, self._at_once)
        return batches[0]

    def _drawn(self, step: int, at_once: int) -> list[_Batch]:
        num = chunk_end(self._loader, step, at_once) - step
        batches = keras.tree.map_structure(
            lambda array: array.reshape(num, -1, *array.shape[1:]),
            self._smoothed(*self._arrays(step, step + num)),
        )
        return [
            keras.tree.map_structure(lambda array, at=at: array[at], batches) for at in range(num)
        ]


class Epochs(keras.callbacks.Callback):
    """Tells `Batches` which epoch is under way; other feeds know it themselves.

    Without it, all epochs of ``fit`` are the first one.

    Parameters
    ----------
    *feeds
        What `feed` returned.
    """

    def __init__(self, *feeds: Any) -> None:
        super().__init__()
        self._batches = [source for source in feeds if isinstance(source, Batches)]
        self._first: int | None = None

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Go on to the epoch; the first one is where the loaders begin."""
        if self._first is None:
            self._first = epoch
        for source in self._batches:
            source.iteration = epoch - self._first


def _only_flips(transform: Transform) -> bool:
    if isinstance(transform, ForRare):
        return _only_flips(transform.transform) and _only_flips(transform.rare)
    return isinstance(transform, Ops) and all(isinstance(op, Flip) for op in transform.ops)


def _smoothing(fraction: float) -> Callable[..., _Batch]:
    """Return what spreads a fraction of each label [B, C] over all classes."""

    def smoothed(inputs: Any, labels: Any, *weights: Any) -> _Batch:
        if fraction:
            labels = labels * (1 - fraction) + fraction / labels.shape[-1]
        return inputs, labels, *weights

    return smoothed
