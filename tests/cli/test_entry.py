"""Ctrl-C at any moment from the first is one word and exit code 130."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from fer_data import cli
from fer_data.data import sources
from fer_data.util import entry
from tests.conftest import MakeFolder


def interrupted(moment: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command that sends itself the signal where it is about to import a module."""
    code = f"""
import os, signal, sys
from fer_data.util.entry import main

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == {moment!r}:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored below a background job
sys.meta_path.insert(0, Interrupt())
main()
"""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("moment", ["cyclopts", "fer_data.data.sources", "PIL.Image"])
def test_ctrl_c_while_modules_are_imported_is_one_word(
    make_folder: MakeFolder, tmp_path: Path, moment: str
) -> None:
    data = make_folder({"train/cat": 1, "train/zoo": 0})
    ended = interrupted(moment, "samples", data, tmp_path / "grid.png")
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "fer-data: stopped\n")


def test_ctrl_c_within_a_command_is_one_word(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sources, "read", stop)
    monkeypatch.setattr(sys, "argv", ["fer-data", "stats", str(make_folder({"cat": 1, "zoo": 0}))])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 130
    assert capsys.readouterr() == ("", "fer-data: stopped\n")


def test_a_command_that_is_not_stopped_ends_as_ever(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["fer-data", "--help"])
    with pytest.raises(SystemExit) as end:
        entry.main()
    assert not end.value.code
    assert "convert-csv" in capsys.readouterr().out


def test_the_installed_commands_start_where_they_can_be_stopped() -> None:
    about = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    scripts = about["project"]["scripts"]
    assert scripts == {"fer-data": "fer_data.util.entry:main", "fer-model": "fer_model.entry:main"}


def test_where_a_command_starts_next_to_nothing_is_imported() -> None:
    code = "import sys\nbefore = set(sys.modules)\nimport {}\nprint(*set(sys.modules) - before)"
    for module in ("fer_data.util.entry", "fer_model.entry"):
        command = [sys.executable, "-c", code.format(module)]
        division = subprocess.run(
            command, capture_output=True, text=True, check=True
        ).stdout.split()
        assert not {"typing", "dataclasses", "cyclopts", "rich", "numpy"} & set(division), module
