"""Arms under new names: nothing that is said of results has the old ones."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fer_model
from fer_model.comparison.protocol import Cell, Protocol
from fer_model.comparison.results import Results
from tests.helpers.made_comparison import make_comparison

LABELS = np.repeat(np.arange(3), [80, 40, 20])
FEATURES = 2.0 * np.eye(3, 8)[LABELS] + np.random.default_rng(0).normal(size=(140, 8))
SPLITS = np.where(np.arange(140) % 4 == 0, "test", "train")


def of_trainings(folder: Path) -> Results:
    """Return results of which there is much to note: arms without controls, failures, additions."""
    arms = ("none", "oversample", "oversample+crt", "batch+balanced-softmax", "sam:0.05")
    out = make_comparison(folder / "made", arms=arms, sharpness=4.0)
    protocol = Protocol.read(out)
    dataclasses.replace(protocol, later=("arm sam:0.05", "seed 2")).write(out)
    cells = [cell for cell in protocol.cells(out) if str(cell.arm) == arms[2] and cell.seed == 2]
    unfinished(cells[0])
    failures = {str(cells[0]): {"tries": 2, "error": "it stopped"}}
    (out / "failures.json").write_text(json.dumps(failures), "utf-8")
    return fer_model.read_results(out)


def unfinished(cell: Cell) -> None:
    (cell.folder / "metrics.json").unlink()


def of_features(folder: Path) -> Results:
    arms = ["none", "oversample+crt", "oversample+class-weights"]
    options: dict[str, Any] = {"splits": SPLITS, "epochs": 2, "verbose": 0}
    fer_model.compare_features(FEATURES, LABELS, arms, 2, **options, out=folder / "kept")
    return fer_model.read_results(folder / "kept")


def of_predictions(folder: Path) -> Results:
    right = [np.where(np.arange(140) % 9 == seed, 0, LABELS) for seed in range(4)]
    runs = {"plain": [0 * LABELS] * 3, "own": right, "twice": [right[0]] * 3}
    fer_model.compare_predictions(LABELS, runs, out=folder / "kept")
    return fer_model.read_results(folder / "kept")


@pytest.mark.parametrize("made", [of_trainings, of_features, of_predictions])
def test_no_note_has_an_old_name(made: Any, tmp_path: Path) -> None:
    results = made(tmp_path)
    renamed = results.rename({arm: f"Arm {place}" for place, arm in enumerate(results.arms)})
    before, after = (fer_model.Summary(one).notes() for one in (results, renamed))
    assert after[0].startswith("names of arms: Arm 0 is ")
    assert len(after) == len(before) + 1
    changed = [note for note in after[1:] if note not in before]
    assert len(changed) >= 2
    markers = [f" {arm}{end}" for arm in results.arms for end in (", ", ": ", " ")]
    own = [marker for marker in markers if "none" not in marker]  # which is a word, too
    assert not [(note, marker) for note in after[1:] for marker in own if marker in f" {note} "]
    for text in (fer_model.as_markdown(renamed), renamed._repr_html_()):
        assert not any(marker in text.partition("ames of arms")[0] for marker in own)


def test_a_function_of_the_user_is_named_without_its_module(tmp_path: Path) -> None:
    out = make_comparison(tmp_path / "made", arms=("none", "oversample"), seeds=(0, 1))
    results = fer_model.read_results(out)
    training = results.training
    assert training is not None
    recipe = dataclasses.replace(training.protocol.recipe, net="__main__:build#0123456789ab")
    protocol = dataclasses.replace(training.protocol, recipe=recipe)
    named = dataclasses.replace(results, training=dataclasses.replace(training, protocol=protocol))
    assert fer_model.Summary(named).notes()[0].startswith("every run: net build, ")
    assert fer_model.Summary(results).notes()[0].startswith("every run: net small, ")
