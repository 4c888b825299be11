"""The runs of a comparison on a Ray cluster: each run a task, collected as they finish.

Nodes need the data at the path that it has here, and no shared place for results. A run is the
same as one that is trained here, where the node has as many processors (TensorFlow's sums depend
on the number of its threads), or the same kind of GPU as far as that repeats itself.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras

os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")  # read once; else Ray prints to stdout
import ray
from ray.exceptions import RayError

from fer_data.data.store import open_store
from fer_data.errors import DataError, UsageError
from fer_data.util.files import write_json
from fer_data.util.folders import built_whole, take_away
from fer_model.comparison import grid, in_turn
from fer_model.comparison.on_node import content, run_here
from fer_model.comparison.packing import unpack
from fer_model.comparison.protocol import Cell, Protocol
from fer_model.comparison.results import FAILURES
from fer_model.environment import DATA_ON_DEVICE
from fer_model.training.runs import Run, is_run
from fer_model.training.train import versions

_RETRIES = 3
"""Of a task whose worker or node was lost."""

_THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
"""What sets numbers of threads, and so may change results."""


def train_missing(
    protocol: Protocol,
    out: Path,
    display: grid.Display,
    *,
    address: str,
    cache: str | Path | None = None,
) -> list[Cell]:
    """Train what is missing of a comparison on a Ray cluster, and make new heads here.

    A task whose worker or node is lost is begun anew elsewhere; a run that fails is tried once
    more. Ctrl-C cancels what runs and keeps what was collected; the same call goes on with it.

    Parameters
    ----------
    protocol : Protocol
    out : path
    display : grid.Display
    address : str
        ``local`` starts Ray on this machine; else what ``ray.init`` takes.
    cache : path, optional
        As in `fer_data.open_store`; the same on every node.

    Returns
    -------
    list of Cell
        Those that are not finished as it was stopped.

    Raises
    ------
    DataError
        If a node lacks the data, or has other data or other versions.
    UsageError
        If there is no cluster.
    """
    missing = grid.missing_runs(protocol, out)
    trainings = [cell for cell in missing if cell.arm.head is None]
    failures: dict[str, Any] = {}
    if trainings:
        job = _job(protocol, cache)
        with _connected(address):
            options, num_at_once = share(
                [node["Resources"] for node in ray.nodes() if node["Alive"]]
            )
            display.begin(missing, protocol.num_steps, num_at_once=num_at_once)
            try:
                failures = _collect(protocol, trainings, job, options, display)
            except KeyboardInterrupt:
                return grid.missing_runs(protocol, out)
    else:
        display.begin(missing, protocol.num_steps)
    heads = [cell for cell in missing if cell.arm.head is not None]
    try:
        _, of_heads = in_turn.train_in_turn(protocol, heads, out, display, cache=cache)
    except KeyboardInterrupt:
        return grid.missing_runs(protocol, out)
    write_json(out / FAILURES, failures | of_heads)
    return []


def share(nodes: Sequence[Mapping[str, float]]) -> tuple[dict[str, float], int]:
    """Return what a run asks for, and how many run at once.

    With GPUs a run has one; else it has all processors of a node, as it would have here, or as
    many as the smallest node has.

    Parameters
    ----------
    nodes : sequence of mapping
        What each node has: ``CPU``, ``GPU``.

    Returns
    -------
    (dict, int)
        Options of a Ray task; at least 1.
    """
    name, size = "CPU", min((node["CPU"] for node in nodes if node.get("CPU", 0) >= 1), default=1)
    if any(node.get("GPU", 0) >= 1 for node in nodes):
        name, size = "GPU", 1.0
    options = {"num_cpus": 1.0, "num_gpus": 1.0} if name == "GPU" else {"num_cpus": size}
    return options, max(1, sum(int(node.get(name, 0) // size) for node in nodes))


@contextmanager
def _connected(address: str) -> Iterator[None]:
    """Connect to a cluster with the settings of this process, Ray's remarks off the terminal."""
    _check_reachable(address)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    settings = {
        "KERAS_BACKEND": keras.backend.backend(),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        **{name: os.environ.get(name, "") for name in (*_THREADS, DATA_ON_DEVICE)},
    }
    own: dict[str, Any] = {"include_dashboard": False} if address == "local" else {}
    try:
        ray.init(
            address,
            runtime_env={"env_vars": settings},
            log_to_driver=False,
            logging_level="ERROR",
            **own,
        )
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise UsageError(f"ray {address}: no cluster there ({_first_line(error)})") from None
    try:
        yield
    finally:
        ray.shutdown()


def _check_reachable(address: str) -> None:
    """Refuse an address where nobody listens; Ray would try for minutes, and end the process."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
        except (OSError, OverflowError) as error:
            raise UsageError(f"ray {address}: no cluster there ({error})") from None


def _job(protocol: Protocol, cache: str | Path | None) -> dict[str, Any]:
    """Return what all runs have in common, as JSON holds it."""
    data = protocol.data
    store = open_store(
        data["path"],
        form=protocol.recipe.requested,
        cache=cache,
        **data["options"],
    )
    return {
        "data": data,
        "content": content(store),
        "versions": versions(),
        "cache": None if cache is None else str(Path(cache).absolute()),
    }


def _collect(
    protocol: Protocol,
    cells: Sequence[Cell],
    job: dict[str, Any],
    options: dict[str, Any],
    display: grid.Display,
) -> dict[str, Any]:
    """Train runs and take in their folders; return the failures."""
    # A worker trains once: its backend's state, and memory of a GPU, end with its process.
    task = ray.remote(max_calls=1, max_retries=_RETRIES, **options)(run_here)

    def begun(cell: Cell) -> Any:
        return task.remote(json.dumps({**job, "recipe": protocol.recipe_of(cell).to_dict()}))

    failures: dict[str, Any] = {}
    running = {begun(cell): cell for cell in cells}
    try:
        while running:
            (first, *_), _ = ray.wait(list(running))
            cell = running.pop(first)
            found = _found(first)
            if "refused" in found:
                raise DataError(found["refused"])
            if "failed" in found:
                display.failed(cell, found["failed"])
                tries = failures.get(str(cell), {"tries": 0})["tries"] + 1
                failures[str(cell)] = {"tries": tries, "error": found["failed"]}
                if tries < grid.TRIES:
                    running[begun(cell)] = cell
                continue
            failures.pop(str(cell), None)
            display.end(cell, _taken_in(found["files"], cell, protocol), found["seconds"])
    finally:
        for each in running:
            ray.cancel(each, force=True)
    return failures


def _found(task: Any) -> dict[str, Any]:
    try:
        return dict(ray.get(task))
    except RayError as error:
        return {"failed": f"{type(error).__name__}: {_first_line(error)}"}


def _taken_in(files: Mapping[str, bytes], cell: Cell, protocol: Protocol) -> Run:
    """Write a run's folder, whole or not at all, in place of what was not finished."""
    with built_whole(cell.folder) as beside:
        unpack(files, beside)
        path = beside / "recipe.json"
        about = json.loads(path.read_text("utf-8"))
        about["data"]["fingerprint"] = protocol.data["fingerprint"]  # a copy's may be another
        write_json(path, about)
        if is_run(cell.folder) and not Run(cell.folder).is_finished:
            take_away(cell.folder)
    return Run(cell.folder)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), "")
