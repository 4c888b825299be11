"""Heads against their formulas in plain NumPy: no other layer is better by what they lessen."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import fer_model
from fer_data.errors import UsageError
from fer_model.heads.choice import Head, HeadChoice, HeadInputs
from fer_model.heads.fitting import max_norm_regression, nearest_within
from fer_model.heads.posthoc import adjust_logits, apply_head, balanced_accuracy
from tests.helpers.made_features import known
from tests.helpers.registered import every

Floats = NDArray[np.float64]

OWN = [one for one in every(HeadChoice, most=3) if not one.name.startswith("x-")]
BEST = [one for one in OWN if one.name not in ("post-hoc", "tau-norm", "ncm")]


def targets(choice: HeadChoice, counts: NDArray[np.int64]) -> Floats:
    """What the papers have samples of each class aim at."""
    size, found = len(counts), np.zeros((len(counts),) * 2)
    for y in range(size):
        for c in range(size):
            if choice.name == "los-crt":
                (delta,) = choice.parameters
                found[y, c] = (1 - delta) * (c == y) + delta / size
            elif choice.name == "mislas":
                head, tail = choice.parameters
                part = (counts[y] - min(counts)) / (max(counts) - min(counts))
                epsilon = tail + (head - tail) * np.sin(part * np.pi / 2)
                found[y, c] = 1 - epsilon if c == y else epsilon / (size - 1)
            else:
                found[y, c] = c == y
    return found


def objective(choice: HeadChoice, given: HeadInputs, chosen: dict[str, float], head: Head) -> float:
    """What a head lessens, sample after sample."""
    features, labels = given.train()
    counts, aims = np.bincount(labels), targets(choice, np.bincount(labels))
    total = 0.0
    for feature, y in zip(features, labels, strict=True):
        logits = feature @ head.kernel + head.bias
        logs = logits - np.log(np.exp(logits - logits.max()).sum()) - logits.max()
        weight = 1 if choice.name == "retrained" else len(labels) / (len(counts) * counts[y])
        total -= weight * (aims[y] @ logs)
    if choice.name == "weight-balance":
        return total / len(labels) + chosen["decay"] / 2 * (head.kernel**2).sum()
    if choice.name == "lws":
        scales = head.kernel[0] / given.head.kernel[0]
        return total + ((scales - 1) ** 2).sum() / 2
    return total + ((head.kernel * features.std(axis=0)[:, None]) ** 2).sum() / 2


def moved(
    choice: HeadChoice, given: HeadInputs, chosen: dict[str, float], head: Head, by: Floats
) -> Head:
    """Another head that it might have been; `by` is float [D + 1, C]."""
    if choice.name == "lws":
        return Head(head.kernel * (1 + by[0]), head.bias * (1 + by[0]))
    kernel = head.kernel + by[1:]
    if choice.name == "weight-balance":
        kernel *= np.minimum(1, chosen["radius"] / np.linalg.norm(kernel, axis=0))
    return Head(kernel, head.bias + by[0])


@pytest.mark.parametrize("choice", BEST, ids=str)
def test_no_other_layer_is_better_by_the_formula(choice: HeadChoice) -> None:
    given, random = known(), np.random.default_rng(0)
    head, chosen = choice.build(given)
    best = objective(choice, given, chosen, head)
    for size in (1.0, 0.1, 0.01, 0.001):
        for _ in range(6):
            by = size * random.normal(size=(len(head.kernel) + 1, len(head.bias)))
            assert objective(choice, given, chosen, moved(choice, given, chosen, head, by)) >= best
    if choice.name == "weight-balance":
        lengths = np.linalg.norm(given.head.kernel, axis=0)
        radius = lengths.min() + 0.1 * (lengths.max() - lengths.min())
        assert chosen["radius"] == pytest.approx(radius)
        assert np.linalg.norm(head.kernel, axis=0).max() <= radius * (1 + 1e-9)


def test_the_snippets_of_the_docs_run() -> None:
    import keras

    page = (Path(__file__).resolve().parents[2] / "docs" / "comparison.md").read_text("utf-8")
    section = page.split("## Losses and heads in your own training", 1)[1].split("\n## ", 1)[0]
    random = np.random.default_rng(0)
    labels = np.arange(70) % 7
    features = np.eye(7)[labels] + 0.1 * random.normal(size=(70, 7))
    model = keras.Sequential([keras.Input((7,)), keras.layers.Dense(7, activation="softmax")])
    names: dict[str, Any] = {"model": model, "counts": [9, 8, 7, 6, 5, 4, 0]}
    names |= {"features": features, "labels": labels, "test_features": features}
    names |= {"others": features, "other_labels": labels}
    for snippet in re.findall(r"```python\n(.*?)```", section, re.DOTALL):
        exec(compile(snippet, "docs/comparison.md", "exec"), names)
    assert np.isfinite(model.fit(features, np.eye(7)[labels], verbose=0).history["loss"]).all()
    for probabilities in (names["probabilities"], names["scaled"].probabilities(features)):
        assert (probabilities.argmax(axis=1) == labels).all()


@pytest.mark.parametrize("package", [fer_model.losses, fer_model.heads])
def test_what_the_package_registers_is_public_by_its_functions_name(package: Any) -> None:
    registry = package.LOSSES if package is fer_model.losses else package.HEADS
    for entry in filter(None, map(registry.get, registry.names())):
        if entry.module.startswith("fer_model."):
            assert getattr(package, entry.function.__name__) is entry.function


@pytest.mark.parametrize(("name", "class_weight"), [("crt", "balanced"), ("retrained", None)])
def test_crt_and_its_control_are_scikit_learns_logistic_regression(
    name: str, class_weight: str | None
) -> None:
    from sklearn.linear_model import LogisticRegression

    given = known()
    features, labels = given.train()
    inputs = (features - features.mean(axis=0)) / features.std(axis=0)
    model = LogisticRegression(class_weight=class_weight, max_iter=9999, tol=1e-10)
    expected = model.fit(inputs, labels).predict_proba(inputs)
    head, _ = HeadChoice(name).build(given)
    np.testing.assert_allclose(head.probabilities(features), expected, atol=3e-4)


@given(st.integers(0, 2**32 - 1), st.floats(-3, 3), st.floats(0, 4))
def test_the_nearest_columns_within_a_radius_are_nearer_than_others_within(
    seed: int, size: float, spread: float
) -> None:
    random = np.random.default_rng(seed)
    columns = 10**size * random.normal(size=(5, 3))
    curvature = 10 ** (spread * random.normal(size=(5, 1)).clip(-2, 2))
    found = nearest_within(columns, curvature, 1.0)
    lengths = np.linalg.norm(found, axis=0)
    assert lengths.max() <= 1 + 1e-12
    slopes = curvature * (columns - found)  # none points to another layer within the radius
    reach = np.linalg.norm(slopes, axis=0) - (slopes * found).sum(axis=0)
    assert (reach <= 1e-6 * np.linalg.norm(slopes, axis=0) + 1e-12).all()


def test_weight_balance_of_features_of_any_lengths_is_scikit_learns_without_a_bound() -> None:
    from sklearn.linear_model import LogisticRegression

    features, labels = known().train()
    inputs = (features - features.mean(axis=0)) * 10.0 ** np.arange(-2, 3)
    model = LogisticRegression(
        class_weight="balanced", C=1 / (len(labels) * 1e-3), solver="newton-cholesky", tol=1e-8
    )
    expected = model.fit(inputs, labels).predict_proba(inputs)
    head, iterations = max_norm_regression(inputs, labels, 3, 1e-3, 1e9)
    np.testing.assert_allclose(head.probabilities(inputs), expected, atol=2e-4)
    assert iterations < 500


def test_ncm_answers_the_mean_at_the_least_angle_and_its_scale_is_the_likeliest() -> None:
    given = known()
    features, labels = given.train()
    seen, truth = given.validation()
    head, chosen = HeadChoice("ncm").build(given)
    centre = features.mean(axis=0)
    cosines = np.zeros((len(seen), 3))
    for i, feature in enumerate(seen):
        for c in range(3):
            mean = features[labels == c].mean(axis=0) - centre
            cosines[i, c] = (feature - centre) @ mean / np.linalg.norm(mean)
    expected = np.exp(chosen["beta"] * cosines)
    expected /= expected.sum(axis=1, keepdims=True)
    answers = head.probabilities(seen)
    np.testing.assert_allclose(answers, expected, rtol=1e-6)

    def loss(power: float) -> float:
        powers = answers**power / (answers**power).sum(axis=1, keepdims=True)
        return float(-np.log(powers[np.arange(len(truth)), truth]).mean())

    assert loss(1.0) <= min(loss(0.99), loss(1.01), loss(2.0))


def test_the_decay_with_the_best_balanced_accuracy_on_validation_samples_is_taken() -> None:
    given = known()
    seen, truth = given.validation()

    def right(choice: HeadChoice) -> float:
        return balanced_accuracy(truth, choice.build(given)[0].probabilities(seen))

    others = [right(HeadChoice("weight-balance", decay)) for decay in (0.0001, 0.001, 0.01, 0.1)]
    assert right(HeadChoice("weight-balance")) == max(others)


@pytest.mark.parametrize("choice", [one for one in BEST if one.name != "lws"], ids=str)
@pytest.mark.parametrize("present", [[0, 1], [0, 2], [2]])
def test_a_class_without_training_samples_is_never_answered(
    choice: HeadChoice, present: list[int]
) -> None:
    features, labels = known().train()
    kept = np.isin(labels, present)
    arguments: Any = (choice, features[kept], labels[kept], 3)
    if len(present) == 1:
        with pytest.raises(UsageError, match="training samples are of one class"):
            fer_model.heads.fit(*arguments)
        return
    head = fer_model.heads.fit(*arguments, validation=(features, labels))
    assert set(head.probabilities(features).argmax(axis=1).tolist()) <= set(present)


@pytest.mark.parametrize("choice", every(HeadChoice, most=1), ids=str)
def test_a_head_is_made_of_features_alone(choice: HeadChoice) -> None:
    given = known()
    (features, labels), others = given.train(), given.validation()
    head = fer_model.heads.fit(str(choice), features, labels, 3, validation=others)
    answers = head.probabilities(others[0])
    assert answers.shape == (len(others[0]), 3)
    np.testing.assert_allclose(answers.sum(axis=1), 1)


@pytest.mark.parametrize("name", ["ncm", "tau-norm", "weight-balance"])
def test_a_head_that_chooses_says_that_it_needs_validation_samples(name: str) -> None:
    with pytest.raises(UsageError, match="give validation="):
        fer_model.heads.fit(name, *known().train(), 3)


@pytest.mark.parametrize(
    ("features", "labels"),
    [([[1.0]], [0, 1]), ([1.0, 2.0], [0, 1]), ([[1.0], [2.0]], [0.0, 1.0]),
     ([[1.0], [np.nan]], [0, 1]), ([[1.0], [2.0]], [0, 5]), (np.zeros((0, 2)), np.zeros(0, int))],
)  # fmt: skip
def test_features_and_labels_that_do_not_fit_are_refused(features: Any, labels: Any) -> None:
    with pytest.raises(UsageError, match="features: expected"):
        fer_model.heads.fit("crt", features, labels, 2)


def recalls(head: Head, features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    right = apply_head(features, head.kernel, head.bias).argmax(axis=1) == labels
    return np.array([right[labels == label].mean() for label in np.unique(labels)])


@pytest.mark.parametrize("tau", [0.0, 0.7, 1.0, 3.0])
def test_post_hoc_is_the_adjustment_of_the_probabilities(tau: float) -> None:
    given_ = known()
    features, _ = given_.validation()
    head, chosen = HeadChoice("post-hoc", tau).build(given_)
    before = apply_head(features, given_.head.kernel, given_.head.bias)
    np.testing.assert_allclose(
        apply_head(features, head.kernel, head.bias), adjust_logits(before, given_.counts, tau)
    )
    assert chosen == {"tau": tau}


def test_tau_norm_makes_lengths_alike_and_drops_the_bias() -> None:
    head, _ = HeadChoice("tau-norm", 1.0).build(known())
    np.testing.assert_allclose(np.linalg.norm(head.kernel, axis=0), 1)
    assert not head.bias.any()


def test_tau_norm_chooses_by_validation_samples_alone() -> None:
    given_ = known()

    def training() -> tuple[np.ndarray, np.ndarray]:
        raise AssertionError("training samples were looked at")

    head, chosen = HeadChoice("tau-norm").build(given_._replace(train=training))
    best = recalls(head, *given_.validation()).mean()
    for tau in (0.0, 0.5, 1.0, 1.5, 2.0):
        other, _ = HeadChoice("tau-norm", tau).build(given_)
        assert best >= recalls(other, *given_.validation()).mean()
    assert 0 <= chosen["tau"] <= 2


def test_crt_finds_rare_classes_and_is_the_same_each_time() -> None:
    given_ = known()
    first, second = (HeadChoice("crt").build(given_)[0] for _ in range(2))
    np.testing.assert_array_equal(first.kernel, second.kernel)
    per_class = recalls(first, *given_.validation())
    assert per_class.min() > 0.6
    assert per_class.mean() > recalls(given_.head, *given_.validation()).mean()


@pytest.mark.parametrize("choice", every(HeadChoice, most=2), ids=str)
def test_a_head_is_finite_and_as_large_as_the_one_before(choice: HeadChoice) -> None:
    given_ = known()
    head, _ = choice.build(given_)
    assert [part.shape for part in head] == [part.shape for part in given_.head]
    assert all(np.isfinite(part).all() for part in head)


def test_on_balanced_training_data_crt_is_its_control() -> None:
    features, labels = known().train()
    num = np.bincount(labels).min()
    kept = np.concatenate([np.flatnonzero(labels == label)[:num] for label in range(3)])
    arguments: Any = (features[kept], labels[kept], 3)
    crt, control = (fer_model.heads.fit(name, *arguments) for name in ("crt", "retrained"))
    np.testing.assert_allclose(crt.kernel, control.kernel)
    np.testing.assert_allclose(crt.bias, control.bias)
