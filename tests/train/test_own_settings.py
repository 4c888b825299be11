"""Optimizers, schedules and transforms that are given as objects."""

from __future__ import annotations

import functools
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from fer_data.errors import UsageError
from fer_data.transforms import Crop, Flip, Ops, PerImage, Shift
from fer_model.comparison import compare as comparison
from fer_model.training import models, nets
from fer_model.training.optimizing import optimizer
from fer_model.training.recipe import Recipe
from fer_model.training.runs import Run
from fer_model.training.train import resume, train
from tests.helpers.runs import StopAfter, interrupted

RECIPE = Recipe(net="small", epochs=2, steps_per_epoch=3, batch_size=16, keep="last")
DOCS = (Path(__file__).parents[2] / "docs" / "training.md").read_text("utf-8")
HERE = "tests.train.test_own_settings"
schedules = keras.optimizers.schedules
DESERIALIZE: dict[str, Any] = {
    "module": "keras.optimizers.schedules",
    "class_name": "deserialize",
    "config": {"config": [{"module": "keras", "class_name": "Sequential", "config": {}}]},
}
"""What a stranger's ``recipe.json`` may say: no schedule, and anything that Keras can make."""


class Halved(keras.optimizers.SGD):
    """An optimizer that Keras does not know."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        super().update_step(gradient, variable, learning_rate / 2)


class Wider(Flip):
    """An operation of the user's."""


def falling(step: int) -> float:
    return 0.01 if step < 3 else 0.001


def other_rates(step: int) -> float:
    return 0.02


def darker(image: Any, rng: np.random.Generator) -> Any:
    return image * rng.uniform(0.5, 1)


def built(recipe: Recipe, num_steps: int = 6) -> keras.optimizers.Optimizer:
    return optimizer(recipe, nets.build("small", (16, 16, 1), 2), num_steps)


@pytest.mark.parametrize(
    ("given", "settings"),
    [
        (keras.optimizers.SGD(0.01), {"learning_rate": 0.01, "schedule": "plateau"}),
        (keras.optimizers.AdamW(1e-3), {"learning_rate": 1e-3, "weight_decay": 0.004}),
        (keras.optimizers.Lion(global_clipnorm=2.0), {"clip_norm": 2.0, "average": 0.0}),
        (keras.optimizers.Adam(use_ema=True, ema_momentum=0.9), {"average": 0.9}),
    ],
)
def test_an_optimizer_of_keras_is_copied_by_its_configuration(
    given: keras.optimizers.Optimizer, settings: dict[str, Any]
) -> None:
    recipe = replace(RECIPE, optimizer=given)
    assert {name: getattr(recipe, name) for name in settings} == settings
    optimizer = built(recipe)
    assert optimizer is not given
    assert optimizer.get_config() == given.get_config()
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe
    assert type(given).__name__ in repr(recipe)
    assert recipe.to_dict()["optimizer"]["class_name"] == type(given).__name__
    assert not recipe.own


def test_the_schedule_of_an_optimizer_is_the_recipe_s() -> None:
    rate = schedules.ExponentialDecay(0.1, 10, 0.5)
    recipe = replace(RECIPE, optimizer=keras.optimizers.SGD(rate, momentum=0.5))
    assert recipe == replace(recipe, schedule=rate)
    optimizer = built(recipe)
    optimizer.iterations.assign(10)
    assert float(optimizer.learning_rate) == pytest.approx(0.05)
    assert optimizer.momentum == 0.5


def test_a_class_and_a_function_are_called_with_the_recipe_s_settings() -> None:
    recipe = replace(RECIPE, learning_rate=0.25, weight_decay=0.1, optimizer=keras.optimizers.Lion)
    assert isinstance(built(recipe), keras.optimizers.Lion)
    assert not recipe.own
    make = functools.partial(keras.optimizers.SGD, momentum=0.5)
    for given in (make, Halved):
        optimizer = built(replace(recipe, optimizer=given))
        assert (float(optimizer.learning_rate), optimizer.weight_decay) == (0.25, 0.1)
    digests = [
        replace(recipe, optimizer=functools.partial(keras.optimizers.SGD, momentum=one)).optimizer
        for one in (0.5, 0.5, 0.6)
    ]
    assert digests[0] == digests[1] != digests[2]


def test_a_function_gives_the_rate_of_each_step() -> None:
    optimizer = built(replace(RECIPE, schedule=falling))
    for step, rate in ((0, 0.01), (2, 0.01), (3, 0.001), (50, 0.001)):
        optimizer.iterations.assign(step)
        assert float(optimizer.learning_rate) == pytest.approx(rate)
    for wrong in (lambda step: -1, lambda step: "fast", lambda step: float("nan")):
        with pytest.raises(UsageError, match=r"^schedule: expected a rate of 0 or more at step 0"):
            built(replace(RECIPE, schedule=wrong))


def test_operations_are_recorded_as_text_and_other_transforms_by_name() -> None:
    assert replace(RECIPE, augment=[Flip(), Shift(0.1)]).augment == "flip,shift:0.1"
    assert replace(RECIPE, augment=Ops([Crop(0.15)])).augment == "crop:0.15"
    assert replace(RECIPE, augment=[]).augment == "none"
    recipe = replace(RECIPE, augment=PerImage(darker), augment_rare=Ops([Wider()]))
    assert recipe == replace(recipe, augment=darker)
    assert recipe.transform("augment") is darker
    assert recipe.transform("augment_rare") == Ops([Wider()])
    assert set(recipe.own) == {"augment", "augment_rare"}
    assert "Recipe(net='small'" in repr(recipe)
    assert f"augment='{HERE}:darker'" in repr(recipe)
    with pytest.raises(UsageError, match=r"augment: .* must be given again"):
        Recipe(augment="elsewhere:darker#0123456789ab").transform("augment")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"optimizer": Halved()}, "none of Keras's own; give its class"),
        ({"optimizer": 3}, "optimizer: expected a function"),
        ({"optimizer": "os:system"}, "optimizer os:system: "),
        ({"optimizer": dict}, "expected a keras.optimizers.Optimizer, got {'learning_rate'"),
        ({"schedule": 3}, "schedule: expected a function"),
        ({"schedule": "linear"}, "schedule is 'linear'"),
        ({"augment": 3}, "augment: expected a preset"),
        ({"optimizer": {"module": "os", "class_name": "system", "config": {}}}, "os.system"),
        ({"schedule": {"module": "keras.optimizers", "class_name": "SGD", "config": {}}}, "SGD"),
        ({"schedule": {"module": "keras.optimizers.schedules"}}, "expected the configuration"),
        ({"schedule": DESERIALIZE}, "deserialize: expected a class"),
        ({"optimizer": DESERIALIZE | {"module": "keras.optimizers"}}, "deserialize: expected"),
        ({"optimizer": keras.optimizers.SGD(clipnorm=1.0), "clip_norm": None}, None),
    ],
)
def test_what_is_no_setting_is_refused(settings: dict[str, Any], says: str | None) -> None:
    if says is None:
        assert built(replace(RECIPE, **settings)).clipnorm == 1.0
        return
    with pytest.raises(UsageError, match=re.escape(says)):
        built(replace(RECIPE, **settings).resolved())


@pytest.mark.usefixtures("no_plots")
def test_a_run_goes_on_with_the_same_code_alone(faces: Path, tmp_path: Path) -> None:
    own: dict[str, Any] = {"optimizer": Halved, "schedule": falling, "augment": darker}
    whole = train(RECIPE, faces, tmp_path / "whole", **own)
    assert whole.history["learning_rate"].tolist() == pytest.approx([0.001, 0.001])
    stop = [StopAfter(4)]
    interrupted(RECIPE, faces, tmp_path / "run", callbacks=stop, **own)
    for others, name in (
        ({}, "optimizer"),
        ({**own, "schedule": None}, "schedule"),
        ({**own, "schedule": other_rates}, "schedule"),
        ({**own, "net": "fast"}, "net"),
    ):
        with pytest.raises(UsageError, match=f"its {name} is .* must be given again"):
            resume(tmp_path / "run", **others)
    with pytest.raises(UsageError, match="batch_size: expected some of net, optimizer"):
        resume(tmp_path / "run", batch_size=3)
    names = {"optimizer": "Halved", "schedule": "falling", "augment": "darker"}
    again = resume(tmp_path / "run", **{name: f"{HERE}:{it}" for name, it in names.items()})
    pd.testing.assert_frame_equal(again.predictions, whole.predictions)


@pytest.mark.usefixtures("no_plots")
def test_a_run_with_keras_s_objects_goes_on_by_itself(faces: Path, tmp_path: Path) -> None:
    rate = schedules.PolynomialDecay(0.01, 6)
    given: dict[str, Any] = {"optimizer": keras.optimizers.Nadam(rate), "augment": [Shift(0.1)]}
    whole = train(RECIPE, faces, tmp_path / "whole", **given)
    interrupted(RECIPE, faces, tmp_path / "run", callbacks=[StopAfter(4)], **given)
    pd.testing.assert_frame_equal(resume(tmp_path / "run").predictions, whole.predictions)


@pytest.mark.usefixtures("no_plots")
def test_a_model_is_loaded_without_the_optimizer_of_its_training(
    faces: Path, tmp_path: Path
) -> None:
    run = train(replace(RECIPE, epochs=1), faces, tmp_path / "run", optimizer=Halved)
    keras.saving.get_custom_objects().pop("Halved")
    assert models.load(run.model_path)[0].output_shape[0] is None


def test_a_training_of_one_s_own_has_its_own_optimizer(faces: Path, tmp_path: Path) -> None:
    fit = "tests.train.test_own_training:fit"
    arms = ["none", "oversample"]
    with pytest.raises(UsageError, match="optimizer and fit are both given"):
        comparison.compare(faces, arms, 1, out=tmp_path / "out", fit=fit, optimizer="sgd")


@pytest.mark.slow
def test_the_snippet_of_the_docs_runs_and_goes_on(faces: Path, tmp_path: Path) -> None:
    (tmp_path / "faces").symlink_to(faces)
    (snippet,) = re.findall(r"```python\n(.*?)```", DOCS, re.DOTALL)
    show = "print(run.is_finished, results.seeds, results.training.failures)"
    (tmp_path / "script.py").write_text(f"{snippet}\n{show}")
    command = [sys.executable, "script.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "True (0, 1) {}\n"), done.stderr
    about = json.loads((tmp_path / "objects" / "comparison.json").read_text())
    assert about["recipe"]["optimizer"]["class_name"] == "Lion"
    assert about["recipe"]["augment"].startswith("__main__:brighter#")
    (run,) = (tmp_path / "objects" / "runs" / "none").glob("seed-1")
    assert Run(run).recipe.schedule == about["recipe"]["schedule"]
    with pytest.raises(UsageError, match=r"its schedule is .* must be given again"):
        comparison.extend(tmp_path / "objects", seeds=[2])
