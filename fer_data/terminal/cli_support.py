"""Output of commands: results to standard output, remarks to standard error."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console

if TYPE_CHECKING:
    from rich.table import Table

_PIPED = 120
"""Characters in a line of piped text, where there is no terminal to say."""


def out() -> Console:
    """Return the console for results."""
    return Console(width=None if sys.stdout.isatty() else _PIPED, emoji=False)


def print_table(tables: Iterable[Table]) -> None:
    """Print the first table that fits the terminal, or the last one with its text wrapped.

    Numbers are never cut: where they do not fit, lines are longer than the terminal. Piped output
    is the first table in its full width.

    Parameters
    ----------
    tables : iterable of Table
        One table in several widths, the widest first.
    """
    from fer_data.terminal.fit import fitted

    console = out()
    table, width = fitted(tables, console.width, whole=not sys.stdout.isatty())
    if table.title:
        console.print(table.title, style="table.title", highlight=False, soft_wrap=True)
        table.title = None
    console.width = max(console.width, width)
    console.print(table)


def print_line(text: str) -> None:
    """Print a line of results; names in it are no markup, and it is not wrapped."""
    out().print(text, markup=False, highlight=False, soft_wrap=True)


def print_sentence(text: str, *, style: str | None = None) -> None:
    """Print a line of results that a terminal breaks between words; names in it are no markup."""
    wraps = sys.stdout.isatty()
    out().print(text, style=style, markup=False, highlight=False, soft_wrap=not wraps)


def say(text: str) -> None:
    """Print a remark to standard error, apart from the results.

    It is one line, whatever file names are in it.
    """
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    console = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
    console.print(text, markup=False)


class _RemarkHandler(logging.Handler):
    """Print log records of the library as remarks."""

    def emit(self, record: logging.LogRecord) -> None:
        say(record.getMessage())


@contextmanager
def logs_said() -> Iterator[None]:
    """Print log records of the library to standard error, one per line."""
    logger, handler = logging.getLogger("fer_data"), _RemarkHandler()
    propagate = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False  # a backend may give the root logger a handler of its own
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate


def print_json(value: Any) -> None:
    """Print JSON to standard output."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
