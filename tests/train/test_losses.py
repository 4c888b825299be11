"""Losses as text, as formulas against plain NumPy, in model files, and on every backend."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from fer_data import plugins
from fer_data.data.decode import PixelFormat
from fer_data.errors import UsageError
from fer_model.losses.choice import LossChoice, known_counts
from fer_model.training import models, nets
from tests.helpers.extras import marked
from tests.helpers.registered import every

FER2013 = [3995, 436, 4097, 7215, 4965, 4830, 3171]
"""The training split's counts, by label."""

TEXTS = tuple(map(str, every(LossChoice, most=2)))

Floats = NDArray[np.float64]


def built(text: str, counts: list[int]) -> keras.losses.Loss:
    loss = LossChoice.parse(text).build(counts)
    return keras.losses.CategoricalCrossentropy() if isinstance(loss, str) else loss


def losses_of(text: str, counts: Any, labels: Any, probabilities: Any, **options: Any) -> Floats:
    loss = built(text, counts)
    loss.reduction = options.pop("reduction", None)
    found = loss(np.float32(labels), np.float32(probabilities), **options)
    return keras.ops.convert_to_numpy(found).astype(np.float64)


def reference(text: str, counts: list[int], labels: Floats, probabilities: Floats) -> Floats:
    """The losses of samples by the papers' formulas, class after class, in float64."""
    name, *values = text.split(":")
    numbers = [float(value) for value in values]
    least = min(n for n in counts if n > 0)
    n = np.array([float(count or least) for count in counts])
    bounds = np.float32([1e-7, 1 - 1e-7]).astype(np.float64)
    p = np.minimum(np.maximum(probabilities, bounds[0]), bounds[1])
    z = np.log(p)
    classes = range(len(n))
    if name in ("ldam", "ldam-drw"):
        margins = n**-0.25 * numbers[0] / max(n**-0.25)
        every = []
        for c in classes:
            moved = z.copy()
            moved[:, c] -= margins[c]
            every.append(np.log(np.exp(moved).sum(axis=1)) - moved[:, c])
        return np.sum(labels.T * every, axis=0)
    if name in ("balanced-softmax", "logit-adjusted"):
        tau = numbers[0] if numbers else 1.0
        odds = p * (n / n.sum()) ** tau
        return np.sum(labels * -np.log(odds / odds.sum(axis=1, keepdims=True)), axis=1)
    weights = np.ones(len(n))
    if name.startswith("class-balanced"):
        beta = numbers.pop(0)
        weights = np.array([(1 - beta) / (1 - beta**count) for count in n])
        weights /= np.mean([weights[c] for c in classes if counts[c] > 0])
    gamma = numbers[0] if numbers else 0.0
    return np.sum(
        [labels[:, c] * weights[c] * (1 - p[:, c]) ** gamma * -z[:, c] for c in classes], 0
    )


@st.composite
def batches(draw: st.DrawFn, *, least: float) -> tuple[list[int], Floats, Floats]:
    """Counts [C], labels and probabilities [B, C]; these at least so large but for rounding."""
    num_classes = draw(st.integers(2, 6))
    size = draw(st.integers(1, 4))
    counts = draw(
        st.lists(st.integers(0, 20_000), min_size=num_classes, max_size=num_classes).filter(any)
    )
    row = st.lists(st.integers(0, 5), min_size=num_classes, max_size=num_classes).filter(any)
    rows = st.lists(row, min_size=size, max_size=size)
    hard = np.eye(num_classes)[
        draw(st.lists(st.integers(0, num_classes - 1), min_size=size, max_size=size))
    ]
    fractions = np.array(draw(rows), np.float64)
    labels = draw(st.sampled_from([hard, fractions / fractions.sum(axis=1, keepdims=True)]))
    odds = np.array(draw(rows), np.float64) + least * 6 * num_classes
    probabilities = odds / odds.sum(axis=1, keepdims=True)
    return counts, np.float64(np.float32(labels)), np.float64(np.float32(probabilities))


@pytest.mark.parametrize("text", TEXTS)
@given(batches(least=1e-3))
def test_a_loss_is_the_papers_formula(text: str, case: tuple[list[int], Floats, Floats]) -> None:
    counts, labels, probabilities = case
    losses = losses_of(text, counts, labels, probabilities)
    np.testing.assert_allclose(losses, reference(text, *case), rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("text", TEXTS)
@given(batches(least=0))
def test_probabilities_of_0_and_1_are_taken_as_1e_7_from_them(
    text: str, case: tuple[list[int], Floats, Floats]
) -> None:
    counts, labels, probabilities = case
    losses = losses_of(text, counts, labels, probabilities)
    margin = float(text.split(":")[1]) if text.startswith("ldam") else 0.5
    floor = 1e-7 * len(counts) * np.exp(margin)  # what the other classes are clipped up to, in LDAM
    np.testing.assert_allclose(losses, reference(text, *case), rtol=2e-5, atol=1e-6 + floor)


def batch(seed: int = 0, size: int = 64, num_classes: int = 7) -> tuple[Floats, Floats]:
    random = np.random.default_rng(seed)
    labels = np.eye(num_classes)[random.integers(0, num_classes, size)]
    labels[::3] = random.dirichlet(np.ones(num_classes), len(labels[::3]))
    return labels, random.dirichlet(np.ones(num_classes), size)


@pytest.mark.parametrize(
    ("text", "same", "counts"),
    [
        ("focal:0", "cross-entropy", FER2013),
        ("class-balanced:0", "cross-entropy", FER2013),
        ("class-balanced-focal:0:2", "focal:2", FER2013),
        ("class-balanced-focal:0.9:0", "class-balanced:0.9", FER2013),
        ("logit-adjusted:0", "cross-entropy", FER2013),
        ("logit-adjusted:1", "balanced-softmax", FER2013),
        ("ldam:0", "cross-entropy", FER2013),
        ("class-balanced:0.999", "cross-entropy", [50] * 7),
        ("balanced-softmax", "cross-entropy", [50] * 7),
    ],
)
def test_a_loss_has_another_as_its_limit(text: str, same: str, counts: list[int]) -> None:
    labels, probabilities = batch()
    np.testing.assert_allclose(
        losses_of(text, counts, labels, probabilities),
        losses_of(same, counts, labels, probabilities),
        rtol=1e-5,
        atol=1e-6,
    )


def test_towards_1_class_balanced_weights_are_inverse_to_the_counts() -> None:
    weights = built("class-balanced:0.9999999999", FER2013).weights
    np.testing.assert_allclose(
        weights, 1 / np.array(FER2013) / np.mean(1 / np.array(FER2013)), rtol=1e-5
    )


def test_the_rarest_class_has_the_whole_margin_and_the_others_by_the_fourth_root() -> None:
    margins = built("ldam:0.5", [16, 1, 0, 81]).margins
    assert margins == pytest.approx([0.25, 0.5, 0.5, 0.5 / 3])


def gradients(text: str, counts: list[int], labels: Any, logits: Any) -> Floats:
    """Of a softmax's logits, [B, C]."""
    import tensorflow as tf

    loss = built(text, counts)
    given = tf.constant(logits, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(given)
        value = loss(tf.constant(labels, tf.float32), tf.nn.softmax(given))
    return np.asarray(tape.gradient(value, given), np.float64)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("size", [0.0, 1.0, 15.0, 17.0, 50.0, 1000.0])
def test_gradients_are_finite_however_sure_the_model_is(text: str, size: float) -> None:
    logits = size * np.array([[1, -1, 0], [-1, 1, 0], [1, 1, -1], [0, 0, 0]])
    labels = [[1, 0, 0], [1, 0, 0], [0.2, 0, 0.8], [0, 0, 1]]
    assert np.isfinite(gradients(text, [900, 30, 0], labels, logits)).all()


@pytest.mark.parametrize("text", ["ldam:0.5", "balanced-softmax", "class-balanced:0.999"])
def test_a_rare_class_is_pushed_harder_than_a_frequent_one(text: str) -> None:
    found = gradients(text, [900, 30], np.eye(2), np.zeros((2, 2)))
    plain = gradients("cross-entropy", [900, 30], np.eye(2), np.zeros((2, 2)))
    frequent, rare = -np.diag(found)
    assert rare > frequent
    assert rare > -plain[1, 1]


@pytest.mark.parametrize("text", TEXTS)
def test_weights_and_reductions_are_kerass(text: str) -> None:
    labels, probabilities = batch()
    weights = np.random.default_rng(1).uniform(0, 2, len(labels))
    each = losses_of(text, FER2013, labels, probabilities)
    assert each.shape == (len(labels),)
    for reduction, expected in {
        None: each * weights,
        "sum": np.dot(each, weights),
        "sum_over_batch_size": np.dot(each, weights) / len(each),
        "mean_with_sample_weight": np.dot(each, weights) / weights.sum(),
    }.items():
        losses = losses_of(
            text,
            FER2013,
            labels,
            probabilities,
            reduction=reduction,
            sample_weight=np.float32(weights),
        )
        np.testing.assert_allclose(losses, expected, rtol=1e-5)


def save(path: str | Path, text: str) -> keras.Model:
    """Save a model that was trained for a step with a loss, eagerly, as tracing takes longer."""
    model = nets.build("small", (8, 8, 1), 7)
    model.compile("adam", loss=LossChoice.parse(text).build(FER2013), run_eagerly=True)
    model.train_on_batch(np.random.default_rng(0).normal(size=(64, 8, 8, 1)), batch()[0])
    models.save(
        model, Path(path), models.ModelMetadata(tuple("abcdefg"), PixelFormat(8, 8, "grey"))
    )
    return model


@pytest.mark.parametrize("text", TEXTS)
def test_a_model_file_carries_the_loss_it_was_compiled_with(text: str, tmp_path: Path) -> None:
    model = save(tmp_path / "model.keras", text)
    loaded, _ = models.load(tmp_path / "model.keras", with_optimizer=True)
    images, (labels, _) = np.random.default_rng(1).normal(size=(64, 8, 8, 1)), batch()
    expected = losses_of(text, FER2013, labels, model.predict(images, verbose=0)).mean()
    for net in (model, loaded):
        assert net.evaluate(images, labels, verbose=0) == pytest.approx(expected, rel=1e-5)
    if text != "cross-entropy":
        assert loaded.loss.get_config() == model.loss.get_config()
        json.dumps(loaded.loss.get_config())


BACKEND = """
import json, sys
import keras, numpy as np
from fer_model.training import models
from fer_model.losses.choice import LossChoice

path, texts, counts, labels, probabilities = json.load(sys.stdin)
loaded = models.load(path, with_optimizer=True)[0].loss
found = {"loaded": [type(loaded).__name__, loaded.get_config()]}
for text in texts:
    loss = LossChoice.parse(text).build(counts)
    keras.utils.set_random_seed(0)
    net = [keras.Input((len(counts),)), keras.layers.Dense(len(counts), "softmax", use_bias=False,
        kernel_initializer=keras.initializers.Constant(np.eye(len(counts)) * 9))]
    model = keras.Sequential(net)
    model.compile(keras.optimizers.SGD(1.0), loss=loss, jit_compile=False)
    weights = np.arange(len(labels), dtype="float32") / len(labels)
    inputs = np.array(probabilities, "float32")
    model.train_on_batch(inputs, np.array(labels, "float32"), sample_weight=weights)
    trained = model.get_weights()[0].ravel().tolist()
    loss = keras.losses.get(loss)
    loss.reduction = None
    values = loss(np.array(labels, "float32"), inputs)
    found[text] = keras.ops.convert_to_numpy(values).tolist(), trained
print(json.dumps([keras.backend.backend(), found]))
"""


@pytest.fixture(scope="module")
def on_backends(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What each backend makes of all losses: values, and a layer's weights after a step.

    And which loss it finds in a model file that was saved here.
    """
    labels, probabilities = batch()
    probabilities[:2] = np.eye(7)[:2]
    path = str(tmp_path_factory.mktemp("model") / "model.keras")
    save(path, "class-balanced-focal:0.99:1.0")
    given = [path, TEXTS, FER2013, labels.tolist(), probabilities.tolist()]
    found = {}
    for backend in ("tensorflow", "jax", "torch"):
        if importlib.util.find_spec(backend) is None:
            continue
        with plugins.handed_on(["tests.helpers.registered"]):
            ended = subprocess.run(
                [sys.executable, "-c", BACKEND],
                input=json.dumps(given),
                capture_output=True,
                text=True,
                check=False,
                timeout=300,
                env={**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu"},
            )
        assert ended.returncode == 0, ended.stderr
        name, found[backend] = json.loads(ended.stdout.splitlines()[-1])
        assert name == backend
    return found


@pytest.mark.slow
@pytest.mark.parametrize("backend", marked(["tensorflow", "jax", "torch"]))
def test_every_backend_gives_the_same_losses(backend: str, on_backends: dict[str, Any]) -> None:
    labels, probabilities = batch()
    probabilities[:2] = np.eye(7)[:2]
    for text in TEXTS:
        here = losses_of(text, FER2013, labels, probabilities)
        values, trained = on_backends[backend][text]
        np.testing.assert_allclose(values, here, rtol=1e-5, err_msg=text)
        np.testing.assert_allclose(
            trained, on_backends["tensorflow"][text][1], rtol=1e-5, atol=1e-6, err_msg=text
        )


@pytest.mark.slow
@pytest.mark.parametrize("backend", marked(["tensorflow", "jax", "torch"]))
def test_every_backend_finds_the_loss_in_a_model_file(
    backend: str, on_backends: dict[str, Any]
) -> None:
    expected = built("class-balanced-focal:0.99:1.0", FER2013).get_config()
    assert on_backends[backend]["loaded"] == ["Focal", expected]


def test_cross_entropy_is_kerass_own() -> None:
    assert LossChoice("cross-entropy").build(FER2013) == "categorical_crossentropy"


@pytest.mark.parametrize("counts", [[], [0, 0], [3, -1]])
def test_counts_of_nothing_are_refused(counts: list[int]) -> None:
    with pytest.raises(UsageError, match="give the number of samples of each class"):
        known_counts(counts)


def test_a_text_is_checked_without_keras() -> None:
    code = (
        "import sys\nimport fer_model.heads.posthoc\n"
        "from fer_model.losses.choice import LossChoice\n"
        "LossChoice.parse('focal:2')\nassert 'keras' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
