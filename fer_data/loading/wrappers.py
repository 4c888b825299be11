"""Frameworks that wrap a sampler or a dataset: what would change its batches is refused or undone.

A framework wraps without notice: only the call stack of a request shows it. So the stack is
examined, once per iteration.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from typing import Any

from fer_data.errors import UsageError
from fer_data.sampling.shard import Shard

_DEPTH = 8
"""Calls between a sampler and what wraps it, at most."""

_TORCH = "fer_data.BalancedDistributedSampler(labels, ..., batch_size=...)"


def check_wrappers(shard: Shard, num_samples: int) -> None:
    """Refuse wrappers that would train other batches than the sampler gives.

    Parameters
    ----------
    shard : Shard
        The sampler's.
    num_samples : int
        Samples that the rest of the epoch has, of all shards together.

    Raises
    ------
    UsageError
        If Lightning draws again from the sampler's indices, or Accelerate would take a part of a
        part of them, repeat or drop some.
    """
    for owner in _callers():
        match type(owner).__name__:
            case "_DatasetSamplerWrapper":  # Lightning's DistributedSamplerWrapper
                raise UsageError(
                    "Lightning put a sampler of its own around this one, and would train its "
                    f"samples in another order. Take {_TORCH}, which it leaves alone, as sampler="
                )
            case "BatchSamplerShard" if owner.num_processes > 1:
                _check_accelerate(owner, shard, num_samples)
                return
    warn_of_whole_batches(shard)


def refuse_as_sampler(sampler: Any) -> None:
    """Refuse a ``DataLoader`` that makes batches of a sampler's batches.

    Raises
    ------
    UsageError
        If a batch sampler was given to it as its ``sampler``.
    """
    for owner in _callers():
        is_batching = "BatchSampler" in type(owner).__name__
        if is_batching and getattr(owner, "sampler", None) is sampler:
            raise UsageError(
                f"sampler: a {type(sampler).__name__} gives whole batches of indices, and the "
                "DataLoader would make batches of them; give it as batch_sampler=, without "
                "batch_size=, shuffle= and drop_last=, or take a BalancedSampler as sampler="
            )


def check_dataset(num_labels: int) -> None:
    """Refuse a ``DataLoader`` whose dataset has more samples, or fewer, than a sampler has labels.

    Raises
    ------
    UsageError
        If indices would mean other samples, as where the sampler is for a split of the dataset.
    """
    for owner in _callers():
        if "DataLoader" in type(owner).__name__:  # or its iterator, without workers
            dataset: Any = getattr(owner, "dataset", getattr(owner, "_dataset", None))
            if not hasattr(dataset, "__len__"):
                continue
            num = len(dataset)
            if num != num_labels:
                raise UsageError(
                    f"labels: this sampler has the labels of {num_labels:,} samples, and the "
                    f"dataset of the DataLoader has {num:,}; give the sampler the labels of that "
                    "dataset in its order, or the DataLoader the samples that the labels are of "
                    "(torch.utils.data.Subset)"
                )
            return


def check_batch_size(batch_size: int, *, drop_last: bool) -> None:
    """Refuse a ``DataLoader`` that takes other batches than its sampler was made for.

    Raises
    ------
    UsageError
        If what asks for the indices makes batches of another size, or drops a last batch that the
        sampler does not drop: of another process it may be whole.
    """
    for owner in _callers():
        if "BatchSampler" in type(owner).__name__ and hasattr(owner, "sampler"):
            if owner.batch_size != batch_size:
                raise UsageError(
                    f"batch_size: this sampler is for batches of {batch_size} samples a process, "
                    f"and the DataLoader takes {owner.batch_size}; give both the same number"
                )
            if owner.drop_last and not drop_last:
                raise UsageError(
                    "drop_last: the DataLoader drops a last batch that is whole in another "
                    "process, so processes would train unequal numbers of steps; give drop_last "
                    "to the sampler"
                )
            return


def keep_order(dataset: Any) -> None:
    """Let Keras ask for the batches of a ``PyDataset`` in their order: ``fit`` shuffles by default.

    Keras wraps the dataset in an adapter, which first notes whether to shuffle and then asks how
    many workers there are. Of a ``tf.data.Dataset`` or a ``DataLoader`` it ignores ``shuffle``, as
    these shuffle themselves; so does this dataset.
    """
    for owner in _callers():
        if type(owner).__name__ == "PyDatasetAdapter" and owner.py_dataset is dataset:
            owner.shuffle = False
            return


def warn_of_whole_batches(shard: Shard) -> None:
    """Warn where several processes of PyTorch's train, and each is given whole batches."""
    distributed: Any = sys.modules.get("torch.distributed")
    if shard.count > 1 or not (
        distributed and distributed.is_available() and distributed.is_initialized()
    ):
        return
    if (num := distributed.get_world_size()) > 1:
        warnings.warn(
            f"{num} processes, and each is given whole batches, the same ones. To share them, give "
            "each process its part, by BalancedDistributedSampler or by "
            "shard=fer_data.Shard(rank, num_processes)",
            stacklevel=2,
        )


def _check_accelerate(wrapper: Any, shard: Shard, num_samples: int) -> None:
    num = wrapper.num_processes
    if shard.count > 1:
        raise UsageError(
            f"Accelerate divides the batches among {num} processes, and this sampler gives a "
            "process its part already: either leave the DataLoader out of prepare, or take "
            "fer_data.BalancedBatchSampler without shard="
        )
    together = wrapper.batch_size * (1 if wrapper.split_batches else num)
    if num_samples % together:
        raise UsageError(
            f"{num_samples:,} samples of an epoch are no whole number of {together:,}, and "
            "Accelerate would repeat or drop samples. Take fer_data.BalancedBatchSampler(..., "
            "drop_last=True) and "
            "Accelerator(dataloader_config=DataLoaderConfiguration(split_batches=True)), or an "
            f"epoch_size that is a multiple of {together:,}"
        )


def _callers() -> Iterator[Any]:
    """Yield the objects whose methods are being called, the innermost first."""
    frame = sys._getframe(1)
    for _ in range(_DEPTH):
        if frame.f_back is None:
            return
        frame = frame.f_back
        yield frame.f_locals.get("self")
