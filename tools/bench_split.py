"""Speed of a split: CPU seconds for millions of samples, and for a sort of as many numbers.

    python tools/bench_split.py --samples 10_000_000 --rounds 3 --json x.json

Each case is compared with a stable sort of as many int64 numbers and, without groups, with
`train_test_split(stratify=…)` of scikit-learn, called twice for three sides. (Its
`StratifiedGroupKFold` goes through the groups in Python, with an array of groups by classes.) All
take turns, round by round, in one process; the figure to quote is the median of the ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.splitting.apportion import apportion, quotas

FRACTIONS = (0.8, 0.1, 0.1)


def made_groups(kind: str, labels: NDArray[np.int32], seed: int) -> NDArray[np.int64] | None:
    """Return group numbers of a kind: none, of any classes, of one class, or a few duplicates."""
    random, number = np.random.default_rng(seed), len(labels)
    if kind == "no groups":
        return None
    if kind == "groups of any classes":
        return random.integers(0, 3 * number // 10, number)
    if kind == "groups of one class":
        groups = np.empty(number, np.int64)
        order = np.argsort(labels, kind="stable")
        groups[order] = np.cumsum(random.random(number) < 0.3)
        return groups * (int(labels.max()) + 1) + labels
    groups = np.arange(number)
    groups[random.integers(0, number, number // 10)] = random.integers(0, number, number // 10)
    return groups


KINDS = ("no groups", "groups of any classes", "groups of one class", "duplicates of a tenth")


def seconds(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return processor seconds of a call, of all threads, and what it gave."""
    began = time.process_time()
    result = call()
    return time.process_time() - began, result


def by_scikit_learn(labels: NDArray[np.int32]) -> None:
    """Divide into three stratified parts."""
    from sklearn.model_selection import train_test_split

    rows = np.arange(len(labels))
    train, rest = train_test_split(rows, test_size=0.2, stratify=labels, random_state=0)
    train_test_split(rest, test_size=0.5, stratify=labels[rest], random_state=0)
    assert len(train)


def measure(kind: str, num_classes: int, number: int, rounds: int) -> dict[str, Any]:
    """Run the rounds of one case."""
    odds = 1 / np.arange(1, num_classes + 1)
    random = np.random.default_rng(0)
    labels = random.choice(num_classes, number, p=odds / odds.sum()).astype(np.int32)
    numbers = random.integers(0, 2**40, number)
    groups = made_groups(kind, labels, 1)
    took: dict[str, list[float]] = {"ours": [], "sort": []}
    worst = 0
    for _ in range(rounds):
        spent, sides = seconds(lambda: apportion(labels, groups, FRACTIONS, seed=0))
        took["ours"].append(spent)
        took["sort"].append(seconds(lambda: np.argsort(numbers, kind="stable"))[0])
        if groups is None:
            took.setdefault("scikit-learn", []).append(seconds(lambda: by_scikit_learn(labels))[0])
        cells = np.bincount(labels * np.int64(3) + sides, minlength=3 * num_classes)
        off = cells.reshape(-1, 3) - quotas(np.bincount(labels, minlength=num_classes), FRACTIONS)
        worst = max(worst, int(np.abs(off).max()))
    record = {
        f"{name}_over_ours": statistics.median(
            other / ours for ours, other in zip(took["ours"], timings, strict=True)
        )
        for name, timings in took.items()
        if name != "ours"
    }
    return {"kind": kind, "classes": num_classes, "seconds": took, "most_off": worst, **record}


def main() -> None:
    """Run the cases, print them, and write JSON where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--samples", type=int, default=10_000_000)
    parser.add_argument("--classes", type=int, nargs="+", default=[7, 1000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    results = []
    for num_classes in args.classes:
        for kind in KINDS:
            result = measure(kind, num_classes, args.samples, args.rounds)
            results.append(result)
            ratios = ", ".join(
                f"{name.removesuffix('_over_ours')} {value:.2f} times that"
                for name, value in result.items()
                if name.endswith("_over_ours")
            )
            print(
                f"{num_classes:,} classes, {kind}: "
                f"{statistics.median(result['seconds']['ours']):.1f} s; {ratios}; "
                f"off its quotas by {result['most_off']} at most",
                flush=True,
            )
    if args.json:
        about = {
            "samples": args.samples,
            "results": results,
            "cores": os.cpu_count(),
            "machine": platform.machine(),
            "versions": {"python": platform.python_version(), "numpy": version("numpy")},
        }
        args.json.write_text(json.dumps(about, indent=2) + "\n")


if __name__ == "__main__":
    main()
