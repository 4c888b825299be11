"""Arms whose runs predict one class only: nothing can be said of what changes them."""

from __future__ import annotations

import numpy as np
import pytest

import fer_model
from fer_model.statistics.verdict import CANNOT_TELL, EQUIVALENT, HELPS, HURTS

LABELS = np.repeat(np.arange(4), 2000)
NAMES = np.array(["ant", "bee", "cow", "dog"])


def summary(*runs: list[np.ndarray]) -> fer_model.Summary:
    arms = dict(zip(("none", "own", "other"), runs, strict=False))
    named = {arm: [NAMES[run] for run in of_arm] for arm, of_arm in arms.items()}
    return fer_model.Summary(fer_model.compare_predictions(NAMES[LABELS], named))


def only(*labels: int) -> list[np.ndarray]:
    return [np.full(len(LABELS), label) for label in labels]


RIGHT = [np.where(np.arange(len(LABELS)) % 9 == seed, 0, LABELS) for seed in range(3)]


def test_two_collapsed_arms_are_no_practical_equivalence() -> None:
    said = summary(only(0, 0, 0), only(0, 0, 0))
    (verdict,) = said.main
    low, high = verdict.difference.simultaneous
    assert -0.01 < low < high < 0.01
    assert (verdict.word, verdict.more_seeds) == (CANNOT_TELL, None)
    assert "none predicts only ant and own predicts only ant" in verdict.text
    assert said.headline.startswith("none predicts only ant, so it has not learnt")


def test_of_two_collapsed_arms_neither_helps_by_the_class_it_predicts() -> None:
    labels = np.repeat(["ant", "bee"], [900, 100])
    runs = {"none": [np.full(1000, "bee")] * 3, "own": [np.full(1000, "ant")] * 3}
    results = fer_model.compare_predictions(labels, runs, figure="accuracy")
    assert results.differences.of("own", "accuracy").p_holm < 0.01
    assert [verdict.word for verdict in results.verdicts] == [CANNOT_TELL]


def test_an_arm_that_learns_helps_a_baseline_that_does_not_and_the_headline_says_both() -> None:
    said = summary(only(0, 1, 0), RIGHT, only(0, 1, 0))
    assert [verdict.word for verdict in said.main] == [HELPS, CANNOT_TELL]
    assert "none predicts only ant or only bee, so" in said.main[0].text
    assert said.headline.startswith("none predicts only ant or only bee, so it has not learnt")
    assert "own raises balanced accuracy" in said.headline


def test_a_collapsed_arm_is_no_equal_of_a_baseline_that_hardly_differs() -> None:
    almost = only(0, 0, 0)
    for run in almost:
        run[2000:2010] = 1
    said = summary(only(0, 0, 0), almost)
    assert -0.01 < said.main[0].difference.low < said.main[0].difference.high < 0.01
    assert said.main[0].word == CANNOT_TELL
    assert summary(almost, only(0, 0, 0)).main[0].word == EQUIVALENT


def test_a_baseline_with_one_run_that_learns_has_not_collapsed() -> None:
    said = summary([*only(0, 0), RIGHT[0]], only(0, 0, 0))
    assert not said.results.differences.collapsed.get("none")
    assert not said.headline.startswith("none predicts")


def test_an_arm_that_collapses_alone_hurts() -> None:
    said = summary(RIGHT, only(0, 0, 0))
    assert said.main[0].word == HURTS
    assert said.headline.startswith("No arm is shown to help; own lowers")


@pytest.mark.parametrize("num_seeds", [1, 3])
def test_notes_name_the_arm_the_class_and_the_seeds(num_seeds: int) -> None:
    notes = summary(only(0, 0, 1)[:num_seeds], RIGHT[:num_seeds]).notes()
    seeds = {1: ["ant (seed 0)"], 3: ["ant (seeds 0, 1)", "bee (seed 2)"]}[num_seeds]
    assert [note for note in notes if "predicts only" in note] == [
        f"arm none predicts only {those}" for those in seeds
    ]


def test_where_samples_are_of_one_class_nothing_has_collapsed() -> None:
    results = fer_model.compare_predictions(
        np.zeros(60, int),
        {"none": [np.zeros(60, int)] * 3, "own": [np.zeros(60, int)] * 3},
        class_names=["ant", "bee"],
    )
    assert not results.differences.collapsed
