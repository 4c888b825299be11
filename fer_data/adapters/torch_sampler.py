"""The balanced sampler as a ``torch.utils.data.DistributedSampler`` (extra ``torch``)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torch import distributed
from torch.utils.data import DistributedSampler

from fer_data.errors import UsageError
from fer_data.loading.samplers import BalancedBatchSampler
from fer_data.loading.wrappers import check_batch_size
from fer_data.sampling.schedule import EpochSize
from fer_data.sampling.shard import WHOLE, Shard, checked_shard
from fer_data.util.checks import whole_number


class BalancedDistributedSampler(DistributedSampler[Any]):
    """This process's part of every balanced batch, sample by sample.

    Use it as ``DataLoader(dataset, batch_size=B, sampler=…)``, with the same B. What processes
    train together in a step is a batch of `BalancedBatchSampler` with all their samples. Lightning
    leaves it alone, as it is a ``DistributedSampler``; torchdata's ``StatefulDataLoader`` saves
    where it stands. With one process it is a plain sampler.

    Parameters
    ----------
    labels, balance
        As in `BalancedBatchSampler`.
    batch_size : int
        Samples that *one process* trains in a step: what the ``DataLoader`` is given.
    shard : Shard, optional
        Which part; by default ``torch.distributed`` is asked when an iteration begins.
    seed, epoch_size, drop_last, shuffle, by, with_repeats
        As in `BalancedBatchSampler`. With `drop_last` every batch is whole, and what is left of an
        epoch begins the next one; the ``DataLoader`` itself needs no ``drop_last``.

    Raises
    ------
    UsageError
        If an argument cannot be used; when iterated, if the ``DataLoader`` has another batch size,
        something divides the samples once more, or processes were started and
        ``torch.distributed`` was not.

    Examples
    --------
    >>> import fer_data
    >>> labels, shard = [0, 0, 0, 0, 0, 0, 1, 1], fer_data.Shard(0, 2)
    >>> sampler = fer_data.BalancedDistributedSampler(labels, "batch", batch_size=4, shard=shard)
    >>> [labels[index] for index in sampler][:2]
    [0, 1]
    >>> DataLoader(dataset, batch_size=2, sampler=sampler)  # doctest: +SKIP
    """

    def __init__(
        self,
        labels: Any,
        balance: Any = "oversample",
        *,
        batch_size: int,
        seed: int = 0,
        shard: Shard | None = None,
        epoch_size: EpochSize = None,
        drop_last: bool = False,
        shuffle: bool = True,
        by: Sequence[Any] | None = None,
        with_repeats: bool = False,
    ) -> None:
        self.batch_size = whole_number("batch_size", batch_size, 1)
        self._shard = shard if shard is None else checked_shard(shard)
        self._batches = BalancedBatchSampler(
            labels,
            balance,
            batch_size=batch_size,
            seed=seed,
            epoch_size=epoch_size,
            drop_last=drop_last,
            shuffle=shuffle,
            by=by,
            with_repeats=with_repeats,
        )
        # Its own methods divide an empty range: all of them are replaced below.
        super().__init__(range(0), num_replicas=1, rank=0, shuffle=False)
        _ = self.batches

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.batches!r})"

    @property
    def batches(self) -> BalancedBatchSampler:
        """The batches of all processes, of which this process has its shard."""
        shard = self._shard or _own_shard()
        if self._batches.shard != shard:
            self._batches = self._batches.sharded(shard, self.batch_size * shard.count)
            self.num_replicas, self.rank = shard.count, shard.index
        return self._batches

    @property
    def step(self) -> int:
        """Where the next iteration begins, counted in batches from 0 through all epochs."""
        return self.batches.step

    def __len__(self) -> int:
        """Return how many samples an epoch has for this process."""
        batches = self.batches
        last = batches.shard.of(batches.steps.smallest)
        return (len(batches) - 1) * self.batch_size + int(last.stop - last.start)

    def __iter__(self) -> Iterator[Any]:
        """Give the rest of an epoch; an iteration that is left is followed by the next epoch."""
        if self._shard is None and not distributed.is_initialized():
            _refuse_unconnected_processes()
        batches = self.batches
        check_batch_size(self.batch_size, drop_last=self.drop_last or batches.shard.count == 1)
        for indices in batches:
            yield from indices

    def set_epoch(self, epoch: int) -> None:
        """Begin the next iteration with an epoch, unless a state was loaded that is within it."""
        self.batches.set_epoch(epoch)

    def state_dict(self, step: int | None = None) -> dict[str, Any]:
        """Return the position of the training: `BalancedBatchSampler.state_dict`."""
        return self.batches.state_dict(step)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Resume from a state: `BalancedBatchSampler.load_state_dict`.

        With another number of processes, batches of all of them together may be of another size
        where the samples that were trained are a whole number of those.
        """
        self.batches.load_state_dict(state)


def _own_shard() -> Shard:
    if distributed.is_available() and distributed.is_initialized():
        return Shard(distributed.get_rank(), distributed.get_world_size())
    return WHOLE


def _refuse_unconnected_processes() -> None:
    if (num := os.environ.get("WORLD_SIZE", "1")) not in ("", "1"):
        raise UsageError(
            f"{num} processes were started (WORLD_SIZE), and torch.distributed is not initialised: "
            "each would train all samples. Call torch.distributed.init_process_group() before, or "
            "give shard=fer_data.Shard(rank, num_processes)"
        )
