"""The ledger as a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from fer_data.analysis.ledger import Ledger
from fer_data.reporting.figure import save_figure
from fer_data.util.words import shown_class


def draw_ledger(ledger: Ledger, out: str | Path) -> None:
    """Draw a ledger's draws by class, and the uses of a sample, to a file.

    Parameters
    ----------
    ledger : Ledger
    out : path
        Its ending says the format: png, pdf, svg, jpg …

    Raises
    ------
    DataError
        If the file cannot be written.
    """
    figure = Figure(figsize=(10, 1.6 + 0.34 * len(ledger.classes)), layout="constrained")
    amounts, uses = figure.subplots(1, 2, sharey=True)
    places = np.arange(len(ledger.classes))
    samples = np.array([one.samples for one in ledger.classes])
    draws = np.array([one.draws for one in ledger.classes])
    amounts.barh(places - 0.2, samples, 0.38, color="#b8c4d0", label="samples")
    amounts.barh(places + 0.2, draws, 0.38, color="#1f6f8b", label="draws")
    amounts.set_yticks(places, [shown_class(one.class_name) for one in ledger.classes])
    for label in amounts.get_yticklabels():
        label.set_parse_math(False)
    amounts.invert_yaxis()
    amounts.set_xlabel("number")
    amounts.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False)
    uses.barh(places, [one.mean for one in ledger.classes], 0.6, color="#1f6f8b")
    for place, one in zip(places, ledger.classes, strict=True):
        note = f" {one.mean:,.3g}" + (f", {one.never:.0%} never seen" if one.never else "")
        uses.text(one.mean, place, note, va="center", fontsize=9)
    uses.set_xlabel("uses of a sample, mean")
    uses.margins(x=0.3)
    for axes in (amounts, uses):
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(f"{ledger.balance}: {ledger.length}", fontsize=11, parse_math=False)
    save_figure(figure, out)
