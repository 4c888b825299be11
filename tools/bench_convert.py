"""Speed of `fer-data convert-csv`, of the usual script, and of reading and writing bytes alone.

    python tools/bench_convert.py fer2013.csv --folder /dev/shm --folder . --rounds 5 --json x.json

The usual script: pandas reads the csv, `np.array(pixels.split())` parses, `Image.save` writes.
Bytes alone: one process reads the csv's bytes, then writes the same files from bytes that are in
memory already, by `open` and `write`. It parses and encodes nothing, its clock starts after Python
has, and it does not wait for the disk, as `convert-csv` does before its folder appears.

All take turns, round by round, into an empty folder; the figure to quote is the median of the
ratios of a round. `--folder /dev/shm` excludes the disk. The CPU time of all cores is measured as
well as the elapsed time, which depends on other work of the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

USUAL = """
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

names = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
splits = {"Training": "train", "PublicTest": "test", "PrivateTest": "test"}
table = pd.read_csv(sys.argv[1])
for row, (emotion, pixels, usage) in enumerate(zip(table.emotion, table.pixels, table.Usage)):
    folder = Path(sys.argv[2]) / splits[usage] / names[emotion]
    folder.mkdir(parents=True, exist_ok=True)
    image = np.array(pixels.split(), dtype=np.uint8).reshape(48, 48)
    Image.fromarray(image).save(folder / f"{splits[usage]}_{row:05d}.png")
"""

BYTES_ALONE = """
import os
import sys
import time
from pathlib import Path

source, done, out = map(Path, sys.argv[1:])
files = [
    (str(path.relative_to(done)), path.read_bytes())
    for path in sorted(done.rglob("*.png"), key=lambda path: path.name[-9:])
]
began, cpu = time.perf_counter(), time.process_time()
with open(source, "rb") as file:
    while file.read(1 << 20):
        pass
for folder in {os.path.dirname(name) for name, _ in files}:
    os.makedirs(out / folder)
for name, data in files:
    with open(f"{out}/{name}", "wb") as file:
        file.write(data)
print(time.perf_counter() - began, time.process_time() - cpu)
"""

OURS, USUAL_NAME, BYTES_NAME = "fer-data convert-csv", "usual script", "bytes alone"


class Took(NamedTuple):
    """Seconds that a command took, and seconds of all cores."""

    wall: float
    cpu: float


def seconds(command: list[str], out: Path) -> Took:
    """Run a command with an empty `out`; return how long it took, or says that it took."""
    shutil.rmtree(out, ignore_errors=True)
    os.sync()  # the last round's files are on disk before this round's clock starts
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    ended = subprocess.run([*command, str(out)], check=True, capture_output=True, text=True)
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(*map(float, ended.stdout.split())) if BYTES_ALONE in command else Took(wall, cpu)


def file_system(folder: Path) -> str:
    """Return the kind of file system that a folder is on, as tmpfs or ext4."""
    command = ["stat", "--file-system", "--format=%T", str(folder)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def measure(csv: Path, folder: Path, rounds: int) -> dict[str, Any]:
    """Run the rounds in one folder and return their times and ratios."""
    source = str(csv.resolve())
    ours = [sys.executable, "-m", "fer_data.cli", "convert-csv", source]
    took: dict[str, list[Took]] = {}
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        done = Path(scratch) / "done"
        seconds(ours, done)  # what bytes alone writes; and the csv is in the page cache
        commands = {
            OURS: ours,
            USUAL_NAME: [sys.executable, "-c", USUAL, source],
            BYTES_NAME: [sys.executable, "-c", BYTES_ALONE, source, str(done)],
        }
        for number in range(rounds):
            for name, command in commands.items():
                took.setdefault(name, []).append(seconds(command, Path(scratch) / "out"))
            row = ", ".join(f"{name} {rounds[-1].wall:.2f} s" for name, rounds in took.items())
            print(f"{file_system(folder)}, round {number + 1}: {row}", flush=True)
    result: dict[str, Any] = {"file_system": file_system(folder)}
    for kind in Took._fields:
        times = {
            name: [getattr(timing, kind) for timing in timings] for name, timings in took.items()
        }
        ours, usual, alone = times.values()
        result[kind] = {
            "seconds": times,
            "usual_over_ours": median_ratio(usual, ours),
            "ours_over_bytes_alone": median_ratio(ours, alone),
        }
    return result


def median_ratio(over: list[float], under: list[float]) -> float:
    """Return the median of the ratios of the rounds."""
    return statistics.median(a / b for a, b in zip(over, under, strict=True))


def main() -> None:
    """Run the rounds, print them, and write JSON where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("csv", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument(
        "--folder", type=Path, action="append", help="where to write, may be given again"
    )
    args = parser.parse_args()
    folders = args.folder or [args.csv.resolve().parent]
    load = os.getloadavg()[0]
    results = [measure(args.csv, folder, args.rounds) for folder in folders]
    for result in results:
        for kind in Took._fields:
            print(
                f"{result['file_system']}, {kind} time, medians of {args.rounds}: the usual script "
                f"takes {result[kind]['usual_over_ours']:.1f} times ours, and ours "
                f"{result[kind]['ours_over_bytes_alone']:.1f} times bytes alone"
            )
    if args.json:
        about = {
            "csv_bytes": args.csv.stat().st_size,
            "results": results,
            "cores": os.cpu_count(),
            "load_before": load,
            "machine": platform.machine(),
            "versions": {"python": platform.python_version()}
            | {name: version(name) for name in ("numpy", "pandas", "pillow")},
        }
        args.json.write_text(json.dumps(about, indent=2) + "\n")


if __name__ == "__main__":
    main()
