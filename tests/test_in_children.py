"""What becomes of a comparison whose processes crash; here they are scripts that train nothing."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from fer_data.errors import DataError
from fer_model.comparison import in_children
from fer_model.comparison.protocol import Cell, Protocol
from fer_model.comparison.results import read_results
from fer_model.training.runs import Run
from tests.made_comparison import make_comparison

CHILD = """
import json, os, pathlib, shutil, signal, sys
made, out, log, mode = sys.argv[1:]
cells = json.load(sys.stdin)
def tell(**event): print(json.dumps(event), flush=True)
for place, (arm, seed) in enumerate(cells):
    calls = pathlib.Path(log)
    calls.write_text((calls.read_text() if calls.exists() else "") + f"{arm} {seed}\\n")
    times = calls.read_text().splitlines().count(f"{arm} {seed}")
    tell(event="training", cell=place)
    tell(event="step", number=3)
    if arm == "oversample" and mode == "killed" and (seed == 0 or times == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    if arm == "oversample" and mode == "fails":
        sys.exit("no memory left on device")
    if arm == "oversample" and mode == "refused":
        tell(event="refused", error="other data")
        sys.exit()
    if arm == "oversample" and mode == "stopped":
        tell(event="stopped")
        sys.exit()
    name = f"runs/{arm}/seed-{seed}"
    shutil.copytree(f"{made}/{name}", f"{out}/{name}", dirs_exist_ok=True)
    tell(event="end", cell=place, seconds=1.5)
    if arm == "none" and mode == "between" and times == 1:
        os.kill(os.getpid(), signal.SIGKILL)
if mode == "after":
    sys.exit(3)
tell(event="result", failures={})
"""


class Heard:
    """What a display was told."""

    def __init__(self) -> None:
        self.steps: list[int] = []
        self.ended: list[str] = []
        self.errors: list[str] = []

    def begin(self, cells: Any, num_steps: int, *, num_at_once: int = 1) -> None:
        self.num = len(cells)

    def training(self, cell: Cell) -> None:
        self.cell = cell

    def step(self, number: int) -> None:
        self.steps.append(number)

    def end(self, cell: Cell, run: Run, seconds: float) -> None:
        assert (run.path, seconds) == (cell.folder, 1.5)
        self.ended.append(str(cell))

    def failed(self, cell: Cell, error: str) -> None:
        self.errors.append(f"{cell}: {error}")


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that trains a comparison of two arms and seeds by scripts."""
    made = make_comparison(tmp_path / "made", arms=("none", "oversample"), seeds=(0, 1))
    out = tmp_path / "out"
    shutil.copytree(made, out, ignore=shutil.ignore_patterns("runs"))

    def train(mode: str) -> tuple[Path, Heard, list[Cell]]:
        command = [sys.executable, "-c", CHILD, str(made), str(out), str(tmp_path / "log"), mode]
        monkeypatch.setattr(in_children, "_command", lambda *_: command)
        heard = Heard()
        return out, heard, in_children.train_missing(Protocol.read(out), out, heard)

    return train


def test_every_run_is_made_and_told_of(trained: Any) -> None:
    out, heard, left = trained("well")
    assert left == []
    assert heard.ended == [f"{arm}, seed {s}" for s in (0, 1) for arm in ("none", "oversample")]
    assert heard.steps == [3] * 4
    assert json.loads((out / "failures.json").read_text()) == {}
    assert read_results(out).seeds == (0, 1)


def test_a_run_whose_process_is_killed_is_tried_again_and_the_others_go_on(trained: Any) -> None:
    out, heard, left = trained("killed")
    assert left == []
    assert heard.errors == [
        "oversample, seed 0: killed by signal 9 (out of memory?)",
        "oversample, seed 0: killed by signal 9 (out of memory?)",
        "oversample, seed 1: killed by signal 9 (out of memory?)",
    ]
    assert heard.ended == ["none, seed 0", "none, seed 1", "oversample, seed 1"]
    found = read_results(out)
    assert found.seeds == (1,)
    assert found.failures == {
        "oversample, seed 0": {"tries": 2, "error": "killed by signal 9 (out of memory?)"}
    }


def test_a_process_that_ends_between_two_runs_costs_a_try(trained: Any) -> None:
    out, heard, left = trained("between")
    assert left == []
    assert heard.errors == [
        f"oversample, seed {seed}: killed by signal 9 (out of memory?)" for seed in (0, 1)
    ]
    assert read_results(out).seeds == (0, 1)
    assert json.loads((out / "failures.json").read_text()) == {}


def test_a_process_that_ends_badly_when_all_is_done_has_done_all(trained: Any) -> None:
    out, heard, left = trained("after")
    assert (left, heard.errors) == ([], [])
    assert read_results(out).seeds == (0, 1)


def test_a_line_that_is_cut_off_costs_a_try(
    trained: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = """
import json, os, sys
json.load(sys.stdin)
print(json.dumps({"event": "training", "cell": 0}))
sys.stdout.write('{"event": "st')
sys.stderr.buffer.write(b"\\xff\\xfe no memory")
sys.exit(9)
"""
    out, _, _ = trained("stopped")
    monkeypatch.setattr(in_children, "_command", lambda *_: [sys.executable, "-c", code])
    heard = Heard()
    assert in_children.train_missing(Protocol.read(out), out, heard) == []
    assert len(heard.errors) == 6
    assert heard.errors[0].endswith("ended with code 9; \ufffd\ufffd no memory")


def test_what_a_process_said_last_is_told(trained: Any) -> None:
    _, heard, _ = trained("fails")
    assert heard.errors[0] == (
        "oversample, seed 0: its process ended with code 1; no memory left on device"
    )


def test_a_refusal_ends_it(trained: Any) -> None:
    with pytest.raises(DataError, match="other data"):
        trained("refused")


def test_after_ctrl_c_the_rest_is_still_missing(trained: Any) -> None:
    out, heard, left = trained("stopped")
    assert [str(cell) for cell in left] == [
        "oversample, seed 0",
        "none, seed 1",
        "oversample, seed 1",
    ]
    assert heard.ended == ["none, seed 0"]
    assert not (out / "failures.json").exists()


def test_a_process_that_does_not_start_is_an_error(
    trained: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, _, _ = trained("stopped")
    monkeypatch.setattr(
        in_children, "_command", lambda *_: [sys.executable, "-c", "import nothing"]
    )
    with pytest.raises(DataError, match=r"cannot go on: .* code 1; ModuleNotFoundError"):
        in_children.train_missing(Protocol.read(out), out, Heard())
