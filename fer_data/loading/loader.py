"""The loader: step number -> batch, in NumPy. Adapters to tf.data and others add nothing to it."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.data.store import PixelStore
from fer_data.errors import DataError, UsageError
from fer_data.loading import resume
from fer_data.loading.batches import Batch, BatchPlan, Labels, Mixed
from fer_data.sampling.planner import LOWER_HALF, EpochPlan, Planner
from fer_data.sampling.schedule import EpochSize
from fer_data.sampling.shard import WHOLE, Shard, checked_shard
from fer_data.sampling.steps import Draws, Steps
from fer_data.sampling.strategy import NATURAL, Strategy
from fer_data.sampling.weights import class_weights
from fer_data.transforms.augment import Augmentation, Parameters, apply
from fer_data.transforms.mixing import Mixing
from fer_data.util.checks import finite_number
from fer_data.util.scratch import Recycled, Scratch
from fer_data.util.words import counted

_STEPS_TOGETHER = 8
_BYTES_TOGETHER = 8 << 20
"""Iterating draws at most so many steps, and so many bytes of pictures, in one go: that shares what
each call of NumPy costs, and more would no longer stay in the processor's cache."""


@dataclass(frozen=True, eq=False)
class Loader:
    """Batches of some rows of a store, each a pure function of its step number.

    Iterating gives the batches of one epoch, and iterating again those of the next; `state` tells
    where that stands. There is one position: an iterator ends where another one has gone on from
    it. Batches are drawn several at a time and share their memory, so copy what you keep for long
    (``batch.images.copy()``). `batch` gives any batch at any time, and moves nothing; any number of
    threads may call it. A pickled loader holds no pixels: another process maps the store anew.

    Attributes
    ----------
    store : PixelStore
        Where pixels and labels are.
    rows : ndarray of int64, shape [N]
        The rows of the store that are drawn from.
    strategy : Strategy
        How an epoch is drawn.
    augment : {"none", "flip", "standard", "strong"}
        See `fer_data.transforms.augment.PRESETS`.
    augment_rare : str, optional
        Another one for rare classes, those with fewer than half of an average class's samples.
    mix : Mixing, optional
        How pictures are mixed.
    soft : bool
        Whether targets are the dataset's soft labels. Balancing, rare classes and remix's thirds
        go by `labels` all the same.
    batch_size : int
        Of all shards together. The last batch of an epoch may be smaller.
    epoch_size : int, "own", "natural" or None
        Samples of an epoch: a number, the strategy's own (None too), or as many as there are.
    seed : int
        0 or more.
    shuffle : bool
        Without it, samples come in the order of `rows` (for the natural strategy only).
    drop_remainder : bool
        Whether all batches are whole. What is left of an epoch then begins the next one: nothing is
        lost, and every promise holds over the batches as they come.
    rescale : float
        What pixels, 0 to 255, are multiplied by.
    shard : Shard
        Which part of every batch this loader gives.
    step : int
        Where iterating begins, counted on through the epochs from 0.

    Raises
    ------
    DataError
        If there is no row, or one has no label.
    UsageError
        If an argument cannot be meant.
    """

    store: PixelStore
    rows: NDArray[np.int64]
    strategy: Strategy = NATURAL
    _: dataclasses.KW_ONLY
    augment: str = "none"
    augment_rare: str | None = None
    mix: Mixing | None = None
    soft: bool = False
    batch_size: int = 64
    epoch_size: EpochSize = None
    seed: int = 0
    shuffle: bool = True
    drop_remainder: bool = False
    rescale: float = 1.0
    shard: Shard = WHOLE
    step: int = 0
    labels: NDArray[np.int64] = field(init=False)
    counts: NDArray[np.int64] = field(init=False)
    class_weights: NDArray[np.float64] = field(init=False)
    _made: _Made = field(init=False, repr=False)

    def __post_init__(self) -> None:
        checked_shard(self.shard)
        finite_number("rescale", self.rescale)
        for name, least in (("batch_size", 1), ("seed", 0), ("step", 0)):
            value = getattr(self, name)
            if not isinstance(value, int | np.integer) or value < least:
                raise UsageError(f"{name} is {value!r}; it must be a whole number, {least} or more")
        labels = self.store.dataset.labels[self.rows].astype(np.int64)
        where = self.store.dataset.root
        if not len(labels):
            raise DataError(f"{where}: no sample to load")
        if (labels < 0).any():
            number = int((labels < 0).sum())
            unlabelled = counted(number, "sample to load has", "samples to load have")
            raise DataError(
                f"{where}: {unlabelled} no label; take the others: data.select(data.labels >= 0)"
            )
        if self.soft and self.store.dataset.soft_labels is None:
            raise UsageError(f"{where}: soft labels are wanted, and the data has none")
        counts = np.bincount(labels, minlength=self.num_classes)
        for name, value in (
            ("labels", labels),
            ("counts", counts),
            ("class_weights", class_weights(counts, self.strategy.weights or "balanced")),
            ("_made", _Made(self, labels, counts)),
        ):
            object.__setattr__(self, name, value)
        if self.num_steps < 1:
            raise UsageError(
                f"{where}: an epoch of {counted(self.num_samples, 'sample')} has no whole batch of "
                f"{self.batch_size}; choose a smaller batch size"
            )
        self.shard.check(self._made.steps.smallest)

    def __repr__(self) -> str:
        settings = {name: value for name, value in self._settings().items() if name != "data"}
        told = ", ".join(f"{name}={value}" for name, value in settings.items())
        return f"Loader({self.store.dataset!r}, {len(self.rows):,} samples, {told})"

    def __reduce__(self) -> Any:
        settings = {
            one.name: getattr(self, one.name) for one in dataclasses.fields(self) if one.init
        }
        settings["step"] = self._made.position
        return _rebuilt, (settings,)

    @property
    def num_classes(self) -> int:
        """Number of classes, those without a sample included."""
        return len(self.store.dataset.class_names)

    @property
    def num_samples(self) -> int:
        """Samples that an epoch draws, for all shards together."""
        return self._made.draws.planner.schedule.size

    @property
    def num_steps(self) -> int:
        """Batches of an epoch."""
        return self._made.steps.per_epoch

    @property
    def rare_classes(self) -> tuple[str, ...]:
        """Names of the classes that `augment_rare` is for."""
        names = self.store.dataset.class_names
        return tuple(names[label] for label in np.flatnonzero(_is_rare(self.counts)))

    def draws(self, epoch: int) -> NDArray[np.int64]:
        """Return how many samples of each class an epoch draws, int64 [C]."""
        return self._made.draws.planner.schedule.draws(epoch)

    def plan(self, epoch: int) -> EpochPlan:
        """Return an epoch's draws, for all shards together, as indices into `rows`."""
        return self._made.draws.plan(epoch)

    def batch(self, step: int) -> Batch:
        """Return the batch of a step, counted on through the epochs from 0."""
        return self._batch(range(step, step + 1))

    def batch_plan(self, step: int, stop: int | None = None) -> BatchPlan:
        """Return what makes a step's batch, before any pixel is touched.

        Parameters
        ----------
        step : int
        stop : int, optional
            Return the plans of all steps before this one, one after the other, in one.

        Returns
        -------
        BatchPlan
        """
        return self._plan(range(step, step + 1 if stop is None else stop))

    def arrays(
        self, step: int, stop: int | None = None, *, label_mode: Labels = "one-hot"
    ) -> tuple[NDArray[Any], ...]:
        """Return a step's batch as ``keras.Model.fit`` takes it.

        Parameters
        ----------
        step : int
        stop : int, optional
            Return the batches of all steps before this one, one after the other, in one array.
        label_mode : {"one-hot", "int"}
            Labels as float32 [B, C] or as int64 [B].

        Returns
        -------
        tuple
            Images and labels, and the weights where the strategy has class weights.
        """
        batch = self._batch(range(step, step + 1 if stop is None else stop))
        targets = batch.targets(self.num_classes) if label_mode == "one-hot" else batch.labels
        found = batch.images, targets, batch.weights
        return found if self.strategy.weights else found[:2]

    def uses(self, step: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return a step's draws for all shards together: indices into `rows`, and repeats."""
        draws = self._made.draws.between(*self.window(step))
        return draws & LOWER_HALF, draws >> 32

    def epoch(self, epoch: int = 0, *, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, from batch `start` on."""
        yield from self._stretch(epoch * self.num_steps + start, (epoch + 1) * self.num_steps)

    def __iter__(self) -> Iterator[Batch]:
        first = self._made.position
        stop = (first // self.num_steps + 1) * self.num_steps
        for step, batch in enumerate(self._stretch(first, stop), first):
            if self._made.position != step:
                return
            self._made.position = step + 1
            yield batch

    def at(self, step: int) -> Loader:
        """Return the same loader, iterating from another step."""
        return dataclasses.replace(self, step=step)

    def state(self, step: int | None = None) -> dict[str, int | str]:
        """Return where iterating stands, as a plain dict that `from_state` takes.

        Parameters
        ----------
        step : int, optional
            A position to tell instead, counted on through the epochs from 0: frameworks fetch
            batches before they use them, so where one iterates, the steps that it has trained are
            what to go on from.

        Returns
        -------
        dict
            ``epoch`` and ``step`` in it, both int, and ``fingerprint``, the settings in a line.
        """
        if step is not None and step < 0:
            raise UsageError(f"step is {step}; it must be 0 or more")
        epoch, place = divmod(self._made.position if step is None else step, self.num_steps)
        return {"epoch": epoch, "step": place, "fingerprint": resume.fingerprint(self._settings())}

    def from_state(self, state: dict[str, Any]) -> Loader:
        """Return the same loader, iterating from where another one stood.

        The number of shards may be another one than when the state was taken.

        Raises
        ------
        UsageError
            If the state is of other data or settings, and which; or no state.
        """
        epoch, place = resume.checked(
            state,
            self._settings(),
            num_steps=self.num_steps,
            name=str(self.store.dataset.root),
        )
        return self.at(epoch * self.num_steps + place)

    def _settings(self) -> dict[str, str]:
        """Return all that decides the batches; shards and rescaling do not."""
        dataset = self.store.dataset
        digest = hashlib.blake2b(digest_size=8)
        digest.update(self.store.digest.encode())
        digest.update(self.rows.tobytes())
        digest.update(self.labels.tobytes())
        digest.update(repr(dataset.class_names).encode())
        if self.soft and dataset.soft_labels is not None:
            digest.update(dataset.soft_labels[self.rows].tobytes())
        return {
            "data": digest.hexdigest(),
            "balance": str(self.strategy),
            "epoch_size": str(self.num_samples),
            "batch_size": str(self.batch_size),
            "drop_remainder": str(self.drop_remainder),
            "augment": self.augment,
            "augment_rare": self.augment_rare or "as others",
            "mix": str(self.mix or "none"),
            "soft": str(self.soft),
            "seed": str(self.seed),
            "shuffle": str(self.shuffle),
        }

    def window(self, step: int) -> tuple[int, int]:
        """Return where a step begins and ends in the draws of all epochs, one after the other."""
        return self._made.steps.window(step)

    def steps_within(self, num_bytes: int) -> int:
        """Return how many steps' pictures fit into so many bytes; 1 or more."""
        images = -(-self.batch_size // self.shard.count)
        return max(1, num_bytes // (4 * images * math.prod(self.store.form.shape)))

    def _stretch(self, step: int, stop: int) -> Iterator[Batch]:
        """Yield the batches of some steps: the first at once, then several drawn at a time."""
        together = 1
        while step < stop:
            steps = range(step, min(step + together, stop))
            yield from self._batch(steps).split([self._part(each) for each in steps])
            step = steps.stop
            together = min(_STEPS_TOGETHER, self.steps_within(_BYTES_TOGETHER))

    def _part(self, step: int) -> int:
        """Return how many pictures of a step are this shard's."""
        start, end = self.window(step)
        return len(range(end - start)[self.shard.of(end - start)])

    def _batch(self, steps: range) -> Batch:
        """Return the batches of some steps in a row, one after the other, as one.

        All pictures are drawn together: half of what a batch of 64 takes is calls, not pixels.
        """
        plan = self._plan(steps)
        images = self._pictures(plan.samples, plan.parameters)
        if (mixed := plan.mixed) is not None:
            if self.shard.count == 1:
                _mix_within(images, mixed, [self._part(step) for step in steps])
            else:
                of_others = self._made.augmentation.parameters(
                    mixed.samples, mixed.repeats, mixed.labels
                )
                others = self._pictures(mixed.samples, of_others)
                others *= 1 - mixed.shares[:, None, None, None]
                images *= mixed.shares[:, None, None, None]
                images += others
        return Batch(images, *plan)

    def _plan(self, steps: range) -> BatchPlan:
        """Return what makes the batches of some steps in a row, one after the other."""
        if steps[0] < 0:
            raise UsageError(f"step is {steps[0]}; it must be 0 or more")
        windows = [self.window(step) for step in steps]
        begin, end = windows[0][0], windows[-1][1]
        here: Any = slice(None)
        if self.shard.count > 1:
            parts = [np.arange(*window)[self.shard.of(window[1] - window[0])] for window in windows]
            here = np.concatenate(parts) - begin
        draws = self._made.draws.between(begin, end)
        drawn, repeats = draws & LOWER_HALF, draws >> 32
        labels, rows = self.labels[drawn], self.rows[drawn]
        plan = BatchPlan(
            labels[here],
            self._made.weights[labels[here]],
            rows[here],
            repeats[here],
            self._made.augmentation.parameters(rows[here], repeats[here], labels[here]),
            None,
            None,
        )
        if not self.mix:
            return self._softened(plan)
        sizes = [stop - start for start, stop in windows]
        partners, shares = self.mix.draw(self.seed, steps, sizes)
        firsts = np.repeat([start - begin for start, _ in windows], sizes)
        partners, shares, firsts = partners[here], shares[here], firsts[here]
        rows, repeats, labels = rows[partners], repeats[partners], labels[partners]
        of_labels = self.mix.label_shares(shares, self.counts, plan.labels, labels)
        weights = plan.weights * of_labels + self._made.weights[labels] * (1 - of_labels)
        mixed = Mixed(rows, repeats, labels, shares, of_labels, partners - firsts)
        return self._softened(plan._replace(weights=weights, mixed=mixed))

    def _softened(self, plan: BatchPlan) -> BatchPlan:
        """Return a plan with its soft labels and their weights, where the loader has any."""
        shares = self.store.dataset.soft_labels
        if not self.soft or shares is None:
            return plan
        soft = shares[plan.samples]
        if plan.mixed is not None:
            of_labels = plan.mixed.label_shares[:, None]
            soft = soft * of_labels + shares[plan.mixed.samples] * (1 - of_labels)
        weights = plan.weights
        if self.strategy.weights:  # no matrix product: its rounding can follow the batch's size
            weights = (soft * self._made.weights).sum(axis=1)
        return plan._replace(weights=weights, soft=soft)

    def _pictures(self, rows: NDArray[np.int64], parameters: Parameters) -> NDArray[np.float32]:
        """Return augmented pictures of rows of the store."""
        shape = self.store.form.shape
        images: NDArray[np.float32] = self._made.images.empty((len(rows), *shape), np.float32)
        with Scratch() as scratch:
            pixels = scratch.array("pixels", len(rows), shape)
            self._made.pixels.take(rows, axis=0, out=pixels, mode="clip")
            apply(pixels, parameters, images)
        if self.rescale != 1.0:
            images *= np.float32(self.rescale)
        return images


def check_labels(loader: Loader, label_mode: str) -> None:
    """Raise a UsageError if labels cannot be given as one-hot or int, as is asked for."""
    if label_mode not in ("one-hot", "int"):
        raise UsageError(f"label_mode is {label_mode!r}; choose one-hot or int")
    if label_mode == "int" and loader.mix:
        raise UsageError(
            f"mix {loader.mix} makes soft labels: int labels cannot hold them; "
            "take label_mode='one-hot'"
        )
    if label_mode == "int" and loader.soft:
        raise UsageError("soft labels: int labels cannot hold them; take label_mode='one-hot'")


def _mix_within(images: NDArray[np.float32], mixed: Mixed, sizes: list[int]) -> None:
    """Mix the pictures of batches of these sizes in place, each with another of its batch."""
    start = 0
    for size in sizes:
        batch, share = images[start : start + size], mixed.shares[start]
        with Scratch() as scratch:
            others = scratch.array("others", size, images.shape[1:], np.float32)
            batch.take(mixed.places[start : start + size], axis=0, out=others, mode="clip")
            others *= 1 - share
            batch *= share
            batch += others
        start += size


class _Made:
    """What a loader makes of its settings, and where iterating it stands."""

    def __init__(
        self, loader: Loader, labels: NDArray[np.int64], counts: NDArray[np.int64]
    ) -> None:
        self.position = loader.step
        self.images = Recycled(8)
        pixels = loader.store.pixels
        self.pixels = pixels.view(np.ndarray) if isinstance(pixels, np.ndarray) else pixels
        self.weights = np.ones(len(counts), np.float32)
        if loader.strategy.weights:
            self.weights = class_weights(counts, loader.strategy.weights).astype(np.float32)
        planner = Planner(
            labels,
            loader.strategy,
            seed=loader.seed,
            epoch_size=loader.epoch_size,
            class_names=loader.store.dataset.class_names,
            shuffle=loader.shuffle,
        )
        self.draws = Draws(planner)
        self.steps = Steps(planner.schedule.size, loader.batch_size, loader.drop_remainder)
        self.augmentation = Augmentation(
            loader.augment,
            loader.augment_rare,
            _is_rare(counts),
            num_samples=len(loader.store.dataset),
            shape=loader.store.form.shape[:2],
            seed=loader.seed,
        )


def _is_rare(counts: NDArray[np.int64]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = 2 * counts * np.count_nonzero(counts) < counts.sum()
    return found


def _rebuilt(settings: dict[str, Any]) -> Loader:
    return Loader(**settings)
