"""Columns of a table of a comparison's arms, as texts: figures, and differences to the baseline."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from fer_data.errors import UsageError
from fer_data.util.words import counted, meant
from fer_model.comparison.results import NO_LEAKED
from fer_model.reporting.summary import Summary
from fer_model.statistics.calibration import Calibration
from fer_model.statistics.differences import Differences
from fer_model.statistics.evidence import WITHOUT_INTERVAL
from fer_model.statistics.scores import SHOT_ACCURACIES, SUMMARIES, WORST, no_group
from fer_model.statistics.verdict import HELPS, HURTS
from fer_model.words import duration, figure_name, points

NO_VALUE = "–"

DIFFERENCE = "difference:"
"""Before the name of a figure: its difference to the baseline, with its interval."""

_OTHERS = ("ensemble", "auroc", "ece", "ece_scaled", "training", "verdict", "p")
"""Columns that are no figure of a run."""


class _Asked(NamedTuple):
    """What a name asks for: a figure, its mean or its difference, with or without leaked samples.

    Attributes
    ----------
    figure : str
        Or another column.
    is_difference, is_clean : bool
    """

    figure: str
    is_difference: bool = False
    is_clean: bool = False

    @property
    def is_figure(self) -> bool:
        """Whether no other column is meant."""
        return self.is_difference or self.is_clean

    @property
    def name(self) -> str:
        """The name of the column."""
        return DIFFERENCE * self.is_difference + self.figure + NO_LEAKED * self.is_clean


class Column(NamedTuple):
    """A column of texts.

    Attributes
    ----------
    title : str
        What it is of.
    unit : str
        ``%``, or ``pp vs. none`` of differences; "" where there is none.
    cells : list of str
        One an arm.
    holds : tuple of bool
        Which of them are a verdict that holds: the arm helps or hurts.
    baseline : str
        With which the unit ends; "" where it does not.
    """

    title: str
    unit: str
    cells: list[str]
    holds: tuple[bool, ...] = ()
    baseline: str = ""

    @property
    def heading(self) -> str:
        """Title and unit in a line; means are known to be in %."""
        return self.title if self.unit in ("", "%") else f"{self.title}, {self.unit}"


def split_columns(columns: str | Sequence[str]) -> list[str]:
    """Return names of columns as a list; a string has commas between them.

    Examples
    --------
    >>> from fer_model.reporting.columns import split_columns
    >>> split_columns("accuracy, difference:accuracy")
    ['accuracy', 'difference:accuracy']
    """
    if not isinstance(columns, str):
        return list(columns)
    return [name.strip() for name in columns.split(",") if name.strip()]


def check_columns(columns: str | Sequence[str]) -> None:
    """Refuse columns that no comparison has, whatever its classes are.

    Raises
    ------
    UsageError
        If there is one, or none at all.
    """
    figures = (*SUMMARIES, WORST, *SHOT_ACCURACIES, "recalls")
    for name in split_columns(columns) or [""]:
        asked = _asked(name)
        known = figures if asked.is_figure else (*figures, *_OTHERS)
        if asked.figure not in known and not asked.figure.startswith("recall of "):
            raise _unknown(name, known)


def default_columns(summary: Summary) -> list[str]:
    """Return means and differences of what the verdict goes by, accuracy, the rarest's recall."""
    figures = dict.fromkeys((summary.results.figure, "accuracy", *summary.recall_of_rarest))
    return [name for figure in figures for name in (figure, DIFFERENCE + figure)]


def page_columns(summary: Summary) -> list[str]:
    """Return the columns that the page has."""
    several, auroc = len(summary.results.seeds) > 1, summary.auroc
    others = {"ensemble": several, "auroc": auroc, "ece": True, "ece_scaled": True}
    return [*summary.shown, *(name for name, has in others.items() if has), "training"]


def columns_of(summary: Summary, columns: str | Sequence[str]) -> list[Column]:
    """Return the columns that are asked for, each once, ``recalls`` as those of all classes.

    Raises
    ------
    UsageError
        If there is no such column.
    """
    names = split_columns(columns)
    check_columns(names)
    figures = summary.results.predicted.figures
    of_classes = figures[summary.results.predicted.recalls]
    every: list[_Asked] = []
    for name in names:
        asked = _asked(name, figures)
        if asked.figure in SHOT_ACCURACIES and asked.figure not in figures:
            why = no_group(name, summary.results.shots)
            raise UsageError(f"columns: {why}", fix={"shots": []})
        if asked.figure not in (*figures, "recalls") and (
            asked.is_figure or asked.figure not in _OTHERS
        ):
            raise _unknown(name, figures)
        of_asked = of_classes if asked.figure == "recalls" else [asked.figure]
        every += [asked._replace(figure=figure) for figure in of_asked]
    return [
        _difference(summary, asked, has_mean=asked._replace(is_difference=False) in every)
        if asked.is_difference
        else _column(summary, asked)
        for asked in dict.fromkeys(every)
    ]


def is_without_leaked(name: str) -> bool:
    """Whether a column is of the test samples that are not leaked."""
    return _asked(name).is_clean


def _asked(name: str, figures: Collection[str] = ()) -> _Asked:
    """Return what a name asks for; the name of a class may end as that of a column does."""
    figure = name.removeprefix(DIFFERENCE)
    is_clean = figure.endswith(NO_LEAKED) and figure not in figures
    figure = figure.removesuffix(NO_LEAKED) if is_clean else figure
    return _Asked(figure, name.startswith(DIFFERENCE), is_clean)


def _unknown(name: str, known: Sequence[str]) -> UsageError:
    asked = _asked(name)
    more = f" and {len(known) - 20} more" if len(known) > 20 else ""
    hint = meant(name, [asked._replace(figure=other).name for other in known]) or "."
    return UsageError(
        f"columns: got {name!r}{hint} Expected some of {', '.join(known[:20])}{more}; figures also "
        f"after {DIFFERENCE}, before {NO_LEAKED}, or both",
        fix={"columns": []},
    )


def _column(summary: Summary, asked: _Asked) -> Column:
    results, name = summary.results, asked.figure
    if asked.is_clean:
        return Column(f"{figure_name(name)} without leaks", "%", _clean_means(summary, name))
    if name in results.predicted.figures:
        return Column(figure_name(name), "%", _means(summary, name))
    if name == "ensemble":
        seeds = counted(len(results.seeds), "seed")
        title = f"{figure_name(results.figure)}, ensemble of {seeds}"
        return Column(title, "%", [mean(100 * of_arm) for of_arm in results.of_ensembles[:, None]])
    if name == "auroc":
        return Column("AUROC", "", [mean(of_arm, 3) for of_arm in results.aurocs])
    if name == "ece":
        return Column("ECE", "", list(map(_error, summary.calibrations)))
    if name == "ece_scaled":
        return Column("ECE, temperature scaled", "", list(map(_error, summary.recalibrations)))
    if name == "verdict":
        return Column(
            "verdict", "", ["baseline", *(one.word for one in summary.main)], _holds(summary)
        )
    if name == "p":
        found = [one.difference for one in summary.main]
        values = (NO_VALUE if row.is_open else f"{row.p_holm:.2g}" for row in found)
        return Column("p (Holm)", "", [NO_VALUE, *values])
    return Column("training", "", list(map(duration, results.costs.tolist())))


def _difference(summary: Summary, asked: _Asked, *, has_mean: bool) -> Column:
    """Return differences; the baseline's cell is its mean, unless that has a column of its own."""
    results, figure = summary.results, asked.figure
    differences = results.clean_differences if asked.is_clean else results.differences
    if differences is None:
        raise _no_leaks(asked.name)
    means = _column(summary, asked._replace(is_difference=False))
    first = NO_VALUE if has_mean or means.cells[0] == NO_VALUE else f"{means.cells[0]} %"
    cells = [first, *(_in_points(differences, arm, figure) for arm in results.arms[1:])]
    decides = figure == results.figure and not asked.is_clean
    holds, baseline = _holds(summary) if decides else (), results.arms[0]
    return Column(means.title, f"pp vs. {baseline}", cells, holds, baseline)


def _in_points(differences: Differences, arm: str, figure: str) -> str:
    try:
        row = differences.of(arm, figure)
    except KeyError:  # the recall of a class without a test sample
        return NO_VALUE
    return points(row.estimate) if figure in WITHOUT_INTERVAL else row.in_points


def _holds(summary: Summary) -> tuple[bool, ...]:
    return (False, *(verdict.word in (HELPS, HURTS) for verdict in summary.main))


def _means(summary: Summary, figure: str) -> list[str]:
    predicted = summary.results.predicted
    values = predicted.scores[..., predicted.figures.index(figure)]
    return [mean(100 * of_arm) for of_arm in values]


def _clean_means(summary: Summary, figure: str) -> list[str]:
    scores = summary.results.clean_scores
    if scores is None:
        raise _no_leaks(figure + NO_LEAKED)
    place = summary.results.predicted.figures.index(figure)
    return [mean(100 * of_arm) for of_arm in scores[..., place]]


def _no_leaks(name: str) -> UsageError:
    why = "no test sample is known to be leaked, or all are"
    return UsageError(f"columns: {name}: {why}", fix={"columns": []})


def mean(values: np.ndarray, digits: int = 1) -> str:
    """Return the mean over seeds, with the standard deviation where there are several."""
    if np.isnan(values).any():
        return NO_VALUE
    spread = f" ± {values.std(ddof=1):.{digits}f}" if len(values) > 1 else ""
    return f"{values.mean():.{digits}f}{spread}"


def _error(calibration: Calibration | None) -> str:
    return NO_VALUE if calibration is None else f"{calibration.error:.3f}"
