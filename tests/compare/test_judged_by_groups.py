"""Verdicts on the accuracy of few-shot, medium-shot or many-shot classes."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fer_model
from fer_data.errors import UsageError
from fer_model.comparison import compare as comparing
from fer_model.comparison import grid
from fer_model.comparison.protocol import FILE, Protocol
from fer_model.reporting.page import write_comparison
from fer_model.statistics.scores import SHOT_ACCURACIES
from fer_model.training.recipe import Recipe
from tests.helpers.made_comparison import make_comparison
from tests.helpers.programs import MODEL, call

LABELS = np.repeat(np.arange(3), [60, 40, 20])
RUNS = {
    arm: [np.where(np.arange(120) % every == seed, 0, LABELS) for seed in range(3)]
    for arm, every in {"none": 4, "own": 9}.items()
}
OPTIONS: dict[str, Any] = {"train_counts": [300, 60, 9]}


@pytest.mark.parametrize("figure", SHOT_ACCURACIES)
def test_a_verdict_can_go_by_a_group_of_classes(figure: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    fer_model.compare_predictions(LABELS, RUNS, figure=figure, out=out, **OPTIONS)
    results = fer_model.read_results(out)
    assert [verdict.difference.figure for verdict in results.verdicts] == [figure]
    assert figure.replace("_shot_", "-shot ") in results.headline
    assert figure.replace("_shot_", "-shot ") in fer_model.as_markdown(results)
    assert f"{figure.replace('_shot_', '-shot ')} vs. none" in results._repr_html_()
    leaked = (LABELS == 2) | (np.arange(120) < 5)  # without them there is no few-shot class
    of_leaks = fer_model.compare_predictions(LABELS, RUNS, figure=figure, leaked=leaked, **OPTIONS)
    write_comparison(of_leaks, tmp_path / "page.html")
    assert fer_model.as_latex(of_leaks)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"train_counts": [300, 300, 300]},
        {"train_counts": [300, 60, 9], "shots": (5, 100)},
    ],
    ids=["unknown", "one group", "no such classes"],
)
def test_a_group_that_there_is_not_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="few_shot_accuracy: there are no such") as error:
        fer_model.compare_predictions(LABELS, RUNS, figure="few_shot_accuracy", **options)
    assert "shots" in error.value.fix
    found = fer_model.compare_predictions(LABELS, RUNS, figure="few_shot_accuracy", **OPTIONS)
    with pytest.raises(UsageError, match="fewer than 5 "):
        dataclasses.replace(found, shots=(5, 100))


def test_a_command_says_which_option_helps(tmp_path: Path) -> None:
    out = make_comparison(tmp_path / "out", train_counts=(300, 60, 9))
    dataclasses.replace(Protocol.read(out), figure="few_shot_accuracy").write(out)
    assert "few-shot accuracy" in call(MODEL, "compare", out).out
    refused = call(MODEL, "compare", out, "--shots", "5,100")
    assert (refused.code, "--shots" in refused.err) == (2, True)


def test_a_group_that_there_is_not_is_refused_before_any_training(
    faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = []
    monkeypatch.setattr(comparing, "train_missing", lambda *given: began.append(given))
    monkeypatch.setattr(grid, "write_samples", lambda *given: began.append(given))
    recipe = Recipe(net="small", epochs=1, schedule="cosine", keep="last")
    out = tmp_path / "out"
    with pytest.raises(UsageError, match="many_shot_accuracy: there are no such"):
        comparing.compare(
            faces,
            ["none", "crt"],
            [0],
            recipe=recipe,
            out=out,
            figure="many_shot_accuracy",
            shots=(5000, 6000),
        )
    assert not began
    assert not (out / FILE).exists()
