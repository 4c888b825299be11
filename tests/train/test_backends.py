"""One training on every backend of Keras, pixels on the host and on the device.

Each backend trains in a process of its own, as a backend is chosen once.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from fer_model.training import nets
from tests.helpers.extras import marked

BACKENDS = marked(["tensorflow", "jax", "torch"])
SAME = 1e-4
"""What a loss may differ by, as a fraction of it, after ten steps that add up in other orders."""
ROUNDING = 0.01
"""Grey values of 255, where a compiler may add up in another order."""

WORKER = """
import json, os, signal, sys
from pathlib import Path
from importlib.machinery import PathFinder

find = PathFinder.find_spec

def find_others(name, *arguments):  # as if it were not installed
    return None if name.partition(".")[0] == "tensorflow" else find(name, *arguments)

if os.environ["KERAS_BACKEND"] != "tensorflow":
    PathFinder.find_spec = staticmethod(find_others)
import keras
import numpy as np
from fer_data.data.store import open_store
from fer_model.training.feed import feed
from fer_model.training.on_device import OnDevice, net_of, table_rows
from fer_model.training.parts import divide
from fer_model.training.recipe import Recipe
from fer_model.training.train import resume, train
from fer_model.environment import versions

data, weights, folder = sys.argv[1:]
weights = list(np.load(weights).values())
recipe = Recipe(
    net="small", epochs=2, learning_rate=1e-3, batch_size=32, rescale=1 / 255, image_size=(24, 24),
    balance="batch+class-weights:power:0.5", augment="strong", mix="mixup:0.4", epoch_size=140,
)

class Note(keras.callbacks.Callback):
    def __init__(self, stop_after=0):
        super().__init__()
        self.losses, self.stop_after = [], stop_after
    def on_train_begin(self, logs=None):
        net_of(self.model).set_weights(weights)
    def on_train_batch_end(self, batch, logs=None):
        self.losses.append(float(logs["loss"]))
        if len(self.losses) == self.stop_after:
            signal.raise_signal(signal.SIGINT)

found = {"versions": versions(), "losses": {}, "history": {}}
for place in ("host", "device"):
    note = Note()
    run = train(
        recipe, data, Path(folder) / place, data_on_device=place != "host",
        callbacks=[note],
    )
    found["losses"][place] = note.losses
    found["history"][place] = run.history[["loss", "val_loss"]].to_numpy().tolist()

try:
    train(recipe, data, Path(folder) / "stopped", callbacks=[Note(stop_after=3)])
except KeyboardInterrupt:
    run = resume(Path(folder) / "stopped", data_on_device=True)
found["history"]["resumed"] = run.history[["loss", "val_loss"]].to_numpy().tolist()

loader = divide(recipe, open_store(data, form=recipe.requested)).train
rows = table_rows(loader)
as_they_are = keras.Sequential([keras.Input(loader.store.form.shape), keras.layers.Identity()])
images = OnDevice(as_they_are, loader.store.pixels[rows])
made = images.predict(feed(loader, rows=rows), verbose=0)
wanted = np.concatenate([batch.images for batch in loader.epoch()])
found["rounding"] = float(np.abs(made - wanted).max())
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first weights that all backends begin with."""
    keras.utils.set_random_seed(0)
    path = tmp_path_factory.mktemp("weights") / "first.npz"
    np.savez(path, *nets.build("small", (24, 24, 1), 7).get_weights())
    return path


@pytest.fixture(scope="module")
def trained(faces: Path, weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What a backend's process tells; a function, as each is asked for in its turn."""

    @cache
    def of(backend: str) -> dict[str, Any]:
        folder = tmp_path_factory.mktemp(backend)
        ended = subprocess.run(
            [sys.executable, "-c", WORKER, faces, weights, folder],
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
            env={
                **os.environ,
                "KERAS_BACKEND": backend,
                "JAX_PLATFORMS": "cpu",
            },
        )
        assert ended.returncode == 0, ended.stderr
        printed: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
        assert printed["versions"]["backend"] == backend
        assert printed["versions"][backend] == importlib.metadata.version(backend)
        return printed

    return of


@pytest.mark.slow
@pytest.mark.parametrize("place", ["host", "device"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_every_backend_trains_alike_wherever_its_data_is(
    trained: Any, backend: str, place: str
) -> None:
    expected, found = trained("tensorflow"), trained(backend)
    assert len(found["losses"][place]) == 10
    np.testing.assert_allclose(
        found["losses"][place], expected["losses"]["host"], rtol=SAME, err_msg="losses"
    )
    np.testing.assert_allclose(
        found["history"][place], expected["history"]["host"], rtol=SAME, err_msg="history"
    )


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_every_backend_goes_on_where_it_was_stopped(trained: Any, backend: str) -> None:
    history = trained(backend)["history"]
    np.testing.assert_allclose(history["resumed"], history["host"], rtol=SAME)


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_every_backend_makes_the_loaders_images(trained: Any, backend: str) -> None:
    assert trained(backend)["rounding"] < ROUNDING
