"""The figures of a comparison's arms as texts, and as markdown or LaTeX for a README or a paper."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fer_data.errors import UsageError
from fer_data.util.markdown import escaped
from fer_model.comparison.results import Results
from fer_model.reporting.summary import Summary
from fer_model.statistics.calibration import Calibration
from fer_model.statistics.scores import SUMMARIES, WORST
from fer_model.words import duration, figure_name

NO_VALUE = "–"

_OTHERS = ("recalls", "ensemble", "auroc", "ece", "ece_scaled", "training")
"""Columns that are no figure of a run."""


def arms_table(summary: Summary, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Return the figures of each arm as texts: means over seeds ± standard deviations, in %.

    Parameters
    ----------
    summary : Summary
    columns : sequence of str, optional
        As `as_latex` takes them; by default all that the page shows.

    Returns
    -------
    DataFrame
        Rows are arms. "–" stands where there is nothing to measure.

    Raises
    ------
    UsageError
        If there is no such column.
    """
    results = summary.results
    table = pd.DataFrame(index=pd.Index(results.arms, name="arm"))
    for name in _shown(summary) if columns is None else _asked(summary, columns):
        if name in results.predicted.figures:
            values = results.predicted.scores[..., results.predicted.figures.index(name)]
            table[figure_name(name)] = [_mean(100 * of_arm, 1) for of_arm in values]
        elif name == "ensemble":
            of_all = [_mean(100 * of_arm, 1) for of_arm in results.of_ensembles[:, None]]
            table[f"{figure_name(results.figure)}, ensemble of {len(results.seeds)} seeds"] = of_all
        elif name == "auroc":
            table["AUROC"] = [_mean(of_arm, 3) for of_arm in results.aurocs]
        elif name == "ece":
            table["ECE"] = list(map(_error, summary.calibrations))
        elif name == "ece_scaled":
            table["ECE, temperature scaled"] = list(map(_error, summary.recalibrations))
        else:
            table["training"] = list(map(duration, results.costs.tolist()))
    return table


def check_columns(columns: Sequence[str]) -> None:
    """Refuse columns that no comparison has, whatever its classes are.

    Raises
    ------
    UsageError
        If there is one, or none at all.
    """
    known = (*SUMMARIES, WORST, *_OTHERS)
    for name in columns or [""]:
        if name not in known and not name.startswith("recall of ") and "_shot_" not in name:
            raise UsageError(_unknown(name, known), fix={"columns": []})


def _shown(summary: Summary) -> list[str]:
    """Return the columns that the page has."""
    several, auroc = len(summary.results.seeds) > 1, summary.auroc
    others = {"ensemble": several, "auroc": auroc, "ece": True, "ece_scaled": True}
    return [*summary.shown, *(name for name, has in others.items() if has), "training"]


def _asked(summary: Summary, columns: Sequence[str]) -> list[str]:
    """Return the columns that are asked for, each once, ``recalls`` as those of all classes."""
    if isinstance(columns, str):
        raise UsageError(f"columns: expected a sequence of names, got {columns!r}")
    check_columns(columns)
    predicted = summary.results.predicted
    of_classes = predicted.figures[predicted.recalls]
    names = [shown for name in columns for shown in (of_classes if name == "recalls" else [name])]
    for name in names:
        if name not in predicted.figures and name not in _OTHERS:
            raise UsageError(_unknown(name, predicted.figures), fix={"columns": []})
    return list(dict.fromkeys(names))


def _unknown(name: str, known: Sequence[str]) -> str:
    more = f" and {len(known) - 20} more" if len(known) > 20 else ""
    return f"columns: expected some of {', '.join(known[:20])}{more}, got {name!r}"


def differences_table(summary: Summary) -> pd.DataFrame:
    """Return the differences to the baseline in points with their intervals, as texts."""
    differences = summary.results.differences
    table = pd.DataFrame(index=pd.Index(differences.arms, name="arm"))
    for figure in summary.compared:
        table[figure_name(figure)] = [
            differences.of(arm, figure).in_points for arm in differences.arms
        ]
    return table


def as_latex(comparison: Results | Summary, *, columns: Sequence[str] | None = None) -> str:
    r"""Return the arms and their differences as a ``tabular``; needs ``\usepackage{booktabs}``.

    Parameters
    ----------
    comparison : Results or Summary
    columns : sequence of str, optional
        What stands next to the difference in the figure that the verdict goes by: figures
        (``accuracy``, ``balanced_accuracy``, ``macro_f1``, ``geometric_mean``,
        ``worst_class_recall``, ``recall of NAME``, ``many_shot_accuracy``, ...), ``recalls`` (of
        every class), ``ensemble``, ``auroc``, ``ece``, ``ece_scaled``, ``training``. By default
        that figure, accuracy and macro F1, which fit the width of a page in ten points.

    Raises
    ------
    UsageError
        If there is no such column.

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> labels = np.repeat([0, 1], [90, 10])
    >>> good = [np.where(np.arange(100) % 9 == seed, 1 - labels, labels) for seed in range(3)]
    >>> base = [labels * (np.arange(100) % 5 == seed) for seed in range(3)]
    >>> results = fer_model.compare_predictions(labels, {"none": base, "own": good})
    >>> print(fer_model.as_latex(results).splitlines()[0])
    % own raises balanced accuracy by at least 20.6 pp
    """
    summary = Summary.of(comparison)
    results = summary.results
    default = dict.fromkeys((results.figure, "accuracy", "macro_f1"))
    table = arms_table(summary, tuple(default) if columns is None else columns)
    column = [NO_VALUE, *(verdict.difference.in_points for verdict in summary.main)]
    table.insert(0, f"{figure_name(results.figure)}, pp vs. {results.arms[0]}", column)
    lines = [
        rf"\begin{{tabular}}{{l{'r' * table.shape[1]}}}",
        r"\toprule",
        _line(["arm", *table.columns]),
        r"\midrule",
        *(_line([arm, *cells]) for arm, cells in zip(table.index, table.to_numpy(), strict=True)),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join([f"% {summary.headline.replace(chr(10), ' ')}", *lines, ""])


def _line(cells: list[str]) -> str:
    return " & ".join(map(_for_latex, cells)) + r" \\"


def _for_latex(text: str) -> str:
    """Return text in which LaTeX finds nothing to interpret."""
    special = {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "−": "$-$",
        "±": r"$\pm$",
        "–": "--",
        **{character: f"\\{character}" for character in "&%$#_{}"},
    }
    return "".join(special.get(character, character) for character in text)


def _mean(values: np.ndarray, digits: int) -> str:
    if np.isnan(values).any():
        return NO_VALUE
    spread = f" ± {values.std(ddof=1):.{digits}f}" if len(values) > 1 else ""
    return f"{values.mean():.{digits}f}{spread}"


def _error(calibration: Calibration | None) -> str:
    return NO_VALUE if calibration is None else f"{calibration.error:.3f}"


def as_markdown(comparison: Results | Summary, *, columns: Sequence[str] | None = None) -> str:
    """Return the verdicts, a table of the arms and what they stand on.

    Parameters
    ----------
    comparison : Results or Summary
    columns : sequence of str, optional
        Of the table, as in `as_latex`; by default all that the page shows.

    Raises
    ------
    UsageError
        If there is no such column.

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> labels = np.repeat([0, 1], [90, 10])
    >>> good = [np.where(np.arange(100) % 9 == seed, 1 - labels, labels) for seed in range(3)]
    >>> base = [labels * (np.arange(100) % 5 == seed) for seed in range(3)]
    >>> results = fer_model.compare_predictions(labels, {"none": base, "own": good})
    >>> print(fer_model.as_markdown(results).splitlines()[0])
    **own raises balanced accuracy by at least 20.6 pp**
    """
    summary = Summary.of(comparison)
    results = summary.results
    lines = [f"**{escaped(summary.headline)}**", ""]
    lines += [
        f"- {escaped(verdict.text)} Also: {escaped(summary.cost_of(verdict.difference.arm))}."
        for verdict in summary.main
    ]
    table = arms_table(summary, columns)
    table.index.name = f"arm ({len(results.seeds)} seeds, % ± standard deviation)"
    lines += ["", table_as_markdown(table)]
    lines += [*(f"{escaped(note[0].upper() + note[1:])}.  " for note in summary.notes())]
    figure = results.figure
    if figure in summary.smallest:
        least = f"{100 * summary.smallest[figure]:.1f}"
        lines.append(
            f"With these test samples and {len(results.seeds)} seeds a true difference of {least} "
            f"points in {figure_name(figure)} is found four times in five."
        )
    return "\n".join(lines) + "\n"


def table_as_markdown(table: pd.DataFrame) -> str:
    """Return a table of texts as markdown, its index as the first column."""
    titles = [str(table.index.name), *table.columns]
    rows = [titles, *([arm, *table.loc[arm]] for arm in table.index)]
    texts = [f"| {' | '.join(map(escaped, row))} |" for row in rows]
    return "\n".join([texts[0], "|---" * len(titles) + "|", *texts[1:]]) + "\n"
