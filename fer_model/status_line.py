"""How far work is, in a line: a new one each time, or in a notebook one that is replaced."""

from __future__ import annotations

from html import escape
from typing import Any

from rich.console import Console


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
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)
        elif not self._console.quiet:
            self._replace({"text/plain": text, "text/html": f"<pre>{escape(text)}</pre>"})

    def _replace(self, data: dict[str, str]) -> None:
        from IPython.display import display  # which is there in a notebook, and only there

        if self._display is None:
            self._display = display(data, raw=True, display_id=True)
        else:
            self._display.update(data, raw=True)
