"""Plots as SVG that stands in a page and takes the page's text colour."""

from __future__ import annotations

import io
import re
import warnings
from typing import Any

from matplotlib.figure import Figure

_INK = "#010203"
"""Stands for the page's text colour, light or dark; no plot uses it otherwise."""

COLORS = (
    "#3b82c4",
    "#d9822b",
    "#3f9c6d",
    "#a05fc0",
    "#c05f6f",
    "#8a7a3c",
    "#3aa6a6",
    "#8c8c8c",
    "#b06a3a",
    "#6f7fd0",
    "#1f5f99",
    "#99551a",
    "#257048",
    "#74408f",
    "#8f3a4a",
    "#5f5320",
    "#1f7575",
    "#5f5f5f",
    "#7d4423",
    "#4553a0",
)
"""One colour per series, each distinct from black and white."""

STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "fer-data",
    "font.family": "sans-serif",
    "text.color": _INK,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "legend.frameon": False,
}
"""For `matplotlib.rc_context`, around what draws a figure."""


def to_svg(figure: Figure) -> str:
    """Return a figure as an ``<svg>`` element; text in it is escaped by matplotlib."""
    file = io.StringIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # the browser draws the text
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :].replace(_INK, "currentColor")
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    return re.sub(r'(<svg [^>]*?) width="[^"]*"', r"\1", svg.replace(' height="', ' data-h="', 1))
