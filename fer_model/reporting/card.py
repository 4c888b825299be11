"""A card of 1200 x 630 pixels: the headline, and the recall of every class."""

from __future__ import annotations

import textwrap
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from fer_data.errors import DataError
from fer_data.plotting.svg import STYLE
from fer_data.util.words import printable
from fer_model.reporting.class_plots import MOST_DUMBBELLS, draw_dumbbells, draw_strips
from fer_model.reporting.plot import save_as
from fer_model.reporting.summary import Summary


def write_card(summary: Summary, path: Path) -> None:
    """Write the card as png.

    Raises
    ------
    DataError
        If it cannot be written.
    """
    found = summary.results
    place = found.arms.index(summary.headline_arm)
    with mpl.rc_context({**STYLE, "figure.facecolor": "white"}):
        layout = ConstrainedLayoutEngine(rect=(0.02, 0.04, 0.96, 0.92))
        drawn = Figure(figsize=(12, 6.3), layout=layout)
        text, plot = drawn.subfigures(1, 2, width_ratios=[1, 1.15], squeeze=False)[0]
        lines = textwrap.fill(summary.headline, 25, max_lines=8)
        heading = text.text(0.05, 0.9, lines, fontsize=23, fontweight="bold", va="top")
        heading.set_parse_math(False)
        data = printable(Path(found.source).name)
        facts = (
            f"{data + ': ' if data else ''}{len(found.arms)} arms, {len(found.seeds)} seeds each, "
            f"{len(found.labels):,} test images, {len(found.class_names):,} classes"
        )
        small = text.text(0.05, 0.1, textwrap.fill(facts, 52), fontsize=12, va="bottom")
        small.set_parse_math(False)
        if len(found.class_names) <= MOST_DUMBBELLS:
            axes = plot.subplots()
            draw_dumbbells(axes, found, place)
            axes.set_xlabel(f"recall in %: ○ {found.arms[0]}, ● {found.arms[place]}")
        else:
            draw_strips(plot, found, [place], 2)
        try:
            save_as(drawn, path, dpi=100)
        except OSError as error:
            raise DataError(f"{path}: cannot be written ({error.strerror or error})") from None
