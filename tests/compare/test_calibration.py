"""Calibration: the reliability table and its error."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_data.errors import UsageError
from fer_model.statistics.calibration import calibration


def test_the_calibration_error_of_a_table_made_by_hand() -> None:
    top = np.array([0.95, 0.95, 0.95, 0.95, 0.6, 0.6])
    right = np.array([True, True, True, False, False, True])
    measured = calibration(top, right, num_bins=10)
    assert measured.counts.tolist() == [0, 0, 0, 0, 0, 2, 0, 0, 0, 4]
    assert measured.accuracy[[5, 9]].tolist() == [0.5, 0.75]
    assert measured.confidence[[5, 9]] == pytest.approx([0.6, 0.95])
    assert measured.error == pytest.approx((2 * 0.1 + 4 * 0.2) / 6)
    assert measured.to_dict()["accuracy"][0] is None


@given(st.integers(0, 1000))
@settings(max_examples=20)
def test_the_calibration_error_is_that_of_a_plain_loop(seed: int) -> None:
    random = np.random.default_rng(seed)
    probabilities = random.dirichlet(np.full(4, 0.5), 200).astype(np.float32)
    labels = random.integers(0, 4, 200)
    top, guess = probabilities.max(axis=1).astype(np.float64), probabilities.argmax(axis=1)
    expected = 0.0
    for place in range(15):
        inside = (top > place / 15) & (top <= (place + 1) / 15)
        if inside.any():
            accuracy = (guess == labels)[inside].mean()
            expected += inside.sum() / 200 * abs(accuracy - top[inside].mean())
    measured = calibration(probabilities.max(axis=1), guess == labels)
    assert measured.error == pytest.approx(expected)
    assert measured.counts.sum() == 200


def test_probabilities_of_one_are_in_the_last_bin() -> None:
    measured = calibration(np.ones(3, np.float32), np.ones(3, np.bool_))
    assert measured.counts[-1] == 3
    assert measured.error == 0


def test_logits_are_not_probabilities() -> None:
    with pytest.raises(UsageError, match="logits"):
        calibration(np.array([3.0]), np.array([True]))
    with pytest.raises(UsageError, match=r"expected \[N\]"):
        calibration(np.zeros(2), np.array([True]))
