"""Figures as Rich tables and csv text. Names come from files, so none is read as markup."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from fer_data.analysis.agreement import Agreement
from fer_data.analysis.drift import ClassDrift
from fer_data.analysis.ledger import ClassUse, Ledger
from fer_data.analysis.stats import Stats
from fer_data.util.words import counted, shown_class

if TYPE_CHECKING:
    from fer_data.analysis.label_issues import LabelCheck
    from fer_data.splitting.result import Split

_BAR_WIDTHS = (16, 8, 4, 0)
"""Widths in characters, tried in turn where a table is wider than the terminal."""

_EIGHTHS = " ▏▎▍▌▋▊▉"


def class_name(name: str) -> Text:
    """Return a class name as a table shows it: brackets in it are no markup."""
    return Text(shown_class(name))


def stats_tables(stats: Stats) -> Iterator[Iterable[Table]]:
    """Yield each table of what a dataset holds, the widest form of it first."""
    yield counts_tables(stats)
    if stats.balances:
        yield [balance_table(stats)]
    if stats.drift:
        yield [drift_table(stats.drift)]
    if stats.agreement and stats.agreement.num_samples:
        yield [agreement_table(stats.agreement)]


def counts_tables(stats: Stats) -> Iterator[Table]:
    """Yield `counts_table` with shorter and shorter bars, and without."""
    for width in _BAR_WIDTHS:
        yield counts_table(stats, bar_width=width)


def counts_table(stats: Stats, *, bar_width: int) -> Table:
    """Return a row per class: count and fraction by split, with a bar unless its width is 0."""
    table = Table(title_justify="left", show_footer=True)
    table.add_column("class", footer="total")
    for name, split in stats.splits.items():
        table.add_column(name, justify="right", footer=f"{split.num_samples:,}")
        table.add_column("%", justify="right")
        if bar_width:
            table.add_column("", min_width=bar_width, no_wrap=True)
    blank = [""] * (2 if bar_width else 1)
    for label, name in enumerate(stats.class_names):
        cells: list[Text | str] = [class_name(name)]
        for split in stats.splits.values():
            fraction = split.fractions[label]
            cells += [f"{split.counts[label]:,}", f"{fraction:.1%}"]
            if bar_width:
                cells.append(bar(fraction / max(max(split.fractions), 1e-9), bar_width))
        table.add_row(*cells)
    if any(split.num_unlabelled for split in stats.splits.values()):
        unlabelled = (
            cell
            for split in stats.splits.values()
            for cell in (f"{split.num_unlabelled:,}", *blank)
        )
        table.add_row("(no label)", *unlabelled, style="dim")
    table.add_section()
    for title, figures in _figures(stats):
        table.add_row(title, *(cell for figure in figures for cell in (figure, *blank)))
    return table


def balance_table(stats: Stats) -> Table:
    """Return a row per class: the samples that an epoch draws under each ``--balance``."""
    title = "Samples of an epoch of the training split, by --balance"
    table = Table(title=title, title_justify="left", show_footer=True)
    table.add_column("class", footer="epoch")
    for balance in stats.balances:
        table.add_column(balance.name, justify="right", footer=f"{sum(balance.draws):,}")
    for label, name in enumerate(stats.class_names):
        cells = [
            f"{balance.draws[label]:,}"
            + (f" x {balance.weights[label]:.2f}" if set(balance.weights) != {1.0} else "")
            for balance in stats.balances
        ]
        table.add_row(class_name(name), *cells)
    return table


def drift_table(drift: Sequence[ClassDrift]) -> Table:
    """Return a row per split: how its class distribution differs from the training split's."""
    title = "Class distribution of each split, compared with train"
    table = Table(title=title, title_justify="left")
    table.add_column("split")
    for name in ("Cramér's V", "", "JS distance", "chi-square", "df", "p"):
        table.add_column(name, justify="left" if not name else "right")
    for split in drift:
        table.add_row(
            split.split,
            f"{split.cramers_v:.3f}",
            split.size,
            f"{split.js_distance:.3f}",
            f"{split.chi_square:,.2f}",
            f"{split.degrees}",
            f"{split.p_value:.2g}",
        )
    return table


def agreement_table(agreement: Agreement) -> Table:
    """Return a row per original class: the new labels of its samples."""
    title = (
        f"Own labels (rows), new ones (columns): {agreement.proportion:.1%} agree, "
        f"kappa {number(agreement.kappa, 3)}"
    )
    table = Table(title=title, title_justify="left", show_footer=True)
    table.add_column("class", footer="total")
    for label, name in enumerate(agreement.other_names):
        total = sum(row[label] for row in agreement.confusion)
        table.add_column(class_name(name), justify="right", footer=f"{total:,}")
    for name, row in zip(agreement.own_names, agreement.confusion, strict=True):
        table.add_row(class_name(name), *(f"{count:,}" for count in row))
    return table


def split_tables(split: Split) -> Iterator[Table]:
    """Yield `split_table` with fractions, and without."""
    for with_fractions in (True, False):
        yield split_table(split, with_fractions=with_fractions)


def split_table(split: Split, *, with_fractions: bool) -> Table:
    """Return a row per class: count of each split, and its fraction if asked for."""
    counts = split.counts()
    totals = counts.sum(axis=0)
    table = Table(title_justify="left", show_footer=True)
    table.add_column("class", footer="total")
    for side, name in enumerate(split.names):
        title = f"fold {name}" if side < split.num_folds else name
        table.add_column(title, justify="right", footer=f"{totals[side]:,}")
        if with_fractions:
            table.add_column("%", justify="right")
    for label, name in enumerate(split.source.class_names):
        cells = [
            text
            for count, total in zip(counts[label], totals, strict=True)
            for text in (f"{count:,}", f"{count / max(1, total):.1%}")[: 1 + with_fractions]
        ]
        table.add_row(class_name(name), *cells)
    return table


def label_issues_table(
    listed: Sequence[dict[str, Any]], num_issues: int, num_samples: int
) -> Table:
    """Return a row per flagged sample: its label, and the label that the model suggests."""
    title = (
        f"{num_issues:,} of {counted(num_samples, 'label')} "
        f"{'is' if num_issues == 1 else 'are'} flagged"
    )
    table = Table(title=title, title_justify="left")
    for name in ("sample", "label", "probability", "suggested", "probability"):
        table.add_column(name, justify="right" if name == "probability" else "left")
    for issue in listed:
        table.add_row(
            Text(issue["sample"]),
            class_name(issue["own_label"]),
            f"{issue['probability_of_own_label']:.1%}",
            class_name(issue["label"]),
            f"{issue['probability_of_label']:.1%}",
        )
    return table


def check_table(check: LabelCheck) -> Table:
    """Return how often the second labels differ: of all, of the flagged, of the likeliest."""
    both = counted(check.num_samples, "sample has", "samples have")
    title = f"Where the second labels differ ({both} both)"
    table = Table(title=title, title_justify="left")
    for name in ("of all", "of the flagged", "of the 100 most likely", "ROC AUC"):
        table.add_column(name, justify="right")
    table.add_row(
        f"{check.base:.1%}",
        "–" if check.flagged is None else f"{check.flagged:.1%}",
        f"{check.top:.1%}",
        f"{check.auc:.3f}",
    )
    return table


def ledger_table(ledger: Ledger) -> Table:
    """Return a row per class: its draws, and how often its samples are used."""
    title = f"{ledger.balance}: {ledger.length} of {ledger.batch_size}"
    table = Table(title=Text(title), title_justify="left", show_footer=True)
    weighted = any(use.weight != 1 for use in ledger.classes)
    table.add_column("class", footer="total")
    table.add_column(
        "samples", justify="right", footer=f"{sum(x.samples for x in ledger.classes):,}"
    )
    table.add_column("draws", justify="right", footer=f"{ledger.num_draws:,}")
    table.add_column("%", justify="right")
    if weighted:
        table.add_column("weight", justify="right")
    for name in ("uses: least", "mean", "most", "never seen", "if drawn at random"):
        table.add_column(name, justify="right")
    for use in ledger.classes:
        table.add_row(
            class_name(use.class_name),
            f"{use.samples:,}",
            f"{use.draws:,}",
            f"{use.draws / max(ledger.num_draws, 1):.1%}",
            *([f"{use.weight:.2f}"] if weighted else []),
            *(_uses(use) if use.samples else "–––––"),
        )
    return table


def _uses(use: ClassUse) -> list[str]:
    """Return the last five cells of a ledger's row; a class without samples has none."""
    uses = f"{use.fewest:,}", f"{use.mean:,.2f}", f"{use.most:,}"
    return [*uses, f"{use.never:.1%}", f"{use.never_at_random:.1%}"]


def bar(fraction: float, width: int) -> str:
    """Return a bar that fills a fraction of `width`, to an eighth of a character."""
    eighths = round(fraction * width * 8)
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")


def number(value: float, digits: int) -> str:
    """Format a number; NaN is a dash."""
    if math.isnan(value):
        return "–"
    return "∞" if math.isinf(value) else f"{value:,.{digits}f}"


def _figures(stats: Stats) -> Iterator[tuple[str, list[str]]]:
    splits = stats.splits.values()
    yield "imbalance ratio", [number(split.imbalance_ratio, 2) for split in splits]
    yield "effective classes", [number(split.effective_num_classes, 2) for split in splits]
