"""An audit as Rich tables. Names come from files, so none is read as markup."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from fer_data.auditing import Audit
from fer_data.terminal.render import class_name

_STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}


_LEAST_PROSE, _LEAST_NARROW = 30, 24
"""Characters in a line of what was found, in four columns and in two."""


def findings_tables(audit: Audit) -> Iterator[Table]:
    """Yield tables with a row per finding, the worst first: of four columns, and of two."""
    for narrow in (False, True):
        table = Table(title="Findings", title_justify="left", show_lines=True)
        table.add_column("kind")
        if not narrow:
            table.add_column("where")
            table.add_column("samples", justify="right")
        table.add_column(
            "what was found, and what to do", min_width=_LEAST_NARROW if narrow else _LEAST_PROSE
        )
        for finding in audit.findings:
            kind = Text(finding.kind)
            kind.append(f"\n{finding.severity}", style=_STYLES[finding.severity])
            description = Text(finding.summary)
            description.append(f"\n{finding.advice}", style="dim")
            where, number = finding.where, f"{finding.num_samples:,}"
            if narrow:
                kind.append(f"\n{where}" if where else "").append(f"\nsamples: {number}")
                table.add_row(kind, description)
            else:
                table.add_row(kind, Text(where), number, description)
        yield table


def counts_table(audit: Audit) -> Table:
    """Return a row per class: samples and distinct images in each split."""
    dataset = audit.dataset
    table = Table(title="Samples and distinct images", title_justify="left")
    table.add_column("class")
    for split in audit.num_distinct:
        for name in (split, "distinct images", "samples per image"):
            table.add_column(name, justify="right")
    for label, name in enumerate(dataset.class_names):
        cells = []
        for split, row in audit.num_distinct.items():
            count = int(dataset.class_counts(split)[label])
            per_image = f"{count / row[label]:.2f}" if row[label] else "–"
            cells += [f"{count:,}", f"{row[label]:,}", per_image]
        table.add_row(class_name(name), *cells)
    return table
