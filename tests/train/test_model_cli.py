"""``fer-model`` as people call it, in processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fer_model.comparison.arm import split_arms
from tests.helpers.extras import marked
from tests.helpers.preloaded import fer_model

RUN, OTHER = "arms/runs/none/seed-0", "arms/runs/oversample/seed-0"
COMPARE = ["compare", "--arms", "none,oversample", "--seeds", "1", "--out", "arms"]
SMALL = ["--net", "small", "--epochs", "1", "--batch-size", "64", "--learning-rate", "0.003"]


def from_the_start(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, which is how people call it."""
    return subprocess.run(
        [sys.executable, "-m", "fer_model.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
    )


@pytest.fixture(scope="module")
def arms(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `compare --arms` has trained two arms with one seed."""
    folder = tmp_path_factory.mktemp("cli")
    done = from_the_start(*COMPARE, faces, *SMALL, "--json", "--markdown", "verdict.md", cwd=folder)
    assert done.returncode == 0, done.stderr
    (folder / "first.json").write_text(done.stdout)
    (folder / "first.txt").write_text(done.stderr)
    return folder


@pytest.mark.slow
def test_a_comparison_says_first_what_it_can_find_and_then_what_it_found(arms: Path) -> None:
    errors = (arms / "first.txt").read_text()
    first, second = errors.splitlines()[:2]
    assert first.startswith("every run: 1 epoch of ")
    assert second.startswith("2 arms, 1 seed each: one seed shows no spread between")
    assert "run 2 of 2: oversample, seed 0: balanced accuracy " in errors
    written = json.loads((arms / "first.json").read_text())
    assert [arm["arm"] for arm in written["arms"]] == ["none", "oversample"]
    assert written["verdicts"][0]["text"].endswith("Train three seeds or more of each arm.")
    assert json.loads((arms / "arms" / "results.json").read_text()) == written
    assert (arms / "arms" / "index.html").exists()
    assert "| oversample |" in (arms / "verdict.md").read_text()


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


@pytest.mark.slow
def test_a_comparison_is_read_again_and_of_other_settings_refused(arms: Path, faces: Path) -> None:
    again = fer_model("compare", "arms", cwd=arms)
    assert again.returncode == 0, again.stderr
    for text in ("oversample", "1 seed", "can't tell whether oversample changes balanced accuracy"):
        assert text in again.stdout
    other = fer_model(*COMPARE, faces, *SMALL[:-1], "0.01", cwd=arms)
    assert other.returncode == 2
    assert "another recipe (learning_rate 0.003, not 0.01)" in other.stderr


@pytest.mark.slow
def test_runs_side_by_side_and_their_warnings(arms: Path) -> None:
    done = fer_model("compare", RUN, OTHER, cwd=arms)
    assert done.returncode == 0
    for text in ("recall of disgust", "balanced accuracy", "training steps", "can be chance"):
        assert text in done.stdout


@pytest.mark.slow
def test_evaluate_and_predict_speak_json(arms: Path, faces: Path) -> None:
    done = fer_model("evaluate", RUN, faces, "--json", cwd=arms)
    metrics = json.loads((arms / RUN / "metrics.json").read_text())
    assert json.loads(done.stdout) == metrics["test"]
    image = next(faces.glob("test/happy/*.png"))
    done = fer_model("predict", RUN, image, "--json", cwd=arms)
    (prediction,) = json.loads(done.stdout)
    skipped = fer_model(
        "predict",
        RUN,
        image,
        "nowhere.png",
        image,
        "--skip-bad",
        "--json",
        cwd=arms,
    )
    for again in json.loads(skipped.stdout):
        assert again["predicted_class"] == prediction["predicted_class"]
    assert len(json.loads(skipped.stdout)) == 2  # an image that is named twice is predicted twice
    assert "skipped: nowhere.png: cannot be read (No such file" in skipped.stderr
    assert sum(prediction["probabilities"].values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.slow
@pytest.mark.extra("tensorboard")
def test_training_with_json_prints_nothing_else(faces: Path, tmp_path: Path) -> None:
    log = ("--log-to", "tensorboard")
    done = from_the_start(
        "train", faces, *SMALL, "--recipe", "notebook", *log, "--json", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert Path(printed["run"]) == tmp_path / "runs/faces-small-none"
    assert printed["training"]["epochs"] == 1
    assert "the test split serves as validation" in done.stderr
    assert list((tmp_path / "runs/faces-small-none/tensorboard").rglob("events.*"))


@pytest.mark.slow
@pytest.mark.parametrize("backend", marked(["jax", "torch"]))
def test_other_backends_train_too(
    faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", backend)
    done = from_the_start("train", faces, *SMALL, "--loss", "ldam-drw:0.5", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    about = json.loads((Path(printed["run"]) / "recipe.json").read_text())
    assert about["versions"]["backend"] == backend


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train"], "give either a data PATH"),
        (["train", "nowhere"], "there is no such file or folder"),
        (
            ["train", "nowhere", "--balance", "smote"],
            "balance: got 'smote'. Did you mean oversample",
        ),
        (["train", "nowhere", "--resume", RUN], "either a data PATH"),
        (
            ["train", "--resume", RUN, "--epochs", "9"],
            "--epochs cannot be given here",
        ),
        (
            ["compare", RUN, OTHER, "--seed", "3"],
            "--seed cannot be given here",
        ),
        (["evaluate", "nowhere", "nowhere"], "no run here"),
        (["evaluate", RUN, "nowhere"], "there is no such file or folder"),
        (["predict", RUN, "first.json"], "expected a list of objects"),
        pytest.param(
            ["predict", RUN, "nowhere.png", "--skip-bad"],
            "none of the images",
            marks=pytest.mark.slow,
        ),
        (["compare", "arms/runs"], "not a comparison"),
    ],
)
@pytest.mark.slow
def test_bad_input_is_one_line_and_exit_code_2(
    arms: Path, arguments: list[str], message: str
) -> None:
    done = fer_model(*arguments, cwd=arms)
    assert done.returncode == 2
    assert message in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    if "Usage" not in message:
        assert len(done.stderr.strip().splitlines()) == 1
