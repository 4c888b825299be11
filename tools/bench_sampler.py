"""What does balanced sampling cost? Planning, and a `DataLoader` over a dataset of one's own.

    python tools/bench_sampler.py --rounds 5 --json bench.json
    python tools/bench_sampler.py --only planning

``planning`` takes the CPU time of an epoch's plan per draw, by strategy, for a million samples in
1,000 long-tailed classes, and of one for ten million samples. ``loader`` (extra `torch`) iterates
PyTorch's `DataLoader` over a dataset that returns its index, without workers, with
`BalancedBatchSampler` and with `WeightedRandomSampler` by turns in one process; what is compared
is the CPU time of a sample, collation included, which both share. `WeightedRandomSampler` is
limited to 2 ** 24 samples, and draws an epoch at once, so the whole time of its epoch counts.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

import fer_data
from fer_data.sampling.strategy import STRATEGIES

SECTIONS = ("planning", "loader")
MILLION = 1_000_000
WITHOUT_DEFAULT = {
    "power": "power:0.5",
    "effective": "effective:0.999",
    "repeat-factor": "repeat-factor:0.001",
    "progressive": "progressive:10",
    "deferred": "deferred:5",
    "counts": "counts:0=100",
}
"""Strategies whose parameters must be given."""


def say(text: str) -> None:
    """Write a line of progress."""
    print(text, file=sys.stderr, flush=True)


def long_tailed(size: int, num_classes: int = 1000, ratio: float = 16.55) -> np.ndarray:
    """Return labels of classes whose sizes fall geometrically, in random order."""
    sizes = np.geomspace(ratio, 1, num_classes)
    return np.random.default_rng(0).choice(num_classes, size=size, p=sizes / sizes.sum())


def plannings(rounds: int) -> list[dict[str, Any]]:
    """Return the CPU time of planning an epoch after the first one, by strategy."""
    million, ten = long_tailed(MILLION), long_tailed(10 * MILLION)
    cases = [
        *((million, WITHOUT_DEFAULT.get(name, name)) for name in STRATEGIES.names()),
        *((ten, strategy) for strategy in ("none", "batch", "power:0.5")),
    ]
    rows: list[dict[str, Any]] = []
    for labels, strategy in cases:
        sampler = fer_data.BalancedBatchSampler(labels, strategy, batch_size=256)
        took = []
        for epoch in range(rounds + 1):
            began = time.process_time()
            draws = len(sampler.plan(epoch))
            took.append(time.process_time() - began)
        case = {"strategy": strategy, "samples": len(labels), "draws": draws, "cpu_s": took[1:]}
        rows.append(case | {"first_cpu_s": took[0]})
        say(
            f"planning {len(labels):,} samples, {strategy}: {statistics.median(took[1:]):.3f} CPU-s"
        )
    return rows


def cpu_s(make: Callable[[], Iterable[Any]], epochs: int) -> float:
    """Return the CPU time of a sample: of making a loader and so many whole epochs of it."""
    began, seen = time.process_time(), 0
    loader = make()
    for _ in range(epochs):
        for batch in loader:
            seen += len(batch)
    return (time.process_time() - began) / seen


def loaders(rounds: int) -> list[dict[str, Any]]:
    """Return the CPU time of a sample from a `DataLoader`, by sampler and number of labels."""
    import torch
    from torch.utils.data import DataLoader, Dataset, WeightedRandomSampler

    class Own(Dataset):  # type: ignore[type-arg]
        def __init__(self, size: int) -> None:
            self.size = size

        def __len__(self) -> int:
            return self.size

        def __getitem__(self, index: int) -> int:
            return index

        def __getitems__(self, indices: list[int]) -> list[int]:
            return indices

    torch.set_num_threads(1)
    found = []
    for size, num_classes in ((28_709, 7), (MILLION, 1000), (10 * MILLION, 1000)):
        labels = long_tailed(size, num_classes)
        data = Own(size)
        weights = (1 / np.bincount(labels))[labels]

        def ours(labels: np.ndarray = labels, data: Any = data) -> Any:
            sampler = fer_data.BalancedBatchSampler(
                labels, "oversample", batch_size=64, epoch_size="natural"
            )
            return DataLoader(data, batch_sampler=sampler)

        def weighted(weights: np.ndarray = weights, data: Any = data) -> Any:
            return DataLoader(
                data, batch_size=64, sampler=WeightedRandomSampler(weights, len(data))
            )

        contenders: dict[str, Callable[[], Any]] = {
            "BalancedBatchSampler": ours,
            "WeightedRandomSampler": weighted,
        }
        rows: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(rounds):
            for name, make in contenders.items():
                rows[name].append(cpu_s(make, 10 if size < MILLION else 1))
        for name, seconds in rows.items():
            found.append(
                {"sampler": name, "labels": size, "cpu_us_per_sample": [1e6 * s for s in seconds]}
            )
            say(f"{size:,} labels, {name}: {1e6 * statistics.median(seconds):.3f} CPU-us a sample")
    return found


def show(console: Console, result: dict[str, Any]) -> None:
    """Print the tables."""
    if plans := result.get("planning"):
        table = Table(
            "strategy", "samples", "draws", "CPU-s an epoch", "ns a draw", title="Planning"
        )
        for row in plans:
            seconds = statistics.median(row["cpu_s"])
            cells = row["samples"], row["draws"]
            table.add_row(
                row["strategy"],
                *(f"{cell:,}" for cell in cells),
                f"{seconds:.3f}",
                f"{1e9 * seconds / row['draws']:.0f}",
            )
        console.print(table)
    if rows := result.get("loader"):
        table = Table("labels", "sampler", "CPU-us a sample", title="DataLoader")
        for row in rows:
            median = statistics.median(row["cpu_us_per_sample"])
            table.add_row(f"{row['labels']:,}", row["sampler"], f"{median:.3f}")
        console.print(table)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", type=lambda text: text.split(","), default=SECTIONS)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    functions = {"planning": plannings, "loader": loaders}
    result: dict[str, Any] = {name: functions[name](chosen.rounds) for name in chosen.only}
    result["about"] = {
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "fer-data": version("fer-data"),
    }
    if "loader" in result:
        result["about"]["torch"] = version("torch")
    show(Console(), result)
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
