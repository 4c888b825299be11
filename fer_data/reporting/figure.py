"""Write a figure to a file atomically."""

from __future__ import annotations

import warnings
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from fer_data.errors import DataError
from fer_data.plotting.figure import EMBEDDED
from fer_data.util.files import atomic_file


def save_figure(figure: Figure, out: str | Path) -> None:
    """Write a figure to a file; the suffix gives the format: png, pdf, svg, jpg …

    Raises
    ------
    DataError
        If the file cannot be written, or there is no such format.
    """
    out = Path(out)
    if not out.suffix:
        raise DataError(f"{out}: the ending says the format; name it {out.name}.png, say")
    try:
        with (
            mpl.rc_context(EMBEDDED),
            atomic_file(out) as temporary,
            warnings.catch_warnings(),
        ):
            warnings.filterwarnings("ignore", "Glyph .* missing from")  # drawn as a box, then
            figure.savefig(temporary, dpi=110, bbox_inches="tight", pad_inches=0.15)
    except OSError as error:
        raise DataError(f"{out}: cannot be written ({error.strerror or error})") from None
    except ValueError as error:  # there is no such format
        raise DataError(f"{out}: cannot be written ({error})") from None
