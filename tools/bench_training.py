"""What does the data cost a training? A net alone, fed by the host, with its data on the device.

    python tools/bench_training.py fer2013/ --net small --augment standard --json bench.json
    python tools/bench_training.py fer2013/ --backend jax --device gpu:0

    python tools/bench_training.py fer2013/ --net documented --notebook --precision bfloat16

With --notebook the reference notebook's own code runs, too: `ImageDataGenerator` on class
folders, float32, and `compile` with Keras's defaults, which turn XLA on for processors too; so it
runs without that as well. All are trained by Keras's ``fit`` in one process, round by round in
turn, so that noise hits all alike; the first step of a round, which starts the pipeline, is not
counted. The net alone gets one batch of float32 images that stays on the device: nothing can be
faster with this net. Quote ratios, which are taken round by round, and their spread. (A GPU's clock
that goes down as it warms up shows in the rounds.)
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

RATIOS = (
    *(("host", "alone"), ("device", "alone"), ("device", "host")),
    *(("host", "notebook"), ("host", "notebook without XLA")),
)


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path, help="a data set")
    parser.add_argument("--net", default="small", help="as `fer-model train --net` takes it")
    parser.add_argument("--backend", choices=("tensorflow", "jax", "torch"), default="tensorflow")
    parser.add_argument("--device", help="as Keras names it: gpu:0, cpu:0; by default its choice")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--augment", default="flip")
    parser.add_argument("--mix", default="none")
    parser.add_argument("--balance", default="batch")
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=50, help="of a round")
    parser.add_argument("--notebook", action="store_true", help="needs class folders and SciPy")
    parser.add_argument("--json", type=Path, help="write all rounds here")
    return parser.parse_args()


def contenders(chosen: argparse.Namespace) -> dict[str, tuple[Any, Any]]:
    """Return models and the data of a round, by name; each begins with the same weights."""
    import keras
    import numpy as np

    from fer_data.loading.opening import open_loader
    from fer_model.training import devices, nets
    from fer_model.training.feed import feed
    from fer_model.training.on_device import OnDevice, table_rows

    class Alone(keras.Model):
        """A net that sees the same images whatever it is fed."""

        def __init__(self, net: keras.Model, images: Any) -> None:
            super().__init__()
            self.net = net
            self.images = keras.Variable(images, trainable=False, name="images")
            self.built = True

        def call(self, numbers: Any, training: bool | None = None) -> Any:
            return self.net(self.images, training=training)

    loader = open_loader(
        chosen.path,
        balance=chosen.balance,
        batch_size=chosen.batch_size,
        augment=chosen.augment,
        mix=chosen.mix,
        drop_remainder=True,
    )

    def net(precision: str = chosen.precision) -> Any:
        keras.utils.set_random_seed(0)
        shape = loader.store.form.shape
        return nets.build(
            chosen.net, shape, loader.num_classes, rescale=1 / 255, precision=precision
        )

    images, *targets = loader.arrays(0)
    numbers = np.zeros(len(images), np.int32)
    rows = table_rows(loader)
    result = {
        "alone": (
            Alone(net(), images),
            again((numbers, *targets), chosen.steps),
        ),
        "host": (net(), feed(loader, steps_per_epoch=chosen.steps)),
        "device": (
            OnDevice(net(), loader.store.pixels[rows]),
            feed(loader, rows=rows, steps_per_epoch=chosen.steps),
        ),
    }
    on_processors = keras.backend.backend() == "tensorflow" and not devices.has_accelerator()
    for model, _ in result.values():
        model.compile(  # as in a training
            keras.optimizers.Adam(1e-4),
            loss="categorical_crossentropy",
            metrics=["accuracy"],
            jit_compile=False if on_processors else "auto",
        )
    if chosen.notebook:
        for name, options in {
            "notebook": {},
            "notebook without XLA": {"jit_compile": False},
        }.items():
            result[name] = (
                net("float32"),
                notebook_batches(chosen.path / "train", chosen.batch_size),
            )
            result[name][0].compile(
                keras.optimizers.Adam(1e-4),
                loss="categorical_crossentropy",
                metrics=["accuracy"],
                **options,
            )
    return result


def again(batch: tuple[Any, ...], steps: int) -> Any:
    """Return the same batch, so many times, as the backend takes it soonest."""
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.data.Dataset.from_tensors(batch).repeat(steps)

    class Again(keras.utils.PyDataset):
        """The same batch."""

        def __len__(self) -> int:
            return steps

        def __getitem__(self, index: int) -> tuple[Any, ...]:
            return batch

    return Again()


def notebook_batches(train: Path, batch_size: int) -> Any:
    """Return the notebook's batches of class folders, flipped at random."""
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    return ImageDataGenerator(horizontal_flip=True).flow_from_directory(
        str(train),
        target_size=(48, 48),
        color_mode="grayscale",
        batch_size=batch_size,
        class_mode="categorical",
        shuffle=True,
    )


def measured(model: Any, data: Any, steps: int, number: int) -> float:
    """Train the round of a number and return steps a second, but for the first step."""
    import keras

    from fer_model.training.feed import Epochs

    class Clock(keras.callbacks.Callback):
        """Notes when steps end. Keras waits for each step's loss, as it does in a training."""

        def __init__(self) -> None:
            super().__init__()
            self.ends: list[float] = []

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            """Note a step's end."""
            self.ends.append(time.perf_counter())

    clock = Clock()
    model.fit(
        data,
        steps_per_epoch=steps,
        initial_epoch=number,
        epochs=number + 1,
        callbacks=[Epochs(data), clock],
        shuffle=False,
        verbose=0,
    )
    return (len(clock.ends) - 1) / (clock.ends[-1] - clock.ends[0])


def spread(values: list[float]) -> dict[str, Any]:
    """Return values with their median, least and greatest."""
    middle = statistics.median(values)
    return {"rounds": values, "median": middle, "least": min(values), "greatest": max(values)}


def main() -> None:
    """Measure, print, and write."""
    chosen = options()
    os.environ["KERAS_BACKEND"] = chosen.backend
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if chosen.backend != "tensorflow":
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    import keras

    from fer_model.environment import versions

    rounds: dict[str, list[float]] = {}
    with keras.device(chosen.device) if chosen.device else nullcontext():
        models = contenders(chosen)
        for name, (model, data) in models.items():
            measured(model, data, chosen.steps, 0)
            rounds[name] = []
            print(f"{name} is set up", file=sys.stderr)
        for number in range(1, chosen.rounds + 1):
            for name, (model, data) in models.items():
                speed = measured(model, data, chosen.steps, number) * chosen.batch_size
                rounds[name].append(speed)
    result = {
        "about": {
            **{
                name: str(value)
                for name, value in vars(chosen).items()
                if name not in ("json", "path")
            },
            "versions": versions(),
            "machine": platform.machine(),
            "cores": len(os.sched_getaffinity(0)),
        },
        "images_per_second": {name: spread(values) for name, values in rounds.items()},
        "ratios": {
            f"{one} / {other}": spread(
                [a / b for a, b in zip(rounds[one], rounds[other], strict=True)]
            )
            for one, other in RATIOS
            if other in rounds
        },
    }
    for part in ("images_per_second", "ratios"):
        for name, row in result[part].items():
            digits = 2 if part == "ratios" else 0
            print(
                f"{name:>27}: {row['median']:,.{digits}f} "
                f"({row['least']:,.{digits}f} to {row['greatest']:,.{digits}f})"
            )
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
