"""Splits: stratified, groups and near-duplicates kept together, datasets and a small csv."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import fer_data
from fer_data.data.dataset import Dataset
from fer_data.data.reading import load
from fer_data.data.sources.table import build
from fer_data.data.store import open_store
from fer_data.duplicates.grouping import duplicate_groups
from fer_data.errors import DataError, FerError, UsageError
from fer_data.loading.opening import open_loader
from fer_data.splitting.result import Split
from fer_data.writers import convert
from fer_data.writers.split_folders import write_split_folders
from tests.conftest import MakeFolder, Run
from tests.helpers.csv_files import write_noise_csv
from tests.helpers.dataset_parts import made_dataset
from tests.helpers.drawn_images import as_jpeg, drawn_images, shifted

# split


WHOLE = made_dataset(
    {"train": {"a": 40, "b": 20}, "validation": {"a": 10}, "test": {"a": 8, "b": 4}}
)


def divided(data: Dataset = WHOLE, **options: Any) -> Split:
    return fer_data.split(data, near_duplicates=False, **options)


def rows_of(*datasets: Dataset) -> list[int]:
    return sorted(np.concatenate([one.rows for one in datasets]).tolist())


def test_a_test_split_stays_and_the_rest_is_divided() -> None:
    found = divided()
    assert found.names == ("train", "validation", "test")
    assert found.counts().tolist() == [[45, 5, 8], [18, 2, 4]]
    assert (found.sides[WHOLE.indices("test")] == 2).all()


def test_a_split_unpacks_into_datasets_of_one_split_each() -> None:
    found = divided()
    train, validation, test = found
    assert [one.splits for one in found] == [("train",), ("validation",), ("test",)]
    assert rows_of(train, validation, test) == list(range(len(WHOLE)))
    assert test.rows.tolist() == WHOLE["test"].rows.tolist()
    for other in (found.train, found["train"], found[0], found.dataset["train"]):
        assert other.rows.tolist() == train.rows.tolist()
        assert other.counts == train.counts == {"train": {"a": 45, "b": 18}}
    assert found[-1].splits == ("test",)
    assert len(found) == 3
    assert found.dataset.counts["validation"] == {"a": 5, "b": 2}
    assert found.to_frame().loc["b"].tolist() == [18, 2, 4]
    assert repr(found) == "Split(/data, train 63, validation 7, test 12)"
    assert "<td>45</td>" in found._repr_html_()
    with pytest.raises(DataError):
        found["private_test"]
    with pytest.raises(IndexError):
        found[3]
    with pytest.raises(UsageError):
        found.fold(1)


def test_only_splits_that_there_are_are_given() -> None:
    train, test = divided(made_dataset({"train": {"a": 40}}), validation=0)
    assert (len(train), len(test)) == (36, 4)
    data = made_dataset({"train": {"a": 40}, "public_test": {"a": 3}, "private_test": {"a": 4}})
    found = divided(data)
    assert [one.splits[0] for one in found] == [
        "train",
        "validation",
        "public_test",
        "private_test",
    ]
    assert len(found.test) == 4
    with pytest.raises(DataError):
        _ = divided(made_dataset({"train": {"a": 40}}), validation=0).validation


def test_without_a_test_split_one_is_drawn_too() -> None:
    found = divided(made_dataset({"train": {"a": 40, "b": 20}}), test=0.25)
    assert found.names == ("train", "validation", "test")
    assert found.counts().tolist() == [[26, 4, 10], [13, 2, 5]]


def test_pooled_splits_are_divided_again() -> None:
    found = divided(pool=True)
    assert found.counts().sum(axis=0).tolist() == [65, 9, 8]
    assert set(found.sides[WHOLE.indices("test")]) > {0}


def test_folds_take_turns_and_test_stays() -> None:
    found = divided(folds=4)
    assert found.names == ("1", "2", "3", "4", "test")
    assert np.ptp(found.counts()[:, :4], axis=1).max() <= 1
    assert len(found) == len(list(found)) == 4
    rest = np.setdiff1d(WHOLE.rows, WHOLE["test"].rows).tolist()
    assert rows_of(*(validation for _, validation in found)) == rest
    for number, (train, validation) in enumerate(found, 1):
        assert (train.splits, validation.splits) == (("train",), ("validation",))
        assert rows_of(train, validation) == rest
        for again in (found.fold(number), found[number - 1]):
            assert again[1].rows.tolist() == validation.rows.tolist()
    assert len(found.test) == len(found["test"]) == 12
    assert repr(found) == "Split(/data, 4 folds of 17 to 18, test 12)"
    for wrong in (0, 5):
        with pytest.raises(UsageError):
            found.fold(wrong)
    with pytest.raises(UsageError):
        _ = found.train
    with pytest.raises(DataError):
        found["validation"]


def test_a_fold_is_what_load_makes_of_the_csv(make_folder: MakeFolder, tmp_path: Path) -> None:
    data = load(make_folder({"train/a": 9, "train/b": 6, "test/a": 2}))
    folds = divided(data, folds=3)
    folds.write(tmp_path / "folds.csv")
    for number in (1, 2, 3):
        by_csv = load(data, splits=tmp_path / "folds.csv", fold=number)
        for one, name in zip(folds.fold(number), ("train", "validation"), strict=True):
            assert one.rows.tolist() == by_csv[name].rows.tolist()
    divided(data).write(tmp_path / "splits.csv")
    by_csv = load(data, splits=tmp_path / "splits.csv")
    assert by_csv.digest() == divided(data).dataset.digest()


def test_datasets_of_a_split_need_no_name_of_it_where_they_are_loaded() -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 48, 48), np.uint8)
    found = divided(load((images, np.arange(40) % 4)), validation=0.2, test=0.2)
    train, validation, test = found
    assert len(open_loader(train, balance="oversample", batch_size=4).rows) == len(train)
    assert open_loader(found.dataset).rows.tolist() == found.dataset.indices("train").tolist()
    for one in (validation, test):
        loader = open_loader(one, augment="strong", batch_size=len(one))
        batch = loader.batch(0)
        assert np.array_equal(batch.images[..., 0], images[one.rows])
        with pytest.raises(UsageError):
            open_loader(one, balance="oversample")
    with pytest.raises(UsageError, match=r"several splits.*'validation' or 'test'"):
        open_loader(found.dataset.select(np.sort([*validation.rows, *test.rows])))


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"folds": 1}, UsageError),
        ({"folds": 2, "validation": 0.1}, UsageError),
        ({"test": 0.1}, UsageError),
        ({"validation": 1.0}, UsageError),
        ({"validation": float("nan")}, UsageError),
        ({"validation": 0.0}, UsageError),
        ({"pool": True, "validation": 0.6, "test": 0.4}, UsageError),
        ({"min_per_class": 11}, DataError),
        ({"folds": 21}, DataError),
        ({"min_per_class": -1}, UsageError),
    ],
)
def test_a_split_that_is_invalid_is_refused(options: dict[str, Any], error: type[FerError]) -> None:
    with pytest.raises(error) as caught:
        divided(**options)
    assert "--" not in str(caught.value)


def test_a_class_with_too_few_samples_is_named() -> None:
    with pytest.raises(DataError, match="class b has 9 samples in validation, fewer"):
        divided(validation=0.45, min_per_class=11)


def test_samples_without_a_label_cannot_be_divided() -> None:
    data = build(Path("/data"), "x", ["a"], [("train", "a", "1"), ("train", None, "2")])
    with pytest.raises(DataError, match="1 sample to divide has no label"):
        divided(data)
    with pytest.raises(DataError, match="nothing to divide besides test"):
        divided(made_dataset({"test": {"a": 4}}))


# from end to end


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
    assert "1 group of what was divided has samples in test" in ended.err
    assert "1 excluded, by x.csv" in ended.err
    assert "written to splits.csv" in ended.err
    found = load(data, splits=tmp_path / "splits.csv")
    assert found.num_excluded == 1
    first = (tmp_path / "splits.csv").read_bytes()
    run("split", data, "--exclude", listed)
    assert (tmp_path / "splits.csv").read_bytes() == first
    other = run("split", data)
    assert (other.code, "splits.csv: holds other ones" in other.err) == (2, True)
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
    write_split_folders(divided(store.dataset, pool=True), tmp_path / "out")
    for file in (tmp_path / "out").rglob("*.png"):
        split, _, row = file.stem.partition("_")
        assert split == file.parent.parent.name
        with Image.open(file) as image:
            assert np.array_equal(np.asarray(image), images[int(row)])
    assert len(list((tmp_path / "out").rglob("*.png"))) == 12
    folds = divided(store.dataset, folds=2, min_per_class=0)
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
