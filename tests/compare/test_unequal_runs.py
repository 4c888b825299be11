"""Arms with different numbers of runs: what is compared, and what is said of it."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fer_model
from fer_data.errors import UsageError
from tests.helpers.programs import MODEL, call

LABELS = np.repeat(["cat", "dog", "eel"], [40, 20, 10])


def run(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    wrong = random.choice(["cat", "dog", "eel"], len(LABELS))
    return np.where(random.random(len(LABELS)) < 0.7, LABELS, wrong)


def runs(first: int, num: int) -> list[np.ndarray]:
    return [run(seed) for seed in range(first, first + num)]


def write(folder: Path, arms: dict[str, dict[str, np.ndarray]]) -> Path:
    for arm, named in arms.items():
        for name, predicted in named.items():
            (folder / arm).mkdir(parents=True, exist_ok=True)
            table = pd.DataFrame({"label": LABELS, "predicted": predicted})
            table.to_csv(folder / arm / f"{name}.csv", index=False)
    return folder


def test_the_first_runs_are_compared_and_a_warning_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    none, own = runs(0, 5), runs(9, 3)
    with caplog.at_level(logging.WARNING, "fer_data"):
        found = fer_model.compare_predictions(LABELS, {"none": none, "own": own})
    equal = fer_model.compare_predictions(LABELS, {"none": none[:3], "own": own})
    np.testing.assert_array_equal(found.predicted_labels, equal.predicted_labels)
    (message,) = caplog.messages
    assert "none 5, own 3" in message
    assert found.all_remarks == (message, *equal.all_remarks)
    fer_model.write_comparison(found, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    assert page.count(message) == 1
    assert page.index(message) < page.index("<h2>")


@pytest.mark.parametrize("numbers", [(5, 2, 5), (2, 5, 5), (3, 3, 1)])
def test_an_arm_for_which_most_runs_would_not_be_used_is_refused(
    numbers: tuple[int, ...],
) -> None:
    names = ("none", "own", "other")
    arms = {names[k]: runs(10 * k, num) for k, num in enumerate(numbers)}
    with pytest.raises(UsageError, match=rf"^arm '{names[numbers.index(min(numbers))]}' has"):
        fer_model.compare_predictions(LABELS, arms)


def test_a_folder_says_which_runs_are_in_no_figure(tmp_path: Path) -> None:
    none = {f"seed-{k}": run(k) for k in range(4)}
    own = {f"seed-{k}": run(k + 9) for k in (0, 2, 3)}
    folder = write(tmp_path / "results", {"none": none, "own": own})
    out = tmp_path / "out"
    ended = call(MODEL, "compare-predictions", str(folder), "--out", str(out))
    assert ended.code == 0
    assert "none/seed-1" in ended.err
    assert "none/seed-0" not in ended.err
    assert "none/seed-1" in (out / "index.html").read_text("utf-8")
    assert fer_model.read_results(out).predicted.num_seeds == 3
    unlike = {f"run-{k}": run(k + 9) for k in range(3)}
    folder = write(tmp_path / "unlike", {"none": none, "own": unlike})
    ended = call(MODEL, "compare-predictions", str(folder))
    assert ended.code == 0
    assert ended.err.count("none 4, own 3") == 1
    few = {"seed-0": run(9), **{f"run-{k}": run(k) for k in range(3)}}
    folder = write(tmp_path / "few", {"none": none, "own": few})
    ended = call(MODEL, "compare-predictions", str(folder))
    assert (ended.code, ended.err.count("\n")) == (2, 1)
