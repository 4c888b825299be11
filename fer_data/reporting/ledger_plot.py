"""The ledger as an image."""

from __future__ import annotations

from pathlib import Path

from fer_data.analysis.ledger import Ledger
from fer_data.reporting.figure import save_figure


def draw_ledger(ledger: Ledger, out: str | Path) -> None:
    """Draw a ledger's draws by class, and the uses of a sample, to a file.

    Parameters
    ----------
    ledger : Ledger
    out : path
        The suffix gives the format: png, pdf, svg, jpg …

    Raises
    ------
    DataError
        If the file cannot be written.
    """
    save_figure(ledger.plot(), out)
