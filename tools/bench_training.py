"""What does feeding cost a training? One net, fed in several ways in turn, in one process.

    python tools/bench_training.py fer2013/ --net documented --rounds 5 --json bench.json
    KERAS_BACKEND=jax python tools/bench_training.py fer2013/ --net fast --only bare,host,device

The ways: `bare`, one batch again and again, which no loader can be faster than; `host`, as
`fer-model train` feeds it; `device`, the pixels on the device and a step fed numbers alone;
`notebook`, the reference notebook's own code (`ImageDataGenerator.flow_from_directory`, flips, and
`compile` with Keras's defaults, which turn XLA on for processors, too), and `notebook-plain`, the
same without XLA. All are set up and warmed up once, then take turns, so that noise hits all alike;
ratios are taken round by round, and the medians are the figures to quote. The notebook's ways need
class folders and SciPy.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from rich.console import Console
from rich.table import Table

from fer_data import open_store, tf_dataset
from fer_data.loaders.plans import plan_dataset
from fer_model import Recipe
from fer_model.training.on_device import OnDevice, table_rows
from fer_model.training.parts import Parts, divide
from fer_model.training.train import fresh_model

Step = Callable[[int], None]
"""Trains so many steps."""


def bare(recipe: Recipe, parts: Parts, path: Path) -> Step:
    """Return the training on one batch, again and again."""
    model = fresh_model(recipe, parts)
    first = next(iter(tf_dataset(parts.train)))
    batches = type(tf_dataset(parts.train)).from_tensors(first).repeat()
    return lambda num: _fitted(model, batches, num)


def host(recipe: Recipe, parts: Parts, path: Path) -> Step:
    """Return the training as `fer-model train` feeds it."""
    model = fresh_model(recipe, parts)
    batches = tf_dataset(parts.train, steps_per_epoch=1_000_000)
    return lambda num: _fitted(model, batches, num)


def device(recipe: Recipe, parts: Parts, path: Path) -> Step:
    """Return the training with its pixels on the device."""
    rows = table_rows(parts.train)
    net = fresh_model(recipe, parts)
    model = OnDevice(net, parts.train.store.pixels[rows], recipe.rescale)
    model.compile(
        optimizer=net.optimizer,
        loss="categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=net.jit_compile,
    )
    batches = plan_dataset(parts.train, rows=rows, steps_per_epoch=1_000_000)
    return lambda num: _fitted(model, batches, num)


def notebook(recipe: Recipe, parts: Parts, path: Path, **options: Any) -> Step:
    """Return the notebook's own training."""
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    train = path / "train"
    if not train.is_dir():
        raise FileNotFoundError(f"{train}: the notebook reads class folders")
    batches = ImageDataGenerator(horizontal_flip=True).flow_from_directory(
        str(train),
        target_size=recipe.image_size,
        color_mode="grayscale",
        batch_size=recipe.batch_size,
        class_mode="categorical",
        shuffle=True,
    )
    model = fresh_model(recipe, parts)
    model.compile(
        optimizer=keras.optimizers.Adam(recipe.learning_rate),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
        **options,
    )
    return lambda num: _fitted(model, batches, num)


def notebook_plain(recipe: Recipe, parts: Parts, path: Path) -> Step:
    """Return the same without XLA."""
    return notebook(recipe, parts, path, jit_compile=False)


WAYS = {
    "bare": bare,
    "host": host,
    "device": device,
    "notebook": notebook,
    "notebook-plain": notebook_plain,
}


def _fitted(model: keras.Model, batches: Any, num: int) -> None:
    model.fit(batches, steps_per_epoch=num, epochs=1, shuffle=False, verbose=0)


def measured(ways: dict[str, Step], rounds: int, steps: int, batch: int) -> dict[str, list[float]]:
    """Return images a second of each way and round."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        for name, step in ways.items():
            began = time.perf_counter()
            step(steps)
            found[name].append(steps * batch / (time.perf_counter() - began))
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
    return found


def shown(found: dict[str, list[float]], title: str) -> Table:
    """Return a row a way: images a second, and its ratio to each of the others."""
    table = Table(title=title, title_justify="left")
    table.add_column("way")
    table.add_column("images/s", justify="right")
    for base in found:
        table.add_column(f"/ {base}", justify="right")
    for name, values in found.items():
        ratios = [statistics.median(np.divide(values, base)) for base in found.values()]
        table.add_row(
            name, f"{statistics.median(values):,.0f}", *(f"{ratio:.3f}" for ratio in ratios)
        )
    return table


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path)
    parser.add_argument("--net", default="documented", choices=["documented", "fast", "small"])
    parser.add_argument("--augment", default="flip")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20, help="of one measurement")
    parser.add_argument("--only", default=",".join(WAYS))
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    recipe = Recipe(net=given.net, augment=given.augment, batch_size=given.batch_size)
    parts = divide(recipe, open_store(given.path, form=recipe.form))
    ways = {}
    for name in given.only.split(","):
        try:
            ways[name] = WAYS[name](recipe, parts, given.path)
            ways[name](3)
        except (ImportError, FileNotFoundError) as error:
            print(f"{name}: left out ({error})", file=sys.stderr)
            ways.pop(name, None)
    found = measured(ways, given.rounds, given.steps, given.batch_size)
    backend = keras.backend.backend()
    Console().print(shown(found, f"{given.net} net, batches of {given.batch_size}, {backend}"))
    if given.json:
        about = {
            "net": given.net,
            "batch_size": given.batch_size,
            "steps": given.steps,
            "backend": backend,
            "devices": keras.distribution.list_devices(),
            "keras": keras.__version__,
            "python": platform.python_version(),
            "images_per_second": found,
        }
        given.json.write_text(json.dumps(about, indent=2) + "\n")


if __name__ == "__main__":
    main()
