"""Do the intervals of `fer_model.statistics` hold what they say? Comparisons with known truth.

    python tools/simulate_coverage.py --replications 2000 --json coverage.json
    python tools/simulate_coverage.py --only mixed --seeds 3 --arms 2,5

Draws comparisons from `tests/helpers/trainings.py`, where the true differences are known, and
counts how often a 95 % interval holds them (coverage), how often arms that do not differ get
p <= 0.05 (false positives of a single test), and how often any of them does after Holm
(family-wise).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from fer_model.statistics import evidence
from fer_model.statistics.data_sets import mean_difference
from fer_model.statistics.differences import paired_differences
from fer_model.statistics.scores import WORST
from tests.helpers.trainings import (
    SCENARIOS,
    Outcome,
    Scenario,
    draw,
    draw_alike,
    simulate,
    true_differences,
)


def measured(scenario: Scenario, num_replications: int, num_draws: int) -> dict[str, Any]:
    """Return the fractions of a scenario, by figure, with arms that differ and arms that do not."""
    start = time.perf_counter()
    apart = simulate(scenario, num_replications, num_draws=num_draws)
    alike = simulate(replace(scenario, effect=0.0), num_replications, num_draws=num_draws)
    fractions = {
        "coverage": apart.covered.mean(axis=(0, 1)),
        "coverage_without_effect": alike.covered.mean(axis=(0, 1)),
        "median_width": np.median(apart.widths, axis=(0, 1)),
        "found": _fraction(apart),
        "false_positives": _fraction(alike),
        "family_wise": (alike.p_holm <= 0.05).any(axis=1).mean(axis=0),
    }
    return {
        "scenario": asdict(scenario),
        "replications": num_replications,
        "draws": num_draws,
        "seconds": time.perf_counter() - start,
        "figures": {
            figure: {name: float(values[place]) for name, values in fractions.items()}
            for place, figure in enumerate(apart.figures)
        },
    }


def worst_class(num_replications: int, num_draws: int) -> list[dict[str, Any]]:
    """Return how often intervals of the worst class's recall hold it, by number of classes."""
    kept, evidence.WITHOUT_INTERVAL = evidence.WITHOUT_INTERVAL, ()
    rows = []
    for num_classes in (5, 20, 50):
        held = 0
        for number in range(num_replications):
            predicted = draw_alike(num_classes, 30, np.random.default_rng([number, num_classes]))
            row = paired_differences(predicted, seed=number, num_draws=num_draws).of("arm", WORST)
            held += row.low <= 0.4 <= row.high
        coverage = held / num_replications
        rows.append(
            {"classes": num_classes, "replications": num_replications, "coverage": coverage}
        )
    evidence.WITHOUT_INTERVAL = kept
    return rows


def data_sets(num_replications: int, num_draws: int) -> list[dict[str, Any]]:
    """Return how often the interval of the mean over three data sets holds it."""
    names = list(SCENARIOS)[1:]
    truth = np.mean([true_differences(SCENARIOS[name])[0, 1] for name in names])
    held = 0
    for number in range(num_replications):
        rows = [
            paired_differences(
                draw(SCENARIOS[name], np.random.default_rng([number, place])),
                seed=number,
                num_draws=num_draws,
            ).of("arm 1", "balanced_accuracy")
            for place, name in enumerate(names)
        ]
        mean = mean_difference(rows)
        held += mean.low <= truth <= mean.high
    return [{"replications": num_replications, "coverage": held / num_replications}]


def _fraction(outcome: Outcome) -> np.ndarray:
    return np.asarray((outcome.p_values <= 0.05).mean(axis=(0, 1)))


def show(console: Console, results: list[dict[str, Any]]) -> None:
    """Print a table for each fraction: scenarios by figures."""
    titles = {
        "coverage": "Coverage of 95 % intervals, arms that differ, %",
        "coverage_without_effect": "Coverage of 95 % intervals, arms that do not differ, %",
        "false_positives": "Single tests with p <= 0.05, arms that do not differ, %",
        "family_wise": "Any arm with p <= 0.05 after Holm, arms that do not differ, %",
        "found": "Single tests with p <= 0.05, arms that differ, %",
        "median_width": "Median width of the intervals, points",
    }
    for key, title in titles.items():
        table = Table(title=title)
        table.add_column("scenario")
        for column in ("arms", "seeds", *results[0]["figures"]):
            table.add_column(column.replace("recall of ", "").replace("_", " "), justify="right")
        for result in results:
            scenario = result["scenario"]
            table.add_row(
                scenario["name"],
                str(scenario["num_arms"]),
                str(scenario["num_seeds"]),
                *(f"{100 * fractions[key]:.1f}" for fractions in result["figures"].values()),
            )
        console.print(table)
    number = results[0]["replications"]
    errors = [100 * (fraction * (1 - fraction) / number) ** 0.5 for fraction in (0.95, 0.05)]
    console.print(
        f"{number:,} comparisons a row; standard error {errors[0]:.2f} points at 95 % and 5 %, "
        "less where several arms are averaged."
    )


def main() -> None:
    """Simulate, and print."""
    numbers = {"type": lambda text: [int(number) for number in text.split(",")]}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", type=lambda text: text.split(","), help=", ".join(SCENARIOS))
    parser.add_argument(
        "--arms", default=[2, 5], help="with the baseline (default: 2,5)", **numbers
    )
    parser.add_argument("--seeds", default=[3, 6], help="default: 3,6", **numbers)
    parser.add_argument("--clusters", type=int, help="duplicate groups in the test split")
    parser.add_argument("--replications", type=int, default=1000, help="default: 1000")
    parser.add_argument("--draws", type=int, default=399, help="of each bootstrap (default: 399)")
    parser.add_argument("--worst", action="store_true", help="the worst class's recall alone")
    parser.add_argument("--data-sets", action="store_true", help="means over data sets alone")
    parser.add_argument("--json", type=Path, help="write the fractions here")
    arguments = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 150)
    for chosen, simulated in ((arguments.worst, worst_class), (arguments.data_sets, data_sets)):
        if chosen:
            figures = simulated(arguments.replications, arguments.draws)
            console.print_json(data=figures)
            if arguments.json:
                arguments.json.write_text(json.dumps(figures, indent=1) + "\n")
            return
    results = []
    for name in arguments.only or SCENARIOS:
        for num_arms in arguments.arms:
            for num_seeds in arguments.seeds:
                scenario = replace(SCENARIOS[name], num_arms=num_arms, num_seeds=num_seeds)
                if arguments.clusters:
                    scenario = replace(scenario, num_clusters=arguments.clusters)
                results.append(measured(scenario, arguments.replications, arguments.draws))
                lowest = min(row["coverage"] for row in results[-1]["figures"].values())
                console.print(
                    f"{name}, {num_arms} arms, {num_seeds} seeds: {results[-1]['seconds']:.0f} s, "
                    f"lowest coverage {100 * lowest:.1f} %",
                    highlight=False,
                )
    show(console, results)
    if arguments.json:
        versions = {name: version(name) for name in ("numpy", "scipy")}
        record = {"versions": versions, "results": results}
        arguments.json.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
