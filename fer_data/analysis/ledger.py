"""The ledger of a training: how often each class and each sample is used, planned or recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fer_data.errors import UsageError
from fer_data.sampling.schedule import EpochSize, Schedule
from fer_data.sampling.strategy import Strategy
from fer_data.sampling.weights import class_weights
from fer_data.util import notebook
from fer_data.util.words import counted, printable, shown_class

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from fer_data.loading.loader import Loader

_MOST = 1_000_000_000
"""Epochs, and samples of a step, of a plan: its sums stay exact in 64 bits."""


@dataclass(frozen=True)
class ClassUse:
    """How a class is used.

    Attributes
    ----------
    class_name : str
    samples : int
        Number of samples.
    draws : int
        Number of draws.
    distinct : int
        Samples that are drawn at least once.
    fewest, most : int
        Draws of the least and of the most drawn sample.
    weight : float
        Weight of the class in the loss.
    """

    class_name: str
    samples: int
    draws: int
    distinct: int
    fewest: int
    most: int
    weight: float

    @property
    def mean(self) -> float:
        """Mean draws per sample; 0 where there are none."""
        return self.draws / self.samples if self.samples else 0.0

    @property
    def never(self) -> float:
        """Fraction of the samples that are never drawn; 0 where there is none."""
        return 1 - self.distinct / self.samples if self.samples else 0.0

    @property
    def never_at_random(self) -> float:
        """Expected fraction never drawn, for as many draws with replacement."""
        return float((1 - 1 / self.samples) ** self.draws) if self.samples else 0.0


@dataclass(frozen=True)
class Ledger:
    """How often each class and each sample is used.

    Attributes
    ----------
    balance : str
        The strategy.
    num_epochs : float
        Of the strategy's own length; a recorded run may end within one.
    num_steps, batch_size : int
    classes : tuple of ClassUse

    Examples
    --------
    >>> import fer_data
    >>> ledger = fer_data.plan_ledger([90, 10], ["cat", "dog"], "undersample", epochs=3)
    >>> [(use.class_name, use.samples, use.draws) for use in ledger.classes]
    [('cat', 90, 30), ('dog', 10, 30)]
    """

    balance: str
    num_epochs: float
    num_steps: int
    batch_size: int
    classes: tuple[ClassUse, ...]

    @property
    def num_draws(self) -> int:
        """Draws of all classes."""
        return sum(use.draws for use in self.classes)

    @property
    def length(self) -> str:
        """Number of epochs and steps, in words."""
        epochs = f"{self.num_epochs:,.4g} epoch" + ("" if self.num_epochs == 1 else "s")
        return f"{epochs}, {counted(self.num_steps, 'step')}"

    def __repr__(self) -> str:
        size = f"{len(self.classes)} classes, {self.num_draws:,} draws"
        return f"Ledger({printable(self.balance)}: {self.length}, {size})"

    def _repr_html_(self) -> str:
        rows = [
            (
                shown_class(use.class_name),
                use.samples,
                use.draws,
                use.fewest,
                use.mean,
                use.most,
                f"{use.never:.1%}",
                use.weight,
            )
            for use in self.classes
        ]
        head = ("class", "samples", "draws", "fewest", "mean", "most", "never seen", "weight")
        return notebook.page(
            self.balance,
            f"{self.length}, {self.num_draws:,} draws in batches of {self.batch_size:,}",
            notebook.table(head, rows, most=60, kind="classes"),
            notebook.note("fewest, mean, most: draws of one sample"),
        )

    def plot(self) -> Figure:
        """Draw the samples and draws of each class, and the mean uses of a sample.

        Returns
        -------
        matplotlib.figure.Figure
            Which notebooks show; ``savefig`` writes it.
        """
        from fer_data.plotting.bars import uses  # matplotlib, which planning does not need

        return uses(self.classes, f"{self.balance}: {self.length}")

    def to_frame(self) -> pd.DataFrame:
        """Return a row per class: the attributes of `ClassUse`, ``mean`` and ``never``."""
        import pandas as pd  # 0.7 s to import, and this is its only use here

        return pd.DataFrame(
            [asdict(use) | {"mean": use.mean, "never": use.never} for use in self.classes],
            columns=[*(use.name for use in fields(ClassUse)), "mean", "never"],
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as JSON-compatible values."""
        return {
            "balance": self.balance,
            "epochs": self.num_epochs,
            "steps": self.num_steps,
            "batch_size": self.batch_size,
            "draws": self.num_draws,
            "classes": {
                use.class_name: {
                    "samples": use.samples,
                    "draws": use.draws,
                    "distinct": use.distinct,
                    "repeats": {"min": use.fewest, "mean": use.mean, "max": use.most},
                    "never_seen": use.never,
                    "never_seen_with_replacement": use.never_at_random,
                    "weight": use.weight,
                }
                for use in self.classes
            },
        }


def plan_ledger(
    counts: ArrayLike,
    class_names: Sequence[str],
    balance: str | Strategy = "natural",
    *,
    epochs: int = 1,
    batch_size: int = 64,
    epoch_size: EpochSize = None,
) -> Ledger:
    """Return what a training will draw, computed from the class counts.

    Parameters
    ----------
    counts : array_like of int, shape [C]
        Samples of each class.
    class_names : sequence of str, length C
    balance, batch_size, epoch_size
        As in `fer_data.open_loader`.
    epochs : int
        1 or more.

    Returns
    -------
    Ledger

    Raises
    ------
    UsageError
        If an argument is invalid.

    Examples
    --------
    >>> import fer_data
    >>> ledger = fer_data.plan_ledger([90, 10], ["cat", "dog"], "oversample", epochs=2)
    >>> ledger.num_steps, [use.draws for use in ledger.classes]
    (6, [180, 180])
    """
    for name, value in (("epochs", epochs), ("batch_size", batch_size)):
        if not 1 <= value <= _MOST:
            raise UsageError(f"{name} is {value}; it must be 1 to {_MOST:,}")
    strategy = balance if isinstance(balance, Strategy) else Strategy.parse(balance)
    counts = np.asarray(counts, np.int64)
    schedule = Schedule(strategy, counts, epoch_size=epoch_size, class_names=class_names)
    draws = schedule.before(epochs)
    whole = draws // np.maximum(counts, 1)
    most = -(-draws // np.maximum(counts, 1))
    return Ledger(
        str(strategy),
        epochs,
        epochs * -(-schedule.size // batch_size),
        batch_size,
        _classes(class_names, strategy, counts, draws, np.minimum(draws, counts), whole, most),
    )


def record_ledger(loader: Loader, steps: int) -> Ledger:
    """Return what the first steps of a loader drew, counted from its plans.

    Parameters
    ----------
    loader : Loader
        All shards together are counted.
    steps : int

    Returns
    -------
    Ledger

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> data = fer_data.load((np.zeros((4, 48, 48), np.uint8), ["cat", "cat", "cat", "dog"]))
    >>> loader = fer_data.open_loader(data, balance="batch", batch_size=2)
    >>> [use.draws for use in fer_data.record_ledger(loader, steps=5).classes]
    [5, 5]
    """
    uses = np.zeros(len(loader.rows), np.int64)
    _, stop = loader.sampler.steps.window(steps - 1) if steps else (0, 0)
    for epoch in range(-(-stop // loader.num_samples)):
        drawn = loader.plan(epoch).samples[: stop - epoch * loader.num_samples]
        uses += np.bincount(drawn, minlength=len(uses))
    labels = range(loader.num_classes)
    of_class = [uses[loader.labels == label] for label in labels]
    figures = (
        [draws_of_class.sum() for draws_of_class in of_class],
        [np.count_nonzero(draws_of_class) for draws_of_class in of_class],
        [draws_of_class.min() if len(draws_of_class) else 0 for draws_of_class in of_class],
        [draws_of_class.max(initial=0) for draws_of_class in of_class],
    )
    names = loader.store.dataset.class_names
    return Ledger(
        loader.balance,
        stop / loader.num_samples,
        steps,
        loader.batch_size,
        _classes(names, Strategy.parse(loader.balance), loader.counts, *map(np.array, figures)),
    )


def _classes(
    class_names: Sequence[str],
    strategy: Strategy,
    counts: NDArray[np.int64],
    draws: NDArray[np.int64],
    distinct: NDArray[np.int64],
    fewest: NDArray[np.int64],
    most: NDArray[np.int64],
) -> tuple[ClassUse, ...]:
    weights = class_weights(counts, strategy.weights) if strategy.weights else np.ones(len(counts))
    return tuple(
        ClassUse(
            class_name=name,
            samples=int(counts[label]),
            draws=int(draws[label]),
            distinct=int(distinct[label]),
            fewest=int(fewest[label]),
            most=int(most[label]),
            weight=float(weights[label]),
        )
        for label, name in enumerate(class_names)
    )
