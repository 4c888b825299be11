"""Html for the display of objects in notebooks: escaped, without requests to other hosts.

No colour is set but greys that stand out from black and from white, so that it reads in light and
in dark themes; what the notebook gives its own tables holds for these.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import islice

from fer_data.util.words import printable

MOST_ROWS = 20
"""Rows of a table that are shown at the most."""

_TABLE = "border-collapse:collapse;text-align:right;margin:0.3em 0"
_LEFT = ' style="text-align:left"'
_QUIET = "margin:0.3em 0;opacity:0.75"


def text(value: object) -> str:
    """Return a value as text of a page: escaped, control characters shown, thousands apart."""
    if isinstance(value, float):
        return escape(f"{value:,.4g}")
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return escape(printable(str(value)))


def shortened(words: str, most: int = 100) -> str:
    """Return text of at most so many characters, on one line, an ellipsis at a cut."""
    words = printable(" ".join(words.split()))
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def page(title: str, about: str, *parts: str) -> str:
    """Return what an object shows: its title in bold, a sentence about it, and its parts.

    Parameters
    ----------
    title, about : str
        Plain text.
    *parts : str
        Html, as the functions here return it.
    """
    head = f'<p style="margin:0.3em 0"><b>{text(title)}</b>: {text(about)}</p>'
    return f"<div>{head}{''.join(parts)}</div>"


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    most: int = MOST_ROWS,
    kind: str = "rows",
) -> str:
    """Return a table; the first column is its row's name.

    Parameters
    ----------
    head : sequence of str
    rows : iterable of sequence
        A column of numbers, or of texts without a letter, stands on the right, others on the left.
    most : int
        Rows that are shown; the others are counted.
    kind : str
        What the rows are, several of them.
    """
    left = iter(rows)
    shown = list(islice(left, most))
    words = [place == 0 or any(_is_text(row[place]) for row in shown) for place in range(len(head))]
    top = "".join(
        f'<th style="text-align:{"left" if word else "right"}">{text(name)}</th>'
        for name, word in zip(head, words, strict=True)
    )
    body = "".join(f"<tr>{_cells(row, words)}</tr>" for row in shown)
    hidden = sum(1 for _ in left)
    return (
        f'<table cellpadding="4" style="{_TABLE}"><thead><tr>{top}</tr></thead>'
        f"<tbody>{body}</tbody></table>" + (note(f"… {hidden:,} more {kind}") if hidden else "")
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and any(letter.isalpha() for letter in value)


def _cells(row: Sequence[object], words: Sequence[bool]) -> str:
    first, *others = row
    return f"<th{_LEFT}>{text(first)}</th>" + "".join(
        f"<td{_LEFT if word else ''}>{text(value)}</td>"
        for value, word in zip(others, words[1:], strict=True)
    )


def settings(values: Mapping[str, object], *, most: int = 60) -> str:
    """Return a table of names and values."""
    rows = [(name, str(value)) for name, value in values.items()]
    return table(("setting", "value"), rows, most=most, kind="settings")


def line(words: str) -> str:
    """Return a line of text in the notebook's own font, wrapped where it is too long."""
    return f'<p style="margin:0.3em 0">{text(words)}</p>'


def note(words: str) -> str:
    """Return a paragraph that stands back."""
    return f'<p style="{_QUIET}">{text(words)}</p>'


def notes(lines: Iterable[str]) -> str:
    """Return a list of lines that stands back; nothing without lines."""
    items = "".join(f"<li>{text(line)}</li>" for line in lines)
    return f'<ul style="{_QUIET}">{items}</ul>' if items else ""


def folded(title: str, inside: str) -> str:
    """Return html that is shown on a click."""
    return f"<details><summary>{text(title)}</summary>{inside}</details>"
