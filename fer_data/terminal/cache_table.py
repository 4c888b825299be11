"""Stores of decoded images as a Rich table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from fer_data.data.cache import CachedStore
from fer_data.util.words import printable, sized


def cache_table(stores: Sequence[CachedStore]) -> Table:
    """Return a row per store of decoded images."""
    total = sized(sum(store.num_bytes for store in stores))
    table = Table(title_justify="left", show_footer=True)
    table.add_column("data", footer="total", overflow="fold")
    table.add_column("format")
    table.add_column("images", justify="right")
    table.add_column("size", justify="right", footer=total)
    table.add_column("last used")
    for store in stores:
        table.add_row(
            Text(printable(str(store.source))),
            str(store.form),
            f"{store.num_images:,}",
            sized(store.num_bytes),
            f"{store.last_used.astimezone():%Y-%m-%d %H:%M}",
        )
    return table
