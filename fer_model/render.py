"""Scores and comparisons as Rich tables."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from fer_data.terminal.render import class_name
from fer_data.util.words import counted, printable, shown_class
from fer_model.comparison.side_by_side import SideBySide
from fer_model.statistics.scores import SUMMARIES
from fer_model.words import duration, figure_name

if TYPE_CHECKING:
    import pandas as pd

    from fer_model.comparison.across import Across
    from fer_model.reporting.columns import Column
    from fer_model.reporting.summary import Summary


def scores_table(scores: dict[str, Any], title: str) -> Table:
    """Return a row a class: its precision, recall and F1."""
    table = Table(title=Text(title), title_justify="left")
    table.add_column("class")
    for column in ("precision", "recall", "F1", "samples"):
        table.add_column(column, justify="right")
    for name, row in scores["per_class"].items():
        figures = (_figure(row[figure], 3) for figure in ("precision", "recall", "f1"))
        table.add_row(class_name(name), *figures, f"{row['support']:,}")
    return table


def overall_line(scores: dict[str, Any]) -> str:
    """Return the figures of all classes together."""
    figures = (f"{figure_name(figure)} {scores[figure]:.4f}" for figure in (*SUMMARIES, "loss"))
    return ", ".join(figures)


def side_by_side_table(comparison: SideBySide) -> Table:
    """Return a column a run: overall figures, recall of each class, cost; best figures bold."""
    rows = comparison.rows
    table = Table(title=f"On the {comparison.split} split", title_justify="left")
    table.add_column("")
    for row in rows:
        table.add_column(Text(row.name), justify="right")
    for figure in SUMMARIES:
        table.add_row(figure_name(figure), *_best_bold([row.scores[figure] for row in rows]))
    table.add_section()
    for name in comparison.class_names:
        recalls = [row.scores["per_class"][name]["recall"] for row in rows]
        samples = rows[0].scores["per_class"][name]["support"]
        title = Text(f"recall of {shown_class(name)} ({samples:,})")
        table.add_row(title, *_best_bold(recalls))
    table.add_section()
    table.add_row("balance", *(row.balance for row in rows))
    table.add_row("training steps", *(f"{row.steps:,}" for row in rows))
    table.add_row("training time", *(duration(row.seconds) for row in rows))
    return table


def comparison_tables(
    summary: Summary, columns: str | Sequence[str] | None = None
) -> Iterator[Table]:
    """Yield a row an arm: means and differences, then fewer of them, for narrower terminals.

    Parameters
    ----------
    summary : Summary
    columns : str or sequence of str, optional
        As `fer_model.as_latex` takes them; there is one table of these.
    """
    from fer_model.reporting.columns import DIFFERENCE, columns_of, default_columns

    results = summary.results
    if columns is not None:
        yield _of_columns(summary, columns_of(summary, columns))
        return
    auroc = ["auroc"] if summary.auroc else []
    every = default_columns(summary)
    differs = DIFFERENCE + results.figure
    fewer = [name for name in every if name == differs or not name.startswith(DIFFERENCE)]
    yield _of_columns(summary, columns_of(summary, every + auroc))
    yield _of_columns(summary, columns_of(summary, fewer + auroc))
    for names in (fewer, [results.figure, differs]):
        means = [
            column._replace(cells=[cell.partition(" ± ")[0] for cell in column.cells])
            for column in columns_of(summary, names + auroc)
        ]
        yield _of_columns(summary, means)


def _of_columns(summary: Summary, columns: Sequence[Column]) -> Table:
    results = summary.results
    seeds = counted(len(results.seeds), "seed")
    spread = " ± SD" if any("±" in cell for column in columns for cell in column.cells) else ""
    of = f"is the mean{spread} over {seeds}" if len(results.seeds) > 1 else f"of {seeds}"
    title = f"{counted(len(results.labels), 'test image')}; % {of}"
    if any(column.unit.startswith("pp") for column in columns):
        title += "; pp with 95 % intervals"
    table = Table(title=Text(title), title_justify="left")
    table.add_column("\narm")
    for column in columns:
        width = max(map(len, [*column.cells, column.unit, *column.title.split()]))
        head = [*textwrap.wrap(column.title, width), column.unit]
        table.add_column(Text("\n".join(filter(None, head))), justify="right", vertical="bottom")
    for place, arm in enumerate(results.arms):
        styles = ["bold" if any(one.holds[place : place + 1]) else "" for one in columns]
        cells = (one.cells[place] for one in columns)
        table.add_row(Text(arm), *map(Text, cells, styles))
    return table


def across_table(across: Across) -> Table:
    """Return a row an arm: its differences on every data set, and their mean."""
    title = f"{figure_name(across.figure)}: difference from {across.baseline} in pp, 95 % intervals"
    return _of_texts(across.table(), title)


def _of_texts(texts: pd.DataFrame, title: str) -> Table:
    table = Table(title=Text(title), title_justify="left")
    table.add_column("arm")
    for name in texts.columns:
        table.add_column(Text(name), justify="right")
    for arm in texts.index:
        table.add_row(Text(arm), *map(Text, texts.loc[arm]))
    return table


def predictions_table(predictions: list[dict[str, Any]]) -> Table:
    """Return a row an image: its likeliest class, and every class's probability."""
    table = Table()
    table.add_column("image", overflow="fold")
    table.add_column("class")
    names = sorted(predictions[0]["probabilities"])
    for name in names:
        table.add_column(class_name(name), justify="right")
    for prediction in predictions:
        probabilities = prediction["probabilities"]
        table.add_row(
            Text(printable(prediction["sample"])),
            Text(shown_class(prediction["predicted_class"]), style="bold"),
            *(f"{probabilities[name]:.3f}" for name in names),
        )
    return table


def _best_bold(values: list[float | None]) -> list[str]:
    best = max((value for value in values if value is not None), default=None)
    texts = [_figure(value, 4) for value in values]
    return [
        f"[bold]{text}[/]" if value is not None and value == best else text
        for value, text in zip(values, texts, strict=True)
    ]


def _figure(value: float | None, digits: int) -> str:
    """Return a figure for people, a dash where it is undefined."""
    return "–" if value is None else f"{value:.{digits}f}"
