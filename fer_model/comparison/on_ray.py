"""A comparison's processes on a Ray cluster: each a task, whose run folders come back with it.

Nodes need the package and the data, at the path that it has here, and no shared place for results.
A run is the same as one that is trained here, where the node has as many processors (TensorFlow's
sums depend on the number of its threads), or the same kind of GPU as far as that repeats itself.
"""

from __future__ import annotations

import io
import os
import shutil
import socket
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fer_data import plugins
from fer_data.data.cache import cache_folder
from fer_data.errors import UsageError
from fer_data.extras import keras_backend
from fer_data.util.folders import atomic_folder, remove_folder, temporary_folder
from fer_model.comparison.protocol import FILE, Cell, Protocol, is_finished
from fer_model.comparison.runner import Crash, Event, EventHandler, run_child
from fer_model.environment import DATA_ON_DEVICE
from fer_model.training.runs import is_run

_THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
_PASSED_ON = (plugins.VARIABLE, *_THREADS, DATA_ON_DEVICE)
"""Settings of this process that a node's take; numbers of threads may change results."""

_LOOPBACK = "127.0.0.1"

_SETTINGS = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS_SKIP_REGEX": "."}
"""Of Ray everywhere: no reports of its usage, and nothing of its logs on standard output."""

_ALONE = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # on Linux, too: all of it listens on loopback alone
    **dict.fromkeys(("http_proxy", "https_proxy"), f"http://{_LOOPBACK}:9"),
    "no_proxy": f"{_LOOPBACK},localhost",
}
"""Of Ray that starts here: it reaches no other machine. Even without usage reports it would ask the
metadata services of three clouds where it runs."""


def run_on_node(
    protocol: bytes, runs: bytes, request: dict[str, Any], settings: Mapping[str, str | None]
) -> tuple[list[Event], str | None, bytes]:
    """Make runs in a folder of this node, and take the folder away again.

    Parameters
    ----------
    protocol : bytes
        ``comparison.json``.
    runs : bytes
        A zip file of finished runs that new heads are put on.
    request : dict
        As in `fer_model.comparison.runner.run_child`.
    settings : mapping of str to str or None
        Of the environment; None for one that must not be set, whatever Ray sets.

    Returns
    -------
    (list of dict, str or None, bytes)
        Events, why the process crashed, if it did, and a zip file of the runs.
    """
    name = socket.gethostname()
    environment = {**os.environ, **settings}
    events: list[Event] = []
    with temporary_folder(cache_folder(request["cache"]) / "on-ray" / "run") as out:
        (out / FILE).write_bytes(protocol)
        with zipfile.ZipFile(io.BytesIO(runs)) as archive:
            archive.extractall(out)
        why = run_child(
            out,
            request,
            events.append,
            environment={key: value for key, value in environment.items() if value is not None},
        )
        made = _zipped([path.parent for path in out.glob("runs/*/*/metrics.json")], out)
    for event in events:
        if "error" in event:
            event["error"] = f"node {name}: {event['error']}"
    return events, why and f"node {name}: {why}", made


class OnRay:
    """Starts processes on the nodes of a cluster; see `fer_model.comparison.runner.Starter`."""

    def __init__(
        self,
        protocol: Protocol,
        out: Path,
        request: dict[str, Any],
        settings: Mapping[str, str | None],
    ) -> None:
        import ray  # once `connected` has set what it reads as it is imported

        options, self.num_at_once = task_options(
            [node["Resources"] for node in ray.nodes() if node["Alive"]]
        )
        # A worker trains once: the memory of a GPU ends with its process.
        self._task = ray.remote(max_calls=1, max_retries=0, **options)(run_on_node)
        self._ray = ray
        self._protocol, self._out, self._request = protocol, out, request
        passed_on = {name: os.environ.get(name) for name in _PASSED_ON}
        self._settings = {"KERAS_BACKEND": keras_backend(), **passed_on, **settings}
        self._running: set[Any] = set()
        self._is_stopped = threading.Event()

    def run(self, cells: Sequence[Cell], tell: EventHandler) -> Crash | None:
        """Make runs on a node, and take them in."""
        bases = {self._protocol.base(cell, self._out).folder for cell in cells} - {
            cell.folder for cell in cells
        }
        task = self._task.remote(
            (self._out / FILE).read_bytes(),
            _zipped(sorted(bases), self._out),
            {**self._request, "cells": [[str(cell.arm), cell.seed] for cell in cells]},
            self._settings,
        )
        self._running.add(task)
        try:
            if self._is_stopped.is_set():
                self.stop()
            events, why, made = self._ray.get(task)
        except self._ray.exceptions.TaskCancelledError:
            return Crash("cancelled")
        except self._ray.exceptions.RayError as error:
            line = next(iter(str(error).strip().splitlines()), "")
            return Crash(f"{type(error).__name__}: {line}", is_lost=True)
        finally:
            self._running.discard(task)
        with zipfile.ZipFile(io.BytesIO(made)) as archive:
            for cell in cells:
                _take_in(archive, cell, self._out)
        for event in events:
            tell(event)
        return None if why is None else Crash(why)

    def stop(self) -> None:
        """Cancel what runs: a training on a node begins again."""
        self._is_stopped.set()
        for task in list(self._running):
            self._ray.cancel(task, force=True)

    kill = stop


def task_options(nodes: Sequence[Mapping[str, float]]) -> tuple[dict[str, float], int]:
    """Return what a process asks for, and how many run at once.

    With GPUs it has one; else it has all processors of a node, as it would have here, or as many as
    the smallest node has.

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
def connected(address: str) -> Iterator[dict[str, str | None]]:
    """Connect to a cluster, Ray's remarks off the terminal; give settings that trainings need back.

    Parameters
    ----------
    address : str
        ``local`` starts Ray on this machine, where it is reached by the loopback address alone;
        else what ``ray.init`` takes.

    Raises
    ------
    UsageError
        If there is no cluster.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        try:  # Ray would try for minutes, and end the process
            socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
        except (OSError, OverflowError) as error:
            raise UsageError(f"ray {address}: no cluster there ({error})") from None
    os.environ.update(_SETTINGS)
    alone, own = ({}, {}) if address != "local" else (_ALONE, {"include_dashboard": False})
    before = {name: os.environ.get(name) for name in alone}
    os.environ.update(alone)
    try:
        import ray

        ray.init(address, log_to_driver=False, logging_level="ERROR", **own)
    except (ConnectionError, RuntimeError, ValueError) as error:
        line = next(iter(str(error).strip().splitlines()), "")
        raise UsageError(f"ray {address}: no cluster there ({line})") from None
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            os.environ.update({} if value is None else {name: value})
    try:
        if alone and ray.util.get_node_ip_address() != _LOOPBACK:
            raise UsageError(
                "ray local: Ray was imported here before, so it would listen to others"
            )
        yield before
    finally:
        ray.shutdown()


def _zipped(folders: Sequence[Path], root: Path) -> bytes:
    """Return the files of folders by their paths below a root, but no symbolic links."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for folder in folders:
            for path in sorted(folder.rglob("*")):
                if path.is_file() and not path.is_symlink():
                    archive.write(path, path.relative_to(root))
    return buffer.getvalue()


def _take_in(archive: zipfile.ZipFile, cell: Cell, out: Path) -> None:
    """Write a run's folder, whole or not at all, in place of what was not finished."""
    folder = cell.folder.relative_to(out).as_posix()
    names = [name for name in archive.namelist() if name.startswith(f"{folder}/")]
    if not names or is_finished(cell):
        return
    with atomic_folder(cell.folder) as temporary:
        archive.extractall(temporary, names)  # which keeps to the folder, whatever the names are
        for path in (temporary / folder).iterdir():
            path.rename(temporary / path.name)
        shutil.rmtree(temporary / folder.split("/")[0])
        if is_run(cell.folder):
            remove_folder(cell.folder)
