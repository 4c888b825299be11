"""How far two sets of labels agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_data.analysis.agreement import Agreement, label_agreement
from fer_data.data.dataset import Dataset
from fer_data.data.sources.table import build


def by_hand(own: list[int], other: list[int]) -> Agreement:
    def dataset(labels: list[int]) -> Dataset:
        samples = [("train", "abc"[label], row) for row, label in enumerate(labels)]
        return build(Path("/d"), "x", "abc", samples)

    return label_agreement(dataset(own), dataset(other))


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=30))
@settings(deadline=None, max_examples=30)
def test_kappa_is_scikit_learn_s(pairs: list[tuple[int, int]]) -> None:
    from sklearn.metrics import cohen_kappa_score, confusion_matrix

    own, other = ([pair[side] for pair in pairs] for side in (0, 1))
    found = by_hand(own, other)
    assert np.array_equal(found.confusion, confusion_matrix(own, other, labels=[0, 1, 2]))
    assert found.proportion == pytest.approx(np.mean(np.array(own) == np.array(other)))
    if len({*own, *other}) > 1:
        assert found.kappa == pytest.approx(cohen_kappa_score(own, other))
    else:
        assert np.isnan(found.kappa)
        assert found.to_dict()["kappa"] is None


def test_no_sample_in_common_is_no_agreement() -> None:
    nothing = build(Path("/d"), "x", ["a"], [("test", None, 0)])
    agreement = label_agreement(nothing, nothing)
    assert agreement.num_samples == 0
    assert agreement.to_dict()["proportion"] is None
