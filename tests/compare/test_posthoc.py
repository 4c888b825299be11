"""Corrections after the training."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from fer_data.errors import UsageError
from fer_model.heads.posthoc import TAUS, adjust_logits, apply_head, best_tau, tau_normalize

Floats = NDArray[np.float64]

COUNTS = [900, 90, 10]


def probabilities(seed: int = 0, size: int = 50, num_classes: int = 3) -> Floats:
    return np.random.default_rng(seed).dirichlet(np.ones(num_classes), size)


@given(
    st.lists(st.integers(0, 1000), min_size=2, max_size=6).filter(any),
    st.floats(0, 3),
    st.integers(0, 2**32 - 1),
)
def test_the_prior_is_divided_out(counts: list[int], tau: float, seed: int) -> None:
    given = probabilities(seed, 5, len(counts))
    given[0] = np.eye(len(counts))[0]
    least = min(n for n in counts if n > 0)
    prior = np.array([n or least for n in counts], np.float64)
    prior /= prior.sum()
    expected = given / prior**tau
    expected /= expected.sum(axis=1, keepdims=True)
    adjusted = adjust_logits(given, counts, tau)
    np.testing.assert_allclose(adjusted, expected, rtol=1e-9)
    np.testing.assert_allclose(adjusted.sum(axis=1), 1)


def test_no_adjustment_and_equal_counts_change_nothing() -> None:
    given = probabilities()
    np.testing.assert_allclose(adjust_logits(given, COUNTS, 0.0), given)
    np.testing.assert_allclose(adjust_logits(given, [5, 5, 5], 2.0), given)


def test_an_adjustment_undoes_a_prior_exactly() -> None:
    balanced = probabilities()
    skewed = balanced * np.array(COUNTS)
    skewed /= skewed.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(adjust_logits(skewed, COUNTS, 1.0), balanced)


def test_a_huge_tau_stays_finite() -> None:
    assert np.isfinite(adjust_logits(probabilities(), [10**6, 1, 0], 1000.0)).all()


def test_columns_are_divided_by_a_power_of_their_lengths() -> None:
    kernel = np.array([[3.0, 0.0, 0.3], [4.0, 0.0, 0.4]])
    assert tau_normalize(kernel, 0.0) == pytest.approx(kernel)
    assert tau_normalize(kernel, 1.0) == pytest.approx(np.array([[0.6, 0, 0.6], [0.8, 0, 0.8]]))
    halfway = np.linalg.norm(tau_normalize(kernel, 0.5), axis=0)
    assert halfway == pytest.approx([5**0.5, 0, 0.5**0.5])


def test_the_head_is_kerass_dense_layer_with_softmax() -> None:
    import keras

    layer = keras.layers.Dense(3, activation="softmax", bias_initializer="random_normal")
    features = np.random.default_rng(0).normal(size=(20, 8))
    expected = np.asarray(layer(np.float32(features)))
    kernel, bias = layer.get_weights()
    np.testing.assert_allclose(apply_head(features, kernel, bias), expected, rtol=1e-5)
    np.testing.assert_allclose(
        apply_head(features, kernel), apply_head(features, kernel, np.zeros(3))
    )
    assert np.isfinite(apply_head(1e4 * features, kernel, bias)).all()


def skewed_sample(seed: int, counts: list[int]) -> tuple[NDArray[np.int64], Floats]:
    """Labels, and the posteriors of a model that has learnt the prior of `COUNTS`."""
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(3), counts)
    x = random.normal(labels, 0.7)
    likelihoods = np.exp(-((x[:, None] - np.arange(3)) ** 2) / (2 * 0.7**2))
    posteriors = likelihoods * np.array(COUNTS)
    return labels, posteriors / posteriors.sum(axis=1, keepdims=True)


def balanced_accuracy(labels: NDArray[np.int64], found: Floats) -> float:
    return float(np.mean([(found[labels == c].argmax(1) == c).mean() for c in np.unique(labels)]))


def test_the_best_tau_has_the_best_balanced_accuracy_of_the_grid() -> None:
    labels, given = skewed_sample(0, COUNTS)
    tau = best_tau(labels, lambda tau: adjust_logits(given, COUNTS, tau))
    scores = {tau: balanced_accuracy(labels, adjust_logits(given, COUNTS, tau)) for tau in TAUS}
    assert scores[tau] == max(scores.values()) > scores[0.0]


def test_with_many_samples_the_best_tau_is_the_theorys() -> None:
    labels, given = skewed_sample(0, [100_000] * 3)
    found = best_tau(labels, lambda tau: adjust_logits(given, COUNTS, tau), [0.0, 0.5, 1.0, 1.5])
    assert found == 1.0


def test_of_equally_good_taus_the_least_is_taken() -> None:
    labels = np.array([0, 1, 1, 4])  # no samples of 2 and 3
    assert best_tau(labels, lambda tau: np.eye(5)[labels], [1.0, 0.5, 2.0]) == 0.5


def test_nothing_to_choose_by_is_refused() -> None:
    with pytest.raises(UsageError, match="0 validation samples and 21 values of tau"):
        best_tau([], lambda tau: np.zeros((0, 3)))
    with pytest.raises(UsageError, match="1 validation samples and 0 values"):
        best_tau([0], lambda tau: np.ones((1, 3)), [])
