"""Batches as a ``torch.utils.data.DataLoader`` (extra ``torch``)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from fer_data.batching.batches import Labels
from fer_data.batching.door import as_loader
from fer_data.batching.loader import Loader, check_labels


def torch_loader(
    source: str | Path | Loader,
    *,
    labels: Labels = "int",
    num_workers: int = 0,
    dataloader: dict[str, Any] | None = None,
    **options: Any,
) -> DataLoader[tuple[torch.Tensor, ...]]:
    """Give batches as a ``DataLoader``.

    Each iteration is one epoch, and the next iteration the next epoch, in an order of its own,
    whatever the number of worker processes. Several processes of a training take a ``shard`` each;
    no ``DistributedSampler`` is needed.

    Parameters
    ----------
    source : path or Loader
        A data set, opened as `fer_data.open_loader` does, or a loader. The first iteration begins
        at the loader's ``step`` and runs to the end of that step's epoch.
    labels : {"int", "one-hot"}
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
        the strategy weights the classes.
    """
    loader = as_loader(source, options)
    check_labels(loader, labels)
    return DataLoader(
        _Batches(loader, labels),
        sampler=_Steps(loader),
        batch_size=None,
        num_workers=num_workers,
        **(dataloader or {}),
    )


class _Batches(Dataset[tuple[torch.Tensor, ...]]):
    """Step number -> batch of tensors."""

    def __init__(self, loader: Loader, labels: Labels) -> None:
        self._loader = loader
        self._labels = labels

    def __getitem__(self, step: int) -> tuple[torch.Tensor, ...]:
        images, *rest = self._loader.arrays(step, labels=self._labels)
        channels_first = np.moveaxis(images, -1, 1)
        return torch.from_numpy(channels_first), *map(torch.from_numpy, rest)


class _Steps(Sampler[int]):
    """The steps of one epoch an iteration, so that workers that persist go on as well."""

    def __init__(self, loader: Loader) -> None:
        self._step = loader.step
        self._num_steps = loader.num_steps

    def __len__(self) -> int:
        return self._num_steps - self._step % self._num_steps

    def __iter__(self) -> Iterator[int]:
        first, self._step = self._step, self._step + len(self)
        yield from range(first, self._step)
