"""A run that is stopped or killed and resumed is the run that was never stopped."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import fer_data
from fer_data.errors import DataError
from fer_data.writers.split_folders import write_split_folders
from fer_model.training.evaluate import evaluate_run
from fer_model.training.recipe import Recipe
from fer_model.training.runs import Run
from fer_model.training.train import resume, train
from tests.conftest import MakeFolder
from tests.helpers.runs import QUICK, StopAfter, assert_same_run, interrupted

no_plots = pytest.mark.usefixtures("no_plots")


@pytest.fixture(scope="module")
def run(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("runs")
    return train(QUICK, faces, folder / "natural", cache=folder / "cache")


@no_plots
@pytest.mark.slow
@pytest.mark.parametrize("steps", [3, 10])
def test_dropout_goes_on_where_it_was(faces: Path, tmp_path: Path, steps: int) -> None:
    recipe = Recipe(epochs=2, batch_size=32, image_size=(16, 16), steps_per_epoch=5)
    whole = train(recipe, faces, tmp_path / "whole")
    stopped = interrupted(recipe, faces, tmp_path / "stopped", callbacks=[StopAfter(steps - 1)])
    assert_same_run(whole, resume(stopped.path))


@pytest.mark.slow
@no_plots
@pytest.mark.parametrize("steps", [1, 8, 9, 12])
def test_a_run_stopped_by_ctrl_c_and_resumed_is_the_uninterrupted_one(
    run: Run, faces: Path, tmp_path: Path, steps: int
) -> None:
    handler = signal.getsignal(signal.SIGINT)
    stopped = interrupted(QUICK, faces, tmp_path / "stopped", callbacks=[StopAfter(steps)])
    assert signal.getsignal(signal.SIGINT) is handler
    with pytest.raises(DataError, match="not finished"):
        _ = stopped.metrics
    resumed = resume(stopped.path)
    assert resumed.is_finished
    assert not resumed.checkpoint_path.exists()
    assert_same_run(run, resumed)


KILLED = """
import os, signal, sys
import keras
from fer_model.training.recipe import Recipe
from fer_model.training.train import train

class KillAfterEpoch(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if self.model.optimizer.iterations.numpy() == 9:
            os.kill(os.getpid(), signal.SIGKILL)

recipe = Recipe(net="small", epochs=2, learning_rate=3e-3, batch_size=32, rescale=1 / 255)
train(recipe, sys.argv[1], sys.argv[2], callbacks=[KillAfterEpoch()])
"""


def test_what_a_killed_process_left_of_its_first_file_is_in_no_ones_way(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".1a2b3c4d.recipe.json").write_text("{")
    run = Run.create(tmp_path / "run", Recipe(), {}, {})
    assert run.recipe == Recipe()
    with pytest.raises(DataError, match="holds something already"):
        Run.create(tmp_path / "run", Recipe(), {}, {})


@pytest.mark.slow
@no_plots
def test_a_run_killed_and_resumed_is_the_uninterrupted_one(
    run: Run, faces: Path, tmp_path: Path
) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, faces, tmp_path / "killed"], capture_output=True
    )
    assert killed.returncode == -signal.SIGKILL
    assert not Run.open(tmp_path / "killed").is_finished
    assert_same_run(run, resume(tmp_path / "killed"))


@no_plots
def test_resuming_on_changed_data_is_refused(make_folder: MakeFolder, tmp_path: Path) -> None:
    counts = {"train/a": 40, "train/b": 40}
    data = make_folder(counts)
    recipe = Recipe(net="small", epochs=2, batch_size=8)
    stopped = interrupted(recipe, data, tmp_path / "run", callbacks=[StopAfter(2)])
    make_folder(counts, seed=1)
    with pytest.raises(DataError, match="has changed"):
        resume(stopped.path)


@no_plots
def test_resuming_applies_the_selection_again_and_refuses_one_that_changed(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    data = make_folder({"train/a": 12, "train/b": 8, "valid/a": 4, "valid/b": 4}, side=16)
    listed = tmp_path / "x.csv"
    listed.write_text("sample\ntrain/a/0001.png\ntrain/b/0002.png\n")
    recipe = Recipe(net="small", epochs=1, batch_size=6, image_size=(16, 16))
    stopped = interrupted(recipe, data, tmp_path / "run", exclude=listed, callbacks=[StopAfter(2)])
    assert stopped.data["counts"]["train"] == [11, 7]
    assert "2 excluded, by x.csv" in stopped.data["notes"]
    text = listed.read_text()
    listed.write_text("sample\ntrain/a/0001.png\n")
    with pytest.raises(DataError, match=r"the selection \(exclude .*x\.csv\) differs from when"):
        resume(stopped.path)
    listed.write_text(text)
    run = resume(stopped.path)
    assert json.loads((run.path / "ledger.json").read_text())["classes"]["a"]["samples"] == 11
    everything = ["sample", *(f"valid/{name}/000{n}.png" for name in "ab" for n in range(4))]
    listed.write_text("\n".join(everything))
    with pytest.raises(DataError, match="there is no validation split here"):
        evaluate_run(run.path, data, split="validation", exclude=listed)


@pytest.mark.slow
def test_touched_data_is_the_same_and_changed_data_another(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    data = make_folder({"train/a": 40, "train/b": 40}, side=16)
    recipe = Recipe(net="small", epochs=2, batch_size=8, image_size=(16, 16))
    stopped = interrupted(recipe, data, tmp_path / "run", callbacks=[StopAfter(2)])
    shutil.copytree(stopped.path, tmp_path / "other")
    write_split_folders(
        fer_data.split(data, pool=True, near_duplicates=False), tmp_path / "divided"
    )
    assert (data / "train" / "a" / "0000.png").stat().st_nlink == 2
    assert resume(stopped.path).is_finished
    path = data / "train" / "a" / "0001.png"
    info, content = path.stat(), bytearray(path.read_bytes())
    path.unlink()
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
    with pytest.raises(DataError, match="has changed"):
        resume(tmp_path / "other")
