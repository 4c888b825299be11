"""An audit as Rich tables. Names come from files, so none is read as markup."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from fer_data.audit import Audit
from fer_data.render import class_name

_STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}


def findings_table(audit: Audit) -> Table:
    """Return a row a finding, the worst first: what was found, and what to do."""
    table = Table(title="Findings", title_justify="left", show_lines=True)
    table.add_column("kind", no_wrap=True)
    table.add_column("where")
    table.add_column("samples", justify="right")
    table.add_column("what was found, and what to do", ratio=1)
    for finding in audit.findings:
        kind = Text(finding.kind)
        kind.append(f"\n{finding.severity}", style=_STYLES[finding.severity])
        found = Text(finding.summary)
        found.append(f"\n{finding.advice}", style="dim")
        table.add_row(kind, Text(finding.where), f"{finding.num_samples:,}", found)
    return table


def photographs_table(audit: Audit) -> Table:
    """Return a row a class: its samples in each split, and how many photographs they are."""
    manifest = audit.manifest
    table = Table(title="Samples, and the photographs that they are", title_justify="left")
    table.add_column("class")
    for split in audit.photographs:
        for name in (split, "photographs", "versions of each"):
            table.add_column(name, justify="right")
    for label, name in enumerate(manifest.class_names):
        cells = []
        for split, row in audit.photographs.items():
            count = int(manifest.counts(split)[label])
            versions = f"{count / row[label]:.2f}" if row[label] else "–"
            cells += [f"{count:,}", f"{row[label]:,}", versions]
        table.add_row(class_name(name), *cells)
    return table
