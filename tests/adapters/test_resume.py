"""A loader's state: what it tells, what it refuses, and a process killed within an epoch."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer_data.errors import UsageError
from fer_data.loading.opening import open_loader
from fer_data.sampling.shard import Shard
from tests.conftest import MakeFolder

OPTIONS: dict[str, Any] = {"balance": "batch", "batch_size": 4, "image_size": 12}


@pytest.fixture
def data(make_folder: MakeFolder) -> Path:
    return make_folder({"train/a": 11, "train/b": 5, "train/c": 2}, side=12)


def test_a_state_is_two_numbers_and_the_settings(data: Path) -> None:
    loader = open_loader(data, **OPTIONS)
    for _ in range(2):
        list(loader)
    iterator = iter(loader)
    next(iterator)
    state = loader.state()
    assert (state["epoch"], state["step"]) == (2, 1)
    assert set(state) == {"epoch", "step", "samples", "goes_on", "fingerprint"}
    assert json.loads(json.dumps(state)) == state
    expected = [batch.samples.tolist() for batch in iterator]
    again = open_loader(data, **OPTIONS, state=state)
    assert [batch.samples.tolist() for batch in again] == expected
    assert again.state() == loader.state()


def test_asking_for_a_batch_moves_nothing(data: Path) -> None:
    loader = open_loader(data, **OPTIONS)
    loader.batch(7)
    list(loader.epoch(1))
    assert loader.state() == open_loader(data, **OPTIONS).state()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"balance": "power:0"}, "balance was batch, is power:0.0"),
        ({"seed": 1}, "seed was 0, is 1"),
        ({"augment": "strong"}, r"augment was \[Flip\(\)\], is \[Flip\(\), Shift\("),
        ({"augment_rare": "strong"}, r"augment was \[Flip\(\)\], is \[Flip\(\)\]; classes \[2\]"),
        ({"mix": "mixup:1"}, "mix was none, is mixup:1.0"),
        ({"epoch_size": 7}, "epoch_size was 18, is 7"),
        ({"drop_remainder": True}, "drop_remainder was False, is True"),
        ({"image_size": 13}, "the data differs: 18 samples in 3 classes in both, but "),
    ],
)
def test_a_state_of_other_settings_is_refused_and_they_are_named(
    data: Path, changed: dict[str, Any], message: str
) -> None:
    state = open_loader(data, **OPTIONS).state()
    with pytest.raises(UsageError, match=message) as refused:
        open_loader(data, **{**OPTIONS, **changed}, state=state)
    assert str(refused.value).count(" was ") + str(refused.value).count("differs") == 1


def test_a_state_of_other_data_is_refused(data: Path, make_folder: MakeFolder) -> None:
    state = open_loader(data, **OPTIONS).state()
    other = make_folder({"train/a": 11, "train/b": 5, "train/c": 2}, name="other", side=12, seed=1)
    with pytest.raises(UsageError, match="the data differs: 18 samples in 3 classes in both"):
        open_loader(other, **OPTIONS, state=state)
    larger = make_folder({"train/a": 12, "train/b": 5, "train/c": 2}, name="larger", side=12)
    with pytest.raises(
        UsageError, match=r"the data differs: was 18 samples in 3 classes, is 19 samples in 3"
    ):
        open_loader(larger, **OPTIONS, state=state)


def test_rescaling_and_shards_may_change(data: Path) -> None:
    options = {**OPTIONS, "drop_remainder": True}
    state = open_loader(data, **options, shard=Shard(1, 2)).state(5)
    whole = open_loader(data, **options, rescale=1 / 255, state=state)
    parts = [open_loader(data, **options, shard=Shard(i, 3), state=state) for i in range(3)]
    found = np.concatenate([next(iter(part)).samples for part in parts])
    assert found.tolist() == next(iter(whole)).samples.tolist()
    assert found.tolist() == open_loader(data, **options).batch(5).samples.tolist()


@pytest.mark.parametrize("state", [{}, None, "epoch", {"epoch": 0, "step": 0}])
def test_what_is_no_state_is_refused(data: Path, state: Any) -> None:
    with pytest.raises(UsageError, match="state: expected what"):
        open_loader(data, **OPTIONS).from_state(state)


def test_a_state_from_before_the_first_epoch_is_refused(data: Path) -> None:
    loader = open_loader(data, **OPTIONS)
    with pytest.raises(UsageError, match="epoch -1"):
        loader.from_state({**loader.state(), "epoch": -1})


def test_a_step_that_no_epoch_has_is_neither_given_nor_taken(data: Path) -> None:
    loader = open_loader(data, **OPTIONS)
    with pytest.raises(UsageError, match="step: expected a whole number, 0 or more, got -1"):
        loader.state(-1)
    with pytest.raises(UsageError, match=f"state: step 999; an epoch has {loader.num_steps}"):
        loader.from_state({**loader.state(), "step": 999})


WORKER = """
import hashlib, itertools, json, os, sys
import fer_data
path, file, engine = sys.argv[1:]
state = json.load(open(file)) if os.path.exists(file) else None
loader = fer_data.open_loader(
    path, balance="batch", batch_size=4, image_size=12, augment="strong", state=state
)
dataset = fer_data.tf_dataset(loader) if engine == "tf.data" else loader
step = loader.step
for epoch in itertools.count():
    for found in dataset:
        images = found[0].numpy() if engine == "tf.data" else found.images
        batch = loader.batch(step)
        facts = [batch.samples, batch.repeats, batch.parameters.matrix, batch.parameters.box]
        digest = hashlib.md5(images.tobytes()).hexdigest()
        step += 1
        with open(file + ".new", "w") as temporary:
            json.dump(loader.state(step), temporary)
        os.replace(file + ".new", file)
        print(json.dumps([digest, *(fact.tolist() for fact in facts)]), flush=True)
        sys.stdin.readline()  # go on
"""


def lines_until_killed(data: Path, file: Path, engine: str, num: int) -> list[str]:
    """Run a worker for so many batches, and kill it where it waits within an epoch."""
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(data), str(file), engine],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdin is not None
    assert worker.stdout is not None
    lines = []
    for _ in range(num):
        lines.append(worker.stdout.readline())
        worker.stdin.write("\n")
        if len(lines) < num:
            worker.stdin.flush()
    worker.send_signal(signal.SIGKILL)
    assert worker.wait() == -signal.SIGKILL
    worker.stdout.close()
    with contextlib.suppress(BrokenPipeError):
        worker.stdin.close()
    return lines


@pytest.mark.parametrize("engine", ["numpy", pytest.param("tf.data", marks=pytest.mark.slow)])
def test_killed_and_resumed_gives_what_an_uninterrupted_run_gives(
    data: Path, tmp_path: Path, engine: str
) -> None:
    whole = lines_until_killed(data, tmp_path / "whole.json", "numpy", 12)
    file = tmp_path / "state.json"
    parts = [lines_until_killed(data, file, engine, num) for num in (3, 4, 5)]
    assert [line for part in parts for line in part] == whole
    assert len(set(whole)) == 12
    assert json.loads(file.read_text())["epoch"] == 2
