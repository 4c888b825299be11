"""Progress in a notebook: one line that is replaced, of which the last state stays."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from rich.console import Console

from fer_data.util.files import write_json
from fer_model.comparison.display import ComparisonDisplay
from fer_model.comparison.protocol import Protocol
from fer_model.statistics.scores import SUMMARIES
from fer_model.status_line import StatusLine, print_note
from fer_model.training.live import shown
from fer_model.training.recipe import Recipe
from fer_model.training.train import train
from tests.helpers.made_comparison import make_comparison

RECIPE = Recipe(net="small", epochs=2, steps_per_epoch=3, batch_size=16, keep="last")


class Displays(list[list[str]]):
    """What a notebook shows: a list of states for each display, and notes that stay."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[Any] = []

    def display(self, data: Any, *, raw: bool = False, display_id: bool = False) -> Any:
        if not display_id:
            self.notes.append(data)
            return None
        assert raw
        states = [data["text/plain"]]
        self.append(states)
        self.html = data["text/html"]
        return self

    def update(self, data: dict[str, str], *, raw: bool) -> None:
        assert raw
        self[-1].append(data["text/plain"])
        self.html = data["text/html"]


@pytest.fixture
def displays(monkeypatch: pytest.MonkeyPatch) -> Displays:
    found = Displays()
    module = ModuleType("IPython.display")
    module.display = found.display  # type: ignore[attr-defined]
    package = ModuleType("IPython")
    package.version_info = (9, 0)  # type: ignore[attr-defined]  # which matplotlib asks for
    monkeypatch.setitem(sys.modules, "IPython", package)
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    return found


def notebook(*, quiet: bool = False) -> Console:
    return Console(stderr=True, force_jupyter=True, quiet=quiet)


def test_a_line_is_replaced_in_a_notebook_and_silence_is_silent(displays: Displays) -> None:
    line = StatusLine(notebook())
    line.show("<b>one")
    line.show("two")
    assert displays == [["<b>one", "two"]]
    assert "<pre" not in displays.html
    assert displays.html.endswith(">two</p>")
    StatusLine(notebook(quiet=True)).show("three")
    assert len(displays) == 1


def test_a_note_is_no_preformatted_text_in_a_notebook(
    displays: Displays, capsys: pytest.CaptureFixture[str]
) -> None:
    words = "<i>many</i> words " * 20
    print_note(notebook(), words, style="red")
    print_note(notebook(quiet=True), words)
    (data,) = displays.notes
    assert data["text/plain"] == words
    assert "&lt;i&gt;many" in data["text/html"]
    assert "pre" not in data["text/html"]
    assert not capsys.readouterr().err
    print_note(Console(stderr=True), words)
    assert capsys.readouterr().err == f"{words}\n"


@pytest.mark.usefixtures("no_plots")
def test_a_training_is_one_line_in_a_notebook(
    faces: Path, tmp_path: Path, displays: Displays
) -> None:
    with shown(notebook(), tmp_path / "run", RECIPE.epochs) as callbacks:
        train(RECIPE, faces, tmp_path / "run", callbacks=callbacks, verbose=0)
    lines = [states for states in displays if states[-1].startswith("epoch")]
    (states,) = lines
    assert states[-1].startswith("epoch   2 of 2: loss ")
    assert any(", step " in state for state in states)


def test_a_comparison_is_one_line_in_a_notebook(tmp_path: Path, displays: Displays) -> None:
    out = make_comparison(tmp_path / "out", arms=("none", "oversample"), seeds=(0,))
    scores: dict[str, Any] = dict.fromkeys(SUMMARIES, 0.5)
    scores |= {"num_samples": 1, "loss": 1.0, "per_class": {}}
    for path in out.rglob("metrics.json"):
        write_json(path, {**json.loads(path.read_text("utf-8")), "test": scores})
    protocol = Protocol.read(out)
    cells = protocol.cells(out)
    display = ComparisonDisplay(notebook(), "balanced_accuracy")
    display.begin({cell: protocol.steps_of(cell) for cell in cells}, 1)
    for start, cell in zip((0.0, 100.0), cells, strict=True):
        display.show(cell, {"event": "begin", "at": start})
        for number in range(1, 31):
            display.show(cell, {"event": "step", "at": start + number, "number": number})
        figures = {"loss": 1.0, "val_loss": 1.1}
        ended = {"epoch": 3, "epochs": 3, "number": 30, "figures": figures}
        display.show(cell, {"event": "epoch", "at": start + 31, **ended})
        display.show(cell, {"event": "end", "at": start + 32, "seconds": 32.0})
    display.close()
    (states,) = displays
    assert "run 1 of 2: none, seed 0: step 15 of 30; about 46 s left" in states
    assert states[-1] == "run 2 of 2: oversample, seed 0: balanced accuracy 0.5000 (32 s)"
