"""A training on two processes over loopback, each with its shard, against one process."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import MakeFolder

WORKER = """
import json, os, sys
os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"
import keras
import fer_data

path, index, count, port = sys.argv[1], *map(int, sys.argv[2:])
if count > 1:
    keras.distribution.initialize(f"127.0.0.1:{port}", count, index)
    keras.distribution.set_distribution(
        keras.distribution.DataParallel(auto_shard_dataset=False)  # each brings its own shard
    )
keras.utils.set_random_seed(0)
keras.config.set_floatx("float64")  # Adam divides by what may be rounding alone: SGD does not
model = keras.Sequential([
    keras.Input((12, 12, 1)),
    keras.layers.Conv2D(8, 3, activation="relu"),
    keras.layers.BatchNormalization(),
    keras.layers.Flatten(),
    keras.layers.Dense(3, activation="softmax"),
])
model.compile(keras.optimizers.SGD(1e-2, momentum=0.9), loss="categorical_crossentropy")
batches = fer_data.keras_dataset(
    path, balance="batch+class-weights:power:0.5", batch_size=12, drop_remainder=True,
    epoch_size=60, augment="strong", mix="mixup:0.3", rescale=1 / 255, image_size=12,
    shard=fer_data.Shard(index, count),
)
losses = []
class Note(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        losses.append(float(logs["loss"]))
model.fit(batches, epochs=3, shuffle=False, verbose=0, callbacks=[Note()])
print(json.dumps({"losses": losses, "weights": [float(abs(w).sum()) for w in model.get_weights()]}))
"""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def trained(data: Path, count: int) -> list[dict[str, list[float]]]:
    port = free_port()
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(data), str(index), str(count), str(port)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "JAX_ENABLE_X64": "1"},
        )
        for index in range(count)
    ]
    try:
        texts = [worker.communicate(timeout=240)[0] for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
    assert [worker.returncode for worker in workers] == [0] * count
    return [json.loads(text.splitlines()[-1]) for text in texts]


@pytest.mark.extra("jax")
@pytest.mark.slow
def test_two_processes_train_as_one_does(make_folder: MakeFolder) -> None:
    data = make_folder({"train/a": 40, "train/b": 15, "train/c": 3}, side=12)
    (alone,) = trained(data, 1)
    first, second = trained(data, 2)
    assert first == second
    assert len(set(alone["losses"])) == 15
    assert first["losses"] == pytest.approx(alone["losses"], rel=1e-5)
    assert first["weights"] == pytest.approx(alone["weights"], rel=1e-5)
