"""Tasks on all cores, and that nothing is left of them however the process ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import joblib
import pytest

from fer_data.util import parallel
from fer_data.util.parallel import in_parallel

Signal = Callable[[int, int], None]

TASKS = """
import os, signal, sys, time
import joblib
from fer_data.util import parallel
from fer_data.util.entry import start

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored below a background job
parallel._FEW, joblib.cpu_count = 0, lambda: 3

def nap(seconds):
    time.sleep(seconds)
    return os.getpid()

def main():
    tasks = (joblib.delayed(nap)(0.01 if number < 200 else 600) for number in range(400))
    for pid in parallel.in_parallel(tasks, size=10**6):
        print(pid, flush=True)

if __name__ == "__main__":
    sys.modules["napping"] = sys.modules["__main__"]
    start("tasks", "napping")
"""


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two workers in addition to this process, whatever the machine has."""
    monkeypatch.setattr(parallel, "_FEW", 0)
    monkeypatch.setattr(joblib, "cpu_count", lambda: 3)


def pid_of(number: int) -> tuple[int, int]:
    return number, os.getpid()


def fails(number: int) -> int:
    if number == 30:
        raise ValueError(number)
    return number


def living(session: int) -> set[int]:
    """Return the processes of a session that have not ended."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                state, *fields = (entry / "stat").read_text().rpartition(") ")[2].split()
            except OSError:
                continue
            if int(fields[2]) == session and state not in "ZX":
                found.add(int(entry.name))
    return found


def left_after(session: int, seconds: float) -> set[int]:
    """Return the processes of a session that are still there so many seconds later."""
    until = time.monotonic() + seconds
    while (found := living(session)) and time.monotonic() < until:
        time.sleep(0.05)
    return found


@pytest.mark.usefixtures("workers")
def test_results_come_in_order_from_several_processes() -> None:
    found = list(in_parallel((joblib.delayed(pid_of)(n) for n in range(300)), size=300))
    assert [number for number, _ in found] == list(range(300))
    assert os.getpid() in {pid for _, pid in found}


@pytest.mark.usefixtures("workers")
def test_an_error_of_a_task_is_raised_in_its_place() -> None:
    results, seen = in_parallel((joblib.delayed(fails)(n) for n in range(300)), size=300), []
    with pytest.raises(ValueError, match="30"):
        seen.extend(iter_to(results, seen))
    assert seen == list(range(30))
    assert list(in_parallel([joblib.delayed(fails)(1)], size=300)) == [1]


def iter_to(results: Iterator[int], seen: list[int]) -> Iterator[int]:
    for result in results:
        seen.append(result)
    return iter(())


@pytest.mark.usefixtures("workers")
def test_what_another_call_waits_for_is_not_lost() -> None:
    first = in_parallel((joblib.delayed(pid_of)(n) for n in range(200)), size=300)
    second = in_parallel((joblib.delayed(pid_of)(n) for n in range(200)), size=300)
    next(first)
    next(second)
    second.close()  # type: ignore[attr-defined]
    assert [number for number, _ in first] == list(range(1, 200))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc here")
@pytest.mark.parametrize(
    ("send", "number", "code"),
    [
        (os.kill, signal.SIGINT, 130),
        (os.killpg, signal.SIGINT, 130),  # as a terminal does
        (os.kill, signal.SIGTERM, -signal.SIGTERM),
        (os.kill, signal.SIGKILL, -signal.SIGKILL),
    ],
)
def test_no_process_is_left_however_the_parent_ends(
    tmp_path: Path, send: Signal, number: int, code: int
) -> None:
    (tmp_path / "tasks.py").write_text(TASKS)
    with subprocess.Popen(
        [sys.executable, tmp_path / "tasks.py"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout
            assert process.stderr
            pids = {int(process.stdout.readline()) for _ in range(190)}
            assert len(pids) > 1
            send(process.pid, number)
            assert process.wait(5) == code
            assert left_after(process.pid, 5) == set()
            assert "Traceback" not in process.stderr.read()
        finally:
            for pid in living(process.pid):
                os.kill(pid, signal.SIGKILL)
