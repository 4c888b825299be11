"""A figure that notebooks draw though no pyplot knows of it."""

from __future__ import annotations

import io
import warnings
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

EMBEDDED: dict[Any, Any] = {"pdf.fonttype": 42, "ps.fonttype": 42}
"""For `matplotlib.rc_context`, around what saves a figure: TrueType fonts, as journals expect.

Matplotlib's own default, Type 3, is refused by many systems for submissions.
"""


class ShownFigure(Figure):
    """A matplotlib `Figure` that shows itself.

    Notebooks draw a plain `Figure` only after pyplot has registered it, and pyplot keeps every
    figure that it makes. Files that it is saved to as pdf have TrueType fonts.
    """

    def savefig(self, fname: Any, **options: Any) -> None:
        """Write the figure to a file, as `matplotlib.figure.Figure` does."""
        with mpl.rc_context(EMBEDDED):
            super().savefig(fname, **options)

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing from")  # drawn as a box, then
            self.savefig(file, format="png", dpi=100, facecolor="white")
        return file.getvalue()


def new_figure(width: float, height: float, **options: Any) -> ShownFigure:
    """Return an empty figure of so many inches, its parts arranged by matplotlib."""
    return ShownFigure(figsize=(width, height), layout="constrained", **options)
