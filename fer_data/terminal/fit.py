"""Fit tables into the terminal: text wraps, numbers are never cut."""

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

    A column needs its ``min_width``, or if it has none the width of its content. In the last table
    columns of text wrap, the widest first; columns aligned to the right hold numbers, and break
    only at blanks.

    Parameters
    ----------
    tables : iterable of Table
        At least one, the widest first; the columns get the widths to be printed with.
    width : int
        Of the terminal, in characters.
    whole : bool
        Take the first table, even if it is wider than `width`.

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
            column.min_width or width for column, width in zip(table.columns, widths, strict=True)
        ]
        if whole or frame + sum(least) <= width:
            break
    else:
        least = [_least(console, column) for column in table.columns]
    _shrink(widths, least, width - frame)
    for column, size in zip(table.columns, widths, strict=True):
        column.width, column.overflow = size, "fold"
    return table, frame + sum(widths)


def _shrink(widths: list[int], least: list[int], available: int) -> None:
    """Make the widest columns narrower until all fit, or none can be narrower."""
    while sum(widths) > available:
        shrinkable = [i for i, size in enumerate(widths) if size > least[i]]
        if not shrinkable:
            break
        widths[max(shrinkable, key=widths.__getitem__)] -= 1


def _least(console: Console, column: Column) -> int:
    if column.min_width:
        return column.min_width
    word = max(console.measure(cell).minimum for cell in _cells(column))
    return word if column.justify == "right" else min(word, _LEAST_TEXT)


def _longest_line(console: Console, column: Column) -> int:
    return max(console.measure(cell).maximum for cell in _cells(column))


def _cells(column: Column) -> list[RenderableType]:
    return [column.header, *column.cells, column.footer]
