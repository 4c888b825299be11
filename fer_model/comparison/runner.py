"""What trains a comparison's missing runs: each training, with its heads, a process of its own.

A backend that crashes, or is killed for its memory, so costs one training, and what TensorFlow
never gives back (35 to 115 MB a run were seen) goes with the process. Processes tell of their work
in events, lines of JSON; who starts them, here or on a cluster, only hands these on.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple
from typing import Protocol as Interface

from fer_data.errors import DataError, TrainingError, UsageError
from fer_data.util.files import write_json
from fer_model.comparison.arm import Arm
from fer_model.comparison.protocol import Cell, Protocol, is_finished
from fer_model.comparison.reading import FAILURES
from fer_model.interrupt import ctrl_c_asks

TRIES = 2
"""Of a run that fails, or whose process crashes."""

LOST_TRIES = 4
"""Of a run whose machine is lost."""

_USAGE = f"{UsageError.__name__}: "

Event = dict[str, Any]
EventHandler = Callable[[Event], None]


class Crash(NamedTuple):
    """How a process ended that did not do all: why, and whether its machine was lost."""

    why: str
    is_lost: bool = False


class Starter(Interface):
    """Starts processes, and waits for them; several threads may call it."""

    num_at_once: int

    def run(self, cells: Sequence[Cell], tell: EventHandler) -> Crash | None:
        """Make runs in a process, hand on its events, and return how it crashed, if it did."""

    def stop(self) -> None:
        """Ask all processes to stop after the step under way."""

    def kill(self) -> None:
        """End all processes."""


class Display(Interface):
    """Shows a comparison as it is trained, by events."""

    def begin(self, steps: Mapping[Cell, int], num_at_once: int) -> None:
        """Take note of the runs that are missing, with their steps; a new head has none."""

    def show(self, cell: Cell, event: Event) -> None:
        """Show an event: begin, step, epoch, end, failed."""


def train_missing(protocol: Protocol, out: Path, display: Display, starter: Starter) -> None:
    """Train what is missing of a comparison; a run that fails or is lost is tried again.

    Ctrl-C stops after the step under way; the same call goes on with it.

    Raises
    ------
    KeyboardInterrupt
        If it was stopped.
    DataError
        If the data does not fit, or no process can be started.
    UsageError, TrainingError
        If no run is finished, and the first one of every arm fails by the same error.
    """
    jobs = [[cell for cell in job if not is_finished(cell)] for job in protocol.jobs(out)]
    jobs = [job for job in jobs if job]
    steps = {cell: protocol.steps_of(cell) for job in jobs for cell in job}
    display.begin(steps, starter.num_at_once)
    work = _Jobs(protocol, out, starter, arms={cell.arm.trained for job in jobs for cell in job})
    num_left = len(jobs)
    with ctrl_c_asks(work.stop), ThreadPoolExecutor(starter.num_at_once) as pool:
        try:
            for job in jobs:
                pool.submit(work.finish, job)
            while num_left:
                event = work.events.get()
                if isinstance(event, BaseException):
                    raise event
                if event is None:
                    num_left -= 1
                else:
                    display.show(*event)
        except BaseException:
            work.is_stopped = True
            starter.kill()
            raise
    if work.is_stopped:
        raise KeyboardInterrupt
    write_json(out / FAILURES, work.failures)


class _Jobs:
    """Makes the runs of each job, in as many processes as it takes; a thread calls it for each.

    Attributes
    ----------
    events : SimpleQueue
        A cell and an event of it; None for the end of a job; an exception to be raised.
    failures : dict
        By name: ``tries`` and ``error``.
    """

    def __init__(
        self, protocol: Protocol, out: Path, starter: Starter, *, arms: Collection[Arm]
    ) -> None:
        self.events: SimpleQueue[tuple[Cell, Event] | BaseException | None] = SimpleQueue()
        self.failures: dict[str, dict[str, Any]] = {}
        self.is_stopped = False
        self._protocol, self._out, self._starter = protocol, out, starter
        self._given_up: set[Cell] = set()
        self._arms = arms
        self._refused: dict[Arm, str] = {}

    def stop(self) -> None:
        """Stop after the steps under way."""
        self.is_stopped = True
        self._starter.stop()

    def finish(self, job: list[Cell]) -> None:
        """Make the runs of a job: a training, and new heads."""
        try:
            while not self.is_stopped and (cells := self._ready(job)):
                self._attempt(cells)
            for cell in job:
                if is_finished(cell):
                    self.failures.pop(str(cell), None)
                elif not self.is_stopped and cell not in self._given_up:
                    base = self._protocol.base(cell, self._out)
                    self._failed(cell, f"not made: its base {base} is not finished", 0)
        except BaseException as error:  # which the main thread raises
            self.events.put(error)
        self.events.put(None)

    def _ready(self, job: list[Cell]) -> list[Cell]:
        left = [cell for cell in job if not is_finished(cell) and cell not in self._given_up]
        bases = {cell: self._protocol.base(cell, self._out) for cell in left}
        return [cell for cell in left if bases[cell] in left or is_finished(bases[cell])]

    def _attempt(self, cells: list[Cell]) -> None:
        failed: set[Cell] = set()
        heard = False

        def hear(event: Event) -> None:
            nonlocal heard
            heard, kind = True, event["event"]
            if kind == "refused":
                raise DataError(event["error"])
            if kind == "stopped":
                self.stop()
            elif kind == "failed":
                cell, error = cells[event["cell"]], event["error"]
                failed.add(cell)
                self._failed(cell, error, most=1 if event.get("is_final") else TRIES)
                if cell in self._given_up:
                    self._refuse(cell, error)
            else:
                self.events.put((cells[event["cell"]], event))

        crash = self._starter.run(cells, hear)
        left = [cell for cell in cells if not is_finished(cell) and cell not in failed]
        if self.is_stopped or not left:
            return
        if crash is not None and (heard or crash.is_lost):
            self._failed(left[0], crash.why, most=LOST_TRIES if crash.is_lost else TRIES)
        elif not failed:  # which would be the same for every run
            why = "it ended without a message" if crash is None else crash.why
            raise DataError(f"{self._out}: the process that trains cannot go on: {why}")

    def _failed(self, cell: Cell, error: str, most: int = TRIES) -> None:
        tries = self.failures.get(str(cell), {"tries": 0})["tries"] + (most > 0)
        self.failures[str(cell)] = {"tries": tries, "error": error}
        is_given_up = tries >= most
        self.events.put((cell, {"event": "failed", "error": error, "is_given_up": is_given_up}))
        if is_given_up:
            self._given_up.add(cell)

    def _refuse(self, cell: Cell, error: str) -> None:
        """Take note of an error that comes again; end it all where every arm begins with it."""
        self._refused.setdefault(cell.arm, error)
        of_arms = [self._refused.get(arm) for arm in self._arms]
        none_finished = not any(map(is_finished, self._protocol.needed(self._out)))
        if none_finished and all(of_arm == error for of_arm in of_arms):
            is_usage = error.startswith(_USAGE)
            why = f"the first run of every arm fails: {error.removeprefix(_USAGE)}"
            raise UsageError(why) if is_usage else TrainingError(why)


class LocalStarter:
    """Starts processes on this machine.

    Parameters
    ----------
    out : Path
        Folder of the comparison.
    request : dict
        What each process is given, besides its runs.
    num_at_once : int
        How many processes train at a time.
    lock : int, optional
        A file descriptor that the processes hold open as long as they live.
    """

    def __init__(
        self, out: Path, request: dict[str, Any], *, num_at_once: int = 1, lock: int | None = None
    ) -> None:
        self.num_at_once = num_at_once
        self._out, self._request, self._lock = out, request, lock
        self._children: set[subprocess.Popen[str]] = set()
        self._sent: Callable[[subprocess.Popen[str]], None] | None = None

    def run(self, cells: Sequence[Cell], tell: EventHandler) -> Crash | None:
        """Make runs in a process; see `Starter`."""
        request = {**self._request, "cells": [[str(cell.arm), cell.seed] for cell in cells]}
        why = run_child(self._out, request, tell, lock=self._lock, started=self._started)
        return None if why is None else Crash(why)

    def stop(self) -> None:
        """Ask all processes to stop after the step under way."""
        self._send(_interrupt)

    def kill(self) -> None:
        """End all processes."""
        self._send(subprocess.Popen.kill)

    def _started(self, child: subprocess.Popen[str]) -> None:
        self._children.add(child)
        if self._sent is not None:
            self._sent(child)

    def _send(self, what: Callable[[subprocess.Popen[str]], None]) -> None:
        self._sent = what
        for child in list(self._children):
            what(child)


def _interrupt(child: subprocess.Popen[str]) -> None:
    child.send_signal(getattr(signal, "CTRL_BREAK_EVENT", signal.SIGINT))  # the first on Windows


def run_child(
    out: Path,
    request: dict[str, Any],
    tell: EventHandler,
    *,
    environment: Mapping[str, str] = os.environ,
    lock: int | None = None,
    started: Callable[[subprocess.Popen[str]], None] = lambda child: None,
) -> str | None:
    """Make runs in a process, which ends with this one; return why it crashed, if it did.

    Parameters
    ----------
    out : Path
        Folder of the comparison.
    request : dict
        ``cells`` (arm and seed of each run), ``cache``, ``code``, ``path`` and ``versions``; see
        `fer_model.comparison.child`.
    tell : callable
        Takes each event. Where it raises, the process is ended.
    environment : mapping of str to str
    lock : int, optional
    started : callable
        Is given the process.
    """
    quiet = {
        "PYTHONIOENCODING": "utf-8",
        "TF_CPP_MIN_LOG_LEVEL": environment.get("TF_CPP_MIN_LOG_LEVEL", "3"),
    }
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors,
        subprocess.Popen(
            _command(out),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # of Ctrl-C it hears from here alone
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # as on Windows
            pass_fds=() if lock is None or sys.platform == "win32" else (lock,),
            env={**environment, **quiet},
        ) as child,
    ):
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            started(child)
            with suppress(BrokenPipeError):  # its exit code and standard error will tell why
                child.stdin.write(json.dumps(request) + "\n")
                child.stdin.flush()  # it stays open: its end is the end of this process
            for line in child.stdout:
                try:
                    event = json.loads(line)
                except ValueError:  # a line that it was killed in
                    break
                tell(event)
                if event["event"] == "stopped":
                    return None
            code = child.wait()
        finally:
            child.kill()
            with suppress(BrokenPipeError):
                child.stdin.close()
        errors.seek(0)
        last = next(reversed(errors.read().strip().splitlines()), "")
    if code == 0:
        return None
    if code == -9:
        return "killed by signal 9 (out of memory?)"
    why = f"its process ended with code {code}" if code > 0 else f"killed by signal {-code}"
    return f"{why}; {last}" if last else why


def _command(out: Path) -> list[str]:
    return [sys.executable, "-P", "-m", "fer_model.comparison.child", str(out)]
