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
        found = (self.verdicts.get((arm, name)) for name in self.data_sets)
        return sum(one is not None and one.word == word for one in found)

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each arm and data set, and one for each arm's mean; in fractions."""
        import pandas as pd

        rows: list[tuple[Any, ...]] = [
            (arm, name, row.value, row.estimate, row.low, row.high, row.p_holm, one.word)
            for (arm, name), one in self.verdicts.items()
            if (row := one.difference)
        ]
        rows += [
            (arm, "mean", None, one.estimate, one.low, one.high, None, None)
            for arm, one in self.means.items()
        ]
        columns = ["arm", "data_set", "value", "difference", "low", "high", "p_holm", "verdict"]
        return pd.DataFrame(rows, columns=columns)

    def table(self) -> pd.DataFrame:
        """Return differences in points with their intervals as texts, a row an arm."""
        import pandas as pd

        table = pd.DataFrame(index=pd.Index(self.arms, name="arm"))
        for name in self.data_sets:
            cells = [self.verdicts.get((arm, name)) for arm in self.arms]
            table[name] = [one.difference.in_points if one else "–" for one in cells]
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
        values = [one.figure if what == "figure" else one.arms[0] for one in comparisons]
        if len(set(values)) > 1:
            raise UsageError(f"the comparisons differ in their {what}: {', '.join(values)}")
    names = _names(comparisons)
    found = {
        (one.difference.arm, name): one
        for name, results in zip(names, comparisons, strict=True)
        for one in verdicts(
            results.differences,
            figure=first.figure,
            margin=results.margin if margin is None else margin,
        )
    }
    arms = tuple(dict.fromkeys(arm for arm, _ in found))
    means = {
        arm: mean_difference([one.difference for (of, _), one in found.items() if of == arm])
        for arm in arms
    }
    return Across(first.figure, first.arms[0], names, arms, found, means)


def _names(comparisons: Sequence[Results]) -> tuple[str, ...]:
    """Return a name for each data set, its folder's where it has one, with numbers if need be."""
    marks = [
        one.training.protocol.data.get("fingerprint") if one.training else None
        for one in comparisons
    ]
    folders = [one.out.resolve() if one.out else None for one in comparisons]
    for known in (marks, folders):
        twice = [each for each, number in Counter(known).items() if each and number > 1]
        if twice:
            raise UsageError("two of the comparisons are of the same data; name each data set once")
    found: list[str] = []
    for one in comparisons:
        name = printable(Path(one.source).name or (one.out.name if one.out else "")) or "data"
        same = sum(each == name or each.startswith(f"{name} (") for each in found)
        found.append(f"{name} ({same + 1})" if same else name)
    return tuple(found)
