"""Speed and recall of duplicate search: fer_data, cleanvision and imagededup, in one run.

    python tools/bench_audit.py fer2013/ --rounds 3 --json audit.json
    python tools/bench_audit.py fer2013/ --only ours,cleanvision --sheet sheets/

Each finds exact and near-duplicates in all images of a folder, in its own process that starts from
the files. Changed copies of images are added, 200 for each kind of change. *Recall* is the fraction
of these that are grouped with their original. For *precision* look at the sheets: random pairs of a
tool's near-duplicates, without the added ones, of which you count the true ones. `pip install
cleanvision imagededup` (best into an environment of its own, given as --python).
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

PLANTED = 200

OURS = """
import sys
from fer_data.auditing.subject import Subject
from fer_data.data.store import open_store
from fer_data.duplicates.duplicate_groups import COMPARED
subject = Subject(open_store(sys.argv[1], form=COMPARED, skip_bad=True))
names = subject.dataset.sample_ids()
numbers = subject.duplicate_groups
"""

CLEANVISION = """
import sys
from cleanvision import Imagelab
lab = Imagelab(data_path=sys.argv[1])
lab.find_issues({"exact_duplicates": {}, "near_duplicates": {}})
exact = lab.info["exact_duplicates"]["sets"]
near = lab.info["near_duplicates"]["sets"]
"""

IMAGEDEDUP = """
import sys
from imagededup.methods import PHash
hasher = PHash(verbose=False)
encodings = hasher.encode_images(image_dir=sys.argv[1], recursive=True)
found = hasher.find_duplicates(encoding_map=encodings, max_distance_threshold=10)
"""

GROUPS = {
    "ours": """
groups = {}
for name, number in zip(names, numbers.tolist()):
    groups.setdefault(number, []).append(name)
groups = [group for group in groups.values() if len(group) > 1]
near = subject.near_pairs
pairs = [[names[a], names[b]] for a, b in zip(near.first.tolist(), near.second.tolist())]
""",
    "cleanvision": """
import os
short = lambda path: os.path.relpath(path, sys.argv[1])
groups = [[short(path) for path in group] for group in exact + near]
pairs = [[short(group[0]), short(path)] for group in near for path in group[1:]]
""",
    "imagededup": """
groups = [[name, *others] for name, others in found.items() if others]
pairs = [[name, other] for name, others in found.items() for other in others if name < other]
""",
}

TOOLS = {
    "ours": OURS + GROUPS["ours"],
    "cleanvision": CLEANVISION + GROUPS["cleanvision"],
    "imagededup PHash": IMAGEDEDUP + GROUPS["imagededup"],
}

TELL = """
import json
open(sys.argv[2], "w").write(json.dumps({"groups": groups, "pairs": pairs}))
"""


def shifted(image: np.ndarray, down: int, right: int) -> np.ndarray:
    """Return an image moved, its edge repeated."""
    padded = np.pad(image, 4, mode="edge")
    height, width = image.shape
    return padded[4 - down : 4 - down + height, 4 - right : 4 - right + width]


def brightened(image: np.ndarray, by: float, contrast: float) -> np.ndarray:
    """Return an image with another brightness and contrast."""
    return ((image - image.mean()) * contrast + image.mean() + by).clip(0, 255)


def as_jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """Return an image as JPEG gives it back."""
    file = io.BytesIO()
    Image.fromarray(image.astype(np.uint8)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def resized(image: np.ndarray, fraction: float) -> np.ndarray:
    """Return an image that was smaller in between."""
    opened = Image.fromarray(image)
    small = opened.resize((round(opened.width * fraction), round(opened.height * fraction)))
    return np.asarray(small.resize(opened.size))


CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "the same": lambda image: image,
    "flip": lambda image: image[:, ::-1],
    "shift by 1": lambda image: shifted(image, 1, -1),
    "shift by 2": lambda image: shifted(image, -2, 1),
    "shift by 3": lambda image: shifted(image, 3, 2),
    "brighter by 30": lambda image: brightened(image, 30, 1),
    "contrast x 0.7": lambda image: brightened(image, 0, 0.7),
    "JPEG of quality 40": lambda image: as_jpeg(image, 40),
    "resized to half": lambda image: resized(image, 0.5),
    "flip, shift, brightness, JPEG": lambda image: as_jpeg(
        brightened(shifted(image[:, ::-1], 1, 1), 15, 0.9), 60
    ),
}


def plant(folder: Path, target: Path) -> dict[str, list[tuple[str, str]]]:
    """Link all images of a folder and write changed copies; return (original, copy) by change."""
    names = sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.suffix.lower() in (".png", ".jpg", ".jpeg")
    )
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(folder / name, target / name)
        except OSError:  # another file system
            (target / name).write_bytes((folder / name).read_bytes())
    chooser = random.Random(0)
    planted: dict[str, list[tuple[str, str]]] = {}
    for number, (change, function) in enumerate(CHANGES.items()):
        for name in chooser.sample(names, PLANTED):
            image = np.asarray(Image.open(folder / name).convert("L"))
            path = Path(name)
            copy = str(path.with_name(f"planted-{number}-{path.stem}.png"))
            Image.fromarray(function(image).astype(np.uint8)).save(target / copy)
            planted.setdefault(change, []).append((name, copy))
    return planted


def run(
    script: str, python: str, folder: Path, scratch: Path, at_most: float
) -> tuple[float, float, dict[str, Any] | None]:
    """Run a tool in a process of its own, from cold caches.

    Returns seconds by the clock, seconds of all cores together, and what was found; None where it
    took too long.
    """
    out = scratch / "found.json"
    cache = tempfile.mkdtemp(dir=scratch)
    began = time.perf_counter()
    child = subprocess.Popen(
        [python, "-c", script + TELL, str(folder), str(out)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "FER_DATA_CACHE": cache},
        start_new_session=True,
    )
    while (ended := os.wait4(child.pid, os.WNOHANG))[0] == 0:
        if time.perf_counter() - began > at_most:
            os.killpg(child.pid, signal.SIGKILL)  # its worker processes as well
            child.wait()
            return at_most, at_most, None
        time.sleep(0.02)
    seconds = time.perf_counter() - began
    if ended[1]:
        raise SystemExit(f"{python} ended with {os.waitstatus_to_exitcode(ended[1])}")
    return seconds, ended[2].ru_utime + ended[2].ru_stime, json.loads(out.read_text())


def recall(result: dict[str, Any], planted: dict[str, list[tuple[str, str]]]) -> dict[str, float]:
    """Return the fraction of added copies that are in a group with their original."""
    together: dict[str, set[int]] = {}
    for number, group in enumerate(result["groups"]):
        for name in group:
            together.setdefault(name, set()).add(number)
    return {
        change: sum(
            bool(together.get(one, set()) & together.get(other, set())) for one, other in pairs
        )
        / len(pairs)
        for change, pairs in planted.items()
    }


def draw_sheet(pairs: list[list[str]], folder: Path, out: Path) -> None:
    """Draw pairs side by side, 12 in a row."""
    side, cells = 96, []
    for pair in pairs:
        faces = [Image.open(folder / name).convert("L").resize((side, side)) for name in pair]
        cells.append(np.pad(np.concatenate(faces), 4, constant_values=255))
    cells += [np.zeros_like(cells[0])] * (-len(cells) % 12)
    rows = [np.concatenate(cells[i : i + 12], axis=1) for i in range(0, len(cells), 12)]
    Image.fromarray(np.concatenate(rows)).save(out)


def main() -> None:
    """Run every tool, print a table, and write JSON and sheets where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", help="ours, cleanvision, imagededup")
    parser.add_argument("--python", default=sys.executable, help="where the others are installed")
    parser.add_argument("--at-most", type=float, default=300, help="seconds to wait for each")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--sheet", type=Path, help="folder for sheets of pairs to look at")
    args = parser.parse_args()
    wanted = args.only.split(",") if args.only else ["ours", "cleanvision", "imagededup"]
    tools = {name: script for name, script in TOOLS.items() if name.split()[0] in wanted}
    result: dict[str, Any] = {
        "hardware": {"cores": os.cpu_count(), "load_average": os.getloadavg()},
        "python": platform.python_version(),
        "tools": {name: {"seconds": [], "cpu_seconds": []} for name in tools},
    }
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "data")
        planted = plant(args.folder, folder)
        copies = {copy for pairs in planted.values() for _, copy in pairs}
        for number in range(args.rounds):
            for name, script in tools.items():
                about = result["tools"][name]
                if about.get("gave_up"):
                    continue
                python = sys.executable if name == "ours" else args.python
                seconds, cpu, found = run(script, python, folder, Path(scratch), args.at_most)
                words = f"{seconds:.1f} s, {cpu:.1f} of all cores"
                print(f"round {number + 1}, {name}: {words}", file=sys.stderr, flush=True)
                about["seconds"].append(seconds)
                about["cpu_seconds"].append(cpu)
                if found is None:
                    about["gave_up"] = True
                if number or found is None:
                    continue
                about["recall"] = recall(found, planted)
                pairs = [pair for pair in found["pairs"] if not copies & set(pair)]
                about["near_pairs"] = len(pairs)
                if args.sheet and pairs:
                    args.sheet.mkdir(parents=True, exist_ok=True)
                    shown = random.Random(0).sample(pairs, min(48, len(pairs)))
                    draw_sheet(shown, folder, args.sheet / f"{name.replace(' ', '-')}.png")
    table = Table(title="Exact and near copies, from the files on")
    for column in ("tool", "seconds", "x ours", "CPU", "x", "near pairs", "recall of copies"):
        table.add_column(column, justify="left" if column == "tool" else "right")
    ours = result["tools"].get("ours", {})
    for name, about in result["tools"].items():
        seconds = about["seconds"]
        cpu = about["cpu_seconds"]
        ratios = [
            statistics.median(
                a / b for a, b in zip(about[kind], ours.get(kind, about[kind]), strict=False)
            )
            for kind in ("seconds", "cpu_seconds")
        ]
        if about.get("gave_up"):
            table.add_row(name, f"more than {seconds[0]:.0f}", f"more than {ratios[0]:.1f}")
            continue
        table.add_row(
            name,
            f"{statistics.median(seconds):.1f} ({min(seconds):.1f} to {max(seconds):.1f})",
            f"{ratios[0]:.1f}",
            f"{statistics.median(cpu):.1f}",
            f"{ratios[1]:.1f}",
            f"{about['near_pairs']:,}",
            "\n".join(f"{change} {fraction:.1%}" for change, fraction in about["recall"].items()),
        )
    Console(width=140).print(table)
    if args.json:
        args.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
