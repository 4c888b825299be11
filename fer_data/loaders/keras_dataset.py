"""Batches as a ``keras.utils.PyDataset``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
from numpy.typing import NDArray

from fer_data.batching.batches import Labels
from fer_data.batching.door import as_loader
from fer_data.batching.loader import Loader, check_labels


class KerasDataset(keras.utils.PyDataset):
    """A loader's batches, for ``fit`` on any backend without TensorFlow's pipelines.

    Call ``fit`` with ``shuffle=False``: else Keras reorders the batches by a generator of its own.
    On JAX and PyTorch ``fit`` first draws some to build a model, and its metrics: with several
    workers, or epochs of one or two batches, let it see a batch before (``model.test_on_batch``),
    or those may be missing from the first epoch.

    Parameters
    ----------
    loader : Loader
        Epochs are counted from its ``step`` on.
    labels : {"one-hot", "int"}
        Labels as float32 [B, classes] or as int64 [B].
    **options
        ``workers``, ``use_multiprocessing`` and ``max_queue_size``, as Keras has them. Whatever
        they are, the batches are the same.
    """

    def __init__(self, loader: Loader, *, labels: Labels = "one-hot", **options: Any) -> None:
        super().__init__(**options)
        check_labels(loader, labels)
        self._loader = loader
        self._labels = labels
        self._step = loader.step
        self._within_epoch = False
        self._has_given_all = False

    def __len__(self) -> int:
        return self._loader.num_steps

    def __getitem__(self, index: int) -> tuple[NDArray[Any], ...]:
        # Keras may ask again, and before the first epoch: this moves nothing.
        if index == len(self) - 1:
            self._has_given_all = True  # where workers are processes, only theirs knows
        return self._loader.arrays(self._step + index, labels=self._labels)

    def on_epoch_begin(self) -> None:
        """Note that an epoch began."""
        self._within_epoch = True

    def on_epoch_end(self) -> None:
        """Go on to the next epoch, if one was drawn: Keras begins some for a single batch."""
        if self._within_epoch and (self._has_given_all or self.use_multiprocessing):
            self._step += len(self)
        self._within_epoch = self._has_given_all = False


def keras_dataset(
    source: str | Path | Loader,
    *,
    labels: Labels = "one-hot",
    workers: int = 1,
    **options: Any,
) -> KerasDataset:
    """Give batches as a ``keras.utils.PyDataset``; call ``fit`` with ``shuffle=False``.

    Parameters
    ----------
    source : path or Loader
        A data set, opened as `fer_data.open_loader` does, or a loader.
    labels : {"one-hot", "int"}
        Labels as float32 [B, classes] or as int64 [B].
    workers : int
        Threads that prepare batches.
    **options
        As in `fer_data.open_loader`, for a path.

    Returns
    -------
    KerasDataset
        Of (images float32 [B, H, W, C], labels), or (images, labels, weights float32 [B]) where
        the strategy weights the classes.
    """
    return KerasDataset(as_loader(source, options), labels=labels, workers=workers)
