"""Stores of decoded images as a Rich table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from fer_data.data.cache import CachedStore
from fer_data.util.words import printable, sized


def cache_table(stores: Sequence[CachedStore]) -> Table:
    """Return a row a store of decoded images."""
    total = sized(sum(one.num_bytes for one in stores))
    table = Table(title_justify="left", show_footer=True)
    table.add_column("data", footer="total", overflow="fold")
    table.add_column("format")
    table.add_column("images", justify="right")
    table.add_column("size", justify="right", footer=total)
    table.add_column("last used")
    for one in stores:
        table.add_row(
            Text(printable(str(one.source))),
            str(one.form),
            f"{one.num_images:,}",
            sized(one.num_bytes),
            f"{one.last_used.astimezone():%Y-%m-%d %H:%M}",
        )
    return table
