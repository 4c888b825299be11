"""Without an extra, what needs it ends in the one line that says what to install."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import fer_data
import fer_model
from fer_data.extras import EXTRA_OF
from fer_data.fer2013.synthetic import write_synthetic

DEVELOPERS = {"bench", "dev", "frameworks", "fuzz"}
"""Extras that no public name and no command needs."""

WITHOUT = f"""
import sys
from importlib.machinery import PathFinder

find = PathFinder.find_spec

def find_spec(name, path=None, target=None):
    return None if name.partition(".")[0] in {set(EXTRA_OF)} else find(name, path, target)

PathFinder.find_spec = find_spec  # as if none of the extras were installed
"""

ALL = """
import contextlib, io, json
import fer_data, fer_model
from fer_model import cli

commands, names = [], {}
for words in json.loads(sys.argv[1]):
    out, err = io.StringIO(), io.StringIO()
    sys.argv = ["fer-model", *words]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            cli.main()
        except SystemExit as end:
            commands.append([end.code, out.getvalue(), err.getvalue()])
for package in (fer_data, fer_model):
    for name in package.__all__:
        try:
            getattr(package, name)
        except ModuleNotFoundError as error:
            names[name] = [error.name, str(error)]
print(json.dumps([commands, names]))
"""

COMMAND = """
from fer_model import cli

sys.argv[0] = "fer-model"
cli.main()
"""

LIBRARY = """
import fer_model

try:
    fer_model.train
except ModuleNotFoundError as error:
    sys.exit(f"fer-model: {error}")
"""


def without_extras(
    code: str, *arguments: str, cwd: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run code where only the base install can be imported."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT + code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, **environment},
    )


def assert_names(extra: str, line: str) -> None:
    assert line.count("\n") == 1, line
    assert f"pip install 'fer-data[{extra}]'" in line


COMMANDS = (
    ("export", ["export", ".", "--to", "onnx"]),
    ("export", ["export", ".", "--to", "tflite"]),
    ("ray", ["compare", "data", "--arms", "none,oversample", "--ray", "local", "--out", "out"]),
    ("tensorboard", ["train", "data", "--tensorboard", "--out", "out"]),
)
"""Extra, and a command that needs it."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set that is a run, too."""
    folder = tmp_path_factory.mktemp("extras")
    write_synthetic(folder / "data", num_images=40, seed=0)
    (folder / "recipe.json").write_text("{}")
    return folder


@pytest.fixture(scope="module")
def told(folder: Path) -> tuple[list[Any], dict[str, Any]]:
    """What each command says, and public name to the package that it misses and what is said."""
    words = json.dumps([words for _, words in COMMANDS])
    commands, names = json.loads(without_extras(ALL, words, cwd=folder).stdout.splitlines()[-1])
    return commands, names


def test_a_public_name_is_there_or_says_what_to_install(
    told: tuple[list[Any], dict[str, Any]],
) -> None:
    _, missing = told
    assert len(fer_data.__all__) > 20
    assert len(fer_model.__all__) > 15
    assert "torch_loader" in missing
    for package, text in missing.values():
        assert_names(EXTRA_OF[package.partition(".")[0]], text + "\n")


@pytest.mark.extra(*EXTRA_OF)
@pytest.mark.parametrize("package", [fer_data, fer_model])
def test_with_all_extras_every_public_name_is_there(package: Any) -> None:
    for name in package.__all__:
        getattr(package, name)


@pytest.mark.parametrize("number", range(len(COMMANDS)))
def test_a_command_without_its_extra_names_it(
    told: tuple[list[Any], dict[str, Any]], folder: Path, number: int
) -> None:
    code, out, err = told[0][number]
    assert (code, out) == (2, "")
    assert_names(COMMANDS[number][0], err)
    assert not (folder / "out").exists()


@pytest.mark.parametrize("backend", ["jax", "torch"])
@pytest.mark.parametrize(("code", "status"), [(COMMAND, 2), (LIBRARY, 1)], ids=["cli", "library"])
def test_without_a_backend_its_extra_is_named(
    folder: Path, backend: str, code: str, status: int
) -> None:
    ended = without_extras(code, "train", "data", cwd=folder, KERAS_BACKEND=backend)
    assert (ended.returncode, ended.stdout) == (status, "")
    assert_names(backend, ended.stderr)


def test_the_extras_are_those_of_the_package() -> None:
    about = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
    extras = about["project"]["optional-dependencies"]
    packages = {
        re.split(r"[^\w-]", needed)[0].replace("-", "_"): extra
        for extra in extras.keys() - DEVELOPERS
        for needed in extras[extra]
    }
    assert packages == EXTRA_OF
    assert {extra for extra, _ in COMMANDS} | {"jax", "torch"} == set(EXTRA_OF.values())
