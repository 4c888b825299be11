"""`fer-data samples`, `synthetic` and `plan`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer_data.analysis.ledger import plan_ledger
from tests.conftest import MakeFolder, Run
from tests.helpers.csv_files import FLAT, write_csv
from tests.helpers.messages import one_line
from tests.helpers.programs import NASTY

# samples


def grid(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def test_samples_draws_a_grid_that_opens(run: Run, faces: Path, tmp_path: Path) -> None:
    ended = run("samples", faces, tmp_path / "new" / "grid.png", "--columns", "3")
    assert ended.code == 0
    assert "420 images read; a grid of random ones is in" in ended.err
    drawn = grid(tmp_path / "new" / "grid.png")
    assert drawn.min() < 100 < 250 < drawn.max()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["grid.png"]


def test_a_grid_of_hundreds_of_classes_stays_small_enough_to_open(
    run: Run, make_folder: MakeFolder, tmp_path: Path
) -> None:
    data = make_folder({f"train/{number}": 1 for number in range(300)})
    assert run("samples", data, tmp_path / "grid.png").code == 0
    assert 10_000 < len(grid(tmp_path / "grid.png")) < 20_000


def test_samples_follow_the_seed(run: Run, faces: Path, tmp_path: Path) -> None:
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        run("samples", faces, tmp_path / f"{name}.png", "--columns", "2", "--seed", seed)
    drawn = {name: grid(tmp_path / f"{name}.png").tobytes() for name in "abc"}
    assert drawn["a"] == drawn["b"] != drawn["c"]


@pytest.mark.parametrize("color", ["grey", "rgb"])
@pytest.mark.parametrize("size", ["1", "9"])
def test_samples_of_any_size_and_colour_and_class_name(
    run: Run, make_folder: MakeFolder, tmp_path: Path, color: str, size: str
) -> None:
    root = make_folder({**dict.fromkeys(NASTY, 1), "$": 2, "a$b$_{": 1, "empty": 0})
    out = tmp_path / "grid.png"
    ended = run("samples", root, out, "--color", color, "--size", size, "--columns", "1")
    assert ended.code == 0
    became, empty, where = ended.err.splitlines()
    assert "resized" in became
    assert empty.startswith("no sample of empty: ")
    assert str(out) in where
    assert grid(out).size


def test_samples_of_unlabelled_data_are_refused(run: Run, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "test.csv", [FLAT], header="pixels")
    assert "has no labels" in one_line(run("samples", path, "grid.png", "--split", "test"))


def test_samples_keep_decoded_images_where_asked(
    run: Run, make_folder: MakeFolder, tmp_path: Path
) -> None:
    root = make_folder({"cat": 1, "zoo": 0})
    run("samples", root, tmp_path / "grid.png", "--cache", tmp_path / "mine")
    assert len(list((tmp_path / "mine").glob("*/pixels.npy"))) == 1


# synthetic


def test_synthetic_draws_a_folder_and_a_csv_of_the_same_counts(run: Run, tmp_path: Path) -> None:
    for name in ("faces", "faces.csv"):
        ended = run("synthetic", tmp_path / name, "--num-images", "70", "--seed", "5")
        assert ended == (0, "", f"70 drawn faces in {tmp_path / name}\n")
    folder = json.loads(run("stats", tmp_path / "faces", "--json").out)
    table = json.loads(run("stats", tmp_path / "faces.csv", "--json").out)
    assert folder["num_samples"] == table["num_samples"] == 70
    assert folder["splits"] == table["splits"]
    counts = folder["splits"]["train"]["counts"]
    assert max(counts, key=counts.get) == "happy"
    assert min(counts, key=counts.get) == "disgust"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["faces", "faces.csv"]


def test_a_plan_is_printed_without_decoding_a_image(run: Run, make_folder: MakeFolder) -> None:
    data = make_folder({"train/a": 11, "train/b": 5, "train/c": 2, "train/d": 1})
    for image in data.rglob("*.png"):
        image.write_bytes(b"no image")
    options = ("--balance", "counts:d=4,a=3", "--epochs", "2", "--epoch-size", "own")
    done = run("plan", str(data), *options, "--json", "--plot", str(data / "plan.svg"))
    assert done.code == 0, done.err
    ledger = plan_ledger([11, 5, 2, 1], "abcd", "counts:d=4,a=3", epochs=2)
    assert json.loads(done.out) == ledger.to_dict()
    assert (data / "plan.svg").exists()
    table = run("plan", str(data), *options).out
    assert "2 epochs, 2 steps of 64" in table
    assert "│ d     │       1 │     8 │" in table


def test_a_plan_names_classes_that_have_no_training_sample(
    run: Run, make_folder: MakeFolder
) -> None:
    data = make_folder({"train/a": 2, "train/b": 1, "test/c": 1})
    assert (
        "test has classes that train lacks, so no training batch has them: c\n"
        in run("plan", data).err
    )


def test_a_plan_shows_dashes_for_a_class_without_samples_and_counts_one_in_the_singular(
    run: Run, make_folder: MakeFolder
) -> None:
    data = make_folder({"train/a": 2, "train/b": 1, "test/c": 1})
    shown = run("plan", str(data)).out
    assert "none: 1 epoch, 1 step of 64" in shown
    (row,) = (line for line in shown.splitlines() if line.startswith("│ c "))
    assert [cell.strip() for cell in row.split("│")[2:-1]] == ["0", "0", "0.0%", *"–––––"]
    assert "2 epochs, 4 steps of 2" in run("plan", str(data), "--epochs=2", "--batch-size=2").out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--epochs", "100000000000000000000"), "epochs is 100000000000000000000; it must be 1 to"),
        (("--epoch-size", "99999999999999"), "an epoch of 99,999,999,999,999 samples is more than"),
        (("--balance", "counts:a=999999999999999"), "an epoch of 1,000,000,000,000,002 samples is"),
        (("--balance", "smote"), "balance: got 'smote'. Did you mean oversample"),
        (("--balance", "counts:z=4"), "there are no samples of 'z', only of a, b, c, d"),
        (("--epoch-size", "huge"), "epoch_size is 'huge'; choose own, natural or a number"),
        (("--plot", "plan.doc"), "plan.doc: cannot be written"),
    ],
)
def test_a_plan_that_is_invalid_is_refused(
    run: Run, make_folder: MakeFolder, options: tuple[str, ...], message: str
) -> None:
    data = make_folder({"train/a": 2, "train/b": 1, "train/c": 1, "train/d": 1})
    done = run("plan", str(data), *options)
    assert done.code == 2
    assert message in done.err
    assert done.err.count("\n") == 1
