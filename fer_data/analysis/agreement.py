"""Agreement of two sets of labels of the same samples."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_data.data.dataset import Dataset

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Agreement:
    """Counts of samples by two labels.

    Attributes
    ----------
    own_names, other_names : tuple of str
        The classes of each set, in label order.
    confusion : tuple of tuple of int, shape [C, D]
        Samples by own label (rows) and other label (columns).

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> own = fer_data.load((np.zeros((3, 48, 48), np.uint8), ["cat", "dog", "dog"]))
    >>> other = own.relabel({own.sample_ids()[0]: "dog"})
    >>> fer_data.label_agreement(own, other).confusion
    ((0, 1), (0, 2))
    """

    own_names: tuple[str, ...]
    other_names: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]

    @property
    def num_samples(self) -> int:
        """Samples that have both labels."""
        return sum(map(sum, self.confusion))

    @property
    def proportion(self) -> float:
        """Proportion of the samples with the same class name in both; NaN where there are none."""
        return self._same(self.confusion) / self.num_samples if self.num_samples else math.nan

    @property
    def kappa(self) -> float:
        r"""Cohen's kappa: the agreement beyond chance (Cohen 1960).

        .. math:: \kappa = (p_o - p_e) / (1 - p_e)

        where :math:`p_o` is the proportion that agrees and :math:`p_e` what the two sets' class
        proportions alone would give. NaN where both have one class only, and the same.
        """
        if not self.num_samples:
            return math.nan
        counts = np.array(self.confusion, np.float64) / self.num_samples
        by_chance = self._same(np.outer(counts.sum(axis=1), counts.sum(axis=0)))
        return (self.proportion - by_chance) / (1 - by_chance) if by_chance < 1 else math.nan

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as JSON-compatible values; NaN is None."""
        return {
            "num_samples": self.num_samples,
            "proportion": None if math.isnan(self.proportion) else self.proportion,
            "kappa": None if math.isnan(self.kappa) else self.kappa,
            "confusion": {
                own: dict(zip(self.other_names, row, strict=True))
                for own, row in zip(self.own_names, self.confusion, strict=True)
            },
        }

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each two classes: ``own_label``, ``other_label`` and ``samples``."""
        import pandas as pd  # 0.7 s to import, and this is its only use here

        rows = [
            (own, other, count)
            for own, row in zip(self.own_names, self.confusion, strict=True)
            for other, count in zip(self.other_names, row, strict=True)
        ]
        return pd.DataFrame(rows, columns=["own_label", "other_label", "samples"])

    def _same(self, table: Any) -> float:
        return float(
            sum(
                table[row][self.other_names.index(name)]
                for row, name in enumerate(self.own_names)
                if name in self.other_names
            )
        )


def label_agreement(own: Dataset, other: Dataset) -> Agreement:
    """Return the agreement of the labels of two datasets of one origin.

    Parameters
    ----------
    own, other : Dataset
        Samples of both are counted, unless they have no label in one of them.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> own = fer_data.load((np.zeros((3, 48, 48), np.uint8), ["cat", "dog", "dog"]))
    >>> other = own.relabel({own.sample_ids()[0]: "dog"})
    >>> round(fer_data.label_agreement(own, other).proportion, 3)
    0.667
    """
    _, first, second = np.intersect1d(own.rows, other.rows, return_indices=True)
    labels, others = own.labels[first], other.labels[second]
    counted = (labels >= 0) & (others >= 0)
    table = np.zeros((len(own.class_names), len(other.class_names)), np.int64)
    np.add.at(table, (labels[counted], others[counted]), 1)
    return Agreement(own.class_names, other.class_names, tuple(map(tuple, table.tolist())))
