"""Batches as a ``keras.utils.PyDataset``."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any

import keras
from numpy.typing import NDArray

from fer_data.adapters.iterations import Iterations
from fer_data.data.reading import DatasetLike
from fer_data.errors import UsageError
from fer_data.loading.batches import Labels
from fer_data.loading.chunks import steps_of_iteration
from fer_data.loading.loader import Loader
from fer_data.loading.opening import as_loader, check_labels
from fer_data.loading.state import line_of
from fer_data.loading.wrappers import keep_order

_Arrays = tuple[NDArray[Any], ...]


class KerasDataset(keras.utils.PyDataset):
    """A loader's batches, for ``fit`` on any backend without TensorFlow's pipelines.

    The order is the loader's, whatever ``shuffle`` is given to ``fit``: as with a
    ``tf.data.Dataset``, shuffling is the data's own. On JAX and PyTorch ``fit`` first draws a batch
    to build a model and its metrics: with epochs of one or two batches, give `ResumeData` to
    ``callbacks``, or those may be missing from the first epoch. A second ``fit`` goes on after the
    first; the ``repr`` says where.

    Parameters
    ----------
    loader : Loader
        The first epoch begins at its ``step``.
    label_mode : {"one-hot", "int"}
        Labels as float32 [B, classes] or as int64 [B].
    workers : int
        Threads that prepare batches; with 1, the thread that asks for a batch does. Keras starts
        none: its own ones repeat and skip batches where an epoch ends before the dataset does
        (keras-team/keras#20032).
    steps_per_epoch : int, optional
        Batches of an epoch; by default as many as an epoch of the loader has.

    Attributes
    ----------
    class_names : tuple of str
    iterations : Iterations
        Where the next epoch begins.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> data = fer_data.load((np.zeros((4, 48, 48), np.uint8), ["cat", "cat", "cat", "dog"]))
    >>> loader = fer_data.open_loader(data, balance="batch", batch_size=2)
    >>> images, labels = fer_data.KerasDataset(loader, label_mode="int")[0]
    >>> images.shape, sorted(np.asarray(labels).tolist())
    ((2, 48, 48, 1), [0, 1])
    """

    def __init__(
        self,
        loader: Loader,
        *,
        label_mode: Labels = "one-hot",
        workers: int = 1,
        steps_per_epoch: int | None = None,
    ) -> None:
        super().__init__()
        check_labels(loader, label_mode)
        if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
            raise UsageError(f"workers: expected a whole number, 1 or more, got {workers!r}")
        self._loader = loader
        self._label_mode = label_mode
        num_steps = steps_of_iteration(loader, steps_per_epoch)
        fingerprint = line_of(loader.settings())
        self.iterations = Iterations(num_steps, loader.step, fingerprint)
        self.class_names = loader.store.dataset.class_names
        self._within_epoch = False
        self._last = -1
        self._prefetched = _Prefetched(self._drawn, workers) if workers > 1 else None

    def __repr__(self) -> str:
        of = f"{len(self.class_names)} classes, balance={self._loader.balance}"
        return f"KerasDataset({of}; {self.iterations})"

    def __len__(self) -> int:
        return self.iterations.num_steps

    @property
    def workers(self) -> int:
        """How many threads Keras starts: none."""
        keep_order(self)
        return 1

    def __getitem__(self, index: int) -> _Arrays:
        # Keras may ask again, and before the first epoch: that moves nothing.
        last, self._last = self._last, index
        if self._within_epoch and index not in (0, last + 1):
            raise UsageError(
                f"batch {index} of an epoch was asked for after batch {last}: expected them in "
                "order. Call fit with shuffle=False, and leave workers as they are"
            )
        step = self.iterations.step + index
        return self._prefetched.get(step) if self._prefetched else self._drawn(step)

    def on_epoch_begin(self) -> None:
        """Note that an epoch began."""
        self._within_epoch = True

    def on_epoch_end(self) -> None:
        """Go on to the next epoch, if one was drawn: Keras begins some for a single batch."""
        if self._within_epoch and self._last == len(self) - 1:
            self.iterations.begin()
            self._last = -1
        self._within_epoch = False

    def _drawn(self, step: int) -> _Arrays:
        return self._loader.arrays(step, label_mode=self._label_mode)


class _Prefetched:
    """Batches that threads prepare in advance."""

    def __init__(self, drawn: Any, num_threads: int) -> None:
        self._drawn = drawn
        self._num_threads = num_threads
        self._pool = ThreadPoolExecutor(num_threads)
        self._lock = Lock()
        self._prepared: dict[int, Future[_Arrays]] = {}

    def get(self, step: int) -> _Arrays:
        """Return the batch of a step, and have those after it prepared."""
        with self._lock:
            wanted = range(step, step + self._num_threads + 1)
            for old in self._prepared.keys() - set(wanted):
                self._prepared.pop(old).cancel()
            for needed in wanted:
                if needed not in self._prepared:
                    self._prepared[needed] = self._pool.submit(self._drawn, needed)
            future = self._prepared[step]
        return future.result()


def keras_dataset(
    source: DatasetLike | Loader,
    *,
    label_mode: Labels = "one-hot",
    workers: int = 1,
    steps_per_epoch: int | None = None,
    **options: Any,
) -> KerasDataset:
    """Give batches as a ``keras.utils.PyDataset``, in the loader's order.

    Parameters
    ----------
    source : path, Dataset or Loader
        A data set, opened as `fer_data.open_loader` does, or a loader. The first epoch begins at
        the loader's ``step``, and every epoch goes on where the one before ended.
    label_mode : {"one-hot", "int"}
        Labels as float32 [B, classes] or as int64 [B].
    workers : int
        Threads that prepare batches.
    steps_per_epoch : int, optional
        Batches of an epoch; by default as many as an epoch of the loader has. Give it here and not
        to ``fit``, which would end the epoch in which this dataset's batches end.
    **options
        As in `fer_data.open_loader`, for a path.

    Returns
    -------
    KerasDataset
        Of (images float32 [B, H, W, C], labels), or (images, labels, weights float32 [B]) where
        the strategy weights the classes.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> data = (np.zeros((4, 48, 48), np.uint8), ["cat", "cat", "cat", "dog"])
    >>> train = fer_data.keras_dataset(data, balance="batch", batch_size=2)
    >>> images, labels = train[0]
    >>> images.shape, np.asarray(labels).sum(axis=0).tolist()
    ((2, 48, 48, 1), [1.0, 1.0])
    """
    loader = as_loader(source, options, keras_dataset)
    return KerasDataset(
        loader, label_mode=label_mode, workers=workers, steps_per_epoch=steps_per_epoch
    )
