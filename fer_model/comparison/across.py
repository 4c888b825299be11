"""The same arms on several data sets: differences on each, and their mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_data.errors import UsageError
from fer_data.util.words import printable
from fer_model.comparison.results import Results
from fer_model.statistics.data_sets import MeanDifference, mean_difference
from fer_model.statistics.verdict import HELPS, HURTS, Verdict, verdicts

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Across:
    """Arms on several data sets.

    Attributes
    ----------
    figure, baseline : str
    data_sets : tuple of str, length K
    arms : tuple of str
        All that a data set has, without the baseline.
    verdicts : dict of (str, str) to Verdict
        By arm and data set, of the arms that the data set has; adjusted for its number of arms.
    means : dict of str to MeanDifference
        By arm, over the data sets that have it. Not adjusted for the number of arms.

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> labels = np.repeat([0, 1], [90, 10])
    >>> runs = [np.where(np.arange(100) % 9 == seed, 1 - labels, labels) for seed in range(3)]
    >>> arms = {"none": [0 * labels] * 3, "own": runs}
    >>> compare = fer_model.compare_predictions
    >>> data_sets = [compare(labels, arms, out=out) for out in ("pets", "birds")]
    >>> across = fer_model.across_data_sets(data_sets)
    >>> across.data_sets, across.count("own", "helps")
    (('pets', 'birds'), 2)
    """

    figure: str
    baseline: str
    data_sets: tuple[str, ...]
    arms: tuple[str, ...]
    verdicts: dict[tuple[str, str], Verdict]
    means: dict[str, MeanDifference]

    def count(self, arm: str, word: str) -> int:
        """Return on how many data sets an arm has a verdict."""
        of_data_sets = (self.verdicts.get((arm, name)) for name in self.data_sets)
        return sum(verdict is not None and verdict.word == word for verdict in of_data_sets)

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each arm and data set, and one for each arm's mean; in fractions.

        Where there is no interval, its ends and the p-value are NaN.
        """
        import pandas as pd

        rows: list[tuple[Any, ...]] = [
            (arm, name, row.value, row.estimate, known["low"], known["high"], known["p_holm"], word)
            for (arm, name), verdict in self.verdicts.items()
            for row, word in [(verdict.difference, verdict.word)]
            for known in [row.known]
        ]
        rows += [
            (arm, "mean", None, mean.estimate, *mean.known_interval, None, None)
            for arm, mean in self.means.items()
        ]
        columns = ["arm", "data_set", "value", "difference", "low", "high", "p_holm", "verdict"]
        return pd.DataFrame(rows, columns=columns)

    def table(self) -> pd.DataFrame:
        """Return differences in points with their intervals as texts, a row an arm."""
        import pandas as pd

        table = pd.DataFrame(index=pd.Index(self.arms, name="arm"))
        for name in self.data_sets:
            cells = [self.verdicts.get((arm, name)) for arm in self.arms]
            table[name] = [verdict.difference.in_points if verdict else "–" for verdict in cells]
        table["mean"] = [self.means[arm].in_points for arm in self.arms]
        for word in (HELPS, HURTS):
            counts = (
                f"{self.count(arm, word)} of {self.means[arm].num_data_sets}" for arm in self.arms
            )
            table[word] = list(counts)
        return table


def across_data_sets(comparisons: Sequence[Results], *, margin: float | None = None) -> Across:
    """Put comparisons on different data sets side by side.

    Parameters
    ----------
    comparisons : sequence of Results
        With the same baseline and the same figure that decides.
    margin : float, optional
        The largest difference of no practical importance, in fractions; by default each
        comparison's own.

    Raises
    ------
    UsageError
        If there are fewer than two, or they differ in baseline or figure, or two are of the same
        data.

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> labels = np.repeat([0, 1], [90, 10])
    >>> runs = [np.where(np.arange(100) % 9 == seed, 1 - labels, labels) for seed in range(3)]
    >>> arms = {"none": [0 * labels] * 3, "own": runs}
    >>> compare = fer_model.compare_predictions
    >>> data_sets = [compare(labels, arms, out=out) for out in ("pets", "birds")]
    >>> round(fer_model.across_data_sets(data_sets).means["own"].estimate, 2)
    0.38
    """
    if len(comparisons) < 2:
        raise UsageError(f"expected two comparisons or more, got {len(comparisons)}")
    first = comparisons[0]
    for what in ("figure", "baseline"):
        values = [
            results.figure if what == "figure" else results.arms[0] for results in comparisons
        ]
        if len(set(values)) > 1:
            raise UsageError(f"the comparisons differ in their {what}: {', '.join(values)}")
    names = _names(comparisons)
    by_arm = {
        (verdict.difference.arm, name): verdict
        for name, results in zip(names, comparisons, strict=True)
        for verdict in verdicts(
            results.differences,
            figure=first.figure,
            margin=results.margin if margin is None else margin,
        )
    }
    arms = tuple(dict.fromkeys(arm for arm, _ in by_arm))
    means = {
        arm: mean_difference(
            [verdict.difference for (of, _), verdict in by_arm.items() if of == arm]
        )
        for arm in arms
    }
    return Across(first.figure, first.arms[0], names, arms, by_arm, means)


def _names(comparisons: Sequence[Results]) -> tuple[str, ...]:
    """Return a name for each data set, its folder's where it has one, with numbers if need be."""
    marks = [
        results.training.protocol.data.get("fingerprint") if results.training else None
        for results in comparisons
    ]
    folders = [results.out.resolve() if results.out else None for results in comparisons]
    for known in (marks, folders):
        twice = [folder for folder, number in Counter(known).items() if folder and number > 1]
        if twice:
            raise UsageError("two of the comparisons are of the same data; name each data set once")
    shown: list[str] = []
    for results in comparisons:
        name = (
            printable(Path(results.source).name or (results.out.name if results.out else ""))
            or "data"
        )
        same = sum(label == name or label.startswith(f"{name} (") for label in shown)
        shown.append(f"{name} ({same + 1})" if same else name)
    return tuple(shown)
