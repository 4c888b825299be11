"""What does a recipe give, and how long does it take? Each seed is a process of its own.

    python tools/measure_recipe.py fer2013/ --recipe quick --seeds 3 --out measured
    KERAS_BACKEND=jax python tools/measure_recipe.py fer2013/ --recipe best --at-once 3 \\
        --minutes 9 --out measured
    KERAS_BACKEND=jax python tools/measure_recipe.py fer2013/ --seeds 1 --out measured \\
        -- --epochs 4 --precision bfloat16

The wall time is that of the whole `fer-model train`: Python and its imports, reading what is
decoded already (the data is opened once before; `--no-warm` leaves that to the first run),
training, validation, scores, plots. On a processor let one run at a time, as is the default; a GPU
fits several at once. Runs that are finished are not made again; one that was killed, or
stopped after `--minutes`, goes on when this is called again, and its wall time is then not known.
More options of `fer-model train` can follow `--`.
"""

from __future__ import annotations

import argparse
import json
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from fer_data.util.entry import INTERRUPTED

FIGURES = ("accuracy", "balanced_accuracy", "macro_f1")
_SECONDS_TO_STOP = 120.0


class Training:
    """One seed's process.

    Parameters
    ----------
    folder : Path
        Of its run.
    options : list of str
        What begins it.
    """

    def __init__(self, folder: Path, options: list[str]) -> None:
        self.folder = folder
        self.wall = folder.with_suffix(".wall")
        self._began = time.perf_counter()
        self._is_new = not folder.exists()
        options_file = folder.with_suffix(".options")
        if (folder / "recipe.json").exists():
            options = ["--resume", str(folder)]
        else:
            options_file.parent.mkdir(parents=True, exist_ok=True)
            options_file.write_text(json.dumps(options))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fer_model.cli", "train", *options, "--no-summary"],
            stdout=subprocess.DEVNULL,
        )

    def has_ended(self) -> bool:
        """Whether it has, and note how long it took if it came to its end in one go."""
        if self.process.poll() is None:
            return False
        if self._is_new and (self.folder / "metrics.json").exists():
            self.wall.write_text(f"{time.perf_counter() - self._began:.1f}\n")
        return True


def train_all(trainings: dict[Path, list[str]], *, at_once: int, minutes: float) -> list[Path]:
    """Train those that are not finished, and stop after the minutes; return those that failed."""
    until = time.monotonic() + 60 * minutes
    waiting = [training for training in trainings if not (training / "metrics.json").exists()]
    running: list[Training] = []
    failed: list[Path] = []
    while (waiting or running) and time.monotonic() < until:
        while waiting and len(running) < at_once:
            folder = waiting.pop(0)
            running.append(Training(folder, trainings[folder]))
        time.sleep(0.2)
        ended = [training for training in running if training.has_ended()]
        running = [training for training in running if training not in ended]
        failed += [training.folder for training in ended if training.process.returncode]
    for training in running:
        training.process.send_signal(signal.SIGINT)  # it writes a checkpoint
    deadline = time.monotonic() + _SECONDS_TO_STOP
    for training in running:
        try:
            training.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            training.process.kill()
        if not training.has_ended() or training.process.returncode not in (0, INTERRUPTED):
            failed.append(training.folder)
    return failed


def leaked_samples(report: Path) -> set[str]:
    """Return the samples of a ``fer-data audit --json`` that have a duplicate in another split."""
    findings = json.loads(report.read_text())["findings"]
    leaks = [finding for finding in findings if finding["kind"].startswith("leaked")]
    return {sample for leak in leaks for group in leak["groups"] for sample in group}


def measured(folder: Path, seed: int, leaked: set[str] | None = None) -> dict[str, Any]:
    """Return what a finished run gave, and on the test samples without those that are leaked."""
    from fer_model import Run
    from fer_model.training.score import score

    run, wall = Run.open(folder), folder.with_suffix(".wall")
    metrics = run.metrics
    split = "test" if "test" in metrics else "validation"
    epochs = run.history["seconds"]
    without_leaks = None
    if leaked is not None:
        table = run.predictions
        table = table[(table["split"] == split) & ~table["sample"].isin(leaked)]
        probabilities = table.filter(regex="^probability_").to_numpy()
        names = tuple(run.data["class_names"])
        scores = score(table["label"].to_numpy(), probabilities, names)
        without_leaks = {name: scores[name] for name in ("num_samples", *FIGURES)}
        without_leaks["recalls"] = {one: row["recall"] for one, row in scores["per_class"].items()}
    return {
        "seed": seed,
        "split": split,
        **{name: metrics[split][name] for name in FIGURES},
        "recalls": {name: row["recall"] for name, row in metrics[split]["per_class"].items()},
        "without_leaks": without_leaks,
        "validation_accuracy": metrics.get("validation", {}).get("accuracy"),
        "steps": metrics["training"]["steps"],
        "training_seconds": metrics["training"]["seconds"],
        "median_epoch_seconds": float(epochs.median()),
        "wall_seconds": float(wall.read_text()) if wall.exists() else None,
        "history": {
            name: [round(value, 4) for value in run.history[name]]
            for name in ("loss", "accuracy", "val_loss", "val_accuracy")
        },
        "recipe": run.recipe.to_dict(),
        "versions": run.versions,
    }


def shown(rows: list[dict[str, Any]], title: str) -> Table:
    """Return a row a seed, and one of their means with the spread."""
    table = Table(title=f"{title}; scores in %", title_justify="left")
    for name in ("seed", *FIGURES, "without leaks", "epoch s", "training s", "wall s"):
        table.add_column(name.replace("_", " "), justify="right")
    for row in rows:
        wall, clean = row["wall_seconds"], row["without_leaks"]
        table.add_row(
            str(row["seed"]),
            *(f"{100 * row[name]:.2f}" for name in FIGURES),
            f"{100 * clean['accuracy']:.2f}" if clean else "–",
            f"{row['median_epoch_seconds']:.2f}",
            f"{row['training_seconds']:.0f}",
            "–" if wall is None else f"{wall:.0f}",
        )
    if len(rows) > 1:
        values = [[100 * row[name] for row in rows] for name in FIGURES]
        if rows[0]["without_leaks"]:
            values.append([100 * row["without_leaks"]["accuracy"] for row in rows])
        table.add_section()
        cells = [f"{statistics.mean(value):.2f} ±{statistics.stdev(value):.2f}" for value in values]
        table.add_row("mean", *cells)
    return table


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path)
    parser.add_argument("--recipe", help="by its name; else what `fer-model train` takes")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--at-once", type=int, default=1, help="number of trainings at once")
    parser.add_argument(
        "--minutes", type=float, default=float("inf"), help="stop then; another call goes on"
    )
    parser.add_argument(
        "--audit", type=Path, help="what fer-data audit --json wrote: score without leaks, too"
    )
    parser.add_argument("--machine", default="", help="what it is, for the record")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--warm", action=argparse.BooleanOptionalAction, default=True)
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    given, more = parser.parse_args(sys.argv[1:end]), sys.argv[end + 1 :]
    if given.at_once < 1 or given.seeds < 1:
        parser.error("--at-once and --seeds must be 1 or more")
    if given.warm:
        from fer_data import open_store
        from fer_model import Recipe, named_recipe

        recipe = named_recipe(given.recipe) if given.recipe else Recipe()
        open_store(given.path, form=recipe.requested)
    name, chosen = given.recipe or "default", ["--recipe", given.recipe] if given.recipe else []
    trainings = {}
    for seed in range(given.seeds):
        folder = given.out / f"{name}-seed-{seed}"
        options = [str(given.path), *chosen, "--seed", str(seed), "--out", str(folder)]
        trainings[folder] = [*options, *more]
    for folder, options in trainings.items():
        options_file = folder.with_suffix(".options")
        if options_file.exists() and json.loads(options_file.read_text()) != options:
            parser.error(
                f"{folder} was trained with {options_file.read_text()}; choose another --out"
            )
    leaked = leaked_samples(given.audit) if given.audit else None
    failed = train_all(trainings, at_once=given.at_once, minutes=given.minutes)
    rows = [
        {"machine": given.machine, **measured(folder, seed, leaked)}
        for seed, folder in enumerate(trainings)
        if (folder / "metrics.json").exists()
    ]
    if failed:
        sys.exit(f"failed: {', '.join(map(str, failed))}")
    if len(rows) < len(trainings):
        sys.exit(f"{len(rows)} of {len(trainings)} are finished; call this again to go on")
    Console().print(shown(rows, f"{name} on the {rows[0]['split']} split"))
    if given.json:
        given.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
