"""An arm's difference on several data sets, and its mean over them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from fer_data.errors import UsageError
from fer_model.statistics.differences import Difference
from fer_model.words import interval


@dataclass(frozen=True)
class MeanDifference:
    """The mean of an arm's differences over data sets, each with the same weight; in fractions.

    The interval is of these data sets with other test images and seeds. It says nothing of data
    sets that were not tried.

    Attributes
    ----------
    estimate, low, high : float
        The interval is from -1 to 1 where a data set says nothing of the figure.
    num_data_sets : int
    """

    estimate: float
    low: float
    high: float
    num_data_sets: int

    @property
    def in_points(self) -> str:
        """The mean in points with its interval, as tables show it."""
        return interval(self.estimate, self.low, self.high)


def mean_difference(rows: Sequence[Difference]) -> MeanDifference:
    r"""Return the mean over data sets that share neither images nor trainings.

    Its variance is :math:`\sum_k (M'_k + V_k) / K^2`, and the critical value is the mean of
    Student's, weighted by these parts (Cochran 1964), as in `fer_model.statistics.power.margin`.

    Parameters
    ----------
    rows : sequence of Difference
        Of one arm and figure, one for each data set.

    Raises
    ------
    UsageError
        If there is none.
    """
    if not rows:
        raise UsageError("expected the differences of one data set or more, got none")
    estimate = float(np.mean([row.estimate for row in rows]))
    if any(row.is_open for row in rows):
        return MeanDifference(estimate, -1.0, 1.0, len(rows))
    tail = (1 - rows[0].level) / 2
    variances, critical = [], []
    for row in rows:
        parts = row.components
        variances.append(parts.pictures * (1 + 1 / parts.degrees))
        critical.append(stats.t.isf(tail, parts.degrees))
        if parts.num_seeds > 1:
            variances.append(parts.seeds / parts.num_seeds)
            critical.append(stats.t.isf(tail, parts.num_seeds - 1))
    total = float(np.sum(variances))
    half = float(np.dot(variances, critical)) / math.sqrt(total) / len(rows) if total else 0.0
    low, high = max(-1.0, estimate - half), min(1.0, estimate + half)
    return MeanDifference(estimate, low, high, len(rows))
