"""What a data set holds: counts, imbalance, and what each way of balancing would draw."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from fer_data.analysis.agreement import Agreement, label_agreement
from fer_data.analysis.drift import ClassDrift, class_drift
from fer_data.data.dataset import Dataset
from fer_data.data.reading import DatasetLike, load
from fer_data.data.skipped import summary
from fer_data.sampling.schedule import Schedule
from fer_data.sampling.strategy import CHOICES, Strategy
from fer_data.sampling.weights import class_weights
from fer_data.util import notebook
from fer_data.util.files import write_text
from fer_data.util.words import printable, shown_class

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_COLUMNS = ["split", "class", "count", "fraction"]


@dataclass(frozen=True)
class SplitStats:
    """Counts of one split.

    Attributes
    ----------
    counts : tuple of int
        Samples of each class, in label order.
    num_unlabelled : int
        Samples without a label, which are in none of the counts.
    """

    counts: tuple[int, ...]
    num_unlabelled: int = 0

    @property
    def num_samples(self) -> int:
        """All samples, those without a label included."""
        return sum(self.counts) + self.num_unlabelled

    @property
    def fractions(self) -> tuple[float, ...]:
        """Fraction of each class among the labelled samples; 0 where there are none."""
        return tuple(count / max(1, sum(self.counts)) for count in self.counts)

    @property
    def imbalance_ratio(self) -> float:
        """Samples of the largest class over those of the smallest; infinite with an empty class."""
        if not any(self.counts):
            return math.nan
        return max(self.counts) / min(self.counts) if min(self.counts) else math.inf

    @property
    def effective_num_classes(self) -> float:
        """Exponential of the entropy of the fractions: how many equal classes are as diverse.

        Hill's diversity number of order one (Hill 1973, doi:10.2307/1934352).
        """
        if not any(self.counts):
            return math.nan
        return math.exp(
            -sum(fraction * math.log(fraction) for fraction in self.fractions if fraction)
        )


@dataclass(frozen=True)
class Balance:
    """What one strategy makes of the training split.

    Attributes
    ----------
    name : str
        What ``balance=`` takes.
    draws : tuple of int
        Samples of each class in an epoch.
    weights : tuple of float
        Weight of each class in the loss.
    """

    name: str
    draws: tuple[int, ...]
    weights: tuple[float, ...]

    @classmethod
    def of(cls, name: str, counts: NDArray[np.int64]) -> Balance:
        """Return what a strategy makes of classes of these counts, [C]."""
        strategy = Strategy.parse(name)
        draws = Schedule(strategy, counts).draws(0)
        weights = class_weights(counts) if strategy.weights else np.ones(len(counts))
        return cls(name, tuple(draws.tolist()), tuple(weights.tolist()))


@dataclass(frozen=True)
class Stats:
    """What a data set holds.

    Attributes
    ----------
    path, layout : str
    class_names : tuple of str
    splits : dict of SplitStats
        By split name.
    skipped : tuple of str
        A line for each kind of skipped files or rows.
    num_excluded : int
        Samples in no split, which are in none of the counts.
    notes : tuple of str
        A line for each change that options made to the data.
    agreement : Agreement or None
        Of the data's own labels with those that some samples were given in place of them.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> stats = fer_data.stats((np.zeros((3, 48, 48), np.uint8), ["cat", "dog", "dog"]))
    >>> stats.class_names, stats.splits["train"].imbalance_ratio
    (('cat', 'dog'), 2.0)
    """

    path: str
    layout: str
    class_names: tuple[str, ...]
    splits: dict[str, SplitStats]
    skipped: tuple[str, ...] = ()
    num_excluded: int = 0
    notes: tuple[str, ...] = ()
    agreement: Agreement | None = None

    @classmethod
    def of(cls, dataset: Dataset) -> Stats:
        """Return what a dataset holds, as `fer_data.stats` does."""
        counts = np.zeros((len(dataset.splits), len(dataset.class_names) + 1), np.int64)
        # The label -1 of samples without one is the last column.
        np.add.at(counts, (dataset.split_codes, dataset.labels), 1)
        splits = {
            split: SplitStats(tuple(labelled), unlabelled)
            for split, (*labelled, unlabelled) in zip(dataset.splits, counts.tolist(), strict=True)
        }
        agreement = None
        if dataset.own_labels is not None:
            agreement = label_agreement(replace(dataset, labels=dataset.own_labels), dataset)
        return cls(
            path=str(dataset.root),
            layout=dataset.layout,
            class_names=dataset.class_names,
            splits=splits,
            skipped=tuple(summary(dataset.skipped)),
            num_excluded=dataset.num_excluded,
            notes=dataset.notes,
            agreement=agreement,
        )

    @property
    def imbalance_ratio(self) -> float:
        """That of the training split, or of the first split that has labels."""
        ratios = [split.imbalance_ratio for split in self.splits.values()]
        return next((ratio for ratio in ratios if not math.isnan(ratio)), math.nan)

    @cached_property
    def balances(self) -> tuple[Balance, ...]:
        """What each strategy makes of the training split; empty where it has no labels."""
        train = self.splits.get("train")
        if train is None or not any(train.counts):
            return ()
        return tuple(Balance.of(name, np.array(train.counts)) for name in CHOICES)

    @cached_property
    def drift(self) -> tuple[ClassDrift, ...]:
        """Drift of the classes, from the training split to each other one that has labels."""
        return class_drift({name: split.counts for name, split in self.splits.items()})

    def __repr__(self) -> str:
        sizes = [f"{name} {split.num_samples:,}" for name, split in self.splits.items()]
        parts = [printable(self.path), *sizes, f"{len(self.class_names)} classes"]
        return f"Stats({', '.join(parts)}, imbalance ratio {self.imbalance_ratio:.2f})"

    def _repr_html_(self) -> str:
        splits = self.splits.values()
        head = [column for name in self.splits for column in (name, f"{name} %")]
        rows: list[tuple[object, ...]] = [
            (
                shown_class(name),
                *(
                    cell
                    for split in splits
                    for cell in (split.counts[label], f"{split.fractions[label]:.1%}")
                ),
            )
            for label, name in enumerate(self.class_names)
        ]
        num = sum(split.num_samples for split in splits)
        return notebook.page(
            self.path,
            f"{self.layout}, {num:,} samples in {len(self.class_names):,} classes, imbalance ratio "
            f"{self.imbalance_ratio:.2f}",
            notebook.table(("class", *head), rows, most=60, kind="classes"),
            notebook.notes((*self.notes, *self.skipped)),
        )

    def plot(self) -> Figure:
        """Draw the samples of each class in each split, of at most 60 classes, the largest.

        Returns
        -------
        matplotlib.figure.Figure
            Which notebooks show; ``savefig`` writes it.
        """
        from fer_data.plotting.bars import bars  # matplotlib, which counting does not need

        counts = {name: split.counts for name, split in self.splits.items()}
        return bars(self.class_names, counts, "samples")

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each split and class.

        Columns are ``split``, ``class``, ``count``, and ``fraction`` of the split's labels.
        """
        import pandas as pd  # 0.7 s to import, and this is its only use here

        return pd.DataFrame(self._rows(), columns=_COLUMNS)

    @overload
    def to_csv(self, path: None = None) -> str: ...

    @overload
    def to_csv(self, path: str | Path) -> None: ...

    def to_csv(self, path: str | Path | None = None) -> str | None:
        """Write the rows of `to_frame` to a csv file, or return its text where no path is given.

        `fer_model.compare_predictions` takes such a file as ``train_counts``.

        Examples
        --------
        >>> import numpy as np, fer_data
        >>> stats = fer_data.stats((np.zeros((4, 48, 48), np.uint8), ["cat", "dog", "dog", "dog"]))
        >>> stats.to_csv("counts.csv")
        >>> print(stats.to_csv())
        split,class,count,fraction
        train,cat,1,0.250000
        train,dog,3,0.750000
        <BLANKLINE>
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows([*row, f"{fraction:.6f}"] for *row, fraction in self._rows())
        if path is None:
            return text.getvalue()
        write_text(Path(path), text.getvalue())
        return None

    def _rows(self) -> list[tuple[str, str, int, float]]:
        return [
            (split, *row)
            for split, of_split in self.splits.items()
            for row in zip(self.class_names, of_split.counts, of_split.fractions, strict=True)
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as JSON holds them; a ratio that is not finite is None."""
        return {
            "path": self.path,
            "layout": self.layout,
            "num_samples": sum(split.num_samples for split in self.splits.values()),
            "class_names": list(self.class_names),
            "splits": {
                name: {
                    "num_samples": split.num_samples,
                    "num_unlabelled": split.num_unlabelled,
                    "counts": dict(zip(self.class_names, split.counts, strict=True)),
                    "fractions": dict(zip(self.class_names, split.fractions, strict=True)),
                    "imbalance_ratio": _finite(split.imbalance_ratio),
                    "effective_num_classes": _finite(split.effective_num_classes),
                }
                for name, split in self.splits.items()
            },
            "balance": {
                balance.name: {
                    "draws": dict(zip(self.class_names, balance.draws, strict=True)),
                    "weights": dict(zip(self.class_names, balance.weights, strict=True)),
                }
                for balance in self.balances
            },
            "drift": {drift.split: drift.to_dict() for drift in self.drift},
            "num_excluded": self.num_excluded,
            "notes": list(self.notes),
            "agreement": self.agreement.to_dict() if self.agreement else None,
            "skipped": list(self.skipped),
        }


def stats(data: DatasetLike, **options: Any) -> Stats:
    """Count a dataset's samples.

    Parameters
    ----------
    data : path or Dataset
        What `fer_data.load` takes. Where samples were given other labels, the agreement of these
        with the data's own is counted, too.
    **options
        As in `fer_data.load`, for a path.

    Returns
    -------
    Stats

    Raises
    ------
    DataError
        If the data cannot be read.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> stats = fer_data.stats((np.zeros((3, 48, 48), np.uint8), ["cat", "dog", "dog"]))
    >>> stats.splits["train"].counts
    (1, 2)
    """
    return Stats.of(load(data, **options))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
