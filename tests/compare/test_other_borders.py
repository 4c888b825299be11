"""A finished comparison that is judged by another margin and other shot groups."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fer_model
from fer_data.errors import UsageError
from tests.helpers.made_comparison import make_comparison

LABELS = np.repeat(np.arange(3), [60, 40, 20])
RUNS = {
    arm: [np.where(np.arange(120) % every == seed, 0, LABELS) for seed in range(3)]
    for arm, every in {"none": 4, "own": 9}.items()
}


def trained(out: Path) -> Path:
    return make_comparison(out, train_counts=(400, 200, 50))


def given(out: Path) -> Path:
    fer_model.compare_predictions(LABELS, RUNS, train_counts=[400, 200, 50], out=out)
    return out


@pytest.mark.parametrize("made", [trained, given])
def test_results_that_are_read_are_judged_by_what_is_given(
    made: Callable[[Path], Path], tmp_path: Path
) -> None:
    out = made(tmp_path / "out")
    files = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    usual = fer_model.read_results(out)
    other = fer_model.read_results(out, shots=(60, 300), margin=0.9)
    assert (other.margin, other.shots) == (0.9, (60, 300))
    assert set(other.predicted.groups) == {
        f"{name}_shot_accuracy" for name in ("many", "medium", "few")
    }
    assert "few_shot_accuracy" not in usual.predicted.groups
    assert {verdict.word for verdict in other.verdicts} == {"no practical difference"}
    assert "helps" in {verdict.word for verdict in usual.verdicts}
    assert (fer_model.read_results(out).margin, usual.margin) == (0.01, 0.01)
    assert files == {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "wrong", [{"margin": 1.5}, {"margin": -0.1}, {"shots": (300, 60)}, {"shots": (20,)}]
)
def test_borders_that_cannot_be_are_refused(wrong: dict[str, Any], tmp_path: Path) -> None:
    out = given(tmp_path / "out")
    with pytest.raises(UsageError, match=r"margin|shots"):
        fer_model.read_results(out, **wrong)


def test_shots_need_the_training_samples_of_each_class(tmp_path: Path) -> None:
    fer_model.compare_predictions(LABELS, RUNS, out=tmp_path / "out")
    with pytest.raises(UsageError, match="training samples") as error:
        fer_model.read_results(tmp_path / "out", shots=(60, 300))
    assert "shots" in error.value.fix
