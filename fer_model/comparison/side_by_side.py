"""Finished runs side by side, from their folders alone: no keras."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer_data.errors import DataError
from fer_model.training.runs import Run


@dataclass(frozen=True)
class Row:
    """One run's scores on the split that is compared.

    Attributes
    ----------
    name, balance : str
    scores : dict
        As in `fer_model.training.evaluate.score`.
    steps : int
        Of the training.
    seconds : float
        That it took.
    """

    name: str
    balance: str
    scores: dict[str, Any]
    steps: int
    seconds: float


@dataclass(frozen=True)
class SideBySide:
    """Runs side by side.

    Attributes
    ----------
    split : {"test", "validation"}
        What the scores are of: test where every run has it.
    class_names : tuple of str
    rows : tuple of Row
    warnings : tuple of str
        Why the runs may not be comparable.
    """

    split: str
    class_names: tuple[str, ...]
    rows: tuple[Row, ...]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return dataclasses.asdict(self)


def side_by_side(paths: Sequence[str | Path]) -> SideBySide:
    """Put finished runs side by side.

    Raises
    ------
    DataError
        If one is no finished run, or the runs have different classes.
    """
    runs = [Run.open(path) for path in paths]
    metrics = [run.metrics for run in runs]
    split = "test" if all("test" in scores for scores in metrics) else "validation"
    for run, scores in zip(runs, metrics, strict=True):
        if split not in scores:
            raise DataError(f"{run.path / 'metrics.json'}: broken (no scores of {split})")
    class_names = tuple(runs[0].data["class_names"])
    for run in runs:
        if tuple(run.data["class_names"]) != class_names:
            raise DataError(f"{run.path}: other classes than {runs[0].path}; nothing to compare")
    rows = tuple(
        Row(
            name=run.name,
            balance=run.recipe.balance,
            scores=scores[split],
            steps=scores["training"]["steps"],
            seconds=scores["training"]["seconds"],
        )
        for run, scores in zip(runs, metrics, strict=True)
    )
    return SideBySide(split, class_names, rows, tuple(_warnings(runs, rows)))


def _warnings(runs: list[Run], rows: tuple[Row, ...]) -> list[str]:
    warnings = []
    if len({row.steps for row in rows}) > 1:
        warnings.append("the runs took different numbers of steps (see steps_per_epoch)")
    if len({run.data.get("fingerprint") for run in runs}) > 1:
        warnings.append("the runs were trained on different data")
    elif len({run.data.get("selected") for run in runs}) > 1:
        warnings.append("the runs were trained on different selections of the data")
    if len({row.scores["num_samples"] for row in rows}) > 1:
        warnings.append("the scores are of different numbers of samples")
    others = [dataclasses.replace(run.recipe, balance="none") for run in runs]
    if any(other != others[0] for other in others):
        warnings.append("the runs differ in more than the balance (see recipe.json)")
    if any(run.recipe.protocol == "notebook" for run in runs):
        warnings.append("the notebook's protocol chooses the model on the test split")
    if len(rows) > 1:
        warnings.append("one run an arm: differences of a few points can be chance")
    return warnings
