"""What does a recipe give, and how long does it take? Each seed a fresh process, in turn.

    python tools/measure_recipe.py fer2013/ --recipe quick --seeds 3 --out measured

The wall time is that of the whole `fer-model train`: Python and its imports, reading what is
decoded already (the data is opened once before; `--no-warm` leaves that to the first run),
training, validation, scores, plots. Runs that are finished are not made again; one that was killed
goes on, and its wall time is then not known. More options of `fer-model train` can follow `--`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

FIGURES = ("accuracy", "balanced_accuracy", "macro_f1")


def made(path: Path, recipe: str, seed: int, out: Path, more: list[str]) -> dict[str, Any]:
    """Train one seed, or go on with it, or read what it gave."""
    from fer_model import Run

    folder, timed = out / f"{recipe}-seed-{seed}", out / f"{recipe}-seed-{seed}.wall"
    command = [sys.executable, "-m", "fer_model.cli", "train"]
    if (folder / "recipe.json").exists():
        command += ["--resume", str(folder)]
    else:
        command += [str(path), "--recipe", recipe, "--seed", str(seed), "--out", str(folder), *more]
    if not (folder / "metrics.json").exists():
        is_new = not folder.exists()
        began = time.perf_counter()
        subprocess.run([*command, "--no-summary"], check=True, stdout=subprocess.DEVNULL)
        if is_new:
            timed.write_text(f"{time.perf_counter() - began:.1f}\n")
    run = Run.open(folder)
    metrics = run.metrics
    split = "test" if "test" in metrics else "validation"
    return {
        "seed": seed,
        "split": split,
        **{name: metrics[split][name] for name in FIGURES},
        "recalls": {name: row["recall"] for name, row in metrics[split]["per_class"].items()},
        "validation_accuracy": metrics.get("validation", {}).get("accuracy"),
        "steps": metrics["training"]["steps"],
        "training_seconds": metrics["training"]["seconds"],
        "wall_seconds": float(timed.read_text()) if timed.exists() else None,
        "recipe": run.recipe.to_dict(),
        "versions": run.versions,
    }


def shown(rows: list[dict[str, Any]], title: str) -> Table:
    """Return a row a seed, and one of their means with the spread."""
    table = Table(title=title, title_justify="left")
    table.add_column("seed")
    for name in (*FIGURES, "lowest recall", "training s", "wall s"):
        table.add_column(name.replace("_", " "), justify="right")
    for row in rows:
        wall = row["wall_seconds"]
        table.add_row(
            str(row["seed"]),
            *(f"{100 * row[name]:.2f} %" for name in FIGURES),
            f"{100 * min(row['recalls'].values()):.1f} %",
            f"{row['training_seconds']:.0f}",
            "–" if wall is None else f"{wall:.0f}",
        )
    if len(rows) > 1:
        values = [[100 * row[name] for row in rows] for name in FIGURES]
        cells = [f"{statistics.mean(one):.2f} ± {statistics.stdev(one):.2f} %" for one in values]
        table.add_section()
        table.add_row("mean", *cells, "", "", "")
    return table


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path)
    parser.add_argument("--recipe", default="quick")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--warm", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("more", nargs="*", help="options of fer-model train, after --")
    given = parser.parse_args()
    if given.warm:
        from fer_data import open_store
        from fer_model import named_recipe

        open_store(given.path, form=named_recipe(given.recipe).form)
    rows = []
    for seed in range(given.seeds):
        rows.append(made(given.path, given.recipe, seed, given.out, given.more))
        print(f"seed {seed}: {rows[-1]['accuracy']:.4f}", file=sys.stderr, flush=True)
    Console().print(shown(rows, f"{given.recipe} on the {rows[0]['split']} split"))
    if given.json:
        given.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
