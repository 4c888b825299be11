"""Help as plain text: usage, summary, examples, details, options in groups."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.text import Text

if TYPE_CHECKING:
    from cyclopts.help import HelpEntry, HelpPanel
    from rich.console import Console, ConsoleOptions

_WIDEST = 100
"""Characters in a line, however wide the terminal is: longer ones are hard to read."""

_LABELS = 26
"""Characters for options; the help of a longer one begins in the next line."""

_NO_BREAK = "\N{NO-BREAK SPACE}"


class HelpPage:
    """Prints the parts of a help page, which cyclopts gives one by one."""

    def render_usage(self, console: Console, options: ConsoleOptions, usage: Any) -> None:
        """Print how the command is called."""
        text = str(usage).strip().removeprefix("Usage: ")
        _print(console, _filled(console, text, first="Usage: ", others=" " * 7))

    def render_description(self, console: Console, options: ConsoleOptions, about: Any) -> None:
        """Print the docstring: paragraphs filled, examples unchanged."""
        for paragraph in _plain(about).strip().split("\n\n"):
            _print(console, [""])
            if paragraph.startswith(" "):
                _print(console, paragraph.rstrip().splitlines())
            else:
                _print(console, _filled(console, paragraph.replace("::", ":")))

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        """Print a group of options or the commands, each with its line of help."""
        if not panel.entries:
            return
        rows = [(_label(entry), _about(entry)) for entry in panel.entries]
        indent = min(_LABELS, max(len(label) for label, _ in rows))
        console.print(Text(f"\n{panel.title}:", style="bold"))
        for label, about in rows:
            lines = _filled(console, about, first=" " * (indent + 4), others=" " * (indent + 4))
            if len(label) <= indent and lines:
                lines[0] = f"  {label:<{indent}}  {lines[0].lstrip()}"
            else:
                lines.insert(0, f"  {label}")
            _print(console, lines)


def _label(entry: HelpEntry) -> str:
    """Return how an option or argument is given."""
    if entry.positional_label:
        return entry.positional_label
    names = (*entry.positive_shorts, *entry.positive_names)
    value = "NAME" if entry.choices else entry.metavar
    return ", ".join(names) + (f" {value}" if value else "")


def _about(entry: HelpEntry) -> str:
    """Return an option's help, its choices, its default, and whether it must be given."""
    parts = [_plain(entry.description).strip()]
    if entry.negative_names:
        parts.append(f"[or {', '.join(entry.negative_names)}]")
    if entry.choices:
        parts.append(f"[{', '.join(entry.choices)}]")
    if entry.default not in (None, "None", "False", "True"):
        parts.append(f"[default:{_NO_BREAK}{entry.default}]")
    if entry.required and not entry.positional_label:
        parts.append("[required]")
    return " ".join(filter(None, parts))


def _plain(text: Any) -> str:
    """Return the plain text of a docstring that cyclopts rendered."""
    return str(getattr(text, "primary_renderable", text) or "")


def _filled(console: Console, text: str, *, first: str = "", others: str = "") -> list[str]:
    lines = textwrap.wrap(
        text,
        min(console.width, _WIDEST),
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_NO_BREAK, " ") for line in lines]


def _print(console: Console, lines: Sequence[str]) -> None:
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
