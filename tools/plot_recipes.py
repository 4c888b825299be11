"""Draw the recorded recipes: how they learn, and what they give for their time.

    python tools/plot_recipes.py records/recipes/ docs/recipes.svg

Reads what `tools/measure_recipe.py --json` wrote, a file a recipe.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("svg")
from matplotlib import pyplot

MACHINES = {"tensorflow": "two cores", "jax": "an H100, three at once"}
"""On what the recorded runs of a backend ran."""

REPORTED = 63.18
"""The reference notebook's accuracy on the test pictures, %, after 45 minutes on its GPU."""


def recorded(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the seeds of each recipe, those of the shortest training first."""
    found = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}
    found = {name: rows for name, rows in found.items() if "wall_seconds" in rows[0]}
    return dict(sorted(found.items(), key=lambda one: one[1][0]["wall_seconds"]))


def main() -> None:
    """Draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("records", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    matplotlib.rcParams.update({"svg.hashsalt": "recipes", "svg.fonttype": "none"})
    figure, (learning, cost) = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for number, (name, rows) in enumerate(recorded(given.records).items()):
        color = f"C{number}"
        curves = [row["history"]["val_accuracy"] for row in rows]
        mean = 100 * np.mean(curves, axis=0)
        learning.plot(np.arange(1, len(mean) + 1), mean, color=color, label=name)
        wall = [row["wall_seconds"] / 60 for row in rows]
        accuracy = [100 * row["accuracy"] for row in rows]
        cost.plot(wall, accuracy, "o", color=color, alpha=0.7)
        cost.annotate(
            f"{name}: {rows[0]['recipe']['net']} net,\n{MACHINES[rows[0]['versions']['backend']]}",
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
        xlim=(1.5, 130),
        ylim=(62, 73),
    )
    ticks = [2, 5, 10, 20, 50, 100]
    cost.set_xticks(ticks, [str(tick) for tick in ticks])
    cost.minorticks_off()
    figure.savefig(given.out, metadata={"Date": None})


if __name__ == "__main__":
    main()
