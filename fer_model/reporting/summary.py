"""What a comparison says: verdicts first, then the figures behind them, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.util.words import printable
from fer_model.comparison.announcement import as_trained, missing, without_samples
from fer_model.comparison.results import Results
from fer_model.reporting import notes
from fer_model.statistics.calibration import Calibration, calibration
from fer_model.statistics.design import smallest_difference_measured
from fer_model.statistics.differences import Difference, Differences, paired_differences
from fer_model.statistics.p_values import mcnemar
from fer_model.statistics.scores import SUMMARIES, WORST
from fer_model.statistics.verdict import (
    HELPS,
    HURTS,
    Verdict,
    leading,
)
from fer_model.words import figure_name


@dataclass(frozen=True, eq=False)
class Summary:
    """The account of a comparison.

    Attributes
    ----------
    results : Results
        Their margin and shots decide, as they decide the page: `dataclasses.replace` gives others.
    auroc : bool
        Whether the area under the ROC curve is wanted.

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> labels = np.repeat([0, 1], [90, 10])
    >>> good = [np.where(np.arange(100) % 9 == seed, 1 - labels, labels) for seed in range(3)]
    >>> base = [labels * (np.arange(100) % 5 == seed) for seed in range(3)]
    >>> results = fer_model.compare_predictions(labels, {"none": base, "own": good})
    >>> print(fer_model.Summary(results).headline)
    own raises balanced accuracy by at least 20.6 pp
    """

    results: Results
    auroc: bool = False

    @classmethod
    def of(cls, comparison: Results | Summary) -> Summary:
        """Return the account of results; an account is returned as it is."""
        return comparison if isinstance(comparison, Summary) else cls(comparison)

    @property
    def main(self) -> tuple[Verdict, ...]:
        """The verdicts on the figure that was declared, an arm each."""
        return self.results.verdicts

    @cached_property
    def _words(self) -> dict[str, str]:
        return {verdict.difference.arm: verdict.word for verdict in self.main}

    @property
    def shown(self) -> tuple[str, ...]:
        """Figures that tables show: the summaries, those of groups, the worst and rarest class."""
        predicted = self.results.predicted
        return (*SUMMARIES, *predicted.groups, WORST, *self.recall_of_rarest)

    @property
    def compared(self) -> tuple[str, ...]:
        """Figures whose differences tables show; see `Results.compared`."""
        return self.results.compared

    @property
    def headline_arm(self) -> str:
        """The arm that the headline is of."""
        return leading(self.main).difference.arm

    @property
    def headline(self) -> str:
        """The largest statement that holds for all arms at once; see `headline`."""
        return self.results.headline

    @cached_property
    def calibrations(self) -> tuple[Calibration | None, ...]:
        """How far each arm's probabilities are true, over all seeds; None where it has none."""
        return self._calibrations(self.results.confidences)

    @cached_property
    def recalibrations(self) -> tuple[Calibration | None, ...]:
        """The same after temperature scaling; None where there are no validation predictions."""
        return self._calibrations(self.results.scaled_confidences)

    def _calibrations(self, confidences: NDArray[np.float32]) -> tuple[Calibration | None, ...]:
        right = self.results.predicted_labels == self.results.labels
        return tuple(
            None if np.isnan(of_arm).any() else calibration(of_arm.ravel(), found_right.ravel())
            for of_arm, found_right in zip(confidences, right, strict=True)
        )

    @cached_property
    def mcnemar(self) -> dict[str, list[float]]:
        """The p-value of every seed's McNemar test, by arm."""
        predicted = self.results.predicted
        return {arm: mcnemar(predicted, arm).tolist() for arm in predicted.arms[1:]}

    @property
    def rarest(self) -> str | None:
        """The name of the class with the fewest training samples, but at least one, or None."""
        label = self.results.rarest
        return None if label is None else printable(self.results.class_names[label])

    @property
    def recall_of_rarest(self) -> tuple[str, ...]:
        """The figure of the rarest class, or none where no class is the rarest."""
        return () if self.rarest is None else (f"recall of {self.rarest}",)

    def cost_of(self, arm: str) -> str:
        """Return, in words, what else an arm changes: the accuracy, the recall of the rarest class.

        Where it helps or hurts, the classes that gain and lose most are named, too; and where its
        control is an arm (`retrained` of a retrained head), what it gains over that.
        """
        differences = self.results.differences
        words = dict.fromkeys(("accuracy", *self.recall_of_rarest), "")
        words |= {row.figure: f"{word}: " for word, row in self._extremes(arm).items()}
        named = [
            f"{word}{figure} {differences.of(arm, figure).in_points}"
            for figure, word in words.items()
        ]
        return "; ".join(named + self._against_control(arm))

    def _against_control(self, arm: str) -> list[str]:
        """Return what an arm gains over its control, which is trained as long without balancing."""
        control = self.results.control_of(arm)
        if control == arm:
            return []
        apart = paired_differences(self.results.predicted, baseline=control)
        row = apart.of(arm, self.results.figure)
        return [f"{figure_name(row.figure)} {row.in_points} against its control {control}"]

    def _extremes(self, arm: str) -> dict[str, Difference]:
        """Return the largest gain and loss of a recall, of an arm that helps or hurts."""
        if self._words[arm] not in (HELPS, HURTS):
            return {}
        names = {f"recall of {name}" for name in self.results.predicted.class_names}
        rows = [
            row for row in self.results.differences.rows if row.arm == arm and row.figure in names
        ]
        most = max(rows, key=lambda row: row.estimate)
        least = min(rows, key=lambda row: row.estimate)
        return {
            word: row
            for word, row, sign in (("largest gain", most, 1), ("largest loss", least, -1))
            if sign * row.estimate > 0
        }

    def notes(self) -> list[str]:
        """Return lines on what the comparison stands on, and what is missing of it."""
        results, training = self.results, self.results.training
        pairs = list(zip(results.arms, self.calibrations, self.recalibrations, strict=True))
        worse = [arm for arm, one, scaled in pairs if one and scaled and scaled.error > one.error]
        return [
            *notes.renamed(results),
            *(as_trained(training, results.names) if training else ()),
            *results.all_remarks,
            *notes.of_equal_runs(results),
            *notes.at_chance(results),
            *without_samples(results.class_names, results.train_counts, results.test_counts),
            *notes.of_one_class(results),
            *notes.without_intervals(results, auroc=self.auroc),
            *notes.unscaled(results, [arm for arm, one, scaled in pairs if one and not scaled]),
            *notes.worse_when_scaled(worse),
            *notes.shot_groups(results),
            *notes.open_differences(results),
            *notes.extremes(any(map(self._extremes, results.differences.arms))),
            *notes.leaked(results),
            *(missing(training, results.names) if training else ()),
        ]

    @cached_property
    def smallest(self) -> dict[str, float]:
        """The smallest true difference that these seeds and images find, by figure, in fractions.

        Of the summaries and the rarest class's recall, by the variances that were measured, the
        median arm's. A figure whose differences do not vary, or of which no difference would be
        found, is skipped.
        """
        differences, least = self.results.differences, {}
        for figure in (*SUMMARIES, *self.recall_of_rarest):
            of_arms = [
                smallest_difference_measured(
                    differences.of(arm, figure), num_arms=len(differences.arms) + 1
                )
                for arm in differences.arms
            ]
            middle = float(np.median([width for width in of_arms if width > 0] or [1.0]))
            if middle < 1:
                least[figure] = middle
        return least

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON holds it."""
        results, scores = self.results, self.results.predicted.scores
        seconds = _numbers(results.costs)
        return {
            "path": results.source,
            "figure": results.figure,
            "margin": results.margin,
            "shots": list(results.shots),
            "headline": self.headline,
            "baseline": results.arms[0],
            "seeds": list(results.seeds),
            "train_counts": dict(zip(results.class_names, results.train_counts, strict=False)),
            "rarest": self.rarest,
            "num_test_samples": len(results.labels),
            "num_leaked": int(results.leaked.sum()),
            "recipe": results.training.protocol.recipe.to_dict() if results.training else None,
            "verdicts": [
                {
                    "arm": verdict.difference.arm,
                    "verdict": verdict.word,
                    "more_seeds": verdict.more_seeds,
                    "text": verdict.text,
                }
                for verdict in self.main
            ],
            "arms": [
                {
                    "arm": arm,
                    "seconds": seconds[place],
                    "calibration": before.to_dict() if before else None,
                    "calibration_scaled": scaled.to_dict() if scaled else None,
                    **({"auroc": _numbers(results.aurocs[place])} if self.auroc else {}),
                    "ensemble": dict(
                        zip(
                            results.predicted.figures,
                            _numbers(results.ensemble_scores[place]),
                            strict=True,
                        )
                    ),
                    "mcnemar": self.mcnemar.get(arm),
                    "figures": {
                        name: _numbers(column)
                        for name, column in zip(
                            results.predicted.figures, scores[place].T, strict=True
                        )
                    },
                }
                for place, (arm, before, scaled) in enumerate(
                    zip(results.arms, self.calibrations, self.recalibrations, strict=True)
                )
            ],
            "differences": [_row(row) for row in results.differences.rows],
            "differences_without_leaked": _rows(results.clean_differences),
            "smallest_difference": self.smallest,
            "notes": self.notes(),
        }


def _numbers(values: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(value) else value for value in values.tolist()]


def _row(row: Difference) -> dict[str, Any]:
    return {
        "arm": row.arm,
        "figure": row.figure,
        "mean": row.value,
        "baseline_mean": row.baseline_value,
        "difference": row.estimate,
        "low": row.low,
        "high": row.high,
        "p": row.p_value,
        "p_holm": row.p_holm,
        "by_seed": list(row.by_seed),
    }


def _rows(differences: Differences | None) -> list[dict[str, Any]] | None:
    if differences is None:
        return None
    return [_row(row) for row in differences.rows if row.figure in SUMMARIES]
