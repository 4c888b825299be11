"""A comparison's verdict as markdown, for a README."""

from __future__ import annotations

from fer_model.reporting.summary import Summary
from fer_model.statistics.scores import SUMMARIES
from fer_model.words import duration


def as_markdown(summary: Summary) -> str:
    """Return the verdicts, a table of the arms and what they stand on."""
    found = summary.results
    scores = found.predicted.scores.mean(axis=1)
    lines = [
        f"- {_escaped(one.text)} Beside it: {_escaped(summary.cost_of(one.difference.arm))}."
        for one in summary.main
    ]
    shown = (*SUMMARIES, *summary.recall_of_rarest)
    titles = [name.replace("_", " ") for name in SUMMARIES]
    titles += map(_escaped, summary.recall_of_rarest)
    lines += [
        "",
        f"| arm ({len(found.seeds)} seeds) | {' | '.join(titles)} | calibration error | training |",
        "|---" * (len(titles) + 3) + "|",
    ]
    columns = [found.predicted.figures.index(figure) for figure in shown]
    for place, arm in enumerate(found.arms):
        cells = [f"{100 * scores[place, column]:.1f} %" for column in columns]
        cells.append(summary.calibration_error(place))
        cells.append(duration(float(found.costs[place])))
        lines.append(f"| {_escaped(arm)} | {' | '.join(cells)} |")
    lines += ["", *(f"{_escaped(note[0].upper() + note[1:])}.  " for note in summary.notes())]
    figure = found.figure
    if figure in summary.smallest:
        least = f"{100 * summary.smallest[figure]:.1f}"
        lines.append(
            f"With these test samples and {len(found.seeds)} seeds a true difference of {least} "
            f"points in {figure.replace('_', ' ')} is found four times in five."
        )
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    """Return text in which markdown finds nothing to interpret."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>|#" else c for c in text)
