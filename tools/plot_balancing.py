"""Draw recorded comparisons: what each arm gains in balanced accuracy, and what it costs.

    python tools/plot_balancing.py records/fer2013-{fast,small} --out docs/balancing.svg

Arms are those of the first record, by their gain there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib

sys.path.insert(0, str(Path(__file__).parents[1]))
matplotlib.use("svg")
from matplotlib import pyplot

from tools.record_table import FIGURE, Record

COLORS = ("#1f77b4", "#888888", "#d62728")
TITLES = {
    FIGURE: "balanced accuracy",
    "accuracy": "accuracy",
    "recall": "recall of {rarest}, the rarest class",
}


def draw(records: Sequence[Record], out: Path) -> None:
    """Draw the arms of the first record, with what the others say of them."""
    matplotlib.rcParams.update({"svg.hashsalt": "balancing", "svg.fonttype": "none"})
    first = records[0]
    arms = first.ordered()
    figure, panels = pyplot.subplots(
        1, 3, figsize=(10, 1.2 + 0.34 * len(arms)), sharey=True, layout="constrained"
    )
    for panel, (name, title) in zip(panels, TITLES.items(), strict=True):
        for number, record in enumerate(records):
            key = f"recall of {first.results['rarest']}" if name == "recall" else name
            offset = 0.18 * (number - (len(records) - 1) / 2)
            for place, arm in enumerate(arms):
                row = record.row(arm, key)
                if row is None:
                    continue
                estimate, low, high = (100 * row[end] for end in ("difference", "low", "high"))
                panel.errorbar(
                    estimate,
                    place + offset,
                    xerr=[[estimate - low], [high - estimate]],
                    fmt="o" if number == 0 else "D",
                    markersize=5 if number == 0 else 3.5,
                    color=COLORS[number],
                    label=record.title if place == 0 and name == FIGURE else None,
                )
        panel.axvline(0, color="black", linewidth=0.8)
        panel.set_title(title.format(rarest=first.results["rarest"]), fontsize=10)
        panel.set_xlabel(f"difference from {first.arms[0]}, percentage points")
        panel.grid(axis="x", alpha=0.3)
    panels[0].set_yticks(range(len(arms)), arms)
    panels[0].invert_yaxis()
    figure.legend(loc="outside lower center", ncols=len(records), frameon=False)
    figure.savefig(out, metadata={"Date": None})


def main() -> None:
    """Draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("records", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    draw([Record(path) for path in given.records], given.out)


if __name__ == "__main__":
    main()
