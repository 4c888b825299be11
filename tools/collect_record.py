"""Copy a comparison into records/: all that continues it and draws its page, without weights.

    python tools/collect_record.py comparison records/fer2013-fast

Copied are the protocol, the test samples, the page with its figures, and in `runs.zip` the recipe,
history, metrics and predictions of every finished run: names of arms, such as power:0.5, are no
names of folders on every system. Of each path the last part is kept. To continue on another
machine, unpack `runs.zip` where it lies and give `fer-model compare` the data and this folder.
"""

import argparse
import json
import shutil
import zipfile
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


def record_json(source: Path) -> str:
    """Return a file of JSON for a record; see `without_folders`."""
    about = without_folders(json.loads(source.read_text("utf-8")))
    return json.dumps(about, indent=2) + "\n"


def collect(comparison: Path, record: Path) -> int:
    """Copy a comparison, and return how many of its runs are finished."""
    record.mkdir(parents=True, exist_ok=True)
    for name in JSON:
        if (comparison / name).exists():
            (record / name).write_text(record_json(comparison / name), "utf-8")
    for name in WHOLE:
        if (comparison / name).exists():
            shutil.copy(comparison / name, record / name)
    finished = sorted(comparison.glob("runs/*/seed-*/metrics.json"))
    with zipfile.ZipFile(record / "runs.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for run in (metrics.parent for metrics in finished):
            place = run.relative_to(comparison).as_posix()
            archive.writestr(f"{place}/recipe.json", record_json(run / "recipe.json"))
            for name in OF_RUN:
                if (run / name).exists():
                    archive.write(run / name, f"{place}/{name}")
    return len(finished)


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
