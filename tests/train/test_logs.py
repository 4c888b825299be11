"""Trainings that are logged elsewhere, too: by the real MLflow and Weights & Biases, offline."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fer_data.errors import UsageError
from fer_model.training.logs import PACKAGES, parse_logs

TRAINING = """
import signal
import sys

import keras

import fer_model

recipe = fer_model.Recipe(
    net="small", epochs=2, batch_size=64, learning_rate=3e-3, keep="last"
)


class Stop(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        signal.raise_signal(signal.SIGINT)


log, data = sys.argv[1:]
try:
    fer_model.train(recipe, data, "run", callbacks=[Stop()], log_to=log)
except KeyboardInterrupt:
    assert not fer_model.Run.open("run").is_finished
assert fer_model.resume("run", log_to=[log]).is_finished
"""
"""A training that is interrupted after an epoch and resumed."""


def train(log: str, data: Path, folder: Path) -> Path:
    """Train with a log, in a process of its own, which is what these packages expect."""
    names = ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME", "WANDB_MODE", "WANDB_PROJECT")
    ended = subprocess.run(
        [sys.executable, "-c", TRAINING, log, str(data)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name not in names},
    )
    assert ended.returncode == 0, ended.stderr
    return folder / "run"


def names_of(run: Path) -> dict[str, str]:
    """Return what a run says that logs call it."""
    written: dict[str, str] = json.loads((run / "logs.json").read_text("utf-8"))
    return written


@pytest.mark.slow
@pytest.mark.extra("mlflow", "tensorflow")
def test_mlflow_has_parameters_epochs_and_scores_of_one_run(faces: Path, tmp_path: Path) -> None:
    run = train("mlflow", faces, tmp_path)
    script = (
        "import json, mlflow, sys;"
        "c = mlflow.MlflowClient();"
        "e = c.get_experiment_by_name('fer-model');"
        "(run,) = c.search_runs([e.experiment_id]);"
        "steps = [m.step for m in c.get_metric_history(run.info.run_id, 'val_loss')];"
        "print(json.dumps([run.info.run_id, run.info.status, run.data.params,"
        " run.data.metrics, steps]))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path
    )
    assert ended.returncode == 0, ended.stderr
    name, status, params, metrics, steps = json.loads(ended.stdout.splitlines()[-1])
    assert names_of(run) == {"mlflow": name}
    assert status == "FINISHED"
    assert (params["net"], params["epochs"]) == ("small", "2")
    assert steps == [1, 2]
    scores = json.loads((run / "metrics.json").read_text("utf-8"))["test"]
    assert metrics["test/accuracy"] == pytest.approx(scores["accuracy"])
    assert metrics["test/recall/disgust"] == pytest.approx(scores["per_class"]["disgust"]["recall"])


@pytest.mark.slow
@pytest.mark.extra("wandb", "tensorflow")
def test_weights_and_biases_have_one_run_offline_that_is_resumed(
    faces: Path, tmp_path: Path
) -> None:
    run = train("wandb", faces, tmp_path)
    name = names_of(run)["wandb"]
    files = sorted((run / "wandb").glob("offline-run-*/*.wandb"))
    parts = [records_of(file) for file in files]
    assert len(parts) == 2  # which `wandb sync` sends one after another, as the same run
    for records, epoch in zip(parts, (1, 2), strict=True):
        (about,) = [record.run for record in records if record.HasField("run")]
        assert (about.run_id, about.project, about.resume) == (name, "fer-model", True)
        config = {one.key: json.loads(one.value_json) for one in about.config.update}
        assert (config["net"], config["epochs"]) == ("small", 2)
        (row,) = [values(record.history.item) for record in records if record.HasField("history")]
        assert row["_step"] == epoch
        assert {"loss", "val_loss", "val_accuracy", "learning_rate"} <= row.keys()
    first, last = (
        dict(item for one in records for item in values(one.summary.update).items())
        for records in parts
    )
    assert not any(key.startswith("test/") for key in first)
    scores = json.loads((run / "metrics.json").read_text("utf-8"))["test"]
    assert last["test/accuracy"] == pytest.approx(scores["accuracy"])
    recall = scores["per_class"]["disgust"]["recall"]
    assert last["test/recall/disgust"] == pytest.approx(recall)
    codes = [one.exit.exit_code for records in parts for one in records if one.HasField("exit")]
    assert codes == [1, 0]


def records_of(file: Path) -> list[Any]:
    """Return what is in a log of Weights & Biases: protocol buffers in blocks, as of LevelDB."""
    from wandb.proto.wandb_internal_pb2 import Record

    data, place, found, whole = file.read_bytes(), 7, [], b""
    while place + 7 <= len(data):
        if 32768 - place % 32768 < 7:  # no header fits into the rest of a block
            place += 32768 - place % 32768
            continue
        size, kind = struct.unpack("<4xHB", data[place : place + 7])
        whole += data[place + 7 : place + 7 + size]
        place += 7 + size
        if kind in (1, 4):  # whole, or its last part
            found.append(Record.FromString(whole))
            whole = b""
    return found


def values(items: Any) -> dict[str, Any]:
    """Return values by their names."""
    return {one.key or "/".join(one.nested_key): json.loads(one.value_json) for one in items}


def test_an_unknown_log_is_refused_before_anything_is_read() -> None:
    with pytest.raises(UsageError) as raised:
        parse_logs("mlflow-2")
    for name in PACKAGES:
        assert name in str(raised.value)


def test_a_log_whose_package_is_missing_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("fer_data.extras.find_spec", lambda name: None)
    with pytest.raises(UsageError) as raised:
        parse_logs(["wandb"])
    assert "\n" not in str(raised.value)
    assert "pip install 'fer-data[wandb]'" in str(raised.value)


@pytest.mark.extra("tensorboard")
def test_logs_are_named_once_each() -> None:
    assert parse_logs("tensorboard, tensorboard") == ("tensorboard",)
    assert parse_logs("") == ()
