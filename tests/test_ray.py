"""Comparisons on a Ray cluster of several nodes, all on this machine."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fer_data.errors import DataError, TrainingError, UsageError
from fer_data.fer2013.synthetic import write_synthetic
from fer_model.comparison import grid, on_node
from fer_model.comparison.arm import parse_arms
from fer_model.comparison.protocol import Cell, Protocol
from fer_model.training import models
from fer_model.training.recipe import Recipe
from fer_model.training.runs import Run
from tests.made_comparison import train_here
from tests.test_imports import imported

on_ray = pytest.importorskip("fer_model.comparison.on_ray", reason="the extra ray is not installed")

from ray.cluster_utils import Cluster  # noqa: E402

pytestmark = pytest.mark.slow

RECIPE = Recipe(net="small", schedule="cosine", keep="last", learning_rate=3e-3)


class Notes:
    """A display that takes notes."""

    def __init__(self) -> None:
        self.begun: list[Cell] = []
        self.ended: list[Cell] = []
        self.errors: list[str] = []
        self.num_at_once = 0

    def begin(self, cells: Sequence[Cell], num_steps: int, *, num_at_once: int = 1) -> None:
        self.begun, self.num_at_once = list(cells), num_at_once

    def training(self, cell: Cell) -> None:
        pass

    def step(self, number: int) -> None:
        pass

    def end(self, cell: Cell, run: Run, seconds: float) -> None:
        assert seconds > 0
        self.ended.append(cell)

    def failed(self, cell: Cell, error: str) -> None:
        self.errors.append(error)


@pytest.fixture(scope="module")
def few_faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("synthetic") / "faces"
    write_synthetic(folder, num_images=300, seed=1)
    return folder


@pytest.fixture(scope="module")
def protocol(few_faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Protocol:
    arms = parse_arms(["none", "oversample", "post-hoc:1"])
    cache = tmp_path_factory.mktemp("cache")
    return grid.declare(RECIPE, few_faces, arms, (0, 1), num_steps=12, cache=cache)[0]


@pytest.fixture(scope="module")
def local(protocol: Protocol, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The comparison as it is trained here, in turn."""
    out = tmp_path_factory.mktemp("local")
    assert train_here(protocol, out, Notes(), cache=out / "cache") == []
    return out


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A cluster whose first node, to which the driver connects, trains nothing."""
    at_once = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 500}
    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "_system_config": at_once}
    )
    try:
        yield cluster
    finally:
        cluster.shutdown()


def add_node(cluster: Cluster, cache: Path) -> Any:
    return cluster.add_node(num_cpus=1, env_vars={"FER_DATA_CACHE": str(cache)})


class KilledAsItTrains(threading.Thread):
    """Kills a node once a run is being trained on it."""

    def __init__(self, cluster: Cluster, node: Any, cache: Path) -> None:
        super().__init__(daemon=True)
        self.cluster, self.node, self.cache = cluster, node, cache
        self.under_way: dict[str, Any] = {}
        self.given_up = threading.Event()

    def run(self) -> None:
        while not self.given_up.wait(0.02):
            for path in self.cache.glob("on-ray/.run.*.building/recipe.json"):
                self.under_way = json.loads(path.read_text("utf-8"))["recipe"]
                self.cluster.remove_node(self.node, allow_graceful=False)
                return


def assert_same(protocol: Protocol, one: Path, other: Path) -> None:
    """Assert that two comparisons have the same runs, to the last bit."""
    for pair in zip(protocol.needed(one), protocol.needed(other), strict=True):
        first, second = (Run.open(cell.folder) for cell in pair)
        pd.testing.assert_frame_equal(first.predictions, second.predictions, check_exact=True)
        weights, others = (models.load(run.model_path)[0].get_weights() for run in (first, second))
        for values, other_values in zip(weights, others, strict=True):
            np.testing.assert_array_equal(values, other_values)
        assert first.data == second.data
        assert first.recipe == second.recipe


def test_all_runs_come_back_though_a_node_is_killed(
    protocol: Protocol,
    local: Path,
    cluster: Cluster,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    protocol = dataclasses.replace(protocol, arms=protocol.arms[:2])
    add_node(cluster, tmp_path / "stays")
    killer = KilledAsItTrains(cluster, add_node(cluster, tmp_path / "dies"), tmp_path / "dies")
    killer.start()
    notes = Notes()
    capfd.readouterr()
    try:
        left = on_ray.train_missing(protocol, tmp_path / "out", notes, address=cluster.address)
    finally:
        killer.given_up.set()
        killer.join()
    assert capfd.readouterr().out == ""
    assert left == []
    assert killer.under_way, "no run was being trained on the node"
    assert notes.num_at_once == 2
    assert len(notes.ended) == len(set(notes.ended)) == len(notes.begun) == 4
    assert notes.errors == []
    assert json.loads((tmp_path / "out" / "failures.json").read_text()) == {}
    assert_same(protocol, tmp_path / "out", local)
    assert list((tmp_path / "stays" / "on-ray").iterdir()) == []


def test_what_is_finished_stays_and_what_is_not_is_replaced(
    protocol: Protocol, local: Path, cluster: Cluster, tmp_path: Path
) -> None:
    protocol = dataclasses.replace(protocol, seeds=(0,))
    add_node(cluster, tmp_path / "cache")
    out = tmp_path / "out"
    kept, unfinished, *_ = [cell for cell in protocol.needed(out) if cell.arm.head is None]
    shutil.copytree(next(protocol.needed(local)).folder, kept.folder)
    unfinished.folder.mkdir(parents=True)
    (unfinished.folder / "recipe.json").write_text("{}")
    (unfinished.folder / "checkpoint.keras").write_bytes(b"half")
    notes = Notes()
    assert on_ray.train_missing(protocol, out, notes, address=cluster.address) == []
    assert kept not in notes.begun
    assert not (unfinished.folder / "checkpoint.keras").exists()
    assert_same(protocol, out, local)
    again = Notes()
    assert on_ray.train_missing(protocol, out, again, address="no cluster is asked for") == []
    assert again.begun == []


def test_a_worker_that_dies_costs_one_run(
    protocol: Protocol, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_or_die(text: str) -> dict[str, Any]:
        recipe = json.loads(text)["recipe"]
        if recipe["balance"] == "none":
            os._exit(1)
        if recipe["seed"] == 1:
            return {"failed": "node here: OSError: no space left"}
        return on_node.run_here(text)

    add_node(cluster, tmp_path / "cache")
    monkeypatch.setattr(on_ray, "_RETRIES", 0)
    monkeypatch.setattr(on_ray, "run_here", run_or_die)
    notes = Notes()
    out = tmp_path / "out"
    assert on_ray.train_missing(protocol, out, notes, address=cluster.address) == []
    assert list(map(str, notes.ended)) == ["oversample, seed 0"]
    failures = json.loads((out / "failures.json").read_text())
    assert {name: found["tries"] for name, found in failures.items()} == {
        "none, seed 0": 2,
        "none, seed 1": 2,
        "oversample, seed 1": 2,
        "post-hoc:1.0, seed 0": 0,
        "post-hoc:1.0, seed 1": 0,
    }
    assert failures["none, seed 0"]["error"].startswith("WorkerCrashedError: ")
    assert failures["oversample, seed 1"]["error"] == "node here: OSError: no space left"
    assert "\n" not in "".join(notes.errors)


def test_a_node_with_other_data_is_named(
    protocol: Protocol, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_node(cluster, tmp_path / "cache")
    monkeypatch.setattr(on_ray, "content", lambda store: "another")
    with pytest.raises(DataError) as found:
        on_ray.train_missing(protocol, tmp_path / "out", Notes(), address=cluster.address)
    text = str(found.value)
    assert text.startswith(f"node {socket.gethostname()} (")
    assert f"{protocol.data['path']}: other data than where the command runs" in text
    assert "\n" not in text
    assert not list((tmp_path / "out").rglob("recipe.json"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"data": {"path": "/nowhere/faces"}}, "/nowhere/faces: "),
        ({"versions": {"keras": "1.0"}}, ", not 1.0 as where the command runs"),
    ],
)
def test_a_node_without_the_data_or_of_other_versions_is_named(
    protocol: Protocol, tmp_path: Path, change: dict[str, Any], says: str
) -> None:
    job = on_ray._job(protocol, tmp_path / "cache")
    job["recipe"] = protocol.recipe.to_dict()
    for name, values in change.items():
        job[name] = job[name] | values
    refused = on_node.run_here(json.dumps(job))["refused"]
    assert refused.startswith(f"node {socket.gethostname()} (")
    assert says in refused
    assert "\n" not in refused


def test_a_copy_of_the_data_will_do(protocol: Protocol, tmp_path: Path) -> None:
    faces = tmp_path / "faces"
    shutil.copytree(protocol.data["path"], faces)
    job = on_ray._job(protocol, tmp_path / "cache")
    job["recipe"] = protocol.recipe.to_dict()
    job["data"] = job["data"] | {"path": str(faces)}
    assert "metrics.json" in on_node.run_here(json.dumps(job))["files"]
    victim = next(faces.glob("test/*/*.png"))
    victim.write_bytes(next(faces.glob("train/*/*.png")).read_bytes())
    assert "other data" in on_node.run_here(json.dumps(job))["refused"]


@pytest.mark.parametrize(
    ("nodes", "options", "num_at_once"),
    [
        ([{"CPU": 8.0}], {"num_cpus": 8}, 1),
        ([{}, {"CPU": 4.0}, {"CPU": 16.0}], {"num_cpus": 4}, 5),
        ([{"CPU": 64.0}, {"CPU": 16.0, "GPU": 4.0}], {"num_cpus": 1, "num_gpus": 1}, 4),
        ([{}], {"num_cpus": 1}, 1),
    ],
)
def test_a_run_has_a_gpu_or_a_nodes_processors(
    nodes: list[dict[str, float]], options: dict[str, float], num_at_once: int
) -> None:
    assert on_ray.share(nodes) == (options, num_at_once)


def test_where_no_cluster_is_it_says_so(protocol: Protocol, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"ray 127\.0\.0\.1:9: no cluster there") as found:
        on_ray.train_missing(protocol, tmp_path / "out", Notes(), address="127.0.0.1:9")
    assert "\n" not in str(found.value)


def test_ctrl_c_keeps_what_is_finished_and_the_command_goes_on(
    few_faces: Path, tmp_path: Path
) -> None:
    arguments = ["--arms", "none,oversample", "--seeds", "1", "--steps", "12", "--net", "small"]
    command = [sys.executable, "-m", "fer_model.cli", "compare", str(few_faces), *arguments]
    command += ["--out", str(tmp_path / "out"), "--ray", "local", "--json"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # so that all its processes get Ctrl-C, as in a terminal
    ) as first:
        assert first.stderr is not None
        assert first.stderr.readline().startswith("every run: ")
        assert first.stderr.readline().startswith("2 arms, 1 seed each: ")
        line = first.stderr.readline()
        os.killpg(first.pid, signal.SIGINT)
        out, rest = first.communicate()
    assert line.startswith("run 1 of 2: ")
    assert rest == "Stopped. The same command goes on with it.\n"
    assert (first.returncode, out) == (130, "")
    (finished,) = (tmp_path / "out" / "runs").rglob("metrics.json")
    made = finished.stat().st_mtime_ns
    second = subprocess.run(command, capture_output=True, text=True)
    assert second.returncode == 0, second.stderr
    told = second.stderr.splitlines()[-1]
    assert told.startswith("run 1 of 1: ")
    assert json.loads(second.stdout)
    assert finished.stat().st_mtime_ns == made


def test_a_diverged_training_on_a_node_is_a_failed_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def diverged(job: Any) -> Any:
        raise TrainingError("the training diverged")

    monkeypatch.setattr(on_node, "_trained", diverged)
    monkeypatch.setattr(on_node, "_name", lambda: "here")
    assert on_node.run_here("{}") == {"failed": "node here: TrainingError: the training diverged"}


def test_ray_is_imported_only_where_it_is_asked_for() -> None:
    found = imported(
        "import fer_model.cli, fer_model.comparison.compare, fer_model.comparison.on_node"
    )
    assert not {"ray", "keras"} & found
