"""A comparison that is stopped or killed leaves nothing running, and can be continued."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from fer_data.util import locks
from fer_model.training.runs import Run

pytestmark = pytest.mark.usefixtures("no_plots")


def same_but_for_time(first: Path, second: Path) -> None:
    for folder in (first, second):
        assert (folder / "results.json").exists()

    def scores(out: Path) -> Any:
        written = json.loads((out / "results.json").read_text())
        for arm in written["arms"]:
            del arm["seconds"]
        return written

    assert scores(first) == scores(second)
    for run in sorted((first / "runs").glob("*/*")):
        other = second / run.relative_to(first)
        pd.testing.assert_frame_equal(Run(run).predictions, Run(other).predictions)


def compare_command(data: Path, out: Path, *, steps: int = 8) -> list[str]:
    words = [sys.executable, "-m", "fer_model.cli", "compare", str(data)]
    words += ["--arms", "none,ldam-drw:0.5,crt", "--seeds", "2", "--net", "small"]
    words += ["--epochs", "5", "--steps-per-epoch", str(steps), "--batch-size", "32"]
    return [*words, "--out", str(out)]


def wait_for(what: Callable[[], bool], child: subprocess.Popen[Any]) -> None:
    """Wait until something is so, as long as a process runs."""
    while not what():
        assert child.poll() is None, child.communicate()
        time.sleep(0.02)


def is_free(out: Path) -> bool:
    """Whether no process holds a comparison's lock."""
    lock = locks.opened(out / ".lock")
    try:
        return not locks.is_taken(lock)
    finally:
        os.close(lock)


@pytest.mark.slow
@pytest.mark.parametrize("at", ["the start", "a training"])
def test_ctrl_c_stops_a_comparison_cleanly(leaky: Path, tmp_path: Path, at: str) -> None:
    out = tmp_path / "out"
    child = subprocess.Popen(
        compare_command(leaky, out, steps=2000),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    if at == "the start":
        assert child.stderr is not None
        assert child.stderr.readline().startswith("every run: ")
    else:
        wait_for((out / "runs/none/seed-0/recipe.json").exists, child)
    child.send_signal(signal.SIGINT)
    printed, errors = child.communicate(timeout=120)
    assert (child.returncode, printed) == (130, ""), errors
    assert errors.endswith(f"and kept in {out}. Run it again to continue.\n")
    assert "Traceback" not in errors
    assert is_free(out)


@pytest.mark.slow
def test_the_trainings_of_a_command_that_was_killed_end_with_it(
    leaky: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    child = subprocess.Popen(
        compare_command(leaky, out, steps=2000),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for((out / "runs/none/seed-0/recipe.json").exists, child)
    assert not is_free(out)
    child.kill()
    child.wait()
    limit = time.monotonic() + 120
    while not is_free(out):
        assert time.monotonic() < limit, "a training goes on without its command"
        time.sleep(0.1)


@pytest.mark.slow
def test_a_comparison_killed_anywhere_and_given_again_ends_in_the_same_table(
    leaky: Path, tmp_path: Path
) -> None:
    done = subprocess.run(
        compare_command(leaky, tmp_path / "whole"), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    kills, command = 0, compare_command(leaky, tmp_path / "killed")
    for appeared in ("comparison.json", "runs/*/*/recipe.json", "runs/*/*/metrics.json"):
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while child.poll() is None and not list((tmp_path / "killed").glob(appeared)):
            time.sleep(0.05)
        if child.poll() is None:
            child.send_signal(signal.SIGKILL)
            kills += 1
        child.wait()
    assert kills
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    same_but_for_time(tmp_path / "whole", tmp_path / "killed")
