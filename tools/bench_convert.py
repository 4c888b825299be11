"""How fast is `fer-data convert-csv`, beside the script that people use? Both in turn, one machine.

    python tools/bench_convert.py fer2013.csv --rounds 3 --json bench.json

The usual script: pandas reads the csv, `np.array(pixels.split())` parses, `Image.save` writes.
Every run is a process of its own, from start to end, into an empty folder; the figure to quote is
the median of the ratios, round by round. `--folder /dev/shm` takes the disk out of it.
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


def seconds(command: list[str], out: Path) -> float:
    """Run a command with an empty `out` and return how long it took."""
    shutil.rmtree(out, ignore_errors=True)
    os.sync()  # the last round's files are on disk before this round's clock starts
    began = time.perf_counter()
    subprocess.run([*command, str(out)], check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> None:
    """Run the rounds, print them, and write JSON where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("csv", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--folder", type=Path, help="where both write; beside the csv by default")
    args = parser.parse_args()
    source = str(args.csv.resolve())
    commands = {
        "fer-data convert-csv": [sys.executable, "-m", "fer_data.cli", "convert-csv", source],
        "usual script": [sys.executable, "-c", USUAL, source],
    }
    source_bytes = args.csv.stat().st_size
    args.csv.read_bytes()  # into the page cache, for both
    times: dict[str, list[float]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory(dir=args.folder or args.csv.resolve().parent) as folder:
        for number in range(args.rounds):
            for name, command in commands.items():
                times[name].append(seconds(command, Path(folder) / "out"))
            row = ", ".join(f"{name} {found[-1]:.2f} s" for name, found in times.items())
            print(f"round {number + 1}: {row}", flush=True)
    ours, usual = times.values()
    ratios = [theirs / mine for mine, theirs in zip(ours, usual, strict=True)]
    result = {
        "csv_bytes": source_bytes,
        "seconds": times,
        "ratios": ratios,
        "median_ratio": statistics.median(ratios),
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in ("numpy", "pandas", "pillow")},
    }
    for name, found in times.items():
        print(f"{name:<22} median {statistics.median(found):6.2f} s")
    print(f"ratio, median of {args.rounds} rounds: {result['median_ratio']:.2f}")
    if args.json:
        args.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
