"""A comparison's verdict as markdown, for a README."""

from __future__ import annotations

import pandas as pd

from fer_data.util.markdown import escaped
from fer_model.reporting.summary import Summary
from fer_model.reporting.table import arms_table
from fer_model.words import figure_name


def as_markdown(summary: Summary) -> str:
    """Return the verdicts, a table of the arms and what they stand on.

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> labels = np.repeat([0, 1], [90, 10])
    >>> good = [np.where(np.arange(100) % 9 == seed, 1 - labels, labels) for seed in range(3)]
    >>> results = fer_model.compare_predictions(labels, {"none": [0 * labels] * 3, "own": good})
    >>> print(fer_model.as_markdown(fer_model.Summary(results)).splitlines()[0])
    **own raises balanced accuracy by at least 29.3 pp**
    """
    found = summary.results
    lines = [f"**{escaped(summary.headline)}**", ""]
    lines += [
        f"- {escaped(one.text)} Also: {escaped(summary.cost_of(one.difference.arm))}."
        for one in summary.main
    ]
    table = arms_table(summary)
    table.index.name = f"arm ({len(found.seeds)} seeds, % ± standard deviation)"
    lines += ["", table_as_markdown(table)]
    lines += [*(f"{escaped(note[0].upper() + note[1:])}.  " for note in summary.notes())]
    figure = found.figure
    if figure in summary.smallest:
        least = f"{100 * summary.smallest[figure]:.1f}"
        lines.append(
            f"With these test samples and {len(found.seeds)} seeds a true difference of {least} "
            f"points in {figure_name(figure)} is found four times in five."
        )
    return "\n".join(lines) + "\n"


def table_as_markdown(table: pd.DataFrame) -> str:
    """Return a table of texts as markdown, its index as the first column."""
    titles = [str(table.index.name), *table.columns]
    rows = [titles, *([arm, *table.loc[arm]] for arm in table.index)]
    texts = [f"| {' | '.join(map(escaped, row))} |" for row in rows]
    return "\n".join([texts[0], "|---" * len(titles) + "|", *texts[1:]]) + "\n"
