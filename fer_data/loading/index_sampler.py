"""Balanced samplers of single indices, for loaders that make the batches themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fer_data.loading.samplers import BalancedBatchSampler
from fer_data.sampling.schedule import EpochSize
from fer_data.sampling.shard import WHOLE, Shard, checked_shard

_AT_ONCE = 1 << 16


class BalancedSampler(BalancedBatchSampler):
    """Single indices, balanced as a strategy says, each sample used equally often.

    For ``DataLoader(dataset, sampler=…, batch_size=…)``, with the loader's own batch size. Each
    shard gets one of every ``shard.count`` draws.

    Parameters
    ----------
    labels, balance, seed, shard, epoch_size, shuffle, by, with_repeats
        As in `BalancedBatchSampler`. Steps count the indices that one shard is given.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> labels = np.array(["cat"] * 3 + ["dog"])
    >>> sorted(labels[list(fer_data.BalancedSampler(labels, "oversample"))].tolist())
    ['cat', 'cat', 'cat', 'dog', 'dog', 'dog']
    """

    def __init__(
        self,
        labels: Any,
        balance: Any = "oversample",
        *,
        seed: int = 0,
        shard: Shard = WHOLE,
        epoch_size: EpochSize = None,
        shuffle: bool = True,
        by: Sequence[Any] | None = None,
        with_repeats: bool = False,
    ) -> None:
        checked_shard(shard)
        super().__init__(
            labels,
            balance,
            batch_size=shard.count,
            drop_last=True,
            seed=seed,
            shard=shard,
            epoch_size=epoch_size,
            shuffle=shuffle,
            by=by,
            with_repeats=with_repeats,
        )

    def __getitem__(self, step: int) -> Any:
        """Return the index of a step, counted from 0 through all epochs."""
        return super().__getitem__(step)[0]

    def __iter__(self) -> Iterator[Any]:
        """Give the rest of an epoch; an iteration that is left is followed by the next epoch."""
        position, count = self._begin(), self.shard.count
        for first in range(position.step, position.end, _AT_ONCE):
            last = min(first + _AT_ONCE, position.end)
            draws = self._draws.between(first * count, last * count)
            for step, index in enumerate(self._given(draws[self.shard.index :: count]), first):
                position.step = step + 1
                yield index
