"""Fits of Keras on the backend that is set; prints the steps that each trained, as JSON.

Run as ``python keras_fits.py DATA FOLDER``. A batch is known by the bytes of its images, or by its
indices.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if "--mirrored" in sys.argv:
    import tensorflow as tf

    _cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(_cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

import keras
import numpy as np

import fer_data

LABELS = np.repeat([0, 1, 2], [14, 7, 2])


class Stop(Exception):
    """What ends a training."""


class StopAfter(keras.callbacks.Callback):  # type: ignore[misc]
    def __init__(self, num_batches: int | None) -> None:
        super().__init__()
        self.left = num_batches

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                raise Stop


def model_of(seen: list[Any], shape: tuple[int, ...]) -> Any:
    """Return a model that notes what it trains on."""

    class Noting(keras.Sequential):  # type: ignore[misc]
        def compute_loss(self, x: Any, y: Any, y_pred: Any, *more: Any, **options: Any) -> Any:
            with suppress(Exception):  # a symbol, of which Keras builds the model
                seen.append(np.asarray(x, np.float32))
            return keras.ops.mean(y_pred)

    model = Noting([keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile("sgd", run_eagerly=True)
    return model


def fitted(make: Any, folder: Path, *, stops: list[int | None], **options: Any) -> list[Any]:
    """Train until each stop, with a new process's objects each time; return what was trained."""
    seen: list[Any] = []
    for stop in stops:
        dataset, train, shape = make()
        backup = keras.callbacks.BackupAndRestore(folder, save_freq=2)
        resume = fer_data.ResumeData(dataset, folder)
        first = len(seen)
        try:
            model = model_of(seen, shape)
            model.fit(
                train,
                shuffle=False,
                verbose=0,
                callbacks=[resume, backup, StopAfter(stop)],
                **{"epochs": 3, **options},
            )
        except Stop:  # what was trained after the last backup is trained again
            del seen[first + stop // 2 * 2 :]  # type: ignore[operator]
    return seen


def main() -> None:
    data, out = sys.argv[1], Path(sys.argv[2])
    loader = fer_data.open_loader(data, balance="batch", batch_size=4, augment="strong", seed=3)
    steps = {loader.batch(k).images.tobytes(): k for k in range(60)}
    sampler = fer_data.BalancedBatchSampler(LABELS, "batch", batch_size=4, seed=3)
    of_indices = {str(sampler[k]): k for k in range(60)}
    assert (len(steps), len(of_indices)) == (60, 60)

    def known(seen: list[Any]) -> list[int]:
        return [
            steps[x.tobytes()] if x.ndim == 4 else of_indices[str(x[:, 0].astype(int).tolist())]
            for x in seen
        ]

    def of_loader(name: str, first: int, **options: Any) -> Any:
        def make() -> Any:
            dataset = getattr(fer_data, name)(loader.at(first), **options)
            return dataset, dataset, loader.store.form.shape

        return make

    def of_sampler(first: int) -> Any:
        def make() -> Any:
            begun = fer_data.BalancedBatchSampler(LABELS, "batch", batch_size=4, seed=3)
            begun.load_state_dict(sampler.state_dict(first))
            dataset = fer_data.tf_indices(begun)
            train = dataset.map(lambda rows: (rows[:, None], rows))
            return dataset, train, (1,)

        return make

    found: dict[str, list[int]] = {}
    makes = {
        "tf_dataset": of_loader("tf_dataset", 2),
        "tf_dataset steps_per_epoch=4": of_loader("tf_dataset", 2, steps_per_epoch=4),
        "keras_dataset": of_loader("keras_dataset", 2),
        "keras_dataset workers=3": of_loader("keras_dataset", 2, workers=3),
        "tf_indices": of_sampler(2),
    }
    for name, make in makes.items():
        for kind, stops in (("whole", [None]), ("stopped", [3, 9, None])):
            found[f"{name}, {kind}"] = known(fitted(make, out / name / kind, stops=stops))
        later = fitted(make, out / name / "later", stops=[None], initial_epoch=2)
        found[f"{name}, initial_epoch=2"] = known(later)
    print(json.dumps(found))


def mirrored() -> None:
    """Each replica trains a half of every batch; which halves, in the order of training."""
    data, out = sys.argv[1], Path(sys.argv[2])
    loader = fer_data.open_loader(
        data, balance="batch", batch_size=4, augment="strong", seed=3, drop_remainder=True
    )
    halves = {
        half.tobytes(): (step, part)
        for step in range(60)
        for part, half in enumerate(np.split(loader.batch(step).images, 2))
    }
    assert len(halves) == 120
    seen: list[tuple[int, int]] = []

    def note(images: Any) -> Any:
        seen.append(halves[images.tobytes()])
        return images

    class Noted(keras.layers.Layer):  # type: ignore[misc]
        def call(self, images: Any) -> Any:
            return tf.ensure_shape(tf.numpy_function(note, [images], tf.float32), images.shape)

    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        layers = [Noted(), keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")]
        model = keras.Sequential([keras.Input(loader.store.form.shape), *layers])
        model.compile("sgd", "categorical_crossentropy")
    dataset = fer_data.tf_dataset(loader)
    resume = fer_data.ResumeData(dataset, out / "mirrored")
    model.fit(dataset, epochs=2, shuffle=False, verbose=0, callbacks=[resume])
    print(json.dumps([seen, loader.num_steps]))


if __name__ == "__main__":
    if "--mirrored" in sys.argv:
        mirrored()
    else:
        main()
