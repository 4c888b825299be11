"""Panels in rows with common axes, the last row not always full."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure


def shared_panels(drawn: Figure | SubFigure, num: int, columns: int) -> list[Axes]:
    """Return so many panels in rows of `columns`; each with none below it has labels at its ticks.

    Parameters
    ----------
    drawn : Figure or SubFigure
    num : int
        At least one.
    columns : int
        Places in a row; those without a panel stay empty.
    """
    rows = -(-num // columns)
    grid = drawn.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    panels: list[Axes] = grid.ravel().tolist()
    for axes in panels[num:]:
        axes.set_axis_off()
    for axes in lowest(panels[:num], columns):
        axes.tick_params(labelbottom=True)
    return panels[:num]


def lowest(panels: list[Axes], columns: int) -> list[Axes]:
    """Return the panels that have none below them."""
    return panels[-columns:]
