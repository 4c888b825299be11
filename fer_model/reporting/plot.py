"""A plot with its numbers, and how it is written to files."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fer_data.errors import DataError
from fer_data.plotting.figure import EMBEDDED
from fer_data.plotting.svg import STYLE, to_svg
from fer_data.util.files import atomic_file, write_text

FORMATS = ("pdf", "svg", "png")


@dataclass(frozen=True, eq=False)
class Plot:
    """A plot, what it shows in words, and its numbers.

    Attributes
    ----------
    name : str
        Of the csv that the numbers are downloaded as, without its ending.
    figure : matplotlib.figure.Figure
    words : str
        For who does not see it.
    table : DataFrame
    """

    name: str
    figure: Figure
    words: str
    table: pd.DataFrame

    @property
    def svg(self) -> Markup:
        """The figure as an element of a page."""
        with mpl.rc_context(STYLE):
            return Markup(to_svg(self.figure))

    @property
    def csv(self) -> str:
        """The numbers as csv."""
        text = io.StringIO()
        self.table.to_csv(text, index=False, float_format="%.6g")
        return text.getvalue()


def save_plots(plots: Iterable[Plot], folder: Path) -> None:
    """Write each plot as pdf, svg and png, and its numbers as csv.

    Raises
    ------
    DataError
        If a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for plot in plots:
            write_text(folder / f"{plot.name}.csv", plot.csv)
            for ending in FORMATS:
                save_as(plot.figure, folder / f"{plot.name}.{ending}")
    except OSError as error:
        raise DataError(f"{folder}: cannot be written ({error.strerror or error})") from None


def save_as(figure: Figure, path: Path, *, dpi: int = 200) -> None:
    """Write a figure in the format of the ending, the same bytes for the same figure."""
    dates = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}}
    with (
        mpl.rc_context({**STYLE, **EMBEDDED, "svg.fonttype": "path"}),
        atomic_file(path) as temporary,
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # drawn as a box, then
        figure.savefig(
            temporary, format=path.suffix[1:], dpi=dpi, metadata=dates.get(path.suffix.lower())
        )


def plain_labels(axes: Axes) -> None:
    """Take names of classes and arms as text, not as formulas."""
    for text in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        text.set_parse_math(False)
