"""Images made on the device are the loader's, and a training on them is the training."""

from __future__ import annotations

import dataclasses
import signal
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from fer_data.adapters.plans import plan_arrays
from fer_data.adapters.tfplans import plan_dataset
from fer_data.errors import UsageError
from fer_data.loading.loader import Loader
from fer_data.loading.opening import open_loader
from fer_data.sampling.shard import Shard
from fer_model import environment
from fer_model.training import devices, models
from fer_model.training.on_device import Images, OnDevice, net_of, table_rows
from fer_model.training.recipe import Recipe
from fer_model.training.runs import Run
from fer_model.training.train import resume, train
from tests.conftest import without_plots
from tests.helpers.programs import MODEL, call
from tests.helpers.runs import interrupted

pytestmark = pytest.mark.usefixtures("no_plots")

ROUNDING = 0.01
"""Grey values of 255, where a compiler may add up in another order."""


@cache
def noise(height: int, width: int, color: str) -> Path:
    """Two classes, one of them rare, and a test split that the table has no use for."""
    random = np.random.default_rng(height)
    root = Path(tempfile.mkdtemp())
    for name, num in (("train/a", 9), ("train/b", 2), ("test/a", 2), ("test/b", 2)):
        (root / "data" / name).mkdir(parents=True)
        for place in range(num):
            pixels = random.integers(0, 256, (height, width, 3), np.uint8)
            image = Image.fromarray(pixels)
            image = image if color == "rgb" else image.convert("L")
            image.save(root / "data" / name / f"{place}.png")
    return root


def loader_of(height: int, width: int, color: str, **options: Any) -> Loader:
    root = noise(height, width, color)
    return open_loader(
        root / "data", image_size=(height, width), color=color, cache=root / "cache", **options
    )


def on_device(loader: Loader, step: int) -> np.ndarray:
    rows = table_rows(loader)
    images = Images(loader.store.pixels[rows])
    plan = plan_arrays(loader.batch_plan(step), rows)
    return np.asarray(keras.ops.convert_to_numpy(images(plan)))


SIDES = st.sampled_from([(12, 12), (8, 16), (1, 7), (7, 1)])
PRESETS = st.sampled_from(["none", "flip", "standard", "strong"])


@given(
    SIDES,
    st.sampled_from(["grey", "rgb"]),
    PRESETS,
    st.none() | PRESETS,
    st.sampled_from(["none", "mixup:0.4", "remix:1.0"]),
    st.integers(0, 2**40),
    st.integers(0, 200),
)
@example((12, 12), "rgb", "strong", "flip", "remix:1.0", 0, 2)
@settings(max_examples=60)
def test_images_made_on_the_device_are_the_loaders(
    sides: tuple[int, int],
    color: str,
    augment: str,
    rare: str | None,
    mix: str,
    seed: int,
    step: int,
) -> None:
    loader = loader_of(
        *sides,
        color,
        balance="oversample",
        batch_size=4,
        augment=augment,
        augment_rare=rare,
        mix=mix,
        seed=seed,
    )
    expected = loader.batch(step).images
    found = on_device(loader, step)
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    if mix == "none" and {augment, rare} <= {"none", "flip", None}:
        assert np.array_equal(found, expected)
    else:
        np.testing.assert_allclose(found, expected, rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("steps_per_epoch", [None, 2, 7])
@pytest.mark.parametrize("options", [{}, {"balance": "class-weights", "mix": "mixup:1"}])
def test_plans_come_step_by_step_as_batches_do(
    options: dict[str, Any], steps_per_epoch: int | None
) -> None:
    loader = loader_of(12, 12, "grey", batch_size=4, augment="strong", **options).at(1)
    rows = table_rows(loader)
    plans = plan_dataset(loader, rows, steps_per_epoch=steps_per_epoch)
    step = 1
    for _ in range(3):
        for plan, *rest in plans.as_numpy_iterator():
            expected = plan_arrays(loader.batch_plan(step), rows)
            assert plan.keys() == expected.keys()
            for name in plan:
                assert np.array_equal(plan[name], expected[name])
            _, *targets = loader.arrays(step)
            for one, other in zip(rest, targets, strict=True):
                assert np.array_equal(one, other)
            step += 1
    assert step == 1 + 3 * (steps_per_epoch or loader.num_steps)


def test_a_shard_is_not_planned() -> None:
    loader = loader_of(12, 12, "grey", batch_size=4, shard=Shard(0, 2))
    with pytest.raises(UsageError, match="take whole batches"):
        plan_dataset(loader, loader.rows)


def test_the_table_is_no_part_of_the_net() -> None:
    net = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])
    model = OnDevice(net, np.zeros((5, 4, 4, 1), np.uint8))
    assert net_of(model) is net
    assert net_of(net) is net
    assert net.count_params() == 34
    assert [variable.path for variable in model.trainable_variables] == [
        weight.path for weight in net.weights
    ]


QUICK = Recipe(
    net="small",
    epochs=2,
    learning_rate=3e-3,
    batch_size=32,
    rescale=1 / 255,
    loss="ldam-drw:0.5",
    balance="class-weights",
)


class Note(keras.callbacks.Callback):
    """Notes the loss of each step so far, and stops as Ctrl-C does after a number of them."""

    def __init__(self, stop_after: int = 0) -> None:
        super().__init__()
        self.losses: list[float] = []
        self._stop_after = stop_after

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.losses.append(float(logs["loss"]))
        if len(self.losses) == self._stop_after:
            signal.raise_signal(signal.SIGINT)


@pytest.fixture(scope="module")
def on_host(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Note]:
    folder, note = tmp_path_factory.mktemp("runs"), Note()
    with without_plots():
        run = train(QUICK, faces, folder / "host", cache=folder / "cache", callbacks=[note])
    return run, note


def assert_same_run(one: Run, other: Run) -> None:
    first, second = (models.load(run.model_path)[0].get_weights() for run in (one, other))
    for weights, others in zip(first, second, strict=True):
        np.testing.assert_array_equal(weights, others)
    columns = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "steps"]
    pd.testing.assert_frame_equal(one.history[columns], other.history[columns])
    pd.testing.assert_frame_equal(one.predictions, other.predictions)


def files(run: Run) -> set[str]:
    return {str(path.relative_to(run.path)) for path in run.path.rglob("*")}


def test_a_training_with_its_data_on_the_device_is_the_training(
    on_host: tuple[Run, Note], faces: Path, tmp_path: Path
) -> None:
    run, note = on_host
    other = Note()
    found = train(QUICK, faces, tmp_path / "device", data_on_device=True, callbacks=[other])
    assert other.losses == note.losses
    assert_same_run(run, found)
    assert files(run) == files(found)


@pytest.mark.slow
@pytest.mark.parametrize(("steps", "begins_on_device"), [(3, True), (9, False)])
def test_a_run_goes_on_whatever_its_data_was_on(
    on_host: tuple[Run, Note], faces: Path, tmp_path: Path, steps: int, begins_on_device: bool
) -> None:
    stopped = interrupted(
        QUICK,
        faces,
        tmp_path / "run",
        data_on_device=begins_on_device,
        callbacks=[Note(stop_after=steps)],
    )
    assert_same_run(on_host[0], resume(stopped.path, data_on_device=not begins_on_device))


@pytest.mark.slow
def test_the_documented_net_goes_on_with_its_data_on_the_device(
    faces: Path, tmp_path: Path
) -> None:
    recipe = Recipe(epochs=2, batch_size=32, image_size=(16, 16), steps_per_epoch=3)
    whole = train(recipe, faces, tmp_path / "whole")
    stopped = interrupted(
        recipe, faces, tmp_path / "run", data_on_device=True, callbacks=[Note(stop_after=2)]
    )
    assert_same_run(whole, resume(stopped.path, data_on_device=True))


@pytest.mark.slow
def test_the_notebooks_protocol_is_the_same_on_the_device(faces: Path, tmp_path: Path) -> None:
    recipe = dataclasses.replace(QUICK, epochs=1, protocol="notebook", keep="last", subset=0.5)
    runs = [train(recipe, faces, tmp_path / str(on), data_on_device=on) for on in (False, True)]
    assert_same_run(*runs)


def test_data_goes_to_an_accelerator_that_it_fits_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(environment.DATA_ON_DEVICE, raising=False)
    assert not devices.takes_data(None, 100)  # no accelerator here
    monkeypatch.setattr(devices, "accelerator_memory", lambda: 400)
    assert devices.takes_data(None, 100)
    assert not devices.takes_data(None, 101)
    assert devices.takes_data(True, 101)
    assert not devices.takes_data(False, 100)
    environment.set_data_on_device(None)
    assert devices.takes_data(None, 100)
    monkeypatch.setenv(environment.DATA_ON_DEVICE, "0")
    assert not devices.takes_data(None, 100)
    environment.set_data_on_device(True)
    assert devices.takes_data(None, 101)
    assert not devices.takes_data(False, 101)
    monkeypatch.setenv(environment.DATA_ON_DEVICE, "yes")
    with pytest.raises(UsageError, match="is 'yes'; it must be 0 or 1"):
        devices.takes_data(None, 100)


def test_a_comparison_tells_its_processes_where_the_data_is_to_be(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(environment.DATA_ON_DEVICE, "0")
    arguments = ["compare", str(tmp_path / "nowhere"), "--arms", "none", "--data-on-device"]
    assert call(MODEL, *arguments).code
    assert environment.data_on_device() is True
