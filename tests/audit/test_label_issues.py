from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import fer_data
from fer_data.analysis.label_issues import check_label_issues, find_label_issues, read_predictions
from fer_data.analysis.predictions import (
    PREDICTIONS,
    SavedPredictions,
    concatenated,
    save_predictions,
)
from fer_data.data.dataset import Dataset
from fer_data.data.sources.table import build
from fer_data.errors import DataError
from tests.helpers.csv_files import FLAT, write_csv
from tests.helpers.programs import DATA, call

NAMES = ("cat", "dog", "owl")


def dataset_of(labels: NDArray[np.int64]) -> Dataset:
    samples = [("train", NAMES[label], f"{row}.png") for row, label in enumerate(labels)]
    return build(Path("/data"), "made up", NAMES, samples)


def noisy(
    number: int, fraction_wrong: float, *, seed: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Return true labels, labels of which a fraction is wrong, and a model's probabilities."""
    random = np.random.default_rng(seed)
    true = random.choice(3, number, p=[0.7, 0.25, 0.05])
    logits = random.normal(size=(number, 3)) + 3 * np.eye(3)[true] + [1, 0, -1]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    given = np.where(random.random(number) < fraction_wrong, random.integers(0, 3, number), true)
    return true, given, probabilities.astype(np.float32)


def test_wrong_labels_are_flagged_and_stand_first() -> None:
    true, given, probabilities = noisy(3000, 0.1)
    issues = find_label_issues(dataset_of(given), np.arange(3000), probabilities)
    wrong = (true != given)[issues.rows]
    assert wrong[:50].mean() > 0.9
    assert wrong[issues.flagged].mean() > 5 * wrong.mean()
    assert wrong[issues.flagged].sum() > 0.7 * wrong.sum()
    right = issues.suggested[issues.flagged] == true[issues.rows[issues.flagged]]
    assert right.mean() > 0.6


def test_a_rare_class_is_not_flagged_for_being_rare() -> None:
    true, _, probabilities = noisy(3000, 0.0)
    issues = find_label_issues(dataset_of(true), np.arange(3000), probabilities)
    rare = true[issues.rows] == 2
    assert issues.flagged[rare].mean() < 0.2


@given(st.integers(0, 2**32 - 1))
def test_the_formula_is_that_of_the_paper(seed: int) -> None:
    random = np.random.default_rng(seed)
    labels = np.concatenate([[0, 1, 2], random.integers(0, 3, 9)])
    probabilities = random.dirichlet(np.ones(3), 12).astype(np.float32)
    issues = find_label_issues(dataset_of(labels), np.arange(12), probabilities)
    thresholds = [probabilities[labels == label, label].mean() for label in range(3)]
    for place, row in enumerate(issues.rows.tolist()):
        confident = [j for j in range(3) if probabilities[row, j] >= thresholds[j] - 1e-7]
        best = max(confident, key=lambda j: probabilities[row, j]) if confident else labels[row]
        assert issues.suggested[place] == best
        over = probabilities[row] - thresholds
        others = np.delete(over, labels[row])
        assert issues.margins[place] == pytest.approx(over[labels[row]] - others.max(), abs=1e-6)
    assert (np.diff(issues.margins) >= 0).all()
    assert sorted(issues.rows.tolist()) == list(range(12))


def write_run(folder: Path, samples: list[str], probabilities: NDArray[np.float32]) -> Path:
    """Write the predictions of a run as training does, with some of a test split as well."""
    names = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
    parts = [
        SavedPredictions(
            names,
            np.full(len(samples), split),
            np.array(samples),
            np.zeros(len(samples), np.int64),
            probabilities,
        )
        for split in ("validation", "test")
    ]
    folder.mkdir()
    save_predictions(folder / PREDICTIONS, concatenated(parts))
    return folder


def runs_of(tmp_path: Path) -> tuple[Path, list[Path]]:
    """Write 20 rows of a csv, and two runs that each validated on half of them."""
    codes = [0, 3] * 10  # angry, happy
    table = write_csv(tmp_path / "fer.csv", [f"{code},{FLAT},Training" for code in codes])
    sees = np.full((20, 7), 0.02, np.float32)
    sees[np.arange(20), [0, 3] * 10] = 0.88
    sees[4] = sees[5]  # an angry face that looks happy
    halves = [list(range(10)), list(range(10, 20))]
    return table, [
        write_run(tmp_path / f"run-{k}", [f"row {row}" for row in half], sees[half])
        for k, half in enumerate(halves)
    ]


def test_the_runs_of_all_folds_are_read_together(tmp_path: Path) -> None:
    table, runs = runs_of(tmp_path)

    dataset = fer_data.load(table)
    rows, probabilities = read_predictions(runs, dataset)
    assert sorted(rows.tolist()) == list(range(20))
    issues = find_label_issues(dataset, rows, probabilities)
    assert issues.rows[0] == 4
    assert issues.to_dicts() == [
        {
            "sample": "row 4",
            "label": "happy",
            "own_label": "angry",
            "probability_of_label": pytest.approx(0.88),
            "probability_of_own_label": pytest.approx(0.02),
            "margin": issues.margins[0],
        }
    ]
    twice, means = read_predictions([*runs, runs[0]], dataset)
    assert sorted(twice.tolist()) == list(range(20))
    np.testing.assert_allclose(means[np.argsort(twice)], probabilities[np.argsort(rows)])


def test_the_command_lists_them_in_a_csv_that_exclude_and_relabel_take(tmp_path: Path) -> None:
    table, runs = runs_of(tmp_path)
    out = tmp_path / "issues.csv"
    arguments = ["label-issues", table, *runs]
    ended = call(DATA, *arguments, "--out", out)
    assert ended.code == 0
    assert "1 of 20 labels is flagged" in ended.out
    with open(out, newline="", encoding="utf-8") as file:
        assert [row["sample"] for row in csv.DictReader(file)] == ["row 4"]
    ended = call(DATA, "stats", table, "--json", "--exclude", out)
    assert json.loads(ended.out)["splits"]["train"]["counts"]["angry"] == 9
    ended = call(DATA, "stats", table, "--json", "--relabel", out)
    counts = json.loads(ended.out)["splits"]["train"]["counts"]
    assert (counts["angry"], counts["happy"]) == (9, 11)
    ended = call(DATA, *arguments, "--json", "--relabel", out)
    printed = json.loads(ended.out)
    assert printed["flagged"][0]["label"] == "happy"
    assert printed["check"]["top"] == pytest.approx(1 / 20)


def test_predictions_of_other_data_are_refused(tmp_path: Path) -> None:
    table, runs = runs_of(tmp_path)

    dataset = fer_data.load(table)
    with pytest.raises(DataError, match="other classes"):
        read_predictions(runs, replace(dataset, class_names=(*dataset.class_names[:6], "zest")))
    with pytest.raises(DataError, match="none: no run here"):
        read_predictions([tmp_path / "none"], dataset)
    (tmp_path / "broken.npz").write_bytes(b"PK")
    with pytest.raises(DataError, match=r"broken\.npz: cannot be read"):
        read_predictions([tmp_path / "broken.npz"], dataset)
    other = write_run(tmp_path / "other", ["a.png"], np.full((1, 7), 1 / 7, np.float32))
    with pytest.raises(DataError, match="none of its samples"):
        read_predictions([other], dataset)


def test_label_issues_are_checked_against_labels_that_no_one_showed_to_the_model() -> None:
    true, given, probabilities = noisy(3000, 0.1)
    issues = find_label_issues(dataset_of(given), np.arange(3000), probabilities)
    check = check_label_issues(issues, dataset_of(true))
    assert check.num_samples == 3000
    assert check.base == pytest.approx((true != given).mean())
    assert min(check.top, check.flagged) > 5 * check.base
    assert check.auc > 0.9
    with pytest.raises(DataError, match="nothing to check"):
        check_label_issues(issues, dataset_of(given))
