"""Runs of a comparison in processes of their own, a process for each seed.

A backend that crashes, or is killed for its memory, so costs one run; and what TensorFlow never
gives back after a training (35 to 115 MB a run were seen) goes with the process.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from fer_data.errors import DataError
from fer_data.util.files import write_json
from fer_model.comparison.grid import TRIES, Display, missing_runs
from fer_model.comparison.protocol import Cell, Protocol, is_finished
from fer_model.comparison.results import FAILURES
from fer_model.interrupt import ctrl_c_asks
from fer_model.training.runs import Run


def train_missing(
    protocol: Protocol,
    out: Path,
    display: Display,
    lock: int | None = None,
    *,
    cache: str | Path | None = None,
) -> list[Cell]:
    """Train what is missing of a comparison; a run that fails is tried once more.

    Ctrl-C stops after the step under way; the same call goes on with it. The processes hold the
    file descriptor `lock` as long as they live.

    Returns
    -------
    list of Cell
        Those that are not finished as it was stopped.

    Raises
    ------
    DataError
        If the data does not fit, or no process can be started.
    """
    left = missing_runs(protocol, out)
    display.begin(left, protocol.num_steps)
    failures: dict[str, Any] = {}
    while left:
        of_seed = [cell for cell in left if cell.seed == left[0].seed]
        ended = _child(of_seed, out, display, lock, cache)
        if ended.stopped:
            return missing_runs(protocol, out)
        failures |= ended.failed | ended.failures
        if ended.crashed is not None:
            cell, error = ended.crashed
            display.failed(cell, error)
            tries = failures.get(str(cell), {"tries": 0})["tries"] + 1
            failures[str(cell)] = {"tries": tries, "error": error}
        given_up = {
            cell for cell in left if failures.get(str(cell), {"tries": 0})["tries"] >= TRIES
        }
        done = set(of_seed) if ended.crashed is None else set()
        missing = set(missing_runs(protocol, out))
        left = [cell for cell in left if cell in missing and cell not in given_up | done]
        failures = {name: about for name, about in failures.items() if name in _names(missing)}
    write_json(out / FAILURES, failures)
    return []


class _Ended:
    """How a process ended."""

    def __init__(self) -> None:
        self.stopped = False
        self.failures: dict[str, Any] = {}
        self.failed: dict[str, Any] = {}
        self.crashed: tuple[Cell, str] | None = None


def _child(
    cells: Sequence[Cell],
    out: Path,
    display: Display,
    lock: int | None,
    cache: str | Path | None,
) -> _Ended:
    command = _command(out, cells[0].seed, cache)
    ended, told = _Ended(), False
    under_way: Cell | None = None

    running: list[subprocess.Popen[str]] = []

    def stop() -> None:
        ended.stopped = True
        for one in running:
            one.send_signal(signal.SIGINT)

    with (
        tempfile.TemporaryFile("w+", errors="replace") as errors,
        ctrl_c_asks(stop),  # first: a process that is started by one that ignores Ctrl-C would, too
        _started(command, cells, errors, lock) as child,
    ):
        running.append(child)
        if ended.stopped:
            stop()
        for event in _events(child):
            kind = event["event"]
            cell = cells[event.get("cell", 0)]
            if kind in ("training", "end", "failed"):
                under_way = cell
            if kind == "training":
                display.training(cell)
            elif kind == "step":
                display.step(event["number"])
            elif kind == "end":
                display.end(cell, Run(cell.folder), event["seconds"])
            elif kind == "failed":
                display.failed(cell, event["error"])
                tries = ended.failed.get(str(cell), {"tries": 0})["tries"] + 1
                ended.failed[str(cell)] = {"tries": tries, "error": event["error"]}
            elif kind == "refused":
                raise DataError(event["error"])
            elif kind == "stopped":
                ended.stopped = told = True
            elif kind == "result":
                ended.failures, told = event["failures"], True
        code = child.wait()
        if told or ended.stopped:
            return ended
        errors.seek(0)
        last = next(reversed(errors.read().strip().splitlines()), "")
    words = f"its process ended with code {code}" if code >= 0 else f"killed by signal {-code}"
    if code == -signal.SIGKILL:
        words += " (out of memory?)"
    elif last:
        words += f"; {last}"
    if under_way is None:
        raise DataError(f"{out}: the process that trains cannot go on: {words}")
    unfinished = [cell for cell in cells[cells.index(under_way) :] if not is_finished(cell)]
    if unfinished:
        ended.crashed = (unfinished[0], words)
    return ended


def _command(out: Path, seed: int, cache: str | Path | None) -> list[str]:
    rest = [] if cache is None else [str(Path(cache).absolute())]
    return [sys.executable, "-P", "-m", "fer_model.comparison.child", str(out), str(seed), *rest]


@contextmanager
def _started(
    command: Sequence[str], cells: Sequence[Cell], errors: IO[str], lock: int | None
) -> Iterator[subprocess.Popen[str]]:
    """Start a process that hears of Ctrl-C from here alone, and ends with this one."""
    places = [[str(cell.arm), cell.seed] for cell in cells]
    child = subprocess.Popen(
        [*command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        errors="replace",
        start_new_session=True,
        pass_fds=() if lock is None else (lock,),
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3")},
    )
    assert child.stdin is not None
    # One that ended before it read this tells why by its exit code and its standard error.
    with suppress(BrokenPipeError), child.stdin as pipe:
        pipe.write(json.dumps(places))
    try:
        yield child
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
        assert child.stdout is not None
        child.stdout.close()


def _events(child: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    """Yield what a process tells, to its end or to a line that it was killed in."""
    for line in child.stdout or ():
        try:
            yield json.loads(line)
        except ValueError:
            return


def _names(cells: set[Cell]) -> set[str]:
    return set(map(str, cells))
