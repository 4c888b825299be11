"""Selections of samples by csv files."""

from __future__ import annotations

import csv
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fer_data.data.dataset import Dataset
from fer_data.data.options import LoadOptions
from fer_data.data.reading import load
from fer_data.data.store import open_store
from fer_data.errors import DataError, FerError, UsageError
from fer_data.loading.opening import open_loader
from tests.conftest import MakeFolder, Run
from tests.helpers.csv_files import FLAT, write_csv, write_noise_csv

COUNTS = {"train/a": 6, "train/b": 3, "test/a": 2, "test/b": 1}


@pytest.fixture
def data(make_folder: MakeFolder) -> Path:
    return make_folder(COUNTS, side=8)


def write(path: Path, header: list[str], *rows: tuple[object, ...]) -> Path:
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def excluding(tmp_path: Path, *samples: str) -> dict[str, Any]:
    rows = [(sample, "duplicate", "of, another") for sample in samples]
    return {"exclude": write(tmp_path / "x.csv", ["sample", "kind", "detail"], *rows)}


def in_split(dataset: Dataset, split: str) -> set[str]:
    ids = dataset.sample_ids()
    return {ids[row] for row in dataset.indices(split)}


def test_excluded_samples_are_in_no_count_and_the_others_keep_their_row(
    data: Path, tmp_path: Path
) -> None:
    whole = load(data)
    selection = excluding(tmp_path, "train/a/0001.png", "test/b/0000.png", "train/a/0001.png")
    found = load(data, **selection)
    assert found.sample_ids() == [whole.sample_ids()[row] for row in found.rows]
    assert found.origin is not whole.origin
    assert len(found.origin) == len(whole)
    assert found.class_counts("train").tolist() == [5, 3]
    assert found.class_counts("test").tolist() == [2, 0]
    assert found.num_excluded == 2
    assert "train/a/0001.png" not in in_split(found, "train")
    assert found.notes == ("2 excluded, by x.csv",)
    assert whole.num_excluded == 0
    assert len(found.to_frame()) == len(whole) - 2


def test_a_csv_s_samples_are_named_by_their_row(tmp_path: Path) -> None:
    path = tmp_path / "fer.csv"
    write_noise_csv(path, [3, 3, 0, 6], ["Training", "Training", "Training", "PublicTest"])
    data = load(path, **excluding(tmp_path, "row 1", "row 3"))
    assert data.rows.tolist() == [0, 2]
    assert data.splits == ("train",)


def test_samples_that_the_data_does_not_have_are_counted_and_named(
    data: Path, tmp_path: Path
) -> None:
    selection = excluding(tmp_path, "train/a/0001.png", "train/z/9.png", "other.png")
    with pytest.raises(DataError, match=r"2 of its samples are not in .*data; .*train/z/9\.png"):
        load(data, **selection)


def test_a_image_that_cannot_be_decoded_may_be_excluded(data: Path, tmp_path: Path) -> None:
    (data / "train/a/0002.png").write_bytes(b"no image")
    selection = excluding(tmp_path, "train/a/0002.png", "train/a/0003.png")
    for skip_bad in (True, False):
        store = open_store(data, skip_bad=skip_bad, **selection)
        assert store.dataset.class_counts("train").tolist() == [4, 3]
        assert store.dataset.skipped == ()
    (data / "train/a/0004.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"train/a/000[24]\.png: not an image"):
        open_store(data, **selection)


def test_a_bad_row_may_be_excluded(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer.csv", [f"3,{FLAT},Training", f"9,{FLAT},Training"])
    with pytest.raises(DataError, match="row 1"):
        load(path)
    data = load(path, **excluding(tmp_path, "row 1"))
    assert (data.class_counts("train").sum(), data.skipped) == (1, ())
    assert len(open_store(path, **excluding(tmp_path, "row 1")).dataset) == 1


def test_splits_stand_in_place_of_the_data_s_own(data: Path, tmp_path: Path) -> None:
    splits = write(
        tmp_path / "splits.csv",
        ["sample", "split"],
        ("train/a/0000.png", "validation"),
        ("train/b/0000.png", "validation"),
        ("test/a/0000.png", "train"),
        ("train/a/0001.png", "train"),
        ("train/a/0001.png", "train"),
    )
    found = load(data, splits=splits)
    assert found.splits == ("train", "validation")
    assert in_split(found, "train") == {"test/a/0000.png", "train/a/0001.png"}
    assert in_split(found, "validation") == {"train/a/0000.png", "train/b/0000.png"}
    assert found.num_excluded == 8
    assert found.notes == (
        "splits by splits.csv: train 2, validation 2; 8 that it does not name are in none",
        "validation has classes that train lacks, so no training batch has them: b",
    )


def test_a_fold_validates_while_the_others_train_and_test_stays(data: Path, tmp_path: Path) -> None:
    ids = [sample for sample in load(data).sample_ids() if sample.startswith("train")]
    folds = write(
        tmp_path / "folds.csv",
        ["sample", "fold"],
        *((sample, place % 3 + 1) for place, sample in enumerate(ids)),
    )
    seen: set[str] = set()
    for fold in (1, 2, 3):
        found = load(data, splits=folds, fold=fold)
        validation = in_split(found, "validation")
        assert in_split(found, "train") == set(ids) - validation
        assert len(found.indices("test")) == 3
        assert not seen & validation
        seen |= validation
    assert seen == set(ids)


def test_what_is_excluded_stays_excluded_whatever_the_splits_say(
    data: Path, tmp_path: Path
) -> None:
    splits = write(
        tmp_path / "splits.csv",
        ["sample", "split"],
        *((sample, "train") for sample in load(data).sample_ids()),
    )
    exclude = excluding(tmp_path, "train/a/0000.png")["exclude"]
    found = load(data, exclude=exclude, splits=splits)
    assert found.class_counts("train").tolist() == [7, 4]
    assert found.num_excluded == 1


@pytest.mark.parametrize(
    ("header", "rows", "fold", "message"),
    [
        (["file", "split"], [], None, "no columns sample,split"),
        (["sample", "kind"], [], None, "no columns sample,split"),
        (["sample", "split"], [("train/a/0000.png", "dev")], None, "line 2: 'dev' is no split"),
        (["sample", "split"], [("train/a/0000.png",)], None, "line 2: 1 fields where"),
        (["sample", "split"], [("x.png", "train")], None, r"1 of its samples are .* first: x\.png"),
        (["sample", "split"], [("train/a/0000.png", "train")], 1, "holds splits, no folds"),
        (["sample", "fold"], [("train/a/0000.png", "1")], None, "name the one that validates"),
        (["sample", "fold"], [("train/a/0000.png", "2")], 1, "there is no fold 1, only 2"),
        (["sample", "fold"], [("train/a/0000.png", "0")], 1, "'0' is no fold"),
        (
            ["sample", "split"],
            [("train/a/0000.png", "train"), ("train/a/0000.png", "test")],
            None,
            r"line 3: train/a/0000\.png is in split test here and in split train on line 2",
        ),
    ],
)
def test_a_file_of_splits_that_is_invalid_is_refused(
    data: Path,
    tmp_path: Path,
    header: list[str],
    rows: list[tuple[object, ...]],
    fold: int | None,
    message: str,
) -> None:
    splits = write(tmp_path / "splits.csv", header, *rows)
    with pytest.raises(FerError, match=message):
        load(data, splits=splits, fold=fold)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        (b"", "the first column is not sample"),
        (b"kind,sample\n", "the first column is not sample"),
        (b'sample\n"a\n', "no csv of samples"),
        (b"sample\n\xff\xfe\n", "row 2: not UTF-8"),
    ],
)
def test_a_file_of_excluded_samples_that_is_none_is_refused(
    data: Path, tmp_path: Path, content: bytes | None, message: str
) -> None:
    path = tmp_path / "x.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        load(data, exclude=path)


def test_a_fold_of_no_file_is_refused() -> None:
    with pytest.raises(UsageError, match="name the file"):
        LoadOptions(fold=1)


def test_a_selection_survives_json_and_names_its_files_absolutely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = LoadOptions(exclude="x.csv", splits=tmp_path / "s.csv", fold=2)
    assert LoadOptions(**json.loads(json.dumps(options.to_dict()))) == options
    assert options.to_dict()["exclude"] == str(tmp_path / "x.csv")
    assert LoadOptions().to_dict() == {}


def test_the_store_on_disk_is_the_same_whatever_is_selected(data: Path, tmp_path: Path) -> None:
    whole = open_store(data)
    selected = open_store(data, **excluding(tmp_path, "train/a/0001.png"))
    assert selected.path == whole.path
    assert len(selected.pixels) == len(selected.dataset) == len(whole.dataset) - 1
    assert open_store(data).dataset.num_excluded == 0


def test_a_pickled_loader_keeps_its_selection_though_the_file_is_gone(
    data: Path, tmp_path: Path
) -> None:
    selection = excluding(tmp_path, "train/a/0001.png")
    loader = open_loader(data, **selection, image_size=8, batch_size=4)
    pickled = pickle.dumps(loader)
    (tmp_path / "x.csv").unlink()
    again = pickle.loads(pickled)
    assert again.counts.tolist() == [5, 3]
    assert again.store.dataset.notes == loader.store.dataset.notes
    assert pickle.loads(pickle.dumps(again)).counts.tolist() == [5, 3]
    for step in range(5):
        assert np.array_equal(again.batch(step).images, loader.batch(step).images)


def test_a_loader_never_draws_what_is_excluded_and_refuses_the_state_of_another_selection(
    data: Path, tmp_path: Path
) -> None:
    whole = open_loader(data, image_size=8, batch_size=4)
    row = whole.store.dataset.sample_ids().index("train/a/0001.png")
    loader = open_loader(
        data, **excluding(tmp_path, "train/a/0001.png"), image_size=8, batch_size=4
    )
    drawn = {int(loader.store.dataset.rows[sample]) for batch in loader for sample in batch.samples}
    assert drawn == set(whole.rows.tolist()) - {row}
    with pytest.raises(UsageError, match="the data differs: was 9 samples"):
        loader.from_state(whole.state())


@given(excluded=st.sets(st.integers(0, 11)), validation=st.sets(st.integers(0, 11)))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_sample_is_in_one_split_or_in_none(
    data: Path, tmp_path: Path, excluded: set[int], validation: set[int]
) -> None:
    whole = load(data)
    ids = whole.sample_ids()
    splits = write(
        tmp_path / "splits.csv",
        ["sample", "split"],
        *((ids[row], "validation" if row in validation else "train") for row in range(len(ids))),
    )
    exclude = excluding(tmp_path, *(ids[row] for row in excluded))["exclude"]
    if len(excluded) == len(ids):
        with pytest.raises(DataError, match="every sample is excluded"):
            load(whole, exclude=exclude, splits=splits)
        return
    found = load(whole, exclude=exclude, splits=splits)
    rows = [row for split in found.splits for row in found[split].rows.tolist()]
    assert sorted(rows) == sorted(set(range(len(ids))) - excluded)
    assert set(range(len(whole))) - set(found.rows.tolist()) == excluded
    assert (found.digest() == whole.digest()) == (not excluded and found.splits == whole.splits)


def test_commands_take_selections_and_say_what_they_excluded(
    run: Run,
    data: Path,
    tmp_path: Path,
) -> None:
    exclude = str(excluding(tmp_path, "train/a/0001.png")["exclude"])
    ended = run("stats", data, "--exclude", exclude)
    assert ended.code == 0
    assert "1 excluded, by x.csv\n" in ended.out
    printed = json.loads(run("stats", data, "--exclude", exclude, "--json").out)
    assert (printed["num_excluded"], printed["num_samples"]) == (1, 11)
    planned = run("plan", data, "--exclude", exclude, "--json")
    assert json.loads(planned.out)["classes"]["a"]["samples"] == 5
    assert "1 excluded, by x.csv" in planned.err
    drawn = run("samples", data, tmp_path / "grid.png", "--exclude", exclude)
    assert (drawn.code, "1 excluded, by x.csv" in drawn.err) == (0, True)
    as_csv = run("stats", data, "--exclude", exclude, "--csv")
    assert as_csv.err == "1 excluded, by x.csv\n"
    refused = run("stats", data, "--fold", "1")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
