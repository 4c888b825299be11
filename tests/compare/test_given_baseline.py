"""Predictions that are compared with another arm than the first."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fer_model
from fer_data.errors import UsageError
from tests.helpers.programs import MODEL, call

LABELS = np.repeat([0, 1], [60, 20])
RUNS = {
    arm: [np.where(np.arange(80) % every == seed, 1 - LABELS, LABELS) for seed in range(2)]
    for arm, every in {"none": 4, "crt": 9, "own": 13}.items()
}


def test_another_arm_can_be_the_baseline() -> None:
    other = fer_model.compare_predictions(LABELS, RUNS, baseline="own")
    turned = fer_model.compare_predictions(LABELS, {"own": RUNS["own"], **RUNS})
    assert other.arms == turned.arms == ("own", "none", "crt")
    np.testing.assert_array_equal(other.predicted_labels, turned.predicted_labels)
    assert [verdict.text for verdict in other.verdicts] == [one.text for one in turned.verdicts]
    results = fer_model.compare_predictions(LABELS, RUNS)
    apart = fer_model.paired_differences(results.predicted, baseline="own")
    found = fer_model.verdicts(apart, figure="balanced_accuracy")
    assert [verdict.text for verdict in found] == [verdict.text for verdict in other.verdicts]
    with pytest.raises(UsageError, match=r"^baseline: expected one of none, crt, own, got 'owm'"):
        fer_model.compare_predictions(LABELS, RUNS, baseline="owm")


def test_the_command_names_it_as_the_library_does(tmp_path: Path) -> None:
    for arm, runs in RUNS.items():
        (tmp_path / arm).mkdir()
        for seed, predicted in enumerate(runs):
            table = pd.DataFrame({"label": LABELS, "predicted": predicted})
            table.to_csv(tmp_path / arm / f"seed-{seed}.csv", index=False)
    ended = call(MODEL, "compare-predictions", tmp_path, "--baseline", "own", "--json")
    printed = json.loads(ended.out)
    assert printed["baseline"] == "own"
    library = fer_model.compare_predictions(LABELS, RUNS, baseline="own")
    texts = {verdict["arm"]: verdict["text"] for verdict in printed["verdicts"]}
    assert texts == {one.difference.arm: one.text for one in library.verdicts}
