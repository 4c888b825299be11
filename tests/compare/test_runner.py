"""What becomes of a comparison whose processes crash; here they are scripts that train nothing."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from fer_data.errors import DataError, TrainingError, UsageError
from fer_model.comparison import runner
from fer_model.comparison.announcement import num_finished
from fer_model.comparison.protocol import Protocol
from fer_model.comparison.reading import read_results
from tests.helpers.made_comparison import Heard, make_comparison

CHILD = """
import json, os, pathlib, shutil, signal, sys
made, out, log, mode = sys.argv[1:]
cells = json.loads(sys.stdin.readline())["cells"]
def tell(**event): print(json.dumps(event), flush=True)
for place, (arm, seed) in enumerate(cells):
    calls = pathlib.Path(log)
    with calls.open("a") as file:
        file.write(f"{arm} {seed}\\n")
    times = calls.read_text().splitlines().count(f"{arm} {seed}")
    if mode == "at once":
        sys.exit("no keras")
    tell(event="begin", cell=place)
    tell(event="step", cell=place, number=3)
    if arm == "oversample" and mode == "killed" and (seed == 0 or times == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    if arm == "oversample" and mode == "exits":
        sys.exit("no memory left on device")
    if arm == "oversample" and mode == "cut off":
        sys.stdout.write('{"event": "st')
        sys.stderr.buffer.write(b"\\xff\\xfe no memory")
        sys.exit(9)
    if arm == "oversample" and mode == "fails":
        tell(event="failed", cell=place, error="ValueError: no")
        continue
    if arm == "oversample" and mode == "wrong" or mode == "all wrong" or mode.startswith(arm):
        error = f"UsageError: net a:build: expected {'the same' if 'wrong' in mode else arm}"
        tell(event="failed", cell=place, error=error, is_final=True)
        break
    if arm == "none" and mode == "no base" or mode == "all fail":
        tell(event="failed", cell=place, error="ValueError: no")
        break
    if arm == "oversample" and mode == "refused":
        tell(event="refused", error="other data")
        break
    if arm == "oversample" and mode == "stopped":
        tell(event="stopped")
        break
    if arm == "oversample" and mode == "nothing":
        break
    name = f"runs/{arm}/seed-{seed}"
    shutil.copytree(f"{made}/{name}", f"{out}/{name}", dirs_exist_ok=True)
    tell(event="end", cell=place, seconds=1.5)
if mode == "after":
    sys.exit(3)
"""
KILLED = "killed by signal 9 (out of memory?)"
ALL = [f"{arm}, seed {seed}" for seed in (0, 1) for arm in ("none", "post-hoc:1.0", "oversample")]


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that trains a comparison of three arms and two seeds by scripts."""
    arms = ("none", "oversample", "post-hoc:1.0")
    made = make_comparison(tmp_path / "made", arms=arms, seeds=(0, 1))
    out = tmp_path / "out"
    shutil.copytree(made, out, ignore=shutil.ignore_patterns("runs"))

    def train(mode: str, num_at_once: int = 1) -> tuple[Path, Heard]:
        command = [sys.executable, "-c", CHILD, str(made), str(out), str(tmp_path / "log"), mode]
        monkeypatch.setattr(runner, "_command", lambda out: command)
        heard, here = Heard(), runner.LocalStarter(out, {}, num_at_once=num_at_once)
        runner.train_missing(Protocol.read(out), out, heard, here)
        return out, heard

    return train


@pytest.mark.parametrize("num_at_once", [1, 3])
@pytest.mark.parametrize("mode", ["well", "after"])
def test_every_run_is_made_and_shown(trained: Any, mode: str, num_at_once: int) -> None:
    out, heard = trained(mode, num_at_once)
    assert heard.begun == ALL
    assert sorted(heard.ended) == sorted(ALL)
    assert num_at_once > 1 or heard.ended == ALL
    assert (heard.steps, heard.errors) == ([3] * 6, [])
    assert json.loads((out / "failures.json").read_text()) == {}
    assert read_results(out).seeds == (0, 1)


def test_a_run_whose_process_is_killed_is_tried_again_and_the_others_go_on(trained: Any) -> None:
    out, heard = trained("killed")
    assert heard.errors == [
        *[f"oversample, seed 0: {KILLED}"] * 2,
        f"oversample, seed 1: {KILLED}",
    ]
    assert heard.ended == [name for name in ALL if name != "oversample, seed 0"]
    results = read_results(out)
    assert results.seeds == (1,)
    assert results.training is not None
    assert results.training.failures == {"oversample, seed 0": {"tries": 2, "error": KILLED}}


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        ("exits", "its process ended with code 1; no memory left on device"),
        ("cut off", "its process ended with code 9; \ufffd\ufffd no memory"),
        ("fails", "ValueError: no"),
    ],
)
def test_what_a_run_failed_of_is_reported(trained: Any, mode: str, error: str) -> None:
    out, heard = trained(mode)
    assert heard.errors == [f"oversample, seed {seed}: {error}" for seed in (0, 0, 1, 1)]
    failures = json.loads((out / "failures.json").read_text())
    assert failures == {f"oversample, seed {seed}": {"tries": 2, "error": error} for seed in (0, 1)}


def test_what_fails_for_good_is_not_tried_again(trained: Any) -> None:
    out, heard = trained("wrong")
    error = "UsageError: net a:build: expected the same"
    assert heard.errors == [f"oversample, seed {seed}: {error}" for seed in (0, 1)]
    failures = json.loads((out / "failures.json").read_text())
    assert failures == {f"oversample, seed {seed}": {"tries": 1, "error": error} for seed in (0, 1)}
    assert read_results(out).arms == ("none", "post-hoc:1.0")


def test_what_fails_for_good_in_every_arm_ends_it_with_the_cause(
    trained: Any, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="every arm fails: net a:build: expected the same"):
        trained("all wrong")
    assert (tmp_path / "log").read_text().splitlines() == ["none 0", "oversample 0"]


def test_an_error_of_every_arm_ends_it_once_each_was_tried_again(
    trained: Any, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="every arm fails: ValueError: no"):
        trained("all fail")
    assert (tmp_path / "log").read_text().splitlines() == ["none 0"] * 2 + ["oversample 0"] * 2


def test_a_comparison_without_results_names_the_first_failure(trained: Any) -> None:
    out, _ = trained("none and all that is put on it")  # the other arm was trained
    with pytest.raises(DataError, match=r"is none, seed 0: UsageError: net a:build: expected none"):
        read_results(out)


def test_heads_of_a_training_that_fails_are_named(trained: Any) -> None:
    out, heard = trained("no base")
    failures = json.loads((out / "failures.json").read_text())
    assert [about["tries"] for about in failures.values()] == [2, 0] * 2
    assert "its base none, seed 0 is not" in failures["post-hoc:1.0, seed 0"]["error"]
    assert heard.ended == ["oversample, seed 0", "oversample, seed 1"]


@pytest.mark.parametrize(
    ("mode", "message"),
    [("refused", "other data"), ("nothing", "without a message"), ("at once", "code 1; no keras")],
)
def test_what_no_second_try_helps_ends_it(trained: Any, mode: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        trained(mode)


def test_after_ctrl_c_the_rest_is_still_missing(trained: Any, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        trained("stopped")
    out = tmp_path / "out"
    assert num_finished(Protocol.read(out), out) == "2 of 6 runs are finished"
    assert not (out / "failures.json").exists()
    _, again = trained("well")
    assert again.begun == again.ended == ALL[2:]
