"""Arms that change the recipe."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fer_data
from fer_data.errors import UsageError
from fer_model.comparison import grid
from fer_model.comparison.arm import Arm, parse_arms
from fer_model.comparison.changes import ChangeChoice
from fer_model.comparison.reading import read_results
from fer_model.heads.choice import HeadChoice
from fer_model.training.recipe import Recipe
from tests.helpers.made_comparison import train_here
from tests.helpers.registered import every

COMMON = Recipe(net="small", epochs=3, steps_per_epoch=7, augment="standard")


@pytest.mark.parametrize("choice", every(ChangeChoice, most=2), ids=str)
def test_a_change_trains_another_recipe_and_names_what_changes_nothing(
    choice: ChangeChoice,
) -> None:
    changed = Arm.parse(str(choice)).recipe(COMMON)
    assert changed != COMMON
    assert {**COMMON.to_dict(), **choice.fields(COMMON)} == changed.to_dict()
    if choice.name != "sam":  # which halves the steps again
        with pytest.raises(UsageError, match="changes nothing"):
            Arm.parse(str(choice)).recipe(changed)


@pytest.mark.parametrize(
    ("arm", "augment", "augment_rare"),
    [
        ("augment-rare", "standard", "strong"),
        ("augment-common", "strong", "standard"),
        ("augment-both", "strong", None),
    ],
)
def test_rare_and_common_classes_are_augmented_apart(
    arm: str, augment: str, augment_rare: str | None
) -> None:
    found = Arm.parse(arm).recipe(COMMON)
    assert (found.augment, found.augment_rare) == (augment, augment_rare)


def test_augment_common_leaves_the_rare_classes_as_they_are() -> None:
    labels = np.array([0] * 9 + [1] * 9 + [2])
    images = np.random.default_rng(0).integers(0, 256, (19, 8, 8, 1)).astype(np.uint8)
    recipe = Arm.parse("augment-common").recipe(dataclasses.replace(COMMON, augment="none"))
    options: dict[str, Any] = {
        "augment": recipe.augment,
        "augment_rare": recipe.augment_rare,
        "batch_size": 19,
        "cache": False,
    }
    data = fer_data.load((images, labels))
    batch = fer_data.open_loader(data, **options).batch(0)
    is_same = (batch.images == images[batch.samples]).reshape(19, -1).all(axis=1)
    np.testing.assert_array_equal(is_same, batch.labels == 2)


def test_changes_of_several_fields_are_one_arm_in_any_order() -> None:
    first, second = map(Arm.parse, ("crt+weight-decay+sam:0.1", "sam:0.1+weight-decay:0.05+crt"))
    assert first == second
    assert str(first) == "crt+sam:0.1+weight-decay"
    assert str(first.trained) == "sam:0.1+weight-decay"
    recipe = first.recipe(COMMON)
    assert (recipe.weight_decay, recipe.sam_radius) == (0.05, 0.1)
    assert recipe.steps_per_epoch == COMMON.steps_per_epoch // 2  # two gradients a step


def test_two_changes_of_one_field_are_refused() -> None:
    with pytest.raises(UsageError, match="weight-decay is named twice"):
        Arm.parse("weight-decay:0.1+weight-decay:0.2")
    with pytest.raises(UsageError, match="two of its parts change augment_rare"):
        Arm.parse("augment-rare+augment-common").recipe(COMMON)


@pytest.mark.extra("tensorflow")
def test_a_sharpness_aware_step_is_the_papers() -> None:
    import keras

    from fer_model.training.sharpness import learn_sharply

    random = np.random.default_rng(0)
    inputs, labels = random.normal(size=(8, 4)), np.eye(3)[random.integers(0, 3, 8)]
    weights = random.uniform(0.5, 2, 8)
    net = [keras.Input((4,)), keras.layers.Dense(3, "softmax", use_bias=False)]
    model = keras.Sequential(net)
    model.compile(keras.optimizers.SGD(0.5), "categorical_crossentropy", jit_compile=False)
    before = model.get_weights()[0].astype(np.float64)

    def loss_and_gradient(kernel: np.ndarray) -> tuple[float, np.ndarray]:
        powers = np.exp(inputs @ kernel)
        p = powers / powers.sum(axis=1, keepdims=True)
        losses = -np.log((p * labels).sum(axis=1))
        return weights @ losses / 8, inputs.T @ (weights[:, None] * (p - labels)) / 8

    loss, gradient = loss_and_gradient(before)
    _, worst = loss_and_gradient(before + 0.3 * gradient / np.linalg.norm(gradient))
    learn_sharply(model, 0.3)
    history = model.fit(inputs, labels, sample_weight=weights, batch_size=8, verbose=0).history
    np.testing.assert_allclose(model.get_weights()[0], before - 0.5 * worst, rtol=1e-5, atol=1e-6)
    assert history["loss"] == pytest.approx([loss], rel=1e-5)


@pytest.mark.extra("tensorflow")
def test_normalisation_keeps_the_statistics_of_the_weights_themselves() -> None:
    import keras

    from fer_model.training.sharpness import learn_sharply

    found = []
    for radius in (0.0, 5.0):
        keras.utils.set_random_seed(0)
        layers = [keras.layers.Dense(4), keras.layers.BatchNormalization()]
        model = keras.Sequential([keras.Input((4,)), *layers, keras.layers.Dense(2, "softmax")])
        model.compile("sgd", "categorical_crossentropy", jit_compile=False)
        learn_sharply(model, radius)
        inputs = np.random.default_rng(0).normal(size=(8, 4))
        model.fit(inputs, np.eye(2)[[0, 1] * 4], batch_size=8, verbose=0)
        found.append([weight.numpy() for weight in layers[1].non_trainable_weights])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5)


@pytest.mark.slow
@pytest.mark.extra("tensorflow")
@pytest.mark.usefixtures("no_plots")
def test_changes_and_new_heads_are_trained_and_scored(faces: Path, tmp_path: Path) -> None:
    recipe = Recipe(
        net="small", epochs=2, steps_per_epoch=4, batch_size=32, schedule="cosine", keep="last"
    )
    heads = [str(head) for head in every(HeadChoice, most=1) if not head.name.startswith("x-")]
    arms = ["none", "augment-common", "label-smoothing", "sam", *heads]
    protocol, parts = grid.declare(recipe, faces, parse_arms(arms), [0])
    protocol.write(tmp_path)
    grid.write_samples(parts, tmp_path)
    assert train_here(protocol, tmp_path).errors == []
    results = read_results(tmp_path)
    assert set(results.arms) == set(map(str, parse_arms(arms)))
    assert results.training is not None
    steps = {arm: of_arm[0].metrics["training"]["steps"] for arm, of_arm in
             zip(results.arms, results.training.runs, strict=True)}  # fmt: skip
    assert (steps["none"], steps["augment-common"], steps["sam"]) == (8, 8, 4)
