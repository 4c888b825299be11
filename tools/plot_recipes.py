"""Draw the recorded recipes: how they learn, and what they give for their time.

    python tools/plot_recipes.py records/recipes/{quick,best-fast,best}.json --out docs/recipes.svg

Reads what `tools/measure_recipe.py --json` wrote, a file a recipe, named as the recipe is.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("svg")
from matplotlib import pyplot

REPORTED = 63.18
"""The reference notebook's accuracy on the test images, %, after 45 minutes on its GPU."""


def main() -> None:
    """Draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("records", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    matplotlib.rcParams.update({"svg.hashsalt": "recipes", "svg.fonttype": "none"})
    figure, (learning, cost) = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for number, path in enumerate(given.records):
        name, color, rows = path.stem, f"C{number}", json.loads(path.read_text())
        curves = [row["history"]["val_accuracy"] for row in rows]
        mean = 100 * np.mean(curves, axis=0)
        learning.plot(np.arange(1, len(mean) + 1), mean, color=color, label=name)
        timed = [row for row in rows if row["wall_seconds"] is not None]
        if len(timed) < len(rows):
            print(f"{path}: {len(rows) - len(timed)} seeds were not timed, and have no dot")
        if not timed:
            continue
        wall = [row["wall_seconds"] / 60 for row in timed]
        accuracy = [100 * row["accuracy"] for row in timed]
        cost.plot(wall, accuracy, "o", color=color, alpha=0.7)
        cost.annotate(
            f"{name}: {rows[0]['recipe']['net']} net,\n{rows[0]['machine']}",
            (np.mean(wall), np.max(accuracy)),
            xytext=(0, 7),
            textcoords="offset points",
            ha="center",
        )
    cost.plot(45, REPORTED, "x", color="grey")
    cost.annotate(
        "the notebook,\nas it reports",
        (45, REPORTED),
        xytext=(0, 7),
        textcoords="offset points",
        ha="center",
        color="grey",
    )
    learning.set(
        xlabel="epoch",
        ylabel="validation accuracy, %, mean of the seeds",
        title="How they learn",
        ylim=(30, None),
    )
    learning.legend()
    cost.set(
        xscale="log",
        xlabel="wall time, minutes",
        ylabel="public test accuracy, %, a dot a seed",
        title="What they give",
    )
    cost.margins(0.35, 0.2)
    ticks = [2, 5, 10, 20, 50, 100]
    cost.set_xticks(ticks, [str(tick) for tick in ticks])
    cost.minorticks_off()
    figure.savefig(given.out, metadata={"Date": None})


if __name__ == "__main__":
    main()
