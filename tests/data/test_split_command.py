"""The command ``split``, from images to a csv or to folders of another layout."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import fer_data
from fer_data.data.dataset import Dataset
from fer_data.data.reading import load
from fer_data.data.store import open_store
from fer_data.duplicates.grouping import duplicate_groups
from fer_data.errors import UsageError
from fer_data.writers import convert
from fer_data.writers.split_folders import write_split_folders
from tests.conftest import MakeFolder, Run
from tests.helpers.csv_files import write_noise_csv
from tests.helpers.drawn_images import as_jpeg, drawn_images, shifted


def with_copies(data: Path) -> None:
    """Make every other image a copy, or a mirrored copy, of the one before it."""
    for folder in data.glob("*/*"):
        images = sorted(folder.iterdir())
        for one, other in zip(images[::4], images[1::4], strict=False):
            other.write_bytes(one.read_bytes())
        for one, other in zip(images[2::4], images[3::4], strict=False):
            with Image.open(one) as image:
                image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(other)


@pytest.mark.parametrize("options", [[], ["--pool"], ["--folds", "3"], ["--seed", "7"]])
def test_no_duplicate_stands_on_two_sides(
    run: Run, make_folder: MakeFolder, tmp_path: Path, options: list[str]
) -> None:
    data = make_folder({"train/a": 24, "train/b": 12, "test/a": 8, "test/b": 8})
    with_copies(data)
    out = tmp_path / "out.csv"
    ended = run("split", data, "--out", out, "--json", *options)
    assert ended.code == 0, ended.err
    fold = 2 if "--folds" in options else None
    store = open_store(data, splits=out, fold=fold)
    assert store.dataset.num_excluded == 0
    groups = duplicate_groups(store.pixels, np.arange(len(store.dataset)))
    for group in np.unique(groups):
        assert len(set(store.dataset.split_codes[groups == group])) == 1
    printed = json.loads(ended.out)
    assert printed["kept_splits"] == ([] if "--pool" in options else ["test"])
    counts = printed["counts"]
    if fold:
        assert store.dataset.class_counts("validation").tolist() == list(counts["2"].values())
    else:
        for split in store.dataset.splits:
            assert store.dataset.class_counts(split).tolist() == list(counts[split].values())


def test_split_prints_a_table_and_says_what_stands_in_both(
    run: Run, make_folder: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = make_folder({"train/a": 20, "train/b": 10, "test/a": 2, "test/b": 1})
    (data / "test/a/0000.png").write_bytes((data / "train/a/0003.png").read_bytes())
    listed = tmp_path / "x.csv"
    listed.write_text("sample\ntrain/a/0000.png\n")
    ended = run("split", data, "--exclude", listed)
    assert ended.code == 0
    for text in ("│ a     │    17 │", "validation", "test"):
        assert text in ended.out
    assert "1 group of the divided samples has members in test" in ended.err
    assert "1 excluded, by x.csv" in ended.err
    assert "written to splits.csv" in ended.err
    found = load(data, splits=tmp_path / "splits.csv")
    assert found.num_excluded == 1
    first = (tmp_path / "splits.csv").read_bytes()
    run("split", data, "--exclude", listed)
    assert (tmp_path / "splits.csv").read_bytes() == first
    other = run("split", data)
    assert (other.code, "splits.csv: holds a different split" in other.err) == (2, True)
    assert (tmp_path / "splits.csv").read_bytes() == first
    assert run("split", data, "--out", "splits.csv").code == 0
    refused = run("split", data, "--min-per-class", "6")
    assert (refused.code, refused.out, refused.err.count("\n")) == (2, "", 1)
    assert "class b has" in refused.err
    many = run("split", data, "--folds", "8", "--out", "many.csv")
    assert "fold 8" in many.out
    example = run("split", "--help").out
    assert "fer-data split fer2013.csv --validation 0.1" in example


def test_a_split_becomes_folders_of_the_same_files(
    run: Run, make_folder: MakeFolder, tmp_path: Path
) -> None:
    data = make_folder({"train/a": 8, "train/b": 4, "test/a": 4, "test/b": 2})
    (data / "train/a/more").mkdir()
    (data / "train/a/0001.png").rename(data / "train/a/more/0001.png")
    (data / "test/b/0001.png").rename(data / "test/b/other.png")
    out, folders = tmp_path / "s.csv", tmp_path / "folders"
    options = ("--pool", "--out", out, "--as-folders", folders, "--validation", "0.3")
    assert run("split", data, *options).code == 0
    by_csv, by_folder = load(data, splits=out), load(folders)
    assert by_folder.splits == by_csv.splits
    for split in by_csv.splits:
        assert by_folder.class_counts(split).tolist() == by_csv.class_counts(split).tolist()

    def contents(of: Dataset, split: str) -> list[bytes]:
        return sorted((of.root / str(of.locations[row])).read_bytes() for row in of.indices(split))

    for split in by_csv.splits:
        assert contents(by_folder, split) == contents(by_csv, split)
    assert len(list(folders.rglob("other.png"))) == 1
    files = [path for path in folders.rglob("*.png") if path.is_file()]
    assert all(os.stat(path).st_nlink == 2 for path in files)
    again = run("split", data, *options)
    assert (again.code, "holds files already" in again.err) == (2, True)
    assert not list(tmp_path.glob(".*"))


def test_a_csv_s_rows_become_png_files(tmp_path: Path) -> None:
    path = tmp_path / "fer.csv"
    codes = [3] * 8 + [0] * 4
    images = write_noise_csv(path, codes, ["Training"] * 9 + ["PublicTest"] * 3)
    store = open_store(path)
    division = fer_data.split(store.dataset, pool=True, near_duplicates=False)
    write_split_folders(division, tmp_path / "out")
    for file in (tmp_path / "out").rglob("*.png"):
        split, _, row = file.stem.partition("_")
        assert split == file.parent.parent.name
        with Image.open(file) as image:
            assert np.array_equal(np.asarray(image), images[int(row)])
    assert len(list((tmp_path / "out").rglob("*.png"))) == 12
    folds = fer_data.split(store.dataset, folds=2, min_per_class=0, near_duplicates=False)
    with pytest.raises(UsageError, match="folds cannot be folders"):
        write_split_folders(folds, tmp_path / "more")


def test_near_duplicates_stay_on_one_side(tmp_path: Path, run: Run) -> None:
    originals = drawn_images(200)
    versions = [as_jpeg(shifted(image[:, ::-1], 1, 0), 70) for image in originals]
    folder = tmp_path / "data" / "train" / "cat"
    folder.mkdir(parents=True)
    (tmp_path / "data" / "train" / "dog").mkdir()
    for number, image in enumerate([*originals, *versions]):
        Image.fromarray(image).save(folder / f"{number:03d}.png")
    ended = run("split", tmp_path / "data", "--folds", "4", "--out", tmp_path / "folds.csv")
    assert ended.code == 0
    with open(tmp_path / "folds.csv", newline="", encoding="utf-8") as file:
        folds = {row["sample"]: row["fold"] for row in csv.DictReader(file)}
    sides = [folds[f"train/cat/{number:03d}.png"] for number in range(400)]
    assert sum(one != other for one, other in zip(sides[:200], sides[200:], strict=True)) <= 4
    assert set(sides) == {"1", "2", "3", "4"}


def test_any_table_is_written_as_folders(tmp_path: Path, run: Run) -> None:
    write_noise_csv(tmp_path / "fer.csv", [3, 4] * 10, ["Training"] * 20)
    convert(tmp_path / "fer.csv", tmp_path / "made.npz")
    out = ("--as-folders", tmp_path / "out", "--out", tmp_path / "splits.csv")
    ended = run("split", tmp_path / "made.npz", *out)
    assert ended.code == 0, ended.err
    assert len(load(tmp_path / "out")) == 20
