"""Classes that training or the test split lacks, and what each kind of comparison says of them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import fer_model
from fer_model.comparison.announcement import before_training, without_samples
from fer_model.comparison.protocol import Protocol
from fer_model.comparison.reading import read_results
from fer_model.comparison.results import rarest_class
from tests.helpers.made_comparison import make_comparison

NAMES = ("ant", "bee", "cow", "dog")


@pytest.mark.parametrize(
    ("train", "test", "rarest"),
    [
        ((90, 0, 5, 20), (10, 10, 10, 10), 2),
        ((90, 7, 0, 20), (10, 0, 10, 10), 3),
        ((0, 0, 5, 5), (10, 10, 10, 10), None),
        ((), (10, 10, 10, 10), None),
    ],
)
def test_the_rarest_class_has_training_samples_and_test_samples(
    train: tuple[int, ...], test: tuple[int, ...], rarest: int | None
) -> None:
    assert rarest_class(train, np.array(test)) == rarest


@pytest.mark.parametrize(
    ("train", "test", "lines"),
    [
        ((9, 9, 9, 9), (9, 9, 9, 9), []),
        ((), (9, 9, 9, 9), []),
        ((90, 0, 5, 20), (9, 9, 9, 9), ["no training sample of bee: .* class .* samples is cow"]),
        ((9, 0, 0, 9), (9, 9, 9, 9), ["no training sample of bee, cow: no run can learn them, "]),
        ((9, 9, 9, 9), (9, 9, 0, 9), ["no test sample of cow: .* recall of the other 3 classes"]),
        ((9, 9, 0, 9), (0, 9, 0, 9), ["no test sample of ant, cow: .* of the other 2 classes"]),
        ((9, 0, 9, 9), (9, 9, 9, 0), ["no training sample of bee: ", "no test sample of dog: "]),
    ],
)  # fmt: skip
def test_a_line_names_the_classes_and_what_is_made_of_them(
    train: tuple[int, ...], test: tuple[int, ...], lines: list[str]
) -> None:
    found = without_samples(NAMES, train, np.array(test))
    assert len(found) == len(lines)
    for line, pattern in zip(found, lines, strict=True):
        assert re.match(pattern, line)


def test_of_many_classes_ten_are_named() -> None:
    names = [f"class {label}" for label in range(30)]
    (line,) = without_samples(names, (), np.array([5] * 5 + [0] * 25))
    assert "class 14 and 15 more: " in line


def test_a_comparison_of_trainings_says_it_before_and_after(tmp_path: Path) -> None:
    out = make_comparison(tmp_path / "out", train_counts=(200, 0, 20))
    before = before_training(Protocol.read(out), out)
    summary = fer_model.Summary(read_results(out))
    for lines in (before, summary.notes()):
        assert len([line for line in lines if line.startswith("no training sample of dog")]) == 1
    assert summary.rarest == "rare"


def test_a_comparison_of_features_says_it() -> None:
    labels = np.repeat(np.arange(4), 40)
    features = 3 * np.eye(4)[labels] + np.random.default_rng(0).normal(size=(160, 4))
    splits = np.where((np.arange(160) % 4 == 0) | (labels == 1), "test", "train")
    splits[labels == 2] = "train"
    results = fer_model.compare_features(
        features,
        labels,
        ["none", "oversample", "crt"],
        1,
        splits=splits,
        class_names=NAMES,
        epochs=2,
    )
    summary = fer_model.Summary(results)
    assert results.train_counts == (27, 0, 36, 27)  # a tenth is held out
    assert any(note.startswith("no training sample of bee") for note in summary.notes())
    assert any(note.startswith("no test sample of cow") for note in summary.notes())
    assert summary.rarest is None


def test_a_comparison_of_predictions_says_it() -> None:
    labels = np.array(NAMES)[np.repeat([0, 1, 3], 40)]
    runs = {"none": [labels] * 2, "own": [labels] * 2}
    results = fer_model.compare_predictions(
        labels, runs, class_names=NAMES, train_counts=(9, 0, 8, 7)
    )
    notes = fer_model.Summary(results).notes()
    assert (
        sum(
            note.startswith(("no training sample of bee", "no test sample of cow"))
            for note in notes
        )
        == 2
    )
