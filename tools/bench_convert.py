"""How fast is `fer-data convert-csv`? Beside the script that people use, and beside bytes alone.

    python tools/bench_convert.py fer2013.csv --folder /dev/shm --folder . --rounds 5 --json x.json

The usual script: pandas reads the csv, `np.array(pixels.split())` parses, `Image.save` writes.
Bytes alone: one process reads the csv's bytes, then writes the same files from bytes that are in
memory already, by `open` and `write`. It parses and encodes nothing, its clock starts after Python
has, and it does not wait for the disk, as `convert-csv` does before its folder appears.

All take turns, round by round, into an empty folder; the figure to quote is the median of the
ratios of a round. `--folder /dev/shm` takes the disk out of it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

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
began = time.perf_counter()
with open(source, "rb") as file:
    while file.read(1 << 20):
        pass
for folder in {os.path.dirname(name) for name, _ in files}:
    os.makedirs(out / folder)
for name, data in files:
    with open(f"{out}/{name}", "wb") as file:
        file.write(data)
print(time.perf_counter() - began)
"""

OURS, USUAL_NAME, BYTES_NAME = "fer-data convert-csv", "usual script", "bytes alone"


def seconds(command: list[str], out: Path) -> float:
    """Run a command with an empty `out`; return how long it took, or says that it took."""
    shutil.rmtree(out, ignore_errors=True)
    os.sync()  # the last round's files are on disk before this round's clock starts
    began = time.perf_counter()
    ended = subprocess.run([*command, str(out)], check=True, capture_output=True, text=True)
    took = time.perf_counter() - began
    return float(ended.stdout) if BYTES_ALONE in command else took


def file_system(folder: Path) -> str:
    """Return the kind of file system that a folder is on, as tmpfs or ext4."""
    command = ["stat", "--file-system", "--format=%T", str(folder)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def measure(csv: Path, folder: Path, rounds: int) -> dict[str, Any]:
    """Run the rounds in one folder and return their times and ratios."""
    source = str(csv.resolve())
    ours = [sys.executable, "-m", "fer_data.cli", "convert-csv", source]
    times: dict[str, list[float]] = {}
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
                times.setdefault(name, []).append(seconds(command, Path(scratch) / "out"))
            row = ", ".join(f"{name} {found[-1]:.2f} s" for name, found in times.items())
            print(f"{file_system(folder)}, round {number + 1}: {row}", flush=True)
    times_faster = [
        theirs / mine for mine, theirs in zip(times[OURS], times[USUAL_NAME], strict=True)
    ]
    times_bytes = [
        mine / theirs for mine, theirs in zip(times[OURS], times[BYTES_NAME], strict=True)
    ]
    return {
        "file_system": file_system(folder),
        "seconds": times,
        "usual_over_ours": times_faster,
        "median_usual_over_ours": statistics.median(times_faster),
        "ours_over_bytes_alone": times_bytes,
        "median_ours_over_bytes_alone": statistics.median(times_bytes),
    }


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
        print(
            f"{result['file_system']}: the usual script takes "
            f"{result['median_usual_over_ours']:.1f} times as long, bytes alone "
            f"1/{result['median_ours_over_bytes_alone']:.2f} of it (medians of {args.rounds})"
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
