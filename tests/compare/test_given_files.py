"""Predictions as NumPy writes them, and arms that are no lists of runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fer_data
import fer_model
from fer_data.errors import DataError, UsageError
from fer_model.comparison.prediction_tables import read_counts
from tests.helpers.programs import MODEL, call

LABELS = np.repeat([0, 1, 2], [30, 8, 6])
RUNS = {
    arm: [np.random.default_rng([seed, bias]).dirichlet([1, 1, 1 + bias], 44) for seed in range(2)]
    for bias, arm in enumerate(("none", "own"))
}


def npy(path: Path, values: np.ndarray) -> Path:
    np.save(path.with_suffix(".npy"), values)
    return path.with_suffix(".npy")


def npz(path: Path, values: np.ndarray) -> Path:
    np.savez(path.with_suffix(".npz"), values)
    return path.with_suffix(".npz")


@pytest.mark.parametrize("write", [npy, npz])
@pytest.mark.parametrize("labels_alone", [False, True])
def test_one_array_in_a_file_is_a_run(write: Any, labels_alone: bool, tmp_path: Path) -> None:
    runs = {
        arm: [values.argmax(axis=1) if labels_alone else values for values in of_arm]
        for arm, of_arm in RUNS.items()
    }
    files = {
        arm: [write(tmp_path / f"{arm}-{k}", values) for k, values in enumerate(of_arm)]
        for arm, of_arm in runs.items()
    }
    found = fer_model.compare_predictions(write(tmp_path / "labels", LABELS), files)
    plain = fer_model.compare_predictions(LABELS, runs)
    np.testing.assert_array_equal(found.predicted_labels, plain.predicted_labels)
    np.testing.assert_array_equal(found.confidences, plain.confidences)


@pytest.mark.parametrize("write", [npy, npz])
def test_the_command_compares_a_folder_of_arrays(write: Any, tmp_path: Path) -> None:
    for arm, runs in RUNS.items():
        (tmp_path / arm).mkdir()
        for seed, values in enumerate(runs):
            write(tmp_path / arm / f"seed-{seed}", values)
    write(tmp_path / "labels", LABELS)
    ended = call(MODEL, "compare-predictions", tmp_path)
    assert (ended.code, "skipped" in ended.err) == (0, False)
    assert "44 test images" in ended.out


def test_what_numpy_cannot_read_is_refused_by_arm_and_run(tmp_path: Path) -> None:
    np.savez(tmp_path / "two.npz", a=RUNS["own"][0], b=RUNS["own"][1])
    np.save(tmp_path / "objects.npy", np.array([{}, None], object))
    (tmp_path / "none.npy").write_bytes(b"none")
    for name in ("two.npz", "objects.npy", "none.npy"):
        arms = {**RUNS, "own": [RUNS["own"][0], tmp_path / name]}
        with pytest.raises(DataError, match=rf"^arm 'own', run 2 .*{name}"):
            fer_model.compare_predictions(LABELS, arms)


@pytest.mark.parametrize(
    "runs",
    [RUNS["own"][0], RUNS["own"][0].tolist(), LABELS, LABELS.tolist(), list(map(float, LABELS))],
    ids=["array", "lists", "labels", "list of labels", "floats"],
)
def test_the_predictions_of_one_run_are_no_list_of_runs(runs: Any) -> None:
    with pytest.raises(UsageError, match=r"arm 'own': expected a list of runs, .* \[predictions\]"):
        fer_model.compare_predictions(LABELS, {"none": RUNS["none"], "own": runs})


def test_a_stack_of_runs_is_a_list_of_them() -> None:
    plain = fer_model.compare_predictions(LABELS, RUNS)
    stacked: Any = {arm: np.stack(runs) for arm, runs in RUNS.items()}
    found = fer_model.compare_predictions(LABELS, stacked)
    np.testing.assert_array_equal(found.predicted_labels, plain.predicted_labels)
    labels: Any = {arm: np.stack(runs).argmax(axis=2) for arm, runs in RUNS.items()}
    found = fer_model.compare_predictions(LABELS, labels)
    np.testing.assert_array_equal(found.predicted_labels, plain.predicted_labels)


def test_results_are_not_replaced_by_fewer(tmp_path: Path) -> None:
    labels = np.arange(60) % 3
    runs = [np.where(np.arange(60) % 7 == seed, 0, labels) for seed in range(3)]
    arms = {"none": runs, "crt": runs[::-1], "retrained": runs}
    out = tmp_path / "out"
    results = fer_model.compare_predictions(labels, arms, out=out)
    assert "balanced accuracy 0.0" in fer_model.Summary(results).cost_of("crt")
    assert "against its control retrained" in fer_model.Summary(results).cost_of("crt")
    assert "control" not in fer_model.Summary(results).cost_of("retrained")
    fer_model.compare_predictions(labels, arms, out=out)  # the same again
    for fewer in ({"none": runs, "crt": runs}, {arm: of_arm[:2] for arm, of_arm in arms.items()}):
        with pytest.raises(UsageError, match="3 seeds of none, crt, retrained, which"):
            fer_model.compare_predictions(labels, fewer, out=out)
    assert fer_model.read_results(out).arms == ("none", "crt", "retrained")


def test_counts_of_several_splits_are_those_of_training(tmp_path: Path) -> None:
    labels = np.repeat(["cat", "dog"], [30, 10])
    images = np.zeros((40, 8, 8), np.uint8)
    data = {"train": (images, labels), "test": (images[:20], labels[20:])}
    path = tmp_path / "counts.csv"
    fer_data.stats(data).to_csv(path)
    assert read_counts(path) == {"cat": 30, "dog": 10}
    lines = path.read_text().splitlines()
    path.write_text("\n".join(line for line in lines if not line.startswith("train")) + "\n")
    with pytest.raises(DataError, match="no training split"):
        read_counts(path)
    path.write_text("class,count\ncat,3\ncat,4\n")
    with pytest.raises(DataError, match="class cat is there twice"):
        read_counts(path)
