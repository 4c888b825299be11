"""Columns, splits and codes of csv files as people publish them."""

from __future__ import annotations

from pathlib import Path

import pytest

import fer_data
from tests.conftest import Run
from tests.helpers.layout_folders import counts_of, pixel_csv


@pytest.mark.parametrize(
    "name",
    ["label", "Labels", "class", "class_name", "emotion_id", "emotions", "expression", "target"],
)
@pytest.mark.parametrize("split", ["Usage", "split", "set", "subset", "type", "dataset", None])
def test_columns_of_labels_and_splits_are_known_by_common_names(
    tmp_path: Path, name: str, split: str | None
) -> None:
    ends = ["", ""] if split is None else [",train", ",TEST"]
    header = f"{name},pixels" + (f",{split}" if split else "")
    path = pixel_csv(tmp_path / "x.csv", header, f"0,@{ends[0]}", f"6,@{ends[1]}")
    dataset = fer_data.load(path)
    assert [dataset.class_names[label] for label in dataset.labels] == ["angry", "neutral"]
    assert dataset.splits == (("train", "test") if split else ("train",))
    assert any(name in note for note in dataset.notes)


def test_values_of_splits_are_known_whatever_their_case(tmp_path: Path) -> None:
    values = ["Train", "training", "VAL", "valid", "test", "PrivateTest", "publictest"]
    path = pixel_csv(tmp_path / "x.csv", "emotion,pixels,split", *(f"3,@,{v}" for v in values))
    dataset = fer_data.load(path)
    found = [dataset.splits[code] for code in dataset.split_codes]
    assert found == ["train", "train", "validation", "validation", "test", "test", "test"]


def test_columns_that_are_not_used_are_said(run: Run, tmp_path: Path) -> None:
    path = pixel_csv(tmp_path / "x.csv", ",emotion,pixels,source", "0,3,@,web", "1,4,@,film")
    assert counts_of(path)["train"]["happy"] == 1
    assert "source" in run("stats", path).out


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("mood,pixels,Usage", ["3,@,Training"]),
        ("label,target,pixels", ["3,4,@"]),
        ("id,class_weight,pixels", ["0,1,@", "1,1,@"]),
        ("target_gender,pixels", ["0,@", "1,@"]),
        ("label,pixels", ["0,@", "0,@"]),
        ("label,pixels", [f"{code},@" for code in range(1, 7)]),
        ("emotion,pixels,fold", ["3,@,1", "4,@,2"]),
        ("emotion,pixels,set", ["3,@,A", "4,@,B"]),
        ("emotion,pixels,split,subset", ["3,@,train,test", "4,@,test,train"]),
    ],
)
def test_columns_that_are_unclear_are_refused(
    run: Run, tmp_path: Path, header: str, rows: list[str]
) -> None:
    ended = run("stats", pixel_csv(tmp_path / "x.csv", header, *rows))
    assert (ended.code, ended.out) == (2, "")


def test_a_data_set_without_any_label_is_an_error_where_labels_are_needed(
    run: Run, tmp_path: Path
) -> None:
    path = pixel_csv(tmp_path / "test.csv", "pixels", "@", "@")
    assert run("stats", path).code == 0
    for command, *more in (
        ["audit"],
        ["convert", tmp_path / "x.npz"],
        ["convert", tmp_path / "out"],
        ["split", "--out", tmp_path / "splits.csv"],
        ["plan"],
    ):
        ended = run(command, path, *more)
        assert (ended.code, ended.out) == (2, ""), command
        assert "label" in ended.err or "emotion" in ended.err
    assert not (tmp_path / "x.npz").exists()


def test_class_names_and_whole_floats_are_labels(tmp_path: Path) -> None:
    rows = ["3.0,@", "happy,@", "Happy,@", " HAPPY ,@", "3.,@", "3,@"]
    assert counts_of(pixel_csv(tmp_path / "x.csv", "emotion,pixels", *rows))["train"]["happy"] == 6


@pytest.mark.parametrize("codes", [range(1, 8), [7, 6, 5, 1], range(8)])
def test_codes_of_another_list_are_refused_as_a_whole(
    run: Run, tmp_path: Path, codes: list[int]
) -> None:
    rows = [f"{code},@,Training" for code in codes] * 3
    path = pixel_csv(tmp_path / "x.csv", "emotion,pixels,Usage", *rows)
    for options in ((), ("--skip-bad",)):
        for ended in (
            run("stats", path, *options),
            run("convert-csv", path, tmp_path / "out", *options),
        ):
            assert ended.code == 2
            assert f"{min(codes)} to {max(codes)}" in ended.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("word", "rows"),
    [
        ("anger", ["happy,@,Training", "anger,@,Training"]),
        ("pleased", ["3,@,Training", "pleased,@,Training"]),
        ("later", ["3,@,Training", "3,@,later"]),
    ],
)
def test_words_of_another_list_are_refused_as_a_whole(
    run: Run, tmp_path: Path, word: str, rows: list[str]
) -> None:
    path = pixel_csv(tmp_path / "x.csv", "emotion,pixels,Usage", *rows * 3)
    for options in ((), ("--skip-bad",)):
        for ended in (
            run("stats", path, *options),
            run("convert-csv", path, tmp_path / "out", *options),
        ):
            assert ended.code == 2
            assert word in ended.err
    assert not (tmp_path / "out").exists()
    path = pixel_csv(tmp_path / "y.csv", "emotion,pixels,Usage", *rows)  # once: an accident
    assert fer_data.load(path, skip_bad=True).num_bad == 1


def test_a_few_bad_codes_are_bad_rows(tmp_path: Path) -> None:
    rows = [f"{i % 7},@" for i in range(300)] + ["7,@"]
    dataset = fer_data.load(pixel_csv(tmp_path / "x.csv", "emotion,pixels", *rows), skip_bad=True)
    assert (len(dataset), dataset.num_bad) == (300, 1)
