"""Comparisons on a Ray cluster of several nodes, all on this machine."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fer_data.errors import DataError, UsageError
from fer_data.fer2013.synthetic import write_synthetic
from fer_model.comparison import grid, on_ray
from fer_model.comparison.arm import parse_arms
from fer_model.comparison.protocol import Protocol
from fer_model.comparison.runner import train_missing
from fer_model.environment import versions
from fer_model.training import models
from fer_model.training.recipe import Recipe
from fer_model.training.runs import Run
from tests.helpers.imports import imported
from tests.helpers.made_comparison import Heard, train_here

pytest.importorskip("ray", reason="the extra ray is not installed")

from ray.cluster_utils import Cluster

pytestmark = pytest.mark.slow

KILLED = (
    r"(?m)^\S*\(raylet\)\S* (?:The node with node id: .* has been marked dead .*\n\t\(2\) .*\n"
    r"|Raylet is terminated\. .*\n(?: {4}.*\n)*\n)"
)
"""What Ray itself prints of a node that was killed: that it is dead, and the end of its log."""

RECIPE = Recipe(net="small", schedule="cosine", keep="last", learning_rate=3e-3)


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
    assert train_here(protocol, out, out / "cache").errors == []
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
            for path in self.cache.glob("on-ray/.run.*.building/runs/*/*/recipe.json"):
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


def train_on(
    address: str, protocol: Protocol, out: Path, given: dict[str, str] | None = None
) -> Heard:
    protocol.write(out)
    heard = Heard()
    request = {"cache": None, "code": {}, "path": [], "versions": given or versions()}
    with on_ray.connected(address) as settings:
        starter = on_ray.OnRay(protocol, out, request, settings)
        train_missing(protocol, out, heard, starter)
    return heard


def test_all_runs_come_back_though_a_node_is_killed(
    protocol: Protocol,
    local: Path,
    cluster: Cluster,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    add_node(cluster, tmp_path / "stays")
    killer = KilledAsItTrains(cluster, add_node(cluster, tmp_path / "dies"), tmp_path / "dies")
    killer.start()
    capfd.readouterr()
    try:
        heard = train_on(cluster.address, protocol, tmp_path / "out")
    finally:
        killer.given_up.set()
        killer.join()
    assert re.sub(KILLED, "", capfd.readouterr().out) == ""
    assert killer.under_way, "no run was being trained on the node"
    assert sorted(heard.ended) == sorted(heard.begun)
    assert len(heard.begun) == 6
    (error,) = heard.errors  # the run that was lost is named
    assert f"seed {killer.under_way['seed']}: " in error
    assert json.loads((tmp_path / "out" / "failures.json").read_text()) == {}
    assert_same(protocol, tmp_path / "out", local)
    assert list((tmp_path / "stays" / "on-ray").iterdir()) == []


def test_what_is_finished_stays_and_what_is_not_is_replaced(
    protocol: Protocol, local: Path, cluster: Cluster, tmp_path: Path
) -> None:
    protocol = dataclasses.replace(protocol, seeds=(0,))
    add_node(cluster, tmp_path / "cache")
    out = tmp_path / "out"
    kept, head, unfinished = protocol.needed(out)
    shutil.copytree(protocol.needed(local)[0].folder, kept.folder)
    unfinished.folder.mkdir(parents=True)
    (unfinished.folder / "recipe.json").write_text("{}")
    (unfinished.folder / "checkpoint.keras").write_bytes(b"half")
    heard = train_on(cluster.address, protocol, out)
    assert heard.begun == [str(head), str(unfinished)]
    assert not (unfinished.folder / "checkpoint.keras").exists()
    assert_same(protocol, out, local)


@pytest.mark.parametrize(
    ("data", "given", "says"),
    [
        ({"path": "/nowhere/faces"}, {}, "/nowhere/faces: "),
        ({"fingerprint": "another"}, {}, "other data than what the comparison began with"),
        ({}, {"keras": "1.0"}, ", not 1.0 as where the command runs"),
    ],
)
def test_a_node_without_the_data_or_of_other_versions_is_named(
    protocol: Protocol,
    cluster: Cluster,
    tmp_path: Path,
    data: dict[str, str],
    given: dict[str, str],
    says: str,
) -> None:
    add_node(cluster, tmp_path / "cache")
    other = dataclasses.replace(protocol, data=protocol.data | data)
    with pytest.raises(DataError) as error:
        train_on(cluster.address, other, tmp_path / "out", versions() | given)
    assert str(error.value).startswith("node ")
    assert says in str(error.value)
    assert "\n" not in str(error.value)
    assert not list((tmp_path / "out").rglob("recipe.json"))


def test_ray_of_this_machine_listens_to_nobody_else(tmp_path: Path) -> None:
    code = """
from fer_model.comparison.on_ray import connected
from tests.helpers.listening import listening
with connected("local") as settings:
    import os, ray
    def proxy(): return os.environ["http_proxy"]
    print(sorted(listening()), ray.get(ray.remote(proxy).remote()), settings["http_proxy"])
"""
    environment = {**os.environ, "http_proxy": "http://mine"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert done.stdout == "['127.0.0.1'] http://127.0.0.1:9 http://mine\n", done.stderr


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
    assert on_ray.task_options(nodes) == (options, num_at_once)


def test_where_no_cluster_is_it_says_so(protocol: Protocol, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"ray 127\.0\.0\.1:9: no cluster there") as found:
        train_on("127.0.0.1:9", protocol, tmp_path / "out")
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
        line = ""
        while "balanced accuracy" not in line:
            line = first.stderr.readline()
        os.killpg(first.pid, signal.SIGINT)
        out, rest = first.communicate()
    assert line.startswith("run 1 of 2")
    kept = f"1 of 2 runs are finished, and kept in {tmp_path / 'out'}"
    assert rest == f"Stopped; {kept}. Run it again to continue.\n"
    assert (first.returncode, out) == (130, "")
    (finished,) = (tmp_path / "out" / "runs").rglob("metrics.json")
    made = finished.stat().st_mtime_ns
    second = subprocess.run(command, capture_output=True, text=True)
    assert second.returncode == 0, second.stderr
    last = second.stderr.splitlines()[-1]
    assert last.startswith("run 1 of 1: ")
    assert json.loads(second.stdout)
    assert finished.stat().st_mtime_ns == made


def test_ray_is_imported_only_where_it_is_asked_for() -> None:
    modules = imported(
        "import fer_model.cli, fer_model.comparison.compare, fer_model.comparison.on_ray"
    )
    assert not {"ray", "keras"} & modules
