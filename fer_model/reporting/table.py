"""The figures of a comparison's arms as markdown or LaTeX for a README or a paper."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from itertools import groupby

import pandas as pd

from fer_data.util.markdown import escaped
from fer_data.util.words import counted
from fer_model.comparison.results import NO_LEAKED, Results
from fer_model.reporting.columns import (
    DIFFERENCE,
    Column,
    columns_of,
    default_columns,
    is_without_leaked,
    page_columns,
    split_columns,
)
from fer_model.reporting.summary import Summary
from fer_model.words import figure_name

_BASELINE = "\0"
"""Where the baseline's name stands in a text that is escaped for LaTeX."""


def arms_table(summary: Summary, columns: str | Sequence[str] | None = None) -> pd.DataFrame:
    """Return the figures of each arm as texts: means over seeds ± standard deviations, in %.

    Parameters
    ----------
    summary : Summary
    columns : str or sequence of str, optional
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
    table = pd.DataFrame(index=pd.Index(summary.results.arms, name="arm"))
    for column in columns_of(summary, page_columns(summary) if columns is None else columns):
        table[column.heading] = column.cells
    return table


def caption(summary: Summary, columns: Sequence[str], baseline: str | None = None) -> str:
    """Return what a reader of a table must know: its numbers of samples and seeds, intervals, ±.

    `baseline` is written in place of the baseline's name.
    """
    results = summary.results
    baseline = results.arms[0] if baseline is None else baseline
    seeds = counted(len(results.seeds), "seed")
    several = len(results.seeds) > 1
    spread = ", ± standard deviation over them" if several else ""
    parts = [f"{counted(len(results.labels), 'test image')}; {seeds}{spread}; means in %"]
    if any(name.startswith(DIFFERENCE) for name in columns):
        (level,) = {100 * verdict.difference.level for verdict in summary.main[:1]}
        of = "" if several else ", of these trainings on other images"
        parts.append(
            f"differences from {baseline} in percentage points (pp) with {level:g} % "
            f"confidence intervals{of}"
        )
    if any(map(is_without_leaked, columns)):
        num = int(results.leaked.sum())
        parts.append(f"without leaks: without {num:,} that have a near-duplicate in training")
    if {DIFFERENCE + results.figure, "verdict"} & set(columns):
        parts.append("bold: the arm helps or hurts (p ≤ 0.05 after Holm's adjustment)")
    return "; ".join(parts) + "."


def as_latex(
    comparison: Results | Summary,
    *,
    columns: str | Sequence[str] | None = None,
    names: Mapping[str, str] | None = None,
) -> str:
    r"""Return a table of the arms as a ``tabular``; for ``\usepackage{booktabs,graphicx}``.

    A comment before it has the headline. A note below it, as wide as the table, says in words what
    means, ±, intervals and bold are; delete it where the caption says so.

    Parameters
    ----------
    comparison : Results or Summary
    columns : str or sequence of str, optional
        Names, or a string of them with commas between. Means over seeds of figures (``accuracy``,
        ``balanced_accuracy``, ``macro_f1``, ``geometric_mean``, ``worst_class_recall``, ``recall of
        NAME``, ``many_shot_accuracy``, ...) or ``recalls`` (of every class); their differences to
        the baseline with intervals, ``difference:FIGURE``; both without leaked test samples,
        ``FIGURE_without_leaked`` and ``difference:FIGURE_without_leaked``; ``ensemble``, ``auroc``,
        ``ece``, ``ece_scaled``, ``training``, ``verdict``, ``p``. By default means and differences
        of the figure that the verdict goes by, of accuracy and of the rarest class's recall. Where
        a figure has no mean next to its difference, the baseline's row shows it.
    names : mapping of str to str, optional
        What is written for an arm, by its name: LaTeX, as it stands. Other names are escaped.

    Raises
    ------
    UsageError
        If there is no such column or arm.

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> labels = np.repeat([0, 1], [90, 10])
    >>> good = [np.where(np.arange(100) % 9 == seed, 1 - labels, labels) for seed in range(3)]
    >>> base = [labels * (np.arange(100) % 5 == seed) for seed in range(3)]
    >>> results = fer_model.compare_predictions(labels, {"none": base, "own": good})
    >>> latex = fer_model.as_latex(results, columns=["difference:accuracy", "macro_f1"])
    >>> print(latex.splitlines()[0])
    % own raises balanced accuracy by at least 20.6 pp
    >>> latex = fer_model.as_latex(results, names={"own": r"Ours ($\tau=1$)"})
    >>> [line for line in latex.splitlines() if line.startswith("Ours")][0][:16]
    'Ours ($\\tau=1$) '
    """
    summary = Summary.of(comparison)
    asked = default_columns(summary) if columns is None else split_columns(columns)
    shown = columns_of(summary, asked)
    arms = {arm: _for_latex(arm) for arm in summary.results.arms}
    arms |= summary.results.by_arm("names", names or {})
    baseline = arms[summary.results.arms[0]]
    note = _for_latex(caption(summary, asked, _BASELINE)).replace(_BASELINE, baseline)
    lines = [
        *(f"% {line}" for line in summary.headline.splitlines()),
        r"{\small\setlength{\tabcolsep}{3pt}%",
        rf"\sbox0{{\begin{{tabular}}{{l{'r' * len(shown)}}}",
        r"\toprule",
        *_latex_head(shown, baseline),
        r"\midrule",
        *(_latex_row(name, place, shown) for place, name in enumerate(arms.values())),
        r"\bottomrule",
        r"\end{tabular}}%",
        r"\ifdim\wd0>\linewidth\sbox0{\resizebox{\linewidth}{!}{\usebox0}}\fi",
        r"\parbox{\wd0}{\usebox0\par\smallskip",
        rf"\footnotesize {note[0].upper()}{note[1:]}}}}}",
    ]
    return "\n".join([*lines, ""])


def _latex_head(columns: Sequence[Column], baseline: str) -> list[str]:
    """Return titles, one over neighbours with the same one, and units.

    `baseline` is its name as LaTeX.
    """
    titles, rules, place = [""], "", 2
    for title, of_title in groupby(columns, lambda column: column.title):
        num = len(list(of_title))
        titles.append(rf"\multicolumn{{{num}}}{{c}}{{{_for_latex(title)}}}")
        rules += rf"\cmidrule(lr){{{place}-{place + num - 1}}}" if num > 1 else ""
        place += num
    units = ["arm"]
    for column in columns:
        unit = _for_latex(column.unit.removesuffix(column.baseline))
        units.append(unit + (baseline if column.baseline else ""))
    return [" & ".join(titles) + r" \\", *filter(None, [rules]), " & ".join(units) + r" \\"]


def _latex_row(name: str, place: int, columns: Sequence[Column]) -> str:
    """Return the row of an arm, whose name is given as LaTeX."""
    cells = [name]
    for column in columns:
        first, blank, rest = _held(column, place)
        bold = rf"\textbf{{\boldmath {_for_latex(first)}}}" if first else ""
        cells.append(bold + blank + _for_latex(rest))
    return " & ".join(cells) + r" \\"


def _held(column: Column, place: int) -> tuple[str, str, str]:
    """Return what is bold of a cell, a difference without its interval; a blank; and the rest."""
    cell = column.cells[place]
    return cell.partition(" ") if any(column.holds[place : place + 1]) else ("", "", cell)


_GREEK = {
    letter: unicodedata.name(letter).rpartition(" ")[2].lower() for letter in "αβγδεηθκμρστφω"
} | {"λ": "lambda"}  # which Unicode calls lamda
"""Letters of parameters, by the commands of LaTeX."""


def _for_latex(text: str) -> str:
    """Return text in which LaTeX finds nothing to interpret."""
    special = {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "−": "$-$",
        "±": r"$\pm$",
        "≤": r"$\le$",
        "–": "--",
        **{character: f"\\{character}" for character in "&%$#_{}"},
        **{letter: rf"$\{name}$" for letter, name in _GREEK.items()},
    }
    return "".join(special.get(character, character) for character in text)


def as_markdown(
    comparison: Results | Summary, *, columns: str | Sequence[str] | None = None
) -> str:
    """Return the verdicts, a table of the arms and what they stand on.

    Parameters
    ----------
    comparison : Results or Summary
    columns : str or sequence of str, optional
        Of the table, as in `as_latex`; by default those of `as_latex` and all that the page shows.

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
    names = [*default_columns(summary), *page_columns(summary)]
    if results.clean_differences is not None:
        names.append(DIFFERENCE + results.figure + NO_LEAKED)
    names = names if columns is None else split_columns(columns)
    shown = columns_of(summary, names)
    lines = [f"**{escaped(summary.headline)}**", ""]
    lines += [
        f"- {escaped(verdict.text)} Also: {escaped(summary.cost_of(verdict.difference.arm))}."
        for verdict in summary.main
    ]
    headings = [escaped(column.heading) for column in shown]
    rows = [_markdown_row(arm, place, shown) for place, arm in enumerate(results.arms)]
    lines += ["", _as_markdown(["arm", *headings], rows)]
    lines += [f"{escaped(caption(summary, names))}  "]
    lines += [*(f"{escaped(note[0].upper() + note[1:])}.  " for note in summary.notes())]
    figure = results.figure
    if figure in summary.smallest:
        least = f"{100 * summary.smallest[figure]:.1f}"
        lines.append(
            f"With these test samples and {counted(len(results.seeds), 'seed')} a true difference "
            f"of {least} points in {figure_name(figure)} is found four times in five."
        )
    return "\n".join(lines) + "\n"


def _markdown_row(arm: str, place: int, columns: Sequence[Column]) -> list[str]:
    cells = [escaped(arm)]
    for column in columns:
        first, blank, rest = _held(column, place)
        cells.append((f"**{escaped(first)}**" if first else "") + blank + escaped(rest))
    return cells


def table_as_markdown(table: pd.DataFrame) -> str:
    """Return a table of texts as markdown, its index as the first column."""
    titles = [str(table.index.name), *table.columns]
    rows = [[arm, *table.loc[arm]] for arm in table.index]
    return _as_markdown(list(map(escaped, titles)), [list(map(escaped, row)) for row in rows])


def _as_markdown(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    texts = [f"| {' | '.join(row)} |" for row in (titles, *rows)]
    return "\n".join([texts[0], "|---" * len(titles) + "|", *texts[1:]]) + "\n"
