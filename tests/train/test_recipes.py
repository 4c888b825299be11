"""Recipes: their names, optimizers, averages of weights and of predictions."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from fer_data.errors import UsageError
from fer_model.comparison.compare import compare
from fer_model.training import models, nets
from fer_model.training.optimizers import OptimizerChoice
from fer_model.training.optimizing import optimizer
from fer_model.training.recipe import Recipe
from fer_model.training.recipes import COMPARED, RECIPES, as_recipe, named_recipe
from fer_model.training.runs import Run
from fer_model.training.test_time import averaged
from fer_model.training.train import resume, train
from tests.conftest import without_plots
from tests.helpers.registered import every
from tests.helpers.runs import StopAfter, assert_same_run, interrupted

pytestmark = pytest.mark.usefixtures("no_plots")

AVERAGED = Recipe(
    net="small",
    epochs=2,
    steps_per_epoch=4,
    batch_size=32,
    learning_rate=3e-2,
    optimizer="sgd",
    weight_decay=5e-4,
    clip_norm=1.0,
    label_smoothing=0.1,
    average=0.8,
    schedule="cosine",
    keep="last",
    test_time="crops",
)


class Weights(keras.callbacks.Callback):
    """Notes the weights after each step."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[list[np.ndarray]] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        found = self.model.trainable_variables
        self.noted.append([np.array(keras.ops.convert_to_numpy(variable)) for variable in found])


@pytest.fixture(scope="module")
def weights() -> Weights:
    return Weights()


@pytest.fixture(scope="module")
def run(faces: Path, tmp_path_factory: pytest.TempPathFactory, weights: Weights) -> Run:
    with without_plots():
        out = tmp_path_factory.mktemp("averaged") / "run"
        return train(AVERAGED, faces, out, callbacks=[weights])


def test_the_model_has_the_moving_average(run: Run, weights: Weights) -> None:
    assert len(weights.noted) == 8
    average = weights.noted[0]
    for step in weights.noted[1:]:
        average = [0.8 * one + 0.2 * other for one, other in zip(average, step, strict=True)]
    model, _ = models.load(run.model_path)
    for found, expected in zip(model.trainable_variables, average, strict=True):
        np.testing.assert_allclose(keras.ops.convert_to_numpy(found), expected, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("steps", [2, 4, 6])
def test_an_averaged_run_stopped_and_resumed_is_the_uninterrupted_one(
    run: Run, faces: Path, tmp_path: Path, steps: int
) -> None:
    stopped = interrupted(AVERAGED, faces, tmp_path / "stopped", callbacks=[StopAfter(steps)])
    assert_same_run(run, resume(stopped.path))


@pytest.mark.slow
def test_a_run_in_bfloat16_by_adamw_goes_on_to_the_same_result(faces: Path, tmp_path: Path) -> None:
    recipe = replace(AVERAGED, precision="bfloat16", optimizer="adamw", learning_rate=1e-3)
    whole = train(recipe, faces, tmp_path / "whole")
    stopped = interrupted(recipe, faces, tmp_path / "stopped", callbacks=[StopAfter(6)])
    assert_same_run(whole, resume(stopped.path))


@pytest.mark.parametrize("name", RECIPES)
def test_a_named_recipe_is_itself_again(name: str) -> None:
    assert named_recipe(name) == RECIPES[name]
    assert Recipe.from_dict(named_recipe(name).to_dict()) == named_recipe(name)


def test_a_recipe_without_a_name_is_refused() -> None:
    with pytest.raises(UsageError, match="recipe is 'slow'\\. Recipes are notebook, quick"):
        named_recipe("slow")


@pytest.mark.parametrize("kind", list(map(str, every(OptimizerChoice, most=1))))
def test_only_kernels_decay(kind: str) -> None:
    recipe = Recipe(net="fast", optimizer=kind, weight_decay=0.1, learning_rate=0.1)
    model = nets.build("fast", (16, 16, 1), 3)
    before = [keras.ops.convert_to_numpy(variable).copy() for variable in model.trainable_variables]
    made = optimizer(recipe, model, 10)
    made.build(model.trainable_variables)
    made.apply([keras.ops.zeros_like(variable) for variable in model.trainable_variables])
    for variable, old in zip(model.trainable_variables, before, strict=True):
        fraction = 1 - 0.1 * 0.1 if old.ndim > 1 else 1.0
        np.testing.assert_allclose(keras.ops.convert_to_numpy(variable), fraction * old, rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("optimizer", "lion"),
        ("precision", "float8"),
        ("test_time", "tens"),
        ("weight_decay", -0.1),
        ("clip_norm", 0.0),
        ("label_smoothing", 1.0),
        ("average", 1.0),
    ],
)
def test_what_is_no_setting_is_refused(name: str, value: Any) -> None:
    with pytest.raises(UsageError, match=f"^{name}(:| is) "):
        Recipe(**{name: value})


def test_predictions_are_averaged_over_flips_and_shifts() -> None:
    keras.utils.set_random_seed(0)
    model = nets.build("small", (12, 12, 1), 3)
    images = np.random.default_rng(0).random((4, 12, 12, 1), np.float32)
    plain = model.predict(images, verbose=0)
    assert averaged(model, "none") is model
    flipped = model.predict(images[:, :, ::-1], verbose=0)
    found = averaged(model, "flips").predict(images, verbose=0)
    np.testing.assert_allclose(found, (plain + flipped) / 2, atol=1e-6)
    padded = np.pad(images, [(0, 0), (2, 2), (2, 2), (0, 0)], mode="edge")
    corners = [padded[:, top : top + 12, left : left + 12] for top in (0, 4) for left in (0, 4)]
    versions = [view for moved in [images, *corners] for view in (moved, moved[:, :, ::-1])]
    expected = np.mean([model.predict(view, verbose=0) for view in versions], axis=0)
    found = averaged(model, "crops").predict(images, verbose=0)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    with pytest.raises(UsageError, match="test_time is 'tens'"):
        averaged(model, "tens")


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_last_layer_computes_in_float32_whatever_the_others_do(precision: Any) -> None:
    model = nets.build("fast", (16, 16, 1), 3, precision=precision)
    assert model.layers[-1].compute_dtype == "float32"
    assert model.layers[-2].compute_dtype == precision
    assert keras.config.dtype_policy().name == "float32"
    assert all(variable.dtype == "float32" for variable in model.trainable_variables)


@pytest.mark.parametrize(
    "values",
    [
        {"net": "big"},
        {"balance": "oversample,class-weights"},
        {"epochs": 0},
        {"validation_fraction": 1.0},
        {"subset": 0.0},
        {"plateau_factor": 1.5},
        {"image_size": (0, 3)},
        {"keep": "first"},
    ],
)
def test_an_impossible_recipe_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Recipe(**values)


def test_a_recipe_survives_json() -> None:
    recipe = Recipe(net="small", balance="natural", image_size=(32, 40))
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


@pytest.mark.parametrize("name", ["steps_per_epoch", "epochs", "batch_size"])
def test_a_recipe_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} is 0; it must be 1 or more"):
        replace(AVERAGED, **{name: 0})


@pytest.mark.parametrize(
    ("option", "meant"),
    [("epoch", "epochs"), ("batchsize", "batch_size"), ("label_colum", "label_column")],
)
@pytest.mark.parametrize("trains", [train, compare])
def test_an_option_that_was_meant_is_named(
    tmp_path: Path, trains: Callable[..., Any], option: str, meant: str
) -> None:
    arguments = (RECIPES["quick"], "faces") if trains is train else ("faces", ["none"])
    with pytest.raises(UsageError, match=rf"^{option}: no such option\. Did you mean {meant}\?"):
        trains(*arguments, out=tmp_path / "out", **{option: 3})
    assert not (tmp_path / "out").exists()


def test_settings_of_the_recipe_are_options(faces: Path, tmp_path: Path) -> None:
    few: dict[str, Any] = {"epochs": 1, "steps_per_epoch": 2, "batch_size": 8, "net": "small"}
    run = train("quick", faces, tmp_path / "run", verbose=0, **few)
    assert run.recipe.to_dict() == {
        **RECIPES["quick"].to_dict(),
        **few,
        "image_size": (48, 48),
        "color": "grey",
    }


@pytest.mark.slow
def test_settings_leave_a_comparison_its_fair_defaults(faces: Path, tmp_path: Path) -> None:
    few: dict[str, Any] = {"epochs": 1, "steps_per_epoch": 2, "batch_size": 8, "net": "small"}
    results = compare(faces, ["none", "post-hoc:1"], 1, out=tmp_path / "out", verbose=0, **few)
    assert results.training is not None
    shared = results.training.protocol.recipe
    assert (shared.epochs, shared.batch_size) == (1, 8)
    assert (shared.schedule, shared.keep) == (COMPARED.schedule, COMPARED.keep)


def test_a_recipe_may_be_its_name() -> None:
    assert as_recipe("quick") is RECIPES["quick"]
    assert as_recipe(AVERAGED) is AVERAGED
    with pytest.raises(UsageError, match=r"expected a fer_model\.Recipe or its name, got 3"):
        as_recipe(3)  # type: ignore[arg-type]
