"""How a notebook shows the results of a comparison."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.util import notebook
from fer_model.statistics.scores import SUMMARIES
from fer_model.words import figure_name


def results_html(results: Any) -> str:
    """Return what a notebook shows of `Results`."""
    scores = 100 * results.predicted.scores
    verdicts = {verdict.difference.arm: verdict for verdict in results.verdicts}
    rows = []
    for arm, of_arm in zip(results.arms, scores, strict=True):
        columns = [of_arm[:, results.predicted.figures.index(name)] for name in SUMMARIES]
        verdict = verdicts.get(arm)
        rows.append(
            (
                arm,
                *map(_spread, columns),
                verdict.difference.in_points if verdict else "",
                verdict.word if verdict else "baseline",
            )
        )
    head = (
        "arm",
        *(f"{figure_name(name)} %" for name in SUMMARIES),
        f"{figure_name(results.figure)} vs. {results.arms[0]}, pp (95 %)",
        "verdict",
    )
    return notebook.page(
        results.source or "Results",
        results.size,
        notebook.line(f"{results.headline}."),
        notebook.table(head, rows, most=60, kind="arms"),
        notebook.note(
            "mean ± standard deviation over seeds; 95 % intervals; verdicts allow for all arms"
        ),
        notebook.notes(results.all_remarks),
    )


def _spread(values: NDArray[np.float64]) -> str:
    """Return the mean over seeds, and the standard deviation where there are several."""
    spread = f" ± {values.std(ddof=1):.1f}" if len(values) > 1 else ""
    return f"{values.mean():.1f}{spread}"
