"""The loader: step number -> batch, in NumPy. Adapters to tf.data and others build on it."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fer_data.data.store import PixelStore
from fer_data.errors import UsageError
from fer_data.loading.batch_images import BatchImages, mix_with, mix_within
from fer_data.loading.batch_plans import drawn_for, plan_batches
from fer_data.loading.batches import Batch, BatchPlan, Labels
from fer_data.loading.samplers import BalancedBatchSampler
from fer_data.loading.shown import loader_html, loader_repr
from fer_data.loading.state import content_of, position_of, state_of
from fer_data.sampling.planner import EpochPlan
from fer_data.sampling.weights import class_weights
from fer_data.transforms.mixing import Mixing
from fer_data.transforms.transform import Transform, checked_fingerprint
from fer_data.util.checks import finite_number, whole_number

_STEPS_AT_ONCE = 8
_BYTES_AT_ONCE = 8 << 20
"""What iterating draws at once: that spreads the cost of calls, and fits into the cache."""


@dataclass(frozen=True, eq=False)
class Loader:
    """Images, a sampler and a transform: batches, each a pure function of its step number.

    Iterating yields the rest of an epoch, and iterating again the next epoch; `state` returns the
    position. There is one position: an iterator ends where another one began. Batches are
    drawn several at a time and share their memory, so copy what you keep for long
    (``batch.images.copy()``). `batch` returns any batch at any time without moving the position;
    any number of threads may call it. A pickled loader holds no pixels: another process maps the
    store again.

    Attributes
    ----------
    store : PixelStore
        The images.
    rows : ndarray of int64, shape [N]
        The rows of the store that are drawn from.
    sampler : BalancedBatchSampler
        Which of them each batch has; of N labels.
    transform : Transform
        What is done to the images.
    weights : str, optional
        How a sample's loss is weighted by its class: a scheme of `fer_data.class_weights`.
    mix : Mixing, optional
        How images are mixed.
    soft : bool
        Whether targets are the dataset's soft labels. Balancing, rare classes and remix's thirds
        go by `labels` all the same.
    dtype : {"float32", "uint8"}
        Of the images; as uint8, they are rounded.
    rescale : float
        What pixels, 0 to 255, are multiplied by, as float32.

    Raises
    ------
    UsageError
        If an argument cannot be used.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> data = fer_data.load((np.zeros((4, 48, 48), np.uint8), ["cat", "cat", "cat", "dog"]))
    >>> loader = fer_data.open_loader(data, balance="oversample", batch_size=4, seed=1)
    >>> sum(np.bincount(batch.labels, minlength=2) for batch in loader).tolist()
    [3, 3]
    """

    store: PixelStore
    rows: NDArray[np.int64]
    sampler: BalancedBatchSampler
    transform: Transform
    _: dataclasses.KW_ONLY
    weights: str = ""
    mix: Mixing | None = None
    soft: bool = False
    dtype: Literal["float32", "uint8"] = "float32"
    rescale: float = 1.0

    def __post_init__(self) -> None:
        finite_number("rescale", self.rescale)
        if self.dtype not in ("float32", "uint8"):
            raise UsageError(f"dtype: expected float32 or uint8, got {self.dtype!r}")
        if self.dtype == "uint8" and self.rescale != 1.0:
            raise UsageError(
                f"rescale is {self.rescale}, and dtype uint8: whole numbers stay 0 to 255. Rescale "
                "in the model, as keras.layers.Rescaling does"
            )
        if len(self.sampler.labels) != len(self.rows):
            raise UsageError(
                f"sampler: expected one of {len(self.rows):,} labels, one a row, got "
                f"{len(self.sampler.labels):,}"
            )
        none = np.zeros(0, np.int64)  # refuses at once what cannot be done to such images
        drawn_for(self, none, none, none)
        if self.soft and self.store.dataset.soft_labels is None:
            raise UsageError(f"{self.store.dataset.root}: there are no soft labels in the data")

    __repr__ = loader_repr
    _repr_html_ = loader_html

    def __reduce__(self) -> Any:
        return _rebuilt, (
            {field.name: getattr(self, field.name) for field in dataclasses.fields(self)},
        )

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """Label of each sample, int64 [N]."""
        return self.store.dataset.labels[self.rows].astype(np.int64)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Samples of each class, int64 [C]."""
        return np.bincount(self.labels, minlength=self.num_classes)

    @cached_property
    def class_weights(self) -> NDArray[np.float32]:
        """Weight of each class in the loss, float32 [C]; all one where there are none."""
        if not self.weights:
            return np.ones(self.num_classes, np.float32)
        return class_weights(self.counts, self.weights).astype(np.float32)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Name of each class."""
        return self.store.dataset.class_names

    @property
    def num_classes(self) -> int:
        """Number of classes, those without a sample included."""
        return len(self.class_names)

    @property
    def balance(self) -> str:
        """The strategy, and the weights, as ``balance=`` takes them."""
        strategy = self.sampler.strategy
        return str(strategy and strategy.weighted(self.weights))

    @property
    def batch_size(self) -> int:
        """Samples of a batch, of all shards together."""
        return self.sampler.batch_size

    @property
    def num_samples(self) -> int:
        """Samples that an epoch draws, for all shards together."""
        return self.sampler.num_samples

    @property
    def num_steps(self) -> int:
        """Batches of an epoch."""
        return len(self.sampler)

    @property
    def step(self) -> int:
        """Where the next iteration begins, counted from 0 through all epochs."""
        return self.sampler.step

    def plan(self, epoch: int) -> EpochPlan:
        """Return an epoch's draws, for all shards together, as indices into `rows`."""
        return self.sampler.plan(epoch)

    def batch(self, step: int) -> Batch:
        """Return the batch of a step, counted on through the epochs from 0."""
        return self._batch(range(step, step + 1))

    def batch_plan(self, step: int, stop: int | None = None) -> BatchPlan:
        """Return the plan of a step's batch, before any pixel is touched.

        Parameters
        ----------
        step : int
        stop : int, optional
            Return the plans of all steps before this one, one after the other, in one.

        Returns
        -------
        BatchPlan
        """
        return plan_batches(self, range(step, step + 1 if stop is None else stop))

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
        parts = batch.images, targets, batch.weights
        return parts if self.weights else parts[:2]

    def epoch(self, epoch: int = 0, *, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, from batch `start` on."""
        yield from self._batches(epoch * self.num_steps + start, (epoch + 1) * self.num_steps)

    def __iter__(self) -> Iterator[Batch]:
        position = self.sampler.begin()
        for step, batch in enumerate(self._batches(position.step, position.end), position.step):
            if self.step != step:
                return
            position.step = step + 1
            yield batch

    def at(self, step: int) -> Loader:
        """Return the same loader, iterating from another step."""
        loader = _rebuilt(self.__reduce__()[1][0] | {"sampler": self.sampler.copy()})
        loader.sampler.begin(step)
        return loader

    def state(self, step: int | None = None) -> dict[str, Any]:
        """Return the position of the training, as a plain dict that `from_state` takes.

        Parameters
        ----------
        step : int, optional
            Batches that were trained, counted from 0 through all epochs. By default those that
            were given out; frameworks that iterate fetch batches before they train them.

        Returns
        -------
        dict
            ``epoch`` and ``step`` in it; ``samples``, the draws before it; ``goes_on``, whether
            the next iteration goes on within an epoch; and ``fingerprint``, the settings.

        Raises
        ------
        UsageError
            If a setting, such as a function without an import name, cannot be compared later.
        """
        step = self.step if step is None else whole_number("step", step)
        return state_of(step, self.sampler.steps, self.settings(named=True))

    def from_state(self, state: dict[str, Any]) -> Loader:
        """Return the same loader, iterating from the position of a state.

        Another number of shards is fine, and another batch size where the samples that were
        trained are a whole number of its batches.

        Raises
        ------
        UsageError
            If the state is of other data or settings, and which; or no state.
        """
        settings, name = self.settings(named=True), str(self.store.dataset.root)
        return self.at(position_of(state, self.sampler.steps, settings, name).step)

    def settings(self, *, named: bool = False) -> dict[str, str]:
        """Return all settings that determine the batches; shards, dtype and rescaling do not.

        Parameters
        ----------
        named : bool
            Refuse a transform that has no name which another process could compare.
        """
        augment = checked_fingerprint(self.transform) if named else self.transform.fingerprint
        sampler = self.sampler.settings()
        del sampler["labels"]
        return {
            "drop_remainder": sampler.pop("drop_last"),
            "data": content_of(len(self.rows), len(self.class_names), self._digest),
            **sampler,
            "balance": self.balance,
            "augment": augment or repr(self.transform),
            "mix": str(self.mix or "none"),
            "soft": str(self.soft),
        }

    def steps_within(self, num_bytes: int) -> int:
        """Return how many steps' images fit into so many bytes; 1 or more."""
        images = -(-self.batch_size // self.sampler.shard.count)
        size = np.dtype(self.dtype).itemsize * math.prod(self.store.form.shape)
        return max(1, num_bytes // (size * images))

    @cached_property
    def _digest(self) -> str:
        dataset = self.store.dataset
        digest = hashlib.blake2b(digest_size=8)
        digest.update(self.store.digest.encode())
        digest.update(self.rows.tobytes())
        digest.update(repr((self.sampler.settings()["labels"], self.class_names)).encode())
        if self.soft and dataset.soft_labels is not None:
            digest.update(dataset.soft_labels[self.rows].tobytes())
        return digest.hexdigest()

    @cached_property
    def _images(self) -> BatchImages:
        return BatchImages(self.store, self.transform, self.rescale)

    def _batches(self, step: int, stop: int) -> Iterator[Batch]:
        """Yield the batches of some steps: the first at once, then several drawn at a time."""
        at_once = 1
        while step < stop:
            steps = range(step, min(step + at_once, stop))
            yield from self._batch(steps).split([self._size(step) for step in steps])
            step = steps.stop
            at_once = min(_STEPS_AT_ONCE, self.steps_within(_BYTES_AT_ONCE))

    def _size(self, step: int) -> int:
        """Return how many images of a step are this shard's."""
        start, stop = self.sampler.steps.window(step)
        part = self.sampler.shard.of(stop - start)
        return int(part.stop - part.start)

    def _batch(self, steps: range) -> Batch:
        """Return the batches of some steps in a row as one: half of a batch's time is calls."""
        plan = plan_batches(self, steps)
        mixed = plan.mixed
        dtype = np.float32 if mixed else np.dtype(self.dtype)
        images = self._images.of(plan.samples, plan.parameters, dtype)
        if mixed is not None:
            if self.sampler.shard.count == 1:
                mix_within(images, mixed, [self._size(step) for step in steps])
            else:
                parameters = drawn_for(self, mixed.samples, mixed.repeats, mixed.labels)
                others = self._images.of(mixed.samples, parameters, dtype)
                mix_with(images, others, mixed)
            if self.dtype == "uint8":
                images = np.rint(images).astype(np.uint8)
        return Batch(**vars(plan), images=images)


def _rebuilt(settings: dict[str, Any]) -> Loader:
    return Loader(**settings)
