"""The base install does all that needs no framework; what needs an extra says in a line which."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import fer_data
import fer_model
from fer_data.extras import BACKENDS, EXTRA_OF
from fer_data.fer2013.synthetic import write_synthetic
from fer_data.writers import convert
from tests.helpers import base_install
from tests.helpers.made_comparison import make_comparison

ROOT = Path(__file__).parents[2]
ABSENT = sorted({*EXTRA_OF, "keras"})
"""Top-level modules that only an extra installs."""

MOST_BYTES = 600e6
"""Of an environment with the base in it."""

DEVELOPERS = {"bench", "dev", "docs", "frameworks", "fuzz", "notebooks", "test"}
"""Extras that no public name and no command needs."""

WORKING = {
    "synthetic": ["fer-data", "synthetic", "drawn", "--num-images", "70"],
    "stats": ["fer-data", "stats", "data", "--json"],
    "audit": ["fer-data", "audit", "data"],
    "split": ["fer-data", "split", "data", "--pool", "--min-per-class", "0", "--out", "split.csv"],
    "samples": ["fer-data", "samples", "data", "samples.png"],
    "plan": ["fer-data", "plan", "data", "--balance", "oversample"],
    "report": ["fer-data", "report", "data", "--out", "report.html"],
    "convert to npz": ["fer-data", "convert", "data", "data.npz"],
    "convert to csv": ["fer-data", "convert", "data", "data.csv"],
    "convert to folder": ["fer-data", "convert", "data.npz", "folders", "--to", "folder"],
    "stats of npz": ["fer-data", "stats", "data.npz"],
    "convert-csv": ["fer-data", "convert-csv", "data.csv", "from-csv"],
    "help": ["fer-model", "--help"],
    "compare": ["fer-model", "compare", "comparison", "--markdown", "verdict.md"],
}
"""Commands that the base install runs, in this order."""

RUN = "comparison/runs/none/seed-0"
ARMS = ("--arms", "none,oversample", "--out", "out")

TRAIN = ("fer-model", "train", "data")

REFUSED = {
    "read parquet": ("parquet", ["fer-data", "stats", "hub"]),
    "audit parquet": ("parquet", ["fer-data", "audit", "hub/data/test-00000-of-00001.parquet"]),
    "write parquet": ("parquet", ["fer-data", "convert", "data", "out", "--to", "parquet"]),
    "read TFRecord": ("tensorflow", ["fer-data", "stats", "train.tfrecord"]),
    "write TFRecord": ("tensorflow", ["fer-data", "convert", "data", "out", "--to", "tfrecord"]),
    "train": ("tensorflow", ["fer-model", "train", "data", "--out", "out"]),
    "log to TensorBoard": ("tensorboard", [*TRAIN, "--log-to", "tensorboard"]),
    "log to MLflow": ("mlflow", [*TRAIN, "--log-to", "mlflow"]),
    "log to Weights & Biases": ("wandb", [*TRAIN, "--log-to", "wandb"]),
    "resume": ("tensorflow", ["fer-model", "train", "--resume", RUN]),
    "evaluate": ("tensorflow", ["fer-model", "evaluate", RUN, "data"]),
    "predict": ("tensorflow", ["fer-model", "predict", RUN, "data"]),
    "compare": ("tensorflow", ["fer-model", "compare", "data", *ARMS]),
    "compare on Ray": ("ray", ["fer-model", "compare", "data", *ARMS, "--ray", "local"]),
    "export to ONNX": ("export", ["fer-model", "export", RUN, "--to", "onnx"]),
    "export to TFLite": ("export", ["fer-model", "export", RUN, "--to", "tflite"]),
    "export": ("tensorflow", ["fer-model", "export", RUN, "--to", "saved-model"]),
}
"""Extra that a command needs, and the command."""

NEEDS = {
    "BalancedDistributedSampler": "torch",
    "KerasDataset": "keras",
    "ResumeData": "keras",
    "keras_dataset": "keras",
    "tf_dataset": "tensorflow",
    "tf_indices": "tensorflow",
    "torch_loader": "torch",
    "Exported": "keras",
    "Predictions": "keras",
    "evaluate_run": "keras",
    "export_run": "keras",
    "extract_features": "keras",
    "predict_paths": "keras",
    "resume": "keras",
    "train": "keras",
}
"""Public name to the package that it cannot be had without; all others are in the base."""


class Tried(NamedTuple):
    """What `base_install` printed."""

    working: dict[str, tuple[int, str, str]]
    refused: dict[str, tuple[int, str, str]]
    missing: dict[str, tuple[str, str]]
    found: list[str]


def make_folder(folder: Path) -> Path:
    """Make what the commands are given: data, the same as parquet, a comparison."""
    write_synthetic(folder / "data", num_images=140, seed=0)
    convert(folder / "data", folder / "hub", to="parquet")
    (folder / "train.tfrecord").touch()
    make_comparison(folder / "comparison", arms=("none", "oversample"), num=60)
    return folder


def try_all(folder: Path, python: list[str], *, hide: bool) -> Tried:
    """Try all commands, the library and every public name with a Python."""
    about: base_install.About = {
        "absent": ABSENT,
        "hide": hide,
        "commands": [*WORKING.values(), *(words for _, words in REFUSED.values())],
        "library": True,
    }
    outside = {name: text for name, text in os.environ.items() if name != "KERAS_BACKEND"}
    ended = subprocess.run(
        [*python, base_install.__file__, json.dumps(about)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**outside, "KERAS_HOME": str(folder)},
    )
    assert ended.returncode == 0, ended.stderr
    tried = json.loads(ended.stdout.splitlines()[-1])
    commands = [tuple(command) for command in tried["commands"]]
    return Tried(
        dict(zip(WORKING, commands, strict=False)),
        dict(zip(REFUSED, commands[len(WORKING) :], strict=True)),
        {name: tuple(extras) for name, extras in tried["missing"].items()},
        tried["found"],
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_folder(tmp_path_factory.mktemp("extras"))


@pytest.fixture(scope="module")
def tried(folder: Path) -> Tried:
    """What happens where the base is installed and nothing else can be found."""
    return try_all(folder, [sys.executable], hide=True)


def assert_names(extra: str, text: str) -> None:
    assert "\n" not in text.strip(), text
    assert f"pip install 'fer-data[{extra}]'" in text


@pytest.mark.parametrize("command", WORKING)
def test_a_command_without_a_framework_works_with_the_base(tried: Tried, command: str) -> None:
    code, _, err = tried.working[command]
    assert code == 0, err


def test_nothing_of_an_extra_was_found(tried: Tried, folder: Path) -> None:
    assert tried.found == []
    for name in ("samples.png", "report.html", "data.npz", "data.csv", "split.csv", "verdict.md"):
        assert (folder / name).stat().st_size > 0


@pytest.mark.parametrize("command", REFUSED)
def test_a_command_without_its_extra_names_it_in_a_line(
    tried: Tried, folder: Path, command: str
) -> None:
    code, out, err = tried.refused[command]
    assert (code, out) == (2, "")
    assert_names(REFUSED[command][0], err)
    assert not (folder / "out").exists()


@pytest.mark.parametrize("name", [*fer_data.__all__, *fer_model.__all__])
def test_a_public_name_is_there_or_says_what_to_install(tried: Tried, name: str) -> None:
    package, text = tried.missing.get(name, (None, ""))
    assert package == NEEDS.get(name)
    if package == "keras":  # any of the three would do
        for backend in BACKENDS:
            assert_names(backend, text)
    elif package is not None:
        assert_names(EXTRA_OF[package], text)


@pytest.mark.parametrize("package", [fer_data, fer_model])
@pytest.mark.extra(*EXTRA_OF)
def test_with_all_extras_every_public_name_is_there(package: Any) -> None:
    for name in package.__all__:
        getattr(package, name)


TRAIN = """
import json, sys
from tests.helpers import base_install

base_install.hide(json.loads(sys.argv[1]))
try:
    import fer_model
    fer_model.train
except Exception as error:
    print(f"{type(error).__name__}: {error}")
code, out, err = base_install.run(["fer-model", "train", "data", "--out", "out"])
sys.exit(f"{code} {out}{err}")
"""


def trained(folder: Path, *absent: str, **environment: str) -> list[str]:
    """Return what the library and the command say of a training where packages are absent."""
    outside = {name: text for name, text in os.environ.items() if name != "KERAS_BACKEND"}
    path = os.pathsep.join([str(ROOT), outside.get("PYTHONPATH", "")])
    ended = subprocess.run(
        [sys.executable, "-c", TRAIN, json.dumps(absent)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**outside, "KERAS_HOME": str(folder), "PYTHONPATH": path, **environment},
    )
    assert ended.returncode == 1
    return [ended.stdout.rstrip(), ended.stderr.rstrip()]


@pytest.mark.parametrize("backend", BACKENDS)
def test_without_a_backend_its_extra_is_named(folder: Path, backend: str) -> None:
    for text in trained(folder, *BACKENDS, KERAS_BACKEND=backend):
        assert_names(backend, text)
        assert text.startswith(("2 fer-model: Keras's backend is", "ModuleNotFoundError: Keras's"))


@pytest.mark.extra("jax")
def test_a_backend_that_is_installed_is_named_too(folder: Path) -> None:
    for text in trained(folder, "tensorflow", "torch"):
        assert_names("tensorflow", text)
        assert "or set KERAS_BACKEND=jax" in text


def test_an_unknown_backend_is_refused_in_a_line(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "keras.json").write_text('{"backend": "theano"}')
    for chosen in ({"KERAS_BACKEND": "theano"}, {"KERAS_HOME": str(tmp_path)}):
        library, command = trained(folder, **chosen)
        message = "Keras's backend is 'theano'; set KERAS_BACKEND to tensorflow, torch, jax"
        assert library == f"UsageError: {message}"
        assert command == f"2 fer-model: {message}"


@cache
def extras() -> dict[str, list[str]]:
    about = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    found: dict[str, list[str]] = about["project"]["optional-dependencies"]
    return found


def packages_of(extra: str) -> set[str]:
    """Return what an extra installs, and the extras in it."""
    found: set[str] = set()
    for needed in extras()[extra]:
        name, inner = re.fullmatch(r"([\w-]+)(?:\[(.*?)\])?.*", needed).groups()  # type: ignore[union-attr]
        if name == "fer-data":
            found = found.union(*map(packages_of, inner.split(",")))
        else:
            found.add(name.replace("-", "_"))
    return found


def test_the_extras_are_those_of_the_package() -> None:
    for package, extra in EXTRA_OF.items():
        assert package in packages_of(extra)
    for extra in extras().keys() - DEVELOPERS:
        assert packages_of(extra) - packages_of("all") == set()
    assert packages_of("all") == {*ABSENT}
    assert {extra for extra, _ in REFUSED.values()} | {*BACKENDS} == set(EXTRA_OF.values())
    for backend in BACKENDS:
        assert packages_of(backend) == {backend, "keras"}


def test_developers_have_what_the_tests_need() -> None:
    assert packages_of("all") - packages_of("dev") == {"mlflow", "torch", "wandb"}


def test_the_docs_have_every_extra() -> None:
    text = (ROOT / "docs" / "library.md").read_text("utf-8")
    table = text.split("## Extras", 1)[1].split("\n## ", 1)[0]
    named = {
        name
        for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    }
    assert named == extras().keys()


@pytest.mark.slow
def test_a_fresh_environment_with_the_base_is_small_and_works(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("measure", ROOT / "tools" / "measure_install.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    sys.modules["measure"] = tool  # dataclasses look there
    spec.loader.exec_module(tool)
    environment = tmp_path / "environment"
    try:
        found = tool.measure(environment, "")
    except subprocess.CalledProcessError:
        pytest.skip("no index of packages can be reached")
    assert found.bytes <= MOST_BYTES
    python = [str(environment / "bin" / "python"), "-I"]
    tried = try_all(make_folder(tmp_path / "work"), python, hide=False)
    assert tried.found == []
    for command, (code, _, err) in tried.working.items():
        assert code == 0, (command, err)
    for command, (code, _, err) in tried.refused.items():
        assert code == 2
        assert_names(REFUSED[command][0], err)
    assert {name: package for name, (package, _) in tried.missing.items()} == NEEDS
