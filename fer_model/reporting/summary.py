"""What a comparison says: verdicts first, then the figures behind them, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from fer_data.util.words import counted, printable
from fer_model.comparison.announcement import twice_corrected, unfair
from fer_model.comparison.results import Results, Training
from fer_model.statistics.calibration import Calibration, calibration
from fer_model.statistics.design import smallest_difference_measured
from fer_model.statistics.differences import Difference, Differences, mcnemar
from fer_model.statistics.scores import SUMMARIES
from fer_model.statistics.verdict import Verdict, verdicts


@dataclass(frozen=True, eq=False)
class Summary:
    """The account of a comparison.

    Attributes
    ----------
    results : Results
    """

    results: Results

    @cached_property
    def main(self) -> tuple[Verdict, ...]:
        """The verdicts on the figure that was declared, an arm each."""
        return verdicts(self.results.differences, figure=self.results.figure)

    @cached_property
    def calibrations(self) -> tuple[Calibration | None, ...]:
        """How far each arm's probabilities are true, over all seeds; None where it has none."""
        found = self.results
        right = found.predicted_labels == found.labels
        return tuple(
            None if np.isnan(of_arm).any() else calibration(of_arm.ravel(), found_right.ravel())
            for of_arm, found_right in zip(found.confidences, right, strict=True)
        )

    def calibration_error(self, place: int) -> str:
        """Return an arm's expected calibration error as tables show it."""
        found = self.calibrations[place]
        return "–" if found is None else f"{found.error:.3f}"

    @cached_property
    def mcnemar(self) -> dict[str, list[float]]:
        """The p-value of every seed's McNemar test, by arm."""
        predicted = self.results.predicted
        return {arm: mcnemar(predicted, arm).tolist() for arm in predicted.arms[1:]}

    @property
    def rarest(self) -> str | None:
        """The name of the class with the fewest training samples; None where no class has."""
        label = self.results.rarest
        return None if label is None else printable(self.results.class_names[label])

    @property
    def recall_of_rarest(self) -> tuple[str, ...]:
        """The figure of the rarest class, or none where no class is the rarest."""
        return () if self.rarest is None else (f"recall of {self.rarest}",)

    def cost_of(self, arm: str) -> str:
        """Return, in words, what an arm does to the accuracy and to the rarest class."""
        found = self.results.differences
        figures = ("accuracy", *self.recall_of_rarest)
        return ", ".join(f"{figure} {found.of(arm, figure).in_points}" for figure in figures)

    def notes(self) -> list[str]:
        """Return lines on what the comparison stands on, and what is missing of it."""
        found = self.results
        training = found.training
        notes = [*(_as_trained(training) if training else ()), *found.remarks]
        if any(row.is_open for row in found.differences.rows):
            notes.append(
                "no interval: the runs leave room for any difference, as a training finds nothing "
                "of a class, the class has one test photograph, or the seeds are too few"
            )
        leaked = int(found.leaked.sum())
        if leaked:
            notes.append(
                f"{leaked:,} of {len(found.labels):,} test samples have a version in training"
                + ("; the differences without them stand beside" if found.clean else "")
            )
        return notes + (_missing(training) if training else [])

    @cached_property
    def smallest(self) -> dict[str, float]:
        """The smallest true difference that these seeds and pictures find, by figure, in shares.

        Of the summaries and the rarest class's recall, by the variances that were measured, the
        median arm's. A figure whose differences do not vary, or of which no difference would be
        found, is left out.
        """
        found, least = self.results.differences, {}
        for figure in (*SUMMARIES, *self.recall_of_rarest):
            of_arms = [
                smallest_difference_measured(found.of(arm, figure), num_arms=len(found.arms) + 1)
                for arm in found.arms
            ]
            middle = float(np.median([one for one in of_arms if one > 0] or [1.0]))
            if middle < 1:
                least[figure] = middle
        return least

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON holds it."""
        found, scores = self.results, self.results.predicted.scores
        return {
            "path": found.source,
            "figure": found.figure,
            "baseline": found.arms[0],
            "seeds": list(found.seeds),
            "train_counts": dict(zip(found.class_names, found.train_counts, strict=False)),
            "rarest": self.rarest,
            "num_test_samples": len(found.labels),
            "num_leaked": int(found.leaked.sum()),
            "recipe": found.training.protocol.recipe.to_dict() if found.training else None,
            "verdicts": [
                {
                    "arm": one.difference.arm,
                    "verdict": one.word,
                    "more_seeds": one.more_seeds,
                    "text": one.text,
                }
                for one in self.main
            ],
            "arms": [
                {
                    "arm": arm,
                    "seconds": None if np.isnan(found.costs[place]) else float(found.costs[place]),
                    "calibration": one.to_dict() if one else None,
                    "mcnemar": self.mcnemar.get(arm),
                    "figures": {
                        name: [None if np.isnan(value) else value for value in column]
                        for name, column in zip(
                            found.predicted.figures, scores[place].T.tolist(), strict=True
                        )
                    },
                }
                for place, (arm, one) in enumerate(zip(found.arms, self.calibrations, strict=True))
            ],
            "differences": [_row(row) for row in found.differences.rows],
            "differences_without_leaked": _rows(found.clean_differences),
            "smallest_difference": self.smallest,
            "notes": self.notes(),
        }


def _as_trained(training: Training) -> list[str]:
    protocol = training.protocol
    recipe = protocol.recipe
    keeps = "the last epoch's" if recipe.keep == "last" else "the best validation epoch's"
    notes = [
        f"every run: {recipe.net} net, {recipe.epochs * (recipe.steps_per_epoch or 0):,} "
        f"steps of {recipe.batch_size}, {recipe.schedule} schedule, augmentation "
        f"{recipe.augment}; {keeps} model"
        + ("" if protocol.later else "; declared before the first training"),
        "runs of one seed have the same first weights and the same held-out part; the test "
        "split is scored once a run, and chooses nothing",
        *unfair(protocol),
        *twice_corrected(protocol.arms),
    ]
    if protocol.later:
        notes.append(f"added when there were finished runs to look at: {', '.join(protocol.later)}")
    return notes


def _missing(training: Training) -> list[str]:
    notes = []
    if training.missing:
        notes.append(
            f"{counted(len(training.missing), 'run is', 'runs are')} not finished, the first "
            f"{training.missing[0]}: seeds that lack one are left out"
        )
    versions = {tuple(sorted(run.versions.items())) for runs in training.runs for run in runs}
    if len(versions) > 1:
        notes.append("the runs were not all trained with the same versions (see recipe.json)")
    if training.left_out:
        notes.append(
            f"left out, with fewer than half of the baseline's seeds: "
            f"{', '.join(training.left_out)}"
        )
    notes += [
        f"{name}: failed after {counted(about['tries'], 'try', 'tries')}: {about['error']}"
        if about["tries"]
        else f"{name}: {about['error']}"
        for name, about in training.failures.items()
    ]
    return notes


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


def _rows(found: Differences | None) -> list[dict[str, Any]] | None:
    return None if found is None else [_row(row) for row in found.rows if row.figure in SUMMARIES]
