"""Which part of every batch a process takes in distributed training."""

from __future__ import annotations

from dataclasses import dataclass

from fer_data.errors import UsageError


@dataclass(frozen=True)
class Shard:
    """One of several equal parts of every batch.

    A batch is divided into contiguous parts, which are disjoint and together are the batch,
    whatever their number. Where classes take turns (strategy ``batch``), each part has each
    class ⌊n/C⌋ or ⌈n/C⌉ times as well.

    Attributes
    ----------
    index : int
        Which part, from 0.
    count : int
        Of how many.

    Raises
    ------
    UsageError
        If there is no such part.

    Examples
    --------
    >>> import fer_data
    >>> labels, shard = [0, 0, 0, 0, 1, 1, 1, 1], fer_data.Shard(0, 2)
    >>> sampler = fer_data.BalancedBatchSampler(labels, "batch", batch_size=4, shard=shard)
    >>> sorted(labels[index] for index in sampler[0])
    [0, 1]
    """

    index: int = 0
    count: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.index, int) or not isinstance(self.count, int):
            raise UsageError(f"shard {self.index!r} of {self.count!r}: both must be whole numbers")
        if not 0 <= self.index < self.count:
            raise UsageError(
                f"shard {self.index} of {self.count}: the index must be 0 to the count less one"
            )

    def check(self, smallest: int) -> None:
        """Raise a UsageError if a batch of the given size would leave a shard empty."""
        if smallest < self.count:
            raise UsageError(
                f"{self.count} shards of a batch of {smallest}, the smallest of an epoch: some "
                "would be empty; choose another batch size or epoch size, or drop the last batch"
            )

    def of(self, size: int) -> slice:
        """Return the slice of this shard in a batch of the given size."""
        return slice(
            size * self.index // self.count,
            size * (self.index + 1) // self.count,
        )


WHOLE = Shard()
"""The whole batch."""


def checked_shard(shard: object) -> Shard:
    """Return a shard, or refuse what is none.

    Raises
    ------
    UsageError
        If it is something else, such as a pair of numbers.
    """
    if not isinstance(shard, Shard):
        raise UsageError(f"shard: expected fer_data.Shard(index, count), got {shard!r}")
    return shard
