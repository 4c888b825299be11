"""What a model is fed: a loader's batches, or plans of them, on every backend of Keras.

TensorFlow takes them as a ``tf.data`` pipeline; the others take them by their numbers, and need no
TensorFlow.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from fer_data.batching.loader import Loader
from fer_data.loaders.plans import planned

_STEPS_TOGETHER = 16
_BYTES_TOGETHER = 16 << 20
"""Prepared at once: so many steps at most, and so many bytes of pictures."""


def feed(
    loader: Loader,
    *,
    rows: NDArray[np.int64] | None = None,
    steps_per_epoch: int | None = None,
    label_smoothing: float = 0.0,
) -> Any:
    """Return what ``fit``, ``evaluate`` and ``predict`` take.

    Parameters
    ----------
    loader : Loader
        The first epoch begins at its ``step``, and runs to the end of that step's epoch.
    rows : ndarray of int64, shape [N], optional
        Give plans of batches for a device that holds the pictures of these rows of the store; see
        `fer_data.loaders.plans`.
    steps_per_epoch : int, optional
        Batches of an epoch; by default the loader's.
    label_smoothing : float
        Share of each one-hot or soft label [B, C] that is spread over all classes.

    Returns
    -------
    tf.data.Dataset or Batches
    """
    if keras.backend.backend() != "tensorflow":
        return Batches(
            loader, rows=rows, steps_per_epoch=steps_per_epoch, label_smoothing=label_smoothing
        )
    if rows is None:
        dataset = import_module("fer_data.loaders.tfdata").tf_dataset
    else:
        dataset = partial(import_module("fer_data.loaders.tfplans").plan_dataset, rows=rows)
    found = dataset(loader, steps_per_epoch=steps_per_epoch)
    return found.map(_smoothing(label_smoothing)) if label_smoothing else found


class Batches(keras.utils.PyDataset):
    """Batches by their numbers; the parameters are those of `feed`.

    Attributes
    ----------
    epoch : int
        The epoch that is asked for. Keras asks for some batches without training on them: so it is
        for `Epochs` to move this on.
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
        self._per_epoch = steps_per_epoch or loader.num_steps
        self.epoch = loader.step // self._per_epoch
        self._loader = loader
        self._smoothed = _smoothing(label_smoothing)
        self._together = _STEPS_TOGETHER
        self._arrays: Callable[[int, int], tuple[Any, ...]] = loader.arrays
        if rows is None:
            self._together = min(self._together, loader.steps_within(_BYTES_TOGETHER))
        else:
            self._arrays = partial(planned, loader, rows)
        self._ready: list[tuple[Any, ...]] = []
        self._ready_from = 0

    def __len__(self) -> int:
        return (self.epoch + 1) * self._per_epoch - self._first

    @property
    def _first(self) -> int:
        return max(self._loader.step, self.epoch * self._per_epoch)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        step = self._first + index
        if not 0 <= step - self._ready_from < len(self._ready):
            self._ready = self._drawn(step)
            self._ready_from = step
        return self._ready[step - self._ready_from]

    def _drawn(self, step: int) -> list[tuple[Any, ...]]:
        """Return batches of some steps; the last of a loader's epoch may be smaller: it is alone.

        So is the first that is asked for, which is all that Keras wants at times.
        """
        last = step - step % self._loader.num_steps + self._loader.num_steps - 1
        num = min(self._together, last - step) if self._ready else 1
        stop = step + max(num, 1)
        found = keras.tree.map_structure(
            lambda each: each.reshape(stop - step, -1, *each.shape[1:]),
            self._smoothed(*self._arrays(step, stop)),
        )
        return [
            keras.tree.map_structure(lambda each, at=at: each[at], found)
            for at in range(stop - step)
        ]


class Epochs(keras.callbacks.Callback):
    """Tells `Batches` which epoch is under way; other feeds know it themselves."""

    def __init__(self, *feeds: Any) -> None:
        super().__init__()
        self._batches = [each for each in feeds if isinstance(each, Batches)]

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Go on to the epoch."""
        for each in self._batches:
            each.epoch = epoch


def _smoothing(share: float) -> Callable[..., tuple[Any, ...]]:
    """Return what spreads a share of each label [B, C] over all classes."""

    def smoothed(inputs: Any, labels: Any, *weights: Any) -> tuple[Any, ...]:
        if share:
            labels = labels * (1 - share) + share / labels.shape[-1]
        return inputs, labels, *weights

    return smoothed
