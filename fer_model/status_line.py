"""How far work is, in a line: a new one each time, or in a notebook one that is replaced."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from fer_data.util import notebook


def print_note(console: Console, text: str, style: str | None = None) -> None:
    """Print a line that stays; a terminal or a notebook wraps it, names in it are no markup.

    In a notebook Rich would print it as preformatted text, which runs off the page.
    """
    if not console.is_jupyter:
        console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)
    elif not console.quiet:
        from IPython.display import display  # which is there in a notebook, and only there

        display({"text/plain": text, "text/html": notebook.note(text)}, raw=True)


class StatusLine:
    """Tells how far work is.

    Parameters
    ----------
    console : rich.console.Console
        Where lines are printed; one that knows itself in a notebook has its line replaced.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._display: Any = None

    @property
    def is_replaced(self) -> bool:
        """Whether a new line takes the place of the last one, so that many take one line."""
        return self._console.is_jupyter

    def show(self, text: str) -> None:
        """Show a line; the last one stays."""
        if not self.is_replaced:
            print_note(self._console, text)
        elif not self._console.quiet:
            self._replace({"text/plain": text, "text/html": notebook.line(text)})

    def _replace(self, data: dict[str, str]) -> None:
        from IPython.display import display  # which is there in a notebook, and only there

        if self._display is None:
            self._display = display(data, raw=True, display_id=True)
        else:
            self._display.update(data, raw=True)
