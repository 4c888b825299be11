"""Balanced samplers for any framework: indices into your own labels, and nothing else.

They need only NumPy. Draws are a pure function of (labels, balance, seed, step), so any step is
computed without the steps before it, and an interrupted training resumes exactly.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.errors import UsageError
from fer_data.loading.state import Position, content_of, position_of, state_of
from fer_data.loading.step_sequence import StepSequence
from fer_data.loading.strata import class_codes, combined, strategy_of
from fer_data.loading.wrappers import check_dataset, check_wrappers, refuse_as_sampler
from fer_data.sampling.class_batches import ClassBatches, batch_size_of
from fer_data.sampling.planner import LOWER_HALF, EpochPlan, Planner
from fer_data.sampling.schedule import EpochSize
from fer_data.sampling.shard import WHOLE, Shard, checked_shard
from fer_data.sampling.steps import Draws, Steps
from fer_data.sampling.strategy import Strategy
from fer_data.util.checks import whole_number
from fer_data.util.words import counted

_DRAWS_AT_ONCE = 4096
"""Draws of several steps that an iteration computes together, in two thirds of the time."""


class BalancedBatchSampler:
    """Batches of indices, balanced as a strategy says, each sample used equally often.

    It is what ``torch.utils.data.DataLoader(dataset, batch_sampler=…)`` takes, and any other
    loader that takes lists of indices.

    Parameters
    ----------
    labels : array_like of int or str, shape [N], or what `fer_data.load` takes
        Class of each sample. A `Dataset` must be of one split.
    balance : str, Strategy, dict, callable or imbalanced-learn sampler
        As in `fer_data.open_loader`: ``"oversample"``, ``"batch"``, ``"power:0.5"``, …; a dict of
        class names and numbers, classes that are not in it being drawn as often as they have
        samples; or a function from the counts of the classes, int64 [C], to the numbers of draws
        of an epoch, [C].
    batch_size : int
        Samples of a batch, of all shards together.
    seed : int
        Everything random follows from it.
    shard : Shard
        Which part of every batch to give: ``Shard(rank, num_processes)``.
    epoch_size : int, "own" or "natural", optional
        Samples of an epoch; by default the strategy's own.
    drop_last : bool
        Whether all batches are whole: what is left of an epoch begins the next one.
    shuffle : bool
        Without it, samples come in order (``balance="none"`` only).
    class_names : sequence of str, optional
        Names of the classes 0, 1, … of labels that are integers.
    by : sequence of arrays, optional
        Balance over the combinations of these instead, each of shape [N]: ``[labels, sites]``.
    classes_per_batch, samples_per_class : int, optional
        For metric learning: each batch has so many classes, each with so many samples, and
        `batch_size` is their product. Classes are used equally often, whatever `balance`.
    with_repeats : bool
        Whether to give pairs ``(index, repeat)``: how often that sample was drawn before, for a
        transform to be keyed by.

    Attributes
    ----------
    labels : ndarray of int64, shape [N]
        What is balanced: the class of each sample, or the combination.
    steps : Steps
        Which draws each step takes.

    Raises
    ------
    UsageError
        If an argument cannot be used, or labels are none.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> labels = np.array([0] * 90 + [1] * 10)
    >>> sampler = fer_data.BalancedBatchSampler(labels, "batch", batch_size=20)
    >>> len(sampler), [np.bincount(labels[batch]).tolist() for batch in sampler]
    (5, [[10, 10], [10, 10], [10, 10], [10, 10], [10, 10]])
    """

    def __init__(
        self,
        labels: Any,
        balance: Any = "oversample",
        *,
        batch_size: int | None = None,
        seed: int = 0,
        shard: Shard = WHOLE,
        epoch_size: EpochSize = None,
        drop_last: bool = False,
        shuffle: bool = True,
        class_names: Sequence[str] = (),
        by: Sequence[Any] | None = None,
        classes_per_batch: int | None = None,
        samples_per_class: int | None = None,
        with_repeats: bool = False,
    ) -> None:
        checked_shard(shard)
        codes, names = class_codes(labels, class_names) if by is None else combined(labels, by)
        self.class_names, self.seed, self.shard = names, seed, shard
        self.drop_last, self.with_repeats = drop_last, with_repeats
        self.labels, self._shuffle, self._epoch_size = codes, shuffle, epoch_size
        self._per_class = classes_per_batch, samples_per_class
        self._position = Position(0)
        if self._per_class == (None, None):
            self.strategy: Strategy | None = strategy_of(balance, codes, names)
            self.batch_size = whole_number("batch_size", batch_size, 1)
        else:
            self.strategy = None
            self.batch_size = batch_size_of(classes_per_batch, samples_per_class, batch_size)
        whole_number("seed", seed)
        self._make_draws()
        self._check()

    def __repr__(self) -> str:
        of = [f"{len(self.labels):,} samples", counted(len(self.class_names), "class", "classes")]
        given = self.settings() | {"balance": self.strategy or self._draws}
        settings = [f"{name}={value}" for name, value in given.items() if name != "labels"]
        shown = ", ".join([*of, *settings, f"step={self.step}"])
        return f"{type(self).__name__}({shown})"

    def __getstate__(self) -> dict[str, Any]:
        kept = {name: value for name, value in vars(self).items() if name != "_draws"}
        return kept | {"labels": self.labels.astype(np.min_scalar_type(len(self.class_names)))}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state | {"labels": state["labels"].astype(np.int64)})
        self._make_draws()

    def __len__(self) -> int:
        return self.steps.per_epoch

    def __getitem__(self, step: int) -> list[Any]:
        """Return the indices of a step, counted from 0 through all epochs."""
        whole_number("step", step)
        start, stop = self.steps.window(step)
        return self._given(self._draws.between(start, stop)[self.shard.of(stop - start)])

    def __iter__(self) -> Iterator[Any]:
        """Give the rest of an epoch; an iteration that is left is followed by the next epoch."""
        refuse_as_sampler(self)
        position = self._begin()
        at_once = max(1, _DRAWS_AT_ONCE // self.batch_size)
        for first in range(position.step, position.end, at_once):
            last = min(first + at_once, position.end)
            (begin, _), (_, end) = self.steps.window(first), self.steps.window(last - 1)
            given = self._given(self._draws.between(begin, end))
            for step in range(first, last):
                start, stop = self.steps.window(step)
                position.step = step + 1
                yield given[start - begin : stop - begin][self.shard.of(stop - start)]

    @property
    def step(self) -> int:
        """Where the next iteration begins, counted from 0 through all epochs."""
        return self._position.step

    @property
    def num_samples(self) -> int:
        """Draws of an epoch, of all shards together."""
        return self.steps.epoch_size

    def plan(self, epoch: int) -> EpochPlan:
        """Return the draws of an epoch, of all shards together."""
        size = self.num_samples
        return EpochPlan(self._draws.between(epoch * size, (epoch + 1) * size))

    def set_epoch(self, epoch: int) -> None:
        """Begin the next iteration with an epoch, unless a state was loaded that is within it.

        A running iteration and its state do not change: Lightning sets the epoch after its
        iteration began.

        Raises
        ------
        UsageError
            If a state was loaded that is within another epoch.
        """
        whole_number("epoch", epoch)
        self._position = self._position.at_epoch(epoch, len(self))

    def begin(self, step: int | None = None) -> Position:
        """Begin an iteration, as ``iter`` does, for those who take `uses` of steps themselves.

        Parameters
        ----------
        step : int, optional
            Only move there: the next iteration begins with this step.

        Returns
        -------
        Position
            The new position; advance its ``step`` with each step that is given.
        """
        if step is None:
            self._position = self._position.next(len(self))
        else:
            whole_number("step", step)
            self._position = Position(step, goes_on=step % len(self) > 0)
        return self._position

    def copy(self) -> BalancedBatchSampler:
        """Return the same sampler with a position of its own."""
        copied: BalancedBatchSampler = object.__new__(type(self))
        vars(copied).update(vars(self))
        copied._position = dataclasses.replace(self._position)
        return copied

    def sharded(self, shard: Shard, batch_size: int | None = None) -> BalancedBatchSampler:
        """Return the same sampler for another shard and batch size, standing where this one does.

        Raises
        ------
        UsageError
            If it stands where no batch of that size begins, or the shard would be empty.
        """
        copied = self.copy()
        copied.shard, copied._position = checked_shard(shard), Position(0)
        if self.strategy is not None:
            copied.batch_size = whole_number("batch_size", batch_size or self.batch_size, 1)
            copied.steps = dataclasses.replace(self.steps, batch_size=copied.batch_size)
        copied._check()
        copied.load_state_dict(self.state_dict())
        return copied

    def epochs(self, num_epochs: int) -> StepSequence:
        """Return the steps of some epochs as a lazily computed sequence.

        It is what loaders with random access take, as ``grain.MapDataset.source``; item *k* is
        ``sampler[k]``, wherever iterating stands.

        Examples
        --------
        >>> import fer_data
        >>> steps = fer_data.BalancedBatchSampler([0, 0, 1], "none", batch_size=2).epochs(10)
        >>> len(steps), len(steps[7])
        (20, 1)
        """
        return StepSequence(self, whole_number("num_epochs", num_epochs, 1) * len(self))

    def between(self, start: int, stop: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return draws of all shards, counted from 0 through all epochs.

        These are indices and repeats, both int64 [stop - start].
        """
        draws = self._draws.between(start, stop)
        return draws & LOWER_HALF, draws >> 32

    def state_dict(self, step: int | None = None) -> dict[str, Any]:
        """Return the position of the training, as a plain dict that `load_state_dict` takes.

        Parameters
        ----------
        step : int, optional
            Batches that were trained, counted from 0 through all epochs. By default those that
            were given out, which are more where worker processes fetch batches in advance: then
            say how many were trained.

        Returns
        -------
        dict
            ``epoch`` and ``step`` in it; ``samples``, the draws before it; ``goes_on``, whether
            the next iteration goes on within an epoch; and ``fingerprint``, the settings.
        """
        step = self.step if step is None else whole_number("step", step)
        return state_of(step, self.steps, self.settings())

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Resume from a state.

        Another number of shards is fine, and another batch size where the samples that were
        trained are a whole number of its batches.

        Raises
        ------
        UsageError
            If the state is of other labels or settings, and which; or no state.
        """
        self._position = position_of(state, self.steps, self.settings(), type(self).__name__)

    def _make_draws(self) -> None:
        self._draws: Draws | ClassBatches
        if self.strategy is None:
            self._draws = ClassBatches(self.labels, *self._per_class, seed=self.seed)
            chosen = self._epoch_size if isinstance(self._epoch_size, int) else len(self.labels)
            size = max(1, chosen // self.batch_size) * self.batch_size
        else:
            self._draws = Draws(
                Planner(
                    self.labels,
                    self.strategy,
                    seed=self.seed,
                    epoch_size=self._epoch_size,
                    class_names=self.class_names,
                    shuffle=self._shuffle,
                )
            )
            size = self._draws.planner.schedule.size
        self.steps = Steps(size, self.batch_size, self.drop_last)

    def _check(self) -> None:
        if self.steps.per_epoch < 1:
            raise UsageError(
                f"batch_size: {self.batch_size:,} is above the {self.num_samples:,} of an epoch"
            )
        self.shard.check(self.steps.smallest)

    def _begin(self) -> Position:
        """Begin an iteration, where nothing that wraps this would change the batches."""
        position = self.begin()
        first, last = map(self.steps.window, (position.step, position.end - 1))
        check_wrappers(self.shard, last[1] - first[0])
        check_dataset(len(self.labels))
        return position

    def _given(self, draws: Any) -> list[Any]:
        indices: list[Any] = (draws & LOWER_HALF).tolist()
        if self.with_repeats:
            return list(zip(indices, (draws >> 32).tolist(), strict=True))
        return indices

    def settings(self) -> dict[str, str]:
        """Return all that decides the indices, by name; shards and the classes' names do not."""
        balance = self.strategy.by_label(self.class_names) if self.strategy else self._draws
        return {
            "labels": content_of(len(self.labels), len(self.class_names), self._digest),
            "balance": str(balance),
            "epoch_size": str(self.num_samples),
            "batch_size": str(self.batch_size),
            "drop_last": str(self.drop_last),
            "seed": str(self.seed),
            "shuffle": str(self._shuffle),
        }

    @cached_property
    def _digest(self) -> str:
        return hashlib.blake2b(self.labels.tobytes(), digest_size=8).hexdigest()
