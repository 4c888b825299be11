"""What do balanced loaders really give? Their batches are counted, on images with numbers.

    python tools/check_features.py --json features.json

Makes class folders in FER2013's proportions, a tenth of its size, in which every image holds its
own number and which side is left; draws as much from each loader as gives every class its largest
class's count on average, twice; and counts. Peers are set up as in `bench_loader.py`.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from loader_contenders import CONTENDERS, Data
from PIL import Image
from rich.console import Console
from rich.table import Table

COUNTS = {
    "angry": 400,
    "disgust": 44,
    "fear": 410,
    "happy": 722,
    "neutral": 497,
    "sad": 483,
    "surprise": 317,
}
BATCH = 64
LOADERS = ("ours-tf", "keras-generator", "tf-idiom", "imblearn", "torch", "grain")


def write_images(root: Path) -> np.ndarray:
    """Write a training split of PNGs, and return the label of each number, int64 [N]."""
    labels: list[int] = []
    for label, (name, count) in enumerate(COUNTS.items()):
        folder = root / "train" / name
        folder.mkdir(parents=True)
        for _ in range(count):
            pixels = np.zeros((48, 48), np.uint8)
            pixels[0], pixels[1] = divmod(len(labels), 256)
            pixels[2, :24] = 255
            Image.fromarray(pixels).save(folder / f"{len(labels):05}.png")
            labels.append(label)
    return np.array(labels)


def seed_everything() -> None:
    """Seed every generator that a loader may draw from, where its package has been imported."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002  # peers draw from it
    if tensorflow := sys.modules.get("tensorflow"):
        tensorflow.random.set_seed(0)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)


def drawn(name: str, data: Data, num_batches: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the numbers and flips of some batches."""
    chosen = CONTENDERS[name]
    for module in chosen.imports:
        importlib.import_module(module)
    seed_everything()
    stream = chosen.start(data, chosen.variants[0])
    numbers = []
    for _ in range(num_batches):
        images = np.asarray(next(stream))
        flat = images.reshape(len(images), -1)
        numbers.append(((flat[:, 0] * 256 + flat[:, 48]).astype(int), flat[:, 96] < 128))
    return numbers


def examine(name: str, data: Data, labels: np.ndarray) -> dict[str, Any]:
    """Count what a loader gives in an epoch of C max n draws."""
    size, num_classes = len(COUNTS) * max(COUNTS.values()), len(COUNTS)
    batches = drawn(name, data, 2 * size // BATCH)
    again = drawn(name, data, 40)
    whole = [ids for ids, _ in batches if len(ids) == BATCH]
    counts = np.array([np.bincount(labels[ids], minlength=num_classes) for ids in whole])
    ids = np.concatenate([ids for ids, _ in batches])[:size]
    flips = np.concatenate([flipped for _, flipped in batches])
    uses = np.bincount(ids, minlength=len(labels))
    of_class = np.bincount(labels[ids], minlength=num_classes)
    last: dict[int, bool] = {}
    alike = pairs = 0
    for number, flipped in zip(np.concatenate([b for b, _ in batches]), flips, strict=True):
        if number in last:
            pairs += 1
            alike += last[number] == flipped
        last[number] = flipped
    same = all(
        np.array_equal(a, b) and np.array_equal(f, g)
        for (a, f), (b, g) in zip(batches, again, strict=False)
    )
    happy, disgust = (list(COUNTS).index(name) for name in ("happy", "disgust"))
    return {
        "batch_spread": int((counts.max(axis=1) - counts.min(axis=1)).max()),
        "epoch_spread": int(of_class.max() - of_class.min()),
        "happy_unseen": float((uses[labels == happy] == 0).mean()),
        "disgust_uses": [int(f(uses[labels == disgust])) for f in (np.min, np.max)],
        "repeats_alike": alike / pairs,
        "same_again": same,
    }


def main() -> None:
    """Examine every loader that is installed, print a table, and write JSON where asked."""
    doc = __doc__ or ""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FER_DATA_CACHE"] = f"{folder}/cache"
        labels = write_images(Path(folder, "data"))
        for name in LOADERS:
            try:
                result[name] = examine(name, Data(Path(folder, "data"), BATCH), labels)
            except ImportError as error:
                result[name] = {"missing": str(error)}
    table = Table(title=f"An epoch of {len(COUNTS)} x {max(COUNTS.values())} draws")
    for column in (
        *("loader", "classes in a batch differ by", "in the epoch", "happy never seen"),
        *("uses of a disgust image", "repeats alike", "same again"),
    ):
        table.add_column(column)
    for name, counts in result.items():
        row = (
            ["not installed"]
            if "missing" in counts
            else [
                f"up to {counts['batch_spread']}",
                f"{counts['epoch_spread']}",
                f"{counts['happy_unseen']:.1%}",
                "{} to {}".format(*counts["disgust_uses"]),
                f"{counts['repeats_alike']:.1%}",
                "yes" if counts["same_again"] else "no",
            ]
        )
        table.add_row(CONTENDERS[name].title, *row)
    Console(width=150).print(table)
    if args.json:
        args.json.write_text(json.dumps(result, indent=2) + "\n")
    os._exit(0)  # no time is lost on stopping threads


if __name__ == "__main__":
    main()
