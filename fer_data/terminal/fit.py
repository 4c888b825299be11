"""Tables that fit the terminal: numbers stay whole, text wraps, and what is too wide is wider."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.table import Column, Table

_WIDEST = 1_000_000
"""Characters; wider than any table, so that nothing is wrapped when it is measured."""

_LEAST_TEXT = 20
"""Characters that a column of text keeps, where its longest word is longer."""


def fitted(tables: Iterable[Table], width: int, *, whole: bool = False) -> tuple[Table, int]:
    """Return the first table that fits, or the last with its text wrapped, and its width.

    A column needs its ``min_width``, or where it has none all that is in it. In the last table
    columns of text wrap, the widest first; those aligned to the right hold numbers, and break at
    blanks alone.

    Parameters
    ----------
    tables : iterable of Table
        At least one, the widest first; the columns get the widths to be printed with.
    width : int
        Of the terminal, in characters.
    whole : bool
        Take the first, and let it be wider than `width` where it needs that.

    Returns
    -------
    Table
    int
        Its width in characters, over `width` where numbers need more.
    """
    console = Console(width=_WIDEST, emoji=False)
    for table in tables:
        frame = 3 * len(table.columns) + 1
        widths = [_longest_line(console, column) for column in table.columns]
        least = [
            column.min_width or each for column, each in zip(table.columns, widths, strict=True)
        ]
        if whole or frame + sum(least) <= width:
            break
    else:
        least = [_least(console, column) for column in table.columns]
    _shrink(widths, least, width - frame)
    for column, each in zip(table.columns, widths, strict=True):
        column.width, column.overflow = each, "fold"
    return table, frame + sum(widths)


def _shrink(widths: list[int], least: list[int], room: int) -> None:
    """Make the widest columns narrower until all have room, or none can be narrower."""
    while sum(widths) > room:
        able = [place for place, each in enumerate(widths) if each > least[place]]
        if not able:
            break
        widths[max(able, key=widths.__getitem__)] -= 1


def _least(console: Console, column: Column) -> int:
    if column.min_width:
        return column.min_width
    word = max(console.measure(cell).minimum for cell in _cells(column))
    return word if column.justify == "right" else min(word, _LEAST_TEXT)


def _longest_line(console: Console, column: Column) -> int:
    return max(console.measure(cell).maximum for cell in _cells(column))


def _cells(column: Column) -> list[RenderableType]:
    return [column.header, *column.cells, column.footer]
