"""Batches as a ``torch.utils.data.DataLoader`` (extra ``torch``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, DistributedSampler, get_worker_info

from fer_data.data.reading import DatasetLike
from fer_data.errors import UsageError
from fer_data.loading.batches import Labels
from fer_data.loading.loader import Loader
from fer_data.loading.opening import as_loader, check_labels
from fer_data.loading.wrappers import warn_of_whole_batches

_Tensors = tuple[torch.Tensor, ...]

_OWN = ("dataset", "sampler", "batch_sampler", "batch_size", "shuffle", "drop_last", "collate_fn")
"""Arguments of ``DataLoader`` that decide which batches come, and in which order."""


def torch_loader(
    source: DatasetLike | Loader,
    *,
    label_mode: Labels = "int",
    num_workers: int = 0,
    dataloader: dict[str, Any] | None = None,
    **options: Any,
) -> DataLoader[_Tensors]:
    """Give batches as a ``DataLoader``.

    Every iteration gives the steps of an epoch, or the rest of the epoch in which the loader
    begins, and the next iteration goes on after them, whatever the number of worker processes: a
    loader that begins at step k gives k, k + 1, … without a gap.

    Several processes of a training take a ``shard`` each. Lightning leaves the sampler alone, as it
    is a ``DistributedSampler``. What would give a process other batches (another sampler;
    ``Accelerator.prepare`` with several processes) is refused when the batches are asked for.
    torchdata's ``StatefulDataLoader`` takes ``dataset`` and ``sampler``, with
    ``batch_size=None``, and goes on where its state was taken.

    Parameters
    ----------
    source : path, Dataset or Loader
        A data set, opened as `fer_data.open_loader` does, or a loader. The first iteration begins
        at the loader's ``step``, as with ``state=`` of an interrupted training.
    label_mode : {"int", "one-hot"}
        Labels as int64 [B] or as float32 [B, classes].
    num_workers : int
        Processes that prepare batches. A loader in memory is mostly faster with none.
    dataloader : dict, optional
        More arguments of ``DataLoader``, as ``pin_memory``.
    **options
        As in `fer_data.open_loader`, for a path.

    Returns
    -------
    DataLoader
        Of (images float32 [B, C, H, W], labels), or (images, labels, weights float32 [B]) where
        the strategy weights the classes. Its own ``batch_size`` is 1, as its dataset is of batches.

    Raises
    ------
    UsageError
        If `dataloader` has an argument that decides which batches come.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> data = (np.zeros((4, 48, 48), np.uint8), ["cat", "cat", "cat", "dog"])
    >>> loader = fer_data.torch_loader(data, balance="batch", batch_size=2, label_mode="int")
    >>> images, labels = next(iter(loader))
    >>> tuple(images.shape), sorted(labels.tolist())
    ((2, 1, 48, 48), [0, 1])
    """
    loader = as_loader(source, options, torch_loader)
    check_labels(loader, label_mode)
    arguments = dataloader or {}
    if taken := [name for name in _OWN if name in arguments]:
        raise UsageError(
            f"dataloader: {', '.join(taken)} cannot be set, as the loader decides which batches "
            "come"
        )
    return DataLoader(
        _Batches(loader, label_mode),
        sampler=_Steps(loader),
        batch_size=1,
        collate_fn=_only,
        num_workers=num_workers,
        **arguments,
    )


class _Step(NamedTuple):
    """What the sampler gives and the dataset takes, so that no other sampler can take its place."""

    step: int
    iteration: int
    """Which of the sampler's iterations gave it."""


class _Batches(Dataset[_Tensors]):
    """Batches by step; refuses steps that do not come from `_Steps`, or not one after the other."""

    def __init__(self, loader: Loader, label_mode: Labels) -> None:
        self._loader = loader
        self._label_mode = label_mode
        self._last: _Step | None = None

    def __len__(self) -> int:
        raise _another_order()

    def __getitem__(self, wanted: _Step) -> _Tensors:
        if not isinstance(wanted, _Step):
            raise _another_order()
        last, self._last = self._last, wanted
        if last and last.iteration == wanted.iteration:
            worker = get_worker_info()  # each worker process gets every so many-th step
            if wanted.step - last.step != (worker.num_workers if worker else 1):
                raise _another_order()
        images, *rest = self._loader.arrays(wanted.step, label_mode=self._label_mode)
        channels_first = np.moveaxis(images, -1, 1)
        return torch.from_numpy(channels_first), *map(torch.from_numpy, rest)


class _Steps(DistributedSampler[_Step]):
    """The steps of an epoch, or its rest, per iteration; workers that persist go on as well.

    It is a ``DistributedSampler`` in name: the loader's shard is its part, in every step.
    """

    def __init__(self, loader: Loader) -> None:
        shard = loader.sampler.shard
        super().__init__(
            range(loader.num_steps),
            num_replicas=shard.count,
            rank=shard.index,
            shuffle=False,
        )
        self._loader = loader
        self._first = loader.step
        self._num_given = 0
        self._is_under_way = False
        self._iteration = 0

    def __len__(self) -> int:
        return self._loader.num_steps

    def __iter__(self) -> Iterator[_Step]:
        warn_of_whole_batches(self._loader.sampler.shard)
        if self._is_under_way:  # the iteration before was left
            self._go_on()
        self._is_under_way = True
        self._iteration += 1
        iteration = self._iteration
        for step in range(self._first + self._num_given, self._end):
            if iteration == self._iteration:
                self._num_given += 1
            yield _Step(step, iteration)
        if iteration == self._iteration:
            self._go_on()

    @property
    def _end(self) -> int:
        """The step after the last one of the epoch under way."""
        return (self._first // len(self) + 1) * len(self)

    def _go_on(self) -> None:
        self._first = self._end
        self._num_given = 0
        self._is_under_way = False

    def set_epoch(self, epoch: int) -> None:
        """Begin at this epoch, unless the loader began elsewhere or an iteration did."""
        if self._first == 0 and not self._is_under_way:
            self._first = epoch * len(self)

    def state_dict(self) -> dict[str, Any]:
        """Return where the current iteration began, and how many steps it has given."""
        return {**self._loader.state(self._first), "given": self._num_given}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resume from a state.

        Raises
        ------
        UsageError
            If the state is of other data or settings, and which; or no state.
        """
        first = self._loader.from_state(state).step
        given = state.get("given", 0)
        most = len(self) - first % len(self)
        if not isinstance(given, int) or not 0 <= given <= most:
            raise UsageError(f"state: expected given of 0 to {most}, got {given!r}")
        self._first, self._num_given = first, given
        self._is_under_way = False


def _only(batches: list[_Tensors]) -> _Tensors:
    return batches[0]


def _another_order() -> UsageError:
    return UsageError(
        "the batches were requested in another order than the loader's, because something "
        "replaced its sampler. Use the DataLoader unchanged, with no other sampler; where several "
        "processes train, give each shard=fer_data.Shard(rank, num_processes), and do not pass the "
        "DataLoader to Accelerator.prepare"
    )
