"""Copy a comparison into records/: all that continues it and draws its page, without weights.

    python tools/collect_record.py comparison records/fer2013-fast

Copied are the protocol, the test samples, the recipe, history, metrics and predictions of every
finished run, and the page with its figures. Of each path the last part is kept: on another machine
the data lie elsewhere, and `fer-model compare DATA --out records/fer2013-fast` goes on.
"""

import argparse
import json
import shutil
from pathlib import Path, PurePath
from typing import Any

JSON = ("comparison.json", "results.json")
WHOLE = ("samples.npz", "index.html")
OF_RUN = ("metrics.json", "history.csv", "predictions.npz")


def without_folders(value: Any) -> Any:
    """Return JSON in which each absolute path is its last part."""
    if isinstance(value, dict):
        return {key: without_folders(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_folders(item) for item in value]
    if isinstance(value, str) and PurePath(value).is_absolute():
        return PurePath(value).name
    return value


def copy_json(source: Path, target: Path) -> None:
    """Copy a file of JSON; see `without_folders`."""
    about = without_folders(json.loads(source.read_text("utf-8")))
    target.write_text(json.dumps(about, indent=2) + "\n", "utf-8")


def collect(comparison: Path, record: Path) -> int:
    """Copy a comparison, and return how many of its runs are finished."""
    record.mkdir(parents=True, exist_ok=True)
    for name in JSON:
        if (comparison / name).exists():
            copy_json(comparison / name, record / name)
    for name in WHOLE:
        if (comparison / name).exists():
            shutil.copy(comparison / name, record / name)
    number = 0
    for metrics in sorted(comparison.glob("runs/*/seed-*/metrics.json")):
        run = metrics.parent
        target = record / run.relative_to(comparison)
        target.mkdir(parents=True, exist_ok=True)
        copy_json(run / "recipe.json", target / "recipe.json")
        for name in OF_RUN:
            if (run / name).exists():
                shutil.copy(run / name, target / name)
        number += 1
    return number


def main() -> None:
    """Copy a comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("comparison", type=Path)
    parser.add_argument("record", type=Path)
    options = parser.parse_args()
    number = collect(options.comparison, options.record)
    print(f"{number} finished runs in {options.record}")


if __name__ == "__main__":
    main()
