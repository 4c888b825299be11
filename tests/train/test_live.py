"""How the library shows a training: a line an epoch, live in a terminal, or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from fer_model.training.recipe import Recipe
from fer_model.training.train import resume, train
from tests.helpers.runs import StopAfter, interrupted

RECIPE = Recipe(net="small", epochs=2, steps_per_epoch=3, batch_size=16, keep="last")


@pytest.mark.usefixtures("no_plots")
def test_a_training_prints_a_line_an_epoch_or_nothing(
    faces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupted(RECIPE, faces, tmp_path / "run", callbacks=[StopAfter(4)])
    resume(tmp_path / "run")
    shown = capsys.readouterr()
    lines = [line for line in shown.err.splitlines() if line.startswith("epoch ")]
    assert [line.split(":")[0].split() for line in lines] == [
        ["epoch", "1", "of", "2"],
        ["epoch", "2", "of", "2"],
    ]
    train(RECIPE, faces, tmp_path / "silent", verbose=0)
    silent = capsys.readouterr()
    assert shown.out == silent.out == silent.err == ""


@pytest.mark.usefixtures("no_plots")
def test_a_training_is_shown_live_in_a_terminal(
    faces: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich then takes it for a terminal
    train(RECIPE, faces, tmp_path / "run")
    shown = capsys.readouterr().err
    assert "Epoch 2 of 2" in shown
    assert "validation accuracy" in shown
    assert "epoch   1 of 2" not in shown
