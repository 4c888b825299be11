"""What is refused and what is settled before any training of a comparison."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import fer_data
import fer_model
from fer_data.errors import DataError, UsageError
from fer_model.comparison import compare as comparison
from fer_model.comparison import grid, protocol
from fer_model.comparison.arm import parse_arms
from fer_model.comparison.protocol import Protocol
from fer_model.comparison.reading import read_results
from fer_model.training.recipe import Recipe
from fer_model.training.runs import Run
from tests.helpers.made_comparison import RECIPE, make_comparison

pytestmark = pytest.mark.usefixtures("no_plots")


@pytest.mark.parametrize(
    ("arm", "recipe", "message"),
    [
        ("ldam-drw:0.5", dataclasses.replace(RECIPE, epochs=4), "in the last fifth of the epochs"),
        ("deferred:3", RECIPE, "at pass 3 of the data, but a run has only 1.0"),
        ("progressive:2", RECIPE, "at pass 2"),
        ("crt", dataclasses.replace(RECIPE, protocol="notebook"), "validates on the test split"),
    ],
)
def test_an_arm_that_would_do_nothing_is_refused(
    faces: Path, arm: str, recipe: Recipe, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        grid.declare(recipe, faces, parse_arms(["none", arm]), [0])


def test_data_without_a_test_split_is_refused(faces: Path) -> None:
    with pytest.raises(DataError, match="no labelled test split to compare on"):
        grid.declare(RECIPE, faces / "train", parse_arms(["none", "crt"]), [0])


def test_other_settings_replace_what_has_no_finished_run(tmp_path: Path) -> None:
    out = make_comparison(tmp_path / "out", arms=("none", "oversample"), seeds=(0,))
    before = Protocol.read(out)
    other = dataclasses.replace(before, recipe=dataclasses.replace(before.recipe, batch_size=7))
    protocol.discard_unfinished(out, before)
    protocol.discard_unfinished(out, other)
    with pytest.raises(UsageError, match="of another recipe"):
        other.joined(out)  # a run is finished
    for metrics in out.glob("runs/*/*/metrics.json"):
        metrics.unlink()
    protocol.discard_unfinished(out, before)
    assert Protocol.read(out) == before
    checkpoint = Run(before.cells(out)[0].folder).checkpoint_path
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    checkpoint.write_bytes(b"some hours of training")
    protocol.discard_unfinished(out, other)
    assert Protocol.read(out) == before
    checkpoint.unlink()
    protocol.discard_unfinished(out, other)
    assert other.joined(out) == other
    assert not list(out.glob("runs/*/*/recipe.json"))


def test_changed_code_is_said_in_words(tmp_path: Path) -> None:
    out = make_comparison(tmp_path / "out", arms=("none", "oversample"), seeds=(0,))
    keys = [f"own:build#{digest * 12}" for digest in "ab"]
    before, now = (
        dataclasses.replace(
            Protocol.read(out), recipe=dataclasses.replace(Protocol.read(out).recipe, net=key)
        )
        for key in keys
    )
    before.write(out)
    with pytest.raises(UsageError, match="the code of net, own:build, has changed"):
        now.joined(out)


def test_splits_without_a_common_class_are_refused() -> None:
    images = np.zeros((4, 48, 48), np.uint8)
    splits = {"train": (images, [0, 0, 1, 1]), "test": (images, ["cat", "cat", "dog", "dog"])}
    with pytest.raises(DataError, match=r"no class in common, as '?0'? and cat"):
        grid.declare(RECIPE, fer_data.load(splits), parse_arms(["none", "crt"]), [0])


def test_arrays_without_a_test_split_are_refused_before_they_are_written(tmp_path: Path) -> None:
    arrays = (np.zeros((4, 48, 48), np.uint8), ["cat", "cat", "cat", "dog"])
    with pytest.raises(DataError, match=r"^arrays: no labelled test split"):
        fer_model.compare(arrays, "none,oversample", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("wanted", "natural", "epochs", "made"),
    [(8, 4, 2, 8), (11, 4, 3, 12), (1, 4, 1, 4), (23, None, 2, 22), (5, None, 1, 5)],
)
def test_steps_in_all_become_whole_epochs(
    faces: Path, wanted: int, natural: int | None, epochs: int, made: int
) -> None:
    protocol, parts = grid.declare(
        dataclasses.replace(RECIPE, steps_per_epoch=natural),
        faces,
        parse_arms(["none", "crt"]),
        [0],
        num_steps=wanted,
    )
    assert natural or parts.train.num_steps == 10
    assert protocol.recipe.epochs == epochs
    assert protocol.num_steps == made


def test_a_comparison_logs_once_what_images_are_brought_to(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for split, number in (("train", 20), ("test", 5)):
        for name in ("red", "blue"):
            (tmp_path / "data" / split / name).mkdir(parents=True)
            for place in range(number):
                pixels = np.random.default_rng(place).integers(0, 255, (20, 70, 3), np.uint8)
                Image.fromarray(pixels).save(tmp_path / "data" / split / name / f"{place}.png")
    recipe = dataclasses.replace(RECIPE, image_size=(24, 24), color="rgb")
    _, parts = grid.declare(recipe, tmp_path / "data", parse_arms(["none", "oversample"]), [0])
    grid.write_samples(parts, tmp_path)
    (text,) = [record.getMessage() for record in caplog.records if record.name == "fer_data"]
    assert "24x24 rgb" in text
    assert "70x20" in text


def test_an_arm_that_needs_other_classes_is_refused_before_any_training(faces: Path) -> None:
    with pytest.raises(UsageError, match="no samples of 'nosuch'"):
        grid.declare(RECIPE, faces, parse_arms(["none", "counts:nosuch=3"]), [0])


def test_where_a_strategy_changes_is_counted_in_its_own_epochs(faces: Path) -> None:
    short = dataclasses.replace(RECIPE, epoch_size=32)
    grid.declare(short, faces, parse_arms(["none", "deferred:3"]), [0])  # 10 steps, 10 epochs
    long = dataclasses.replace(RECIPE, epoch_size=2000)
    with pytest.raises(UsageError, match=r"at pass 1 of the data, but a run has only 0\.2"):
        grid.declare(long, faces, parse_arms(["none", "deferred:1"]), [0])


def test_a_comparison_lies_where_nothing_else_does(faces: Path, tmp_path: Path) -> None:
    def refused(out: Path) -> str:
        with pytest.raises(UsageError) as error:
            comparison.compare(faces, ["none", "crt"], [0], out=out, recipe=RECIPE)
        return str(error.value)

    before = sorted(faces.rglob("*"))
    assert "lies in the data set" in refused(faces)
    assert "lies in the data set" in refused(faces / "train" / "comparison")
    (tmp_path / "link").symlink_to(faces)
    assert "lies in the data set" in refused(tmp_path / "link" / "out")
    (tmp_path / "file").touch()
    assert "expected a folder" in refused(tmp_path / "file")
    thesis = tmp_path / "work" / "thesis.txt"
    thesis.parent.mkdir()
    thesis.touch()
    assert "holds something already (thesis.txt)" in refused(thesis.parent)
    assert sorted(faces.rglob("*")) == before
    assert list(thesis.parent.iterdir()) == [thesis]


def test_a_comparison_in_python_writes_its_report_and_says_where(
    faces: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = read_results(make_comparison(tmp_path / "made"))
    monkeypatch.setattr(comparison, "train_missing", lambda *arguments: None)
    for name, verbose, report in (("shown", 1, True), ("silent", 0, True), ("alone", 1, False)):
        out = tmp_path / name
        found = dataclasses.replace(made, out=out)
        monkeypatch.setattr(comparison, "read_results", lambda out, found=found: found)
        given = {"recipe": RECIPE, "verbose": verbose, "report": report}
        assert comparison.compare(faces, "none,crt", [0], out=out, **given) is found
        page = out / "index.html"
        assert page.exists() == (out / "results.json").exists() == report
        assert (f"The report is {page}" in capsys.readouterr().err) == (verbose == report == 1)
