"""Nets and trainings of the user's own, in a run and in a comparison."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers

import fer_data
from fer_data.errors import TrainingError, UsageError
from fer_model.comparison import compare as comparison
from fer_model.comparison import grid
from fer_model.comparison.announcement import as_trained
from fer_model.comparison.arm import parse_arms
from fer_model.comparison.protocol import Protocol
from fer_model.comparison.reading import read_results
from fer_model.training.own_code import own_code
from fer_model.training.own_nets import build_own
from fer_model.training.own_training import _checked, train_own
from fer_model.training.recipe import Recipe
from fer_model.training.runs import Run
from fer_model.training.train import resume, train
from tests.helpers.made_comparison import make_comparison, training_of
from tests.helpers.runs import StopAfter, interrupted

RECIPE = Recipe(epochs=2, steps_per_epoch=3, batch_size=16, schedule="cosine", keep="last")
DOCS = (Path(__file__).parents[2] / "docs" / "comparison.md").read_text("utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", DOCS, re.DOTALL)


class Doubled(layers.Layer):
    """A layer that Keras does not know."""

    def call(self, inputs: Any) -> Any:
        return inputs * 2


class OwnModel(keras.Model):
    """A model that is a class."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.last = layers.Dense(num_classes, activation="softmax")

    def call(self, inputs: Any) -> Any:
        return self.last(keras.ops.mean(inputs, axis=(1, 2)))


def own_net(input_shape: Any, num_classes: int) -> keras.Model:
    net = [keras.Input(input_shape), layers.Rescaling(1 / 255), Doubled()]
    net += [layers.GlobalAveragePooling2D(), layers.Dense(num_classes, activation="softmax")]
    return keras.Sequential(net)


def fit(train: fer_data.Loader, test: fer_data.Loader, seed: int) -> Any:
    """Predict the classes' part in what the loader draws, and a little by the image."""
    counts = np.zeros(train.num_classes)
    for batch in train:
        counts += np.bincount(batch.labels, minlength=train.num_classes)
    prior = (counts + 1) / (counts + 1).sum()
    return np.concatenate([np.tile(prior, (len(batch.images), 1)) for batch in test])


def test_a_training_of_one_s_own_may_take_the_validation_samples(
    faces: Path, tmp_path: Path
) -> None:
    seen: list[list[int]] = []

    def choosing(train: Any, test: Any, seed: int, validation: Any) -> Any:
        seen.append(sorted(row for batch in validation for row in batch.samples.tolist()))
        assert not set(seen[-1]) & set(train.rows.tolist())
        assert not set(seen[-1]) & set(test.rows.tolist())
        return fit(train, test, seed)

    run = train_own(choosing, RECIPE, fer_data.load(faces), tmp_path / "run")
    assert run.is_finished
    assert len(seen[0]) == len(set(seen[0])) > 0


@pytest.mark.usefixtures("no_plots")
def test_a_net_of_one_s_own_trains_and_goes_on(faces: Path, tmp_path: Path) -> None:
    whole = train(RECIPE, faces, tmp_path / "whole", net=own_net)
    assert whole.recipe.net.partition("#")[0] == "tests.train.test_own_training:own_net"
    stop = [StopAfter(4)]
    interrupted(RECIPE, faces, tmp_path / "run", net=own_net, callbacks=stop)
    with pytest.raises(UsageError, match="must be given again"):
        resume(tmp_path / "run")
    with pytest.raises(UsageError, match="must be given again"):
        resume(tmp_path / "run", net=lambda shape, num: own_net(shape, num))
    made = resume(tmp_path / "run", net="tests.train.test_own_training:own_net")
    pd.testing.assert_frame_equal(made.predictions, whole.predictions)


def test_a_net_of_one_s_own_rescales_its_images_itself(faces: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"begin it with keras.layers.Rescaling\(0.5\)"):
        train(replace(RECIPE, rescale=0.5), faces, tmp_path / "run", net=own_net)


@pytest.mark.parametrize("shape", [(32, 40, 1), (33, 32, 3)])
def test_a_net_of_keras_takes_grey_and_coloured_images(shape: tuple[int, int, int]) -> None:
    code = own_code("net", keras.applications.MobileNetV2)
    assert code == own_code("net", "keras.applications:MobileNetV2")
    model = build_own(code, shape, 5)
    assert (model.input_shape, model.output_shape) == ((None, *shape), (None, 5))
    assert isinstance(model.layers[-1], layers.Dense)
    with pytest.raises(UsageError, match=r"InceptionV3: .* at least 75x75"):
        build_own(own_code("net", "keras.applications:InceptionV3"), shape, 5)


def test_a_model_that_is_a_class_is_taken_and_precision_kept() -> None:
    model = build_own(own_code("net", lambda shape, num: OwnModel(num)), (8, 8, 1), 3)
    assert model.output_shape == (None, 3)
    code = own_code("net", own_net)
    assert build_own(code, (8, 8, 1), 3, precision="bfloat16").layers[0].compute_dtype == "bfloat16"
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda shape, num: own_net(shape, num + 1), "expected probabilities of 3 classes"),
        (lambda shape, num: keras.Sequential([own_net(shape, num), Doubled()]), "sum to 1"),
        (lambda shape, num: 3, "expected a keras.Model, got 3"),
    ],
)
def test_what_gives_no_probabilities_is_refused(build: Any, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        build_own(own_code("net", build), (8, 8, 1), 3)


def test_arms_of_an_own_training_have_epochs_of_as_many_batches(
    faces: Path, tmp_path: Path
) -> None:
    data = fer_data.load(faces)
    steps = {
        balance: train_own(fit, replace(RECIPE, balance=balance), data, tmp_path / balance).metrics[
            "training"
        ]["steps"]
        for balance in ("none", "oversample", "undersample", "batch")
    }
    assert len(set(steps.values())) == 1


def test_what_is_known_of_an_own_training_alone_is_noted(tmp_path: Path) -> None:
    out = make_comparison(tmp_path / "out", arms=("none", "oversample"), seeds=(0,))
    code = {"argument": "fit", "name": "own:fit", "digest": "0"}
    dataclasses.replace(Protocol.read(out), code=code).write(out)
    metrics = next(out.glob("runs/oversample/*/metrics.json"))
    about = json.loads(metrics.read_text("utf-8"))
    about["training"]["steps"] *= 2
    metrics.write_text(json.dumps(about), "utf-8")
    notes = as_trained(training_of(read_results(out)))
    assert notes[0].startswith("every run: trained by fit, a function of the user's")
    assert any("not trained for as many batches" in note for note in notes)
    assert not any("first weights" in note or "schedule" in note for note in notes)


def test_a_training_of_one_s_own_leaves_a_run(faces: Path, tmp_path: Path) -> None:
    recipe = dataclasses.replace(RECIPE, balance="batch")
    run = train_own(fit, recipe, fer_data.load(faces), tmp_path / "run")
    assert run.is_finished
    assert run.metrics["training"]["steps"] > 0
    table = run.predictions
    assert set(table["split"]) == {"test"}
    assert run.metrics["test"]["num_samples"] == len(table)


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (np.full((4, 2), 0.5), r"got shape \(4, 2\)"),
        (np.full((5, 3), np.nan), "diverged"),
        (np.zeros((5, 3)), "softmax"),
        (np.tile([1.5, -0.5, 0], (5, 1)), "softmax"),
        ("nothing", "array of probabilities"),
    ],
)
def test_what_are_no_probabilities_is_a_failed_run(found: Any, says: str) -> None:
    with pytest.raises(TrainingError, match=f"^fit: .*{says}"):
        _checked(found, 5, 3)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"net": own_net, "fit": fit}, "both given"),
        ({"fit": fit, "arms": ["none", "crt"]}, "arm crt: a training of your own"),
        ({"fit": fit, "arms": ["none", "focal:1"]}, "arm focal"),
        ({"fit": fit, "recipe": Recipe(rescale=0.5)}, "rescale them in fit"),
        ({"net": "tests.nosuch:net"}, "no module tests.nosuch"),
    ],
)
def test_what_own_code_cannot_do_is_refused(
    faces: Path, tmp_path: Path, arguments: dict[str, Any], says: str
) -> None:
    arms = arguments.pop("arms", ["none", "oversample"])
    with pytest.raises(UsageError, match=says):
        comparison.compare(faces, arms, 1, out=tmp_path / "out", **arguments)


def test_a_comparison_goes_on_with_the_same_code_only(faces: Path, tmp_path: Path) -> None:
    protocol, _ = grid.declare(RECIPE, faces, parse_arms(["none", "oversample"]), [0])
    code = {"argument": "fit", "name": "tests.train.test_own_training:fit", "digest": "0"}
    dataclasses.replace(protocol, code=code).write(tmp_path)
    assert Protocol.read(tmp_path).code == code
    with pytest.raises(UsageError, match="trains by tests") as error:
        comparison.extend(tmp_path, ["batch"])
    assert error.value.fix == {"fit": (code["name"],)}
    with pytest.raises(UsageError, match="comparison of other code"):
        dataclasses.replace(protocol, code={**code, "digest": "1"}).joined(tmp_path)


@pytest.mark.slow
def test_data_that_a_comparison_keeps_is_shown_by_its_own_name(faces: Path, tmp_path: Path) -> None:
    data = fer_data.load(faces)
    data = data.exclude([0])
    arms, out = ["none", "oversample"], tmp_path / "compared"
    first = comparison.compare(data, arms, 1, fit=fit, out=out, verbose=0)
    again = comparison.compare(data, arms, 2, fit=fit, out=out, verbose=0)
    assert (first.source, again.source) == (str(faces), str(faces))
    assert len(again.seeds) == 2


def test_a_comparison_is_read_and_goes_on_without_weights(tmp_path: Path) -> None:
    out = make_comparison(tmp_path / "out", arms=("none", "oversample"), seeds=(0, 1))
    copy = tmp_path / "copy"
    kept = {"comparison.json", "samples.npz", "recipe.json", "metrics.json", "predictions.npz"}
    for path in [path for path in out.rglob("*") if path.name in kept]:
        (copy / path.relative_to(out)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy / path.relative_to(out))
    one, other = read_results(out), read_results(copy)
    assert (one.predicted.scores == other.predicted.scores).all()
    assert not training_of(other).missing
    moved = dataclasses.replace(
        training_of(other).protocol, data={**training_of(other).protocol.data, "path": "/elsewhere"}
    )
    assert moved.joined(copy).data["path"] == "/elsewhere"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "out"),
    [(0, "comparison"), (1, "linear"), pytest.param(2, "torch", marks=pytest.mark.extra("torch"))],
)
def test_the_snippets_of_the_docs_run_as_a_script(
    faces: Path, tmp_path: Path, place: int, out: str
) -> None:
    (tmp_path / "faces").symlink_to(faces)
    show = "print(results.seeds, results.training.failures, results.training.missing)"
    code = "\n".join(["import fer_model", SNIPPETS[place], show])
    (tmp_path / "script.py").write_text(code)
    command = [sys.executable, "script.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "(0, 1) {} ()\n", done.stderr
    about = json.loads((tmp_path / out / "comparison.json").read_text())
    assert about["code"].get("name", about["recipe"]["net"]).startswith("__main__:")
    (run,) = (tmp_path / out / "runs" / "none").glob("seed-1")
    assert Run(run).metrics["test"]["num_samples"] > 0
