"""Command lines called in this process, as ``fer-data`` and ``fer-model`` call them."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest
from cyclopts import App

from fer_data import cli as data_cli
from fer_data.commands import program
from fer_model import cli as model_cli

DATA, MODEL = data_cli.app, model_cli.app


class Called(NamedTuple):
    code: int
    out: str
    err: str


def call(app: App, *words: str | Path) -> Called:
    """Run a command to its end."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", [app.name[0], *map(str, words)])
        with pytest.raises(SystemExit) as end:
            program.run(app)
    code = end.value.code
    assert code is None or isinstance(code, int)
    return Called(code or 0, out.getvalue(), err.getvalue())


def commands(app: App) -> list[str]:
    """Return the names of a program's commands."""
    return [name for name in app.resolved_commands() if not name.startswith("-")]


def flags_of(app: App, command: str) -> set[str]:
    """Return the options and arguments of a command, by all of their names."""
    return {name for names in program.options_of(app, command).values() for name in names}


NOT_ROOT = pytest.mark.skipif(os.geteuid() == 0, reason="root reads and writes everywhere")


def in_a_process(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "fer_data.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False, **options)  # type: ignore[call-overload, no-any-return]


NASTY = ["[red]x[", "[bold]", "<b>x<", "a,b", "$x^2$", ":smile:", "a\nb", "\x1b[31mred", "幸"]
