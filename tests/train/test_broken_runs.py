"""A run folder that is damaged, or comes from a stranger, ends in one line and runs nothing."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tomllib
import zipfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement
from PIL import Image

from fer_data.analysis.predictions import PREDICTIONS, SavedPredictions, save_predictions
from fer_data.errors import DataError
from fer_data.extras import BACKENDS
from fer_data.fer2013.emotions import EMOTIONS
from fer_model.comparison.side_by_side import side_by_side
from fer_model.inference.export import export_run
from fer_model.inference.predict import predict_paths
from fer_model.training import models
from fer_model.training.evaluate import evaluate_run
from fer_model.training.recipe import Recipe
from fer_model.training.runs import Run
from fer_model.training.train import resume
from tests.helpers.crafted_models import crafted
from tests.helpers.untrained import untrained_run

Ended = tuple[int, str]

Cli = Callable[..., Ended]


@pytest.fixture
def fer_model(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Return a function that runs ``fer-model`` in this process: exit code, standard error."""
    from fer_model import cli

    def run(*words: str | Path) -> Ended:
        monkeypatch.setattr(sys, "argv", ["fer-model", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert isinstance(end.value.code, int)
        return end.value.code, capsys.readouterr().err

    return run


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with all that a finished one has, of a net that was never trained."""
    folder = tmp_path_factory.mktemp("whole")
    data = {"path": str(folder), "fingerprint": "f", "selected": "s", "selection": {}}
    recipe = Recipe(net="small", image_size=(16, 16))
    run = untrained_run(folder / "run", recipe, {**data, "skip_bad": False})
    per_class = {name: {"recall": 0.5, "support": 3} for name in EMOTIONS}
    scores = dict.fromkeys(("accuracy", "balanced_accuracy", "macro_f1", "geometric_mean"), 0.5)
    metrics = {
        "test": {**scores, "num_samples": 21, "loss": 1.0, "per_class": per_class},
        "training": {"steps": 3, "seconds": 1.0},
    }
    (run.path / "metrics.json").write_text(json.dumps(metrics))
    predictions = SavedPredictions(
        EMOTIONS, np.array(["test"]), np.array(["a"]), np.array([0]), np.eye(7, dtype="f4")[:1]
    )
    save_predictions(run.path / PREDICTIONS, predictions)
    Image.new("L", (16, 16)).save(folder / "one.png")
    side_by_side([run.path, run.path])
    return run


@pytest.fixture
def run(whole: Run, tmp_path: Path) -> Run:
    return Run(shutil.copytree(whole.path, tmp_path / "run"))


def rewritten(path: Path, change: Callable[[str, bytes], bytes | None]) -> None:
    """Change, or remove, the members of a model file."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            new = change(name, data)
            if new is not None:
                archive.writestr(name, new)


def in_member(member: str, change: Callable[[bytes], bytes | None]) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        rewritten(path, lambda name, data: change(data) if name == member else data)

    return damage


def becomes(data: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(data) and None


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def gone(path: Path) -> None:
    path.unlink()


WEIGHTS, CONFIG, USE = "model.weights.h5", "config.json", "fer_data.json"

OF_MODEL = {
    "empty": becomes(b""),
    "noise": becomes(b"PK\x03\x04" + b"\xff" * 99),
    "cut": cut,
    "a FIFO": fifo,
    "a folder": folder,
    "gone": gone,
    "weights cut": in_member(WEIGHTS, lambda data: data[: len(data) // 2]),
    "weights empty": in_member(WEIGHTS, lambda data: b""),
    "weights gone": in_member(WEIGHTS, lambda data: None),
    "config gone": in_member(CONFIG, lambda data: None),
    "config no JSON": in_member(CONFIG, lambda data: data[:-9]),
    "config something else": in_member(CONFIG, lambda data: b"[1]"),
    "config deep": in_member(CONFIG, lambda data: b"[" * 9999),
    "use gone": in_member(USE, lambda data: None),
    "use something else": in_member(USE, lambda data: b'{"class_names": 3}'),
    "use of other classes": in_member(USE, lambda data: data.replace(b'"angry", ', b"")),
    "use of another size": in_member(USE, lambda data: data.replace(b"16", b"24")),
}


@pytest.mark.parametrize("damage", OF_MODEL.values(), ids=OF_MODEL)
def test_a_broken_model_is_one_line(run: Run, damage: Callable[[Path], None]) -> None:
    damage(run.model_path)
    with pytest.raises(DataError) as error:
        models.load(run.model_path)
    assert str(run.model_path) in str(error.value)
    assert "\n" not in str(error.value)


@settings(max_examples=20)
@given(st.data())
def test_a_model_with_any_byte_changed_loads_or_is_one_line(
    whole: Run, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("bytes") / "model.keras"
    content = bytearray(whole.model_path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    try:
        models.load(path)
    except DataError as error:
        assert "\n" not in str(error)  # noqa: PT017


OF_JSON = {
    "empty": becomes(b""),
    "cut": cut,
    "no UTF-8": becomes(b"\xff\xfe"),
    "a list": becomes(b"[1]"),
    "pairs": becomes(b'[["recipe", 1]]'),
    "nothing in it": becomes(b"{}"),
    "other kinds": becomes(b'{"recipe": 3, "data": 4, "training": 5, "test": 6}'),
    "kinds within": becomes(
        b'{"recipe": {"epochs": "x"}, "data": {"path": 1, "class_names": 2}, '
        b'"training": {"steps": "1", "seconds": null}, "test": {"per_class": []}}'
    ),
    "deep": becomes(b"[" * 99999),
    "a FIFO": fifo,
    "a folder": folder,
}


def commands(run: Run) -> dict[str, tuple[str | Path, ...]]:
    image = Path(run.data["path"]) / "one.png" if (run.path / "recipe.json").is_file() else "x.png"
    return {
        "evaluate": ("evaluate", run.path, "DATA"),
        "predict": ("predict", run.path, image),
        "export": ("export", run.path, "--to", "saved-model", "--out", run.path / "exported"),
        "resume": ("train", "--resume", run.path),
        "compare": ("compare", run.path, run.path),
    }


READS = {
    "model.keras": ("evaluate", "predict", "export"),
    "recipe.json": ("evaluate", "predict", "resume", "compare"),
    "metrics.json": ("compare",),
    "checkpoint.keras": ("resume",),
}
"""What each command reads of a run; the model's images and the data come after."""


@pytest.mark.parametrize(
    ("name", "command"), [(name, command) for name, of in READS.items() for command in of]
)
def test_every_command_ends_in_one_line_at_a_broken_file(
    run: Run, make_data: Path, fer_model: Cli, name: str, command: str
) -> None:
    words = [make_data if word == "DATA" else word for word in commands(run)[command]]
    if command == "resume":
        prepared_to_resume(run, make_data)
    damages = (
        OF_JSON if name.endswith(".json") else {key: OF_MODEL[key] for key in ("noise", "cut")}
    )
    for damage in damages.values():
        kept = (run.path / name).read_bytes()
        damage(run.path / name)
        code, errors = fer_model(*words)
        assert (code, len(errors.strip().splitlines())) == (2, 1), errors
        assert "Traceback" not in errors
        path = run.path / name
        path.rmdir() if path.is_dir() else path.unlink()
        path.write_bytes(kept)


@pytest.fixture
def make_data(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    for split in ("train", "test"):
        for name in EMOTIONS:
            (tmp_path / "data" / split / name).mkdir(parents=True)
            for number in range(4):
                pixels = random.integers(0, 256, (16, 16), np.uint8)
                Image.fromarray(pixels).save(tmp_path / "data" / split / name / f"{number}.png")
    return tmp_path / "data"


def prepared_to_resume(run: Run, data: Path) -> None:
    """Make a run one that stopped on the data."""
    from fer_data.data.store import open_store

    store = open_store(data, form=run.recipe.form)
    about = json.loads((run.path / "recipe.json").read_text())
    about["data"] |= {
        "path": str(data),
        "fingerprint": store.fingerprint,
        "selected": store.dataset.digest(),
        "options": {},
    }
    (run.path / "recipe.json").write_text(json.dumps(about))
    (run.path / "metrics.json").unlink()
    shutil.copy(run.model_path, run.checkpoint_path)


def test_a_checkpoint_without_its_state_is_one_line(run: Run, make_data: Path) -> None:
    prepared_to_resume(run, make_data)
    with pytest.raises(DataError, match=r"checkpoint\.keras"):
        resume(run.path)
    with zipfile.ZipFile(run.checkpoint_path, "a") as archive:
        archive.writestr("training.json", '{"epoch": 0, "no such": 1}')
    with pytest.raises(DataError, match=r"checkpoint\.keras: broken"):
        resume(run.path)


def test_broken_predictions_are_one_line(run: Run) -> None:
    for damage in (cut, becomes(b""), fifo):
        damage(run.path / PREDICTIONS)
        with pytest.raises(DataError, match=r"predictions\.npz"):
            _ = run.predictions
        (run.path / PREDICTIONS).unlink()
        (run.path / PREDICTIONS).write_bytes(b"PK\3\4" * 9)


@pytest.mark.parametrize("make", [os.mkfifo, fifo])
def test_an_image_that_is_a_fifo_is_refused_at_once(
    whole: Run, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    path = tmp_path / "it.png"
    path.touch()
    fifo(path)
    with pytest.raises(DataError, match=r"it\.png: is a FIFO"):
        predict_paths(whole.path, [path])


# Models of strangers


def test_a_stranger_s_model_runs_no_code_and_writes_no_file(
    whole: Run, make_data: Path, tmp_path: Path
) -> None:
    """Holds the lower bound of keras: 3.8.0 makes the folder, and downloads what it is asked to."""
    flag, found = tmp_path / "flag", []
    for path in crafted(whole.model_path, tmp_path, flag):
        run = shutil.copytree(whole.path, tmp_path / path.stem)
        shutil.copy(path, run / "model.keras")
        for use in (
            lambda run=run: models.load(run / "model.keras"),
            lambda run=run: evaluate_run(run, make_data),
            lambda run=run: predict_paths(run, [make_data]),
            lambda run=run: export_run(run, run / "exported", form="saved-model"),
        ):
            with pytest.raises(DataError, match=r"model\.keras"):
                use()
        assert not flag.exists(), path.stem
        assert keras.src.saving.serialization_lib.in_safe_mode() in (None, True)
        found.append(path.stem)
    assert len(found) == 6


def test_the_bound_of_keras_is_one_that_runs_no_stranger_s_code() -> None:
    about = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))
    extras = about["project"]["optional-dependencies"]
    refused = ("3.8.0", "3.10.0", "3.11.2", "3.12.0", "3.13.1", "3.14.0", "3.15.0")
    for backend in BACKENDS:
        needed = {
            requirement.name: requirement for requirement in map(Requirement, extras[backend])
        }
        assert not [
            refused_version
            for refused_version in refused
            if refused_version in needed["keras"].specifier
        ]
    assert version("keras") in needed["keras"].specifier
