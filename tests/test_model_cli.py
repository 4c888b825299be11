"""``fer-model`` as people call it: in processes of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fer_model.cli import split_arms

SMALL = ["--net", "small", "--epochs", "1", "--batch-size", "64", "--learning-rate", "0.003"]


def fer_model(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fer_model.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
    )


@pytest.fixture(scope="module")
def arms(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `compare --arms` has trained two arms."""
    folder = tmp_path_factory.mktemp("cli")
    done = fer_model(
        "compare", faces, "--arms", "none,oversample", *SMALL, "--out", "arms", "--json", cwd=folder
    )
    assert done.returncode == 0, done.stderr
    (folder / "first.json").write_text(done.stdout)
    return folder


def test_arms_get_the_same_steps_and_are_told_apart(arms: Path) -> None:
    found = json.loads((arms / "first.json").read_text())
    assert [row["balance"] for row in found["rows"]] == ["none", "oversample"]
    assert len({row["steps"] for row in found["rows"]}) == 1
    assert found["split"] == "test"


@pytest.mark.parametrize(
    ("text", "arms"),
    [
        ("none, oversample,", ["none", "oversample"]),
        ("counts:a=3,b c=4,power:0.5", ["counts:a=3,b c=4", "power:0.5"]),
        ("batch,counts:a=3,counts:b=4,c=1", ["batch", "counts:a=3", "counts:b=4,c=1"]),
        ("counts:a=3,b=4+class-weights,none", ["counts:a=3,b=4+class-weights", "none"]),
    ],
)
def test_arms_are_split_at_commas_that_are_not_of_counts(text: str, arms: list[str]) -> None:
    assert split_arms(text) == arms


def test_arms_that_are_there_are_not_trained_again(arms: Path, faces: Path) -> None:
    models = {path: path.stat().st_mtime_ns for path in arms.rglob("model.keras")}
    again = fer_model(
        "compare", faces, "--arms", "none,oversample", *SMALL, "--out", "arms", "--json", cwd=arms
    )
    assert again.returncode == 0
    assert again.stdout == (arms / "first.json").read_text()
    assert {path: path.stat().st_mtime_ns for path in arms.rglob("model.keras")} == models


def test_arms_of_other_settings_are_not_mixed_in(arms: Path, faces: Path) -> None:
    other = [*SMALL, "--seed", "9"]
    done = fer_model("compare", faces, "--arms", "none", *other, "--out", "arms", cwd=arms)
    assert done.returncode == 2
    assert "other settings" in done.stderr


def test_runs_side_by_side_and_what_to_doubt(arms: Path) -> None:
    done = fer_model("compare", "arms/none", "arms/oversample", cwd=arms)
    assert done.returncode == 0
    for text in ("recall of disgust", "balanced accuracy", "training steps", "can be chance"):
        assert text in done.stdout


def test_evaluate_and_predict_speak_json(arms: Path, faces: Path) -> None:
    done = fer_model("evaluate", "arms/none", faces, "--json", cwd=arms)
    metrics = json.loads((arms / "arms/none/metrics.json").read_text())
    assert json.loads(done.stdout) == metrics["test"]
    image = next(faces.glob("test/happy/*.png"))
    done = fer_model("predict", "arms/none", image, "--json", cwd=arms)
    (prediction,) = json.loads(done.stdout)
    skipped = fer_model(
        "predict", "arms/none", image, "nowhere.png", image, "--skip-bad", "--json", cwd=arms
    )
    for again in json.loads(skipped.stdout):
        assert again["class_name"] == prediction["class_name"]
    assert len(json.loads(skipped.stdout)) == 2  # an image that is named twice is predicted twice
    assert "left out: nowhere.png: cannot be read (No such file" in skipped.stderr
    assert sum(prediction["probabilities"].values()) == pytest.approx(1, abs=1e-5)


def test_training_with_json_prints_nothing_else(faces: Path, tmp_path: Path) -> None:
    done = fer_model(
        "train", faces, *SMALL, "--as-notebook", "--tensorboard", "--json", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert Path(found["run"]) == tmp_path / "runs/faces-small-none"
    assert found["training"]["epochs"] == 1
    assert "the test split serves as validation" in done.stderr
    assert list((tmp_path / "runs/faces-small-none/tensorboard").rglob("events.*"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train"], "Usage"),
        (["train", "nowhere"], "there is no such file or folder"),
        (["train", "nowhere", "--balance", "smote"], "balance is 'smote'"),
        (["train", "nowhere", "--resume", "arms/none"], "either a data PATH"),
        (["train", "--resume", "arms/none", "--epochs", "9"], "--epochs cannot be given here"),
        (["compare", "arms/none", "arms/oversample", "--seed", "3"], "--seed cannot be given here"),
        (["evaluate", "nowhere", "nowhere"], "no run here"),
        (["evaluate", "arms/none", "nowhere"], "there is no such file or folder"),
        (["predict", "arms/none", "first.json"], "not a picture"),
        pytest.param(
            ["predict", "arms/none", "nowhere.png", "--skip-bad"],
            "none of the images",
            marks=pytest.mark.slow,
        ),
        (["compare", "arms"], "one path alone"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    arms: Path, arguments: list[str], message: str
) -> None:
    done = fer_model(*arguments, cwd=arms)
    assert done.returncode == 2
    assert message in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    if "Usage" not in message:
        assert len(done.stderr.strip().splitlines()) == 1
