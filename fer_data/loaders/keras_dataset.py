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
        self._has_given_all = False

    def __len__(self) -> int:
        return self._loader.num_steps

    def __getitem__(self, index: int) -> tuple[NDArray[Any], ...]:
        # Keras may ask again, and before the first epoch: this moves nothing.
        self._has_given_all |= index == len(self) - 1
        return self._loader.arrays(self._step + index, labels=self._labels)

    def on_epoch_end(self) -> None:
        """Go on to the next epoch, if this one was one: Keras asks for a batch to build a model."""
        if self._has_given_all:
            self._step += len(self)
        self._has_given_all = False


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
