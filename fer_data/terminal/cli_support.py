"""What the two command lines share: consoles, errors as one line, exit codes.

0 is fine, 1 a check that was asked for and failed, 2 bad usage or bad input, 130 Ctrl-C.
"""

from __future__ import annotations

import io
import json
import logging
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console

from fer_data.errors import FerError
from fer_data.extras import explain
from fer_data.util.entry import INTERRUPTED

if TYPE_CHECKING:
    from rich.table import Table

FAILED_CHECK, BAD_INPUT = 1, 2

_PIPED = 120
"""Characters in a line of piped text, where there is no terminal to say."""


def new_app(about: str) -> typer.Typer:
    """Return a command line that shows help where nothing is said, and examples as written."""
    return typer.Typer(
        help=about,
        no_args_is_help=True,
        rich_markup_mode="markdown",
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def out() -> Console:
    """Return the console for results."""
    return Console(width=None if sys.stdout.isatty() else _PIPED, emoji=False)


def print_table(tables: Iterable[Table]) -> None:
    """Print the first table that fits the terminal, or the last one with its text wrapped.

    Numbers are never cut: where they need more than there is, lines are longer than the terminal.
    What is piped is the first table, as wide as it needs.

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


def say(text: str) -> None:
    """Print a remark to standard error, where it disturbs no one who reads the results.

    It stays one line whatever file names are in it.
    """
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    console = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
    console.print(text, markup=False)


class _Said(logging.Handler):
    """Prints what the library logs, as remarks."""

    def emit(self, record: logging.LogRecord) -> None:
        say(record.getMessage())


@contextmanager
def _logs_said() -> Iterator[None]:
    """Print what the library logs to standard error, a line each."""
    logger, handler = logging.getLogger("fer_data"), _Said()
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


@contextmanager
def silent_stderr() -> Iterator[None]:
    """Keep what native code writes to standard error off the terminal; exceptions pass."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "w") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def run(app: typer.Typer, name: str) -> None:
    """Run a command line, its expected errors as one line on standard error."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # file names and bars that it cannot encode
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        try:
            with _logs_said():
                app(prog_name=name)
        except SystemExit as end:
            if isinstance(end.__context__, BrokenPipeError):  # typer would exit with 1
                raise end.__context__ from None
            if isinstance(getattr(end.__context__, "__cause__", None), KeyboardInterrupt):
                raise KeyboardInterrupt from None  # typer would exit without a word
            sys.stdout.flush()
            raise
    except FerError as error:
        say(f"{name}: {error}")
        sys.exit(BAD_INPUT)
    except ModuleNotFoundError as error:
        if (explained := explain(error)) is error:
            raise
        say(f"{name}: {explained}")
        sys.exit(BAD_INPUT)
    except KeyboardInterrupt:
        say(f"{name}: stopped")
        sys.exit(INTERRUPTED)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # the reader of a pipe has left, as `head` does
            sys.exit(0)
        say(f"{name}: {error}")
        sys.exit(BAD_INPUT)
