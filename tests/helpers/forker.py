"""Runs ``fer-data`` in forked children, each under its own condition (`tests.helpers.children`).

Forking after everything is imported makes a child cost milliseconds, so that a command can be
killed at each of its hundred calls in turn, and lets one without any rights run it: no file of
Python's own is opened any more.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import sys
import tempfile
from itertools import count
from pathlib import Path
from typing import Any

import fer_data
from fer_data import cli
from fer_data.util import parallel

CALLS = {"open", "write", "flush", "close", "__exit__", "mkdir", "replace", "rename"} | {
    "unlink", "rmdir", "remove", "posix_fallocate", "fsync", "flock", "utime"
}  # fmt: skip
"""Calls of the system, by the name of the function of Python's that makes them."""

NOBODY = 65_534


def run(case: dict[str, Any], kill_at: int | None = None) -> dict[str, Any]:
    """Run a command in a child, and tell how it ended."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if not child:
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            be_the_child(case, kill_at)
        _, status = os.waitpid(child, 0)
        out.seek(0)
        err.seek(0)
        return {
            "code": os.waitstatus_to_exitcode(status),
            "out": out.read().decode(),
            "err": err.read().decode(),
        }


def be_the_child(case: dict[str, Any], kill_at: int | None) -> None:
    code = 99
    try:
        if case.get("fsize"):
            resource.setrlimit(resource.RLIMIT_FSIZE, (case["fsize"], case["fsize"]))
        if case.get("nobody") and os.geteuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        sys.argv = ["fer-data", *case["arguments"]]
        if kill_at is not None:
            kill_at_call(kill_at)
        cli.main()
    except SystemExit as end:
        sys.setprofile(None)
        code = end.code if isinstance(end.code, int) else 0
    except BaseException:
        import traceback

        traceback.print_exc()
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


@cli.app.command()
def open_store(path: Path, cache: Path) -> None:
    """Build a store and no more, which no command does."""
    form = fer_data.PixelFormat(8, 8, "grey")
    fer_data.open_store(path, form=form, cache=cache, skip_bad=True).verify()


def kill_at_call(number: int) -> None:
    """Kill this process where it is about to make its call of the system of this number."""
    made = 0

    def note(frame: object, event: str, function: Any) -> None:
        nonlocal made
        if event == "c_call" and function.__name__ in CALLS:
            made += 1
            if made == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(note)


def run_killed_everywhere(case: dict[str, Any]) -> list[dict[str, Any]]:
    """Run a command killed at its first call, then, elsewhere, at another, until it is not killed.

    What is ``{}`` in its arguments is the call's number. After each kill it runs again undisturbed.
    """
    ends = []
    for kill_at in count(1, case["every"]):
        arguments = [argument.replace("{}", str(kill_at)) for argument in case["arguments"]]
        killed = run({"arguments": arguments}, kill_at)
        if killed["code"] != -signal.SIGKILL:
            return [*ends, killed]
        ends.append(run({"arguments": arguments}))
    raise AssertionError


def main() -> None:
    parallel._FEW = 10**9  # no workers: they are other processes
    os.sync = lambda: None  # nothing here is about a power cut
    todo = json.load(sys.stdin)
    for arguments in todo["warm_up"]:
        warm = run_here(arguments)
        assert not warm, (arguments, warm)
    ends = [run_killed_everywhere(case) if "every" in case else run(case) for case in todo["cases"]]
    json.dump(ends, sys.stdout)


def run_here(arguments: list[str]) -> str:
    """Run a command in this process, so that its imports are made."""
    sys.argv = ["fer-data", *arguments]
    kept = os.dup(1)
    with open(os.devnull, "w") as nothing, tempfile.NamedTemporaryFile() as err:
        os.dup2(nothing.fileno(), 1)
        old = os.dup(2)
        os.dup2(err.fileno(), 2)
        try:
            cli.main()
        except SystemExit as end:
            sys.stdout.flush()
            return Path(err.name).read_text() if end.code else ""
        finally:
            os.dup2(kept, 1)
            os.dup2(old, 2)
    return ""


if __name__ == "__main__":
    main()
