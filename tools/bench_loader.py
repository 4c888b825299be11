"""Speed of our loaders and of those that people use, in turn, in one run on one machine.

    python tools/bench_loader.py fer2013/ --rounds 5 --json bench.json
    python tools/bench_loader.py fer2013/ --only ours-tf,keras-generator --skip memory,waiting

Every contender gives shuffled batches [B, 48, 48, 1] of the training split, float32 where it does
not say otherwise, as its documentation recommends for data that fits into memory. Each is set up
once and warmed up, then measured for a moment in every round, so that noise hits all alike, by the
CPU time of its threads and worker processes; the figures to quote are the medians over the rounds,
and ratios are taken round by round. A contender that is not installed gets a row that says so:
`pip install 'fer-data[bench]'` installs them all.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from loader_contenders import CONTENDERS, Contender, Data, Stream
from rich.console import Console
from rich.table import Table

SECTIONS = ("speed", "pairs", "first", "memory", "waiting")
PACKAGES = (
    *("fer-data", "numpy", "tensorflow", "keras", "imbalanced-learn", "scikit-learn"),
    *("torch", "grain", "scipy"),
)
PAIRS = (("ours-tf", "ours-tf-natural"), ("ours-numpy", "ours-numpy-natural"))
"""Balanced and natural: what the balance costs."""


def say(text: str) -> None:
    """Write a line of progress."""
    print(text, file=sys.stderr, flush=True)


def cpu_seconds() -> float:
    """Return the CPU time of this process and of its running children."""
    children = Path("/proc/thread-self/children").read_text().split()
    ticks = 0
    for child in children:
        *_, after = Path(f"/proc/{child}/stat").read_text().rpartition(")")
        ticks += sum(map(int, after.split()[11:13]))
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def images_per_second(stream: Stream, seconds: float) -> tuple[float, float]:
    """Take batches for a time; what had been prefetched before the clock starts is not counted.

    Returns
    -------
    per_cpu_second, per_second : float
        By the CPU time of all threads and worker processes, and by the clock.
    """
    until = time.perf_counter() + seconds / 5
    while time.perf_counter() < until:
        next(stream)
    images, began, spent = 0, time.perf_counter(), cpu_seconds()
    while (now := time.perf_counter()) < began + seconds:
        images += len(next(stream))
    return images / max(cpu_seconds() - spent, 1e-9), images / (now - began)


def set_up(chosen: Contender, data: Data, seconds: float) -> tuple[Stream, dict[str, float]]:
    """Start a contender and warm it up; of several variants keep the fastest."""
    trials: dict[str, float] = {}
    best: Stream | None = None
    for variant in chosen.variants:
        stream = chosen.start(data, variant)
        seen = 0
        while seen < chosen.settle:
            seen += len(next(stream))
        if len(chosen.variants) == 1:
            return stream, trials
        speed, _ = images_per_second(stream, seconds)
        if speed > max(trials.values(), default=0):
            best = stream
        trials[str(variant)] = speed
        del stream
        gc.collect()  # PyTorch's workers end with their iterator
    assert best is not None
    return best, trials


def speeds(names: list[str], data: Data, rounds: int, seconds: float) -> dict[str, Any]:
    """Measure contenders round by round."""
    result: dict[str, Any] = {}
    streams: dict[str, Stream] = {}
    for name in names:
        say(f"setting up {name}")
        try:
            streams[name], trials = set_up(CONTENDERS[name], data, seconds)
        except (ImportError, FileNotFoundError) as error:
            result[name] = {"missing": str(error)}
            say(f"  skipped: {error}")
            continue
        result[name] = {"trials": trials, "rounds": [], "by_the_clock": []}
        if trials:
            result[name]["variant"] = max(trials, key=trials.__getitem__)
    for number in range(rounds):
        for name, stream in streams.items():
            per_cpu_second, per_second = images_per_second(stream, seconds)
            result[name]["rounds"].append(per_cpu_second)
            result[name]["by_the_clock"].append(per_second)
        row = ", ".join(f"{name} {result[name]['rounds'][-1]:,.0f}" for name in streams)
        say(f"round {number + 1} of {rounds}, images/CPU-s: {row}")
    return result


def pairs(names: list[str], data: Data, rounds: int, seconds: float) -> dict[str, Any]:
    """Measure pairs in short turns, ABBA, for ratios finer than the noise of a round."""
    result: dict[str, Any] = {}
    for pair in PAIRS:
        if not set(pair) <= set(names):
            continue
        say(f"pairing {pair[0]} with {pair[1]}")
        streams = {name: set_up(CONTENDERS[name], data, seconds)[0] for name in pair}
        ratios = []
        for turn in range(8 * rounds):
            order = pair if turn % 2 == 0 else pair[::-1]
            speed = {name: images_per_second(streams[name], seconds / 2)[0] for name in order}
            ratios.append(speed[pair[0]] / speed[pair[1]])
        result[" / ".join(pair)] = {"ratios": ratios, "median": statistics.median(ratios)}
    return result


_FIRST = """
import sys, time
import numpy, fer_data
path, kind = sys.argv[1:]
if kind == "tf.data":
    import tensorflow as tf
    make = fer_data.tf_dataset
else:
    make = fer_data.open_loader
began = time.perf_counter()
made = make(path, balance="oversample", batch_size=64)
opened = time.perf_counter()
found = next(iter(made)) if kind == "tf.data" else made.batch(0)
ended = time.perf_counter()
print(1e3 * (opened - began), 1e3 * (ended - began))
"""


def first_batches(paths: list[Path], rounds: int) -> dict[str, Any]:
    """Milliseconds from after the imports to the first batch, in a process of its own each."""
    cases = {
        f"{kind}, {'class folders' if path.is_dir() else 'csv'}": (path, kind)
        for path in paths
        for kind in ("NumPy", "tf.data")
    }
    result: dict[str, Any] = {name: {"opened": [], "first": []} for name in cases}
    for number in range(rounds + 1):
        for name, times in result.items():
            path, kind = cases[name]
            command = [sys.executable, "-c", _FIRST, str(path), kind]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            opened, first = map(float, done.stdout.split())
            if number:  # the first run may have built the store
                times["opened"].append(opened)
                times["first"].append(first)
        say(f"first batch, round {number} of {rounds}")
    return result


def status_mib(key: str) -> float:
    """Return a figure of this process's memory from the kernel.

    Not `getrusage`: its peak is inherited from the process that started this one.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) / 1024
    raise KeyError(key)


def memory_here(chosen: Contender, variant: str | None, data: Data) -> dict[str, float]:
    """Run a contender in this process, and return what memory it took."""
    for module in chosen.imports:
        importlib.import_module(module)
    before, before_file = status_mib("VmRSS"), status_mib("RssFile")
    picked = next((v for v in chosen.variants if str(v) == variant), chosen.variants[0])
    stream = chosen.start(data, picked)
    until, seen = time.perf_counter() + 2, 0
    while time.perf_counter() < until or seen < chosen.settle:
        seen += len(next(stream))
    return {
        "imports_mib": before,
        "peak_mib": status_mib("VmHWM"),
        "mapped_mib": status_mib("RssFile") - before_file,
    }


def memories(names: list[str], data: Data, measured: dict[str, Any]) -> dict[str, Any]:
    """Measure the peak memory of each contender in a process of its own."""
    result: dict[str, Any] = {}
    for name in names:
        if "missing" in measured.get(name, {}):
            continue
        say(f"memory of {name}")
        command = [sys.executable, __file__, str(data.path), "--memory-of", name]
        command += ["--batch-size", str(data.batch_size)]
        if variant := measured.get(name, {}).get("variant"):
            command += ["--variant", variant]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            say(f"  failed: {done.stderr[-300:]}")
            continue
        result[name] = json.loads(done.stdout.splitlines()[-1])
    return result


def waiting(data: Data, steps: int) -> dict[str, Any]:
    """Train the documented CNN for some steps, and note how long each waits for its batch."""
    import fer_data
    from fer_model.training import nets

    loader = fer_data.open_loader(data.path, balance="batch", batch_size=data.batch_size)
    model = nets.build("documented", loader.store.form.shape, loader.num_classes)
    model.compile("adam", "categorical_crossentropy", jit_compile=False)
    batches = iter(fer_data.tf_dataset(loader))
    waited, trained = [], []
    for number in range(steps + 2):
        began = time.perf_counter()
        images, targets = next(batches)
        got = time.perf_counter()
        model.train_on_batch(images, targets)
        if number >= 2:  # the first ones trace the graph
            waited.append(1e3 * (got - began))
            trained.append(1e3 * (time.perf_counter() - got))
        say(f"documented CNN, step {number + 1} of {steps + 2}")
    fraction = sum(waited) / (sum(waited) + sum(trained))
    return {"waited_ms": waited, "trained_ms": trained, "fraction": fraction}


# Reporting ----------------------------------------------------------------------------------------


def hardware() -> dict[str, Any]:
    """Describe the machine."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "load_average": os.getloadavg(),
    }


def versions() -> dict[str, str]:
    """Return the versions of what is measured."""
    versions = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def ratios_to(result: dict[str, Any], name: str, base: str) -> list[float]:
    """Return a contender's speeds over another's, round by round."""
    mine, theirs = (result.get(key, {}).get("rounds", []) for key in (name, base))
    return [a / b for a, b in zip(mine, theirs, strict=False)]


def spread(values: list[float], form: str = ",.0f") -> str:
    """Write a median, and least and greatest."""
    if not values:
        return "–"
    middle, low, high = (format(f(values), form) for f in (statistics.median, min, max))
    return f"{middle} ({low} to {high})"


def speed_table(found: dict[str, Any], batch_size: int) -> Table:
    """Make the table of speeds, the fastest first."""
    table = Table(
        title=f"Batches of {batch_size} of 48x48x1, images per second: median (min to max)"
    )
    table.add_column("loader")
    for column in ("per CPU-second", "by the clock", "x ImageDataGenerator", "x tf.data idiom"):
        table.add_column(column, justify="right")
    table.add_column("flips")
    table.add_column("balances")

    def middle(name: str) -> float:
        return statistics.median(found[name].get("rounds") or [0])

    for name in sorted(found, key=middle, reverse=True):
        about, result = CONTENDERS[name], found[name]
        title = about.title + (f" [{result['variant']}]" if "variant" in result else "")
        if "missing" in result:
            table.add_row(about.title.replace("[", r"\["), "not installed", "", "", "", "", "")
            continue
        ratios = [ratios_to(found, name, base) for base in ("keras-generator", "tf-idiom")]
        table.add_row(
            title.replace("[", r"\["),
            spread(result["rounds"]),
            f"{statistics.median(result['by_the_clock']):,.0f}",
            *(f"{statistics.median(r):.2f}" if r else "–" for r in ratios),
            about.flips,
            about.balances,
        )
    return table


def report(result: dict[str, Any]) -> None:
    """Print all that was measured."""
    console = Console(width=None if sys.stdout.isatty() else 150)
    if result["speed"]:
        console.print(speed_table(result["speed"], result["batch_size"]))
    for name, pair in result["pairs"].items():
        low, high = statistics.quantiles(pair["ratios"], n=4)[::2]
        console.print(f"{name}, paired: {pair['median']:.3f} (quartiles {low:.3f} to {high:.3f})")
    for kind, times in result["first"].items():
        console.print(
            f"first batch, {kind}: {spread(times['first'])} ms after the imports, "
            f"of that {spread(times['opened'])} ms to open the data set"
        )
    if result["memory"]:
        table = Table(title="Memory of one process, MiB (worker processes not counted)")
        for column in ("loader", "peak", "after imports", "difference", "of that mapped files"):
            table.add_column(column, justify="left" if column == "loader" else "right")
        for name, memory in result["memory"].items():
            peak, imports = memory["peak_mib"], memory["imports_mib"]
            figures = (peak, imports, peak - imports, memory["mapped_mib"])
            table.add_row(CONTENDERS[name].title, *(f"{figure:,.0f}" for figure in figures))
        console.print(table)
    if result["waiting"]:
        waiting = result["waiting"]
        console.print(
            f"documented CNN, {len(waiting['waited_ms'])} steps: "
            f"{spread(waiting['waited_ms'], '.1f')} ms waiting for a batch, "
            f"{spread(waiting['trained_ms'])} ms training on it, "
            f"{waiting['fraction']:.2%} of the time waiting"
        )
    machine = result["hardware"]
    console.print(
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB; "
        + ", ".join(f"{name} {number}" for name, number in result["versions"].items())
    )


def names_of(text: str, among: Iterable[str], parser: argparse.ArgumentParser) -> list[str]:
    """Split a list at commas, and refuse what is not there."""
    names = [name for name in text.split(",") if name]
    if unknown := set(names) - set(among):
        parser.error(f"no {', '.join(sorted(unknown))}; choose one of {', '.join(among)}")
    return names


def main() -> None:
    """Measure, print, and write JSON where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path, help="a data set with class folders, as FER2013")
    parser.add_argument(
        "--csv", type=Path, action="append", default=[], help="time its first batch too"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.5, help="of one measurement")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", default="", help=f"of {', '.join(CONTENDERS)}")
    parser.add_argument("--skip", default="", help=f"parts to skip, of {', '.join(SECTIONS)}")
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    parser.add_argument("--variant", help=argparse.SUPPRESS)
    args = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    data = Data(args.path.resolve(), args.batch_size)
    if args.memory_of:
        print(json.dumps(memory_here(CONTENDERS[args.memory_of], args.variant, data)), flush=True)
        os._exit(0)  # no time is lost on stopping threads
    names = names_of(args.only, CONTENDERS, parser) or list(CONTENDERS)
    parts = [part for part in SECTIONS if part not in names_of(args.skip, SECTIONS, parser)]
    began = time.perf_counter()
    result: dict[str, Any] = {
        "batch_size": args.batch_size,
        "seconds": args.seconds,
        "hardware": hardware(),
        "versions": versions(),
    } | {part: {} for part in SECTIONS}
    run: dict[str, Callable[[], Any]] = {
        "speed": lambda: speeds(names, data, args.rounds, args.seconds),
        "pairs": lambda: pairs(names, data, args.rounds, args.seconds),
        "first": lambda: first_batches([data.path, *args.csv], args.rounds),
        "memory": lambda: memories(names, data, result["speed"]),
        "waiting": lambda: waiting(data, 4 * args.rounds),
    }
    for part in parts:
        result[part] = run[part]()
    result["wall_s"] = time.perf_counter() - began
    report(result)
    if args.json:
        args.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
