"""Splits: stratified, groups and near-duplicates kept together, datasets and a small csv."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fer_data
from fer_data.data.dataset import Dataset
from fer_data.data.reading import load
from fer_data.data.sources.table import build
from fer_data.errors import DataError, FerError, UsageError
from fer_data.loading.opening import open_loader
from fer_data.splitting.result import Split
from tests.conftest import MakeFolder
from tests.helpers.dataset_parts import made_dataset

WHOLE = made_dataset(
    {"train": {"a": 40, "b": 20}, "validation": {"a": 10}, "test": {"a": 8, "b": 4}}
)


def divided(data: Dataset = WHOLE, **options: Any) -> Split:
    return fer_data.split(data, near_duplicates=False, **options)


def rows_of(*datasets: Dataset) -> list[int]:
    return sorted(np.concatenate([dataset.rows for dataset in datasets]).tolist())


def test_a_test_split_stays_and_the_rest_is_divided() -> None:
    division = divided()
    assert division.names == ("train", "validation", "test")
    assert division.counts().tolist() == [[45, 5, 8], [18, 2, 4]]
    assert (division.sides[WHOLE.indices("test")] == 2).all()


def test_a_split_unpacks_into_datasets_of_one_split_each() -> None:
    division = divided()
    train, validation, test = division
    assert [part.splits for part in division] == [("train",), ("validation",), ("test",)]
    assert rows_of(train, validation, test) == list(range(len(WHOLE)))
    assert test.rows.tolist() == WHOLE["test"].rows.tolist()
    for other in (division.train, division["train"], division[0], division.dataset["train"]):
        assert other.rows.tolist() == train.rows.tolist()
        assert other.counts == train.counts == {"train": {"a": 45, "b": 18}}
    assert division[-1].splits == ("test",)
    assert len(division) == 3
    assert division.dataset.counts["validation"] == {"a": 5, "b": 2}
    assert division.to_frame().loc["b"].tolist() == [18, 2, 4]
    assert repr(division) == "Split(/data, train 63, validation 7, test 12)"
    assert "<td>45</td>" in division._repr_html_()
    with pytest.raises(DataError):
        division["private_test"]
    with pytest.raises(IndexError):
        division[3]
    with pytest.raises(UsageError):
        division.fold(1)


def test_only_splits_that_there_are_are_given() -> None:
    train, test = divided(made_dataset({"train": {"a": 40}}), validation=0)
    assert (len(train), len(test)) == (36, 4)
    data = made_dataset({"train": {"a": 40}, "public_test": {"a": 3}, "private_test": {"a": 4}})
    division = divided(data)
    assert [part.splits[0] for part in division] == [
        "train",
        "validation",
        "public_test",
        "private_test",
    ]
    assert len(division.test) == 4
    with pytest.raises(DataError):
        _ = divided(made_dataset({"train": {"a": 40}}), validation=0).validation


def test_without_a_test_split_one_is_drawn_too() -> None:
    division = divided(made_dataset({"train": {"a": 40, "b": 20}}), test=0.25)
    assert division.names == ("train", "validation", "test")
    assert division.counts().tolist() == [[26, 4, 10], [13, 2, 5]]


def test_pooled_splits_are_divided_again() -> None:
    division = divided(pool=True)
    assert division.counts().sum(axis=0).tolist() == [65, 9, 8]
    assert set(division.sides[WHOLE.indices("test")]) > {0}


def test_folds_take_turns_and_test_stays() -> None:
    division = divided(folds=4)
    assert division.names == ("1", "2", "3", "4", "test")
    assert np.ptp(division.counts()[:, :4], axis=1).max() <= 1
    assert len(division) == len(list(division)) == 4
    rest = np.setdiff1d(WHOLE.rows, WHOLE["test"].rows).tolist()
    assert rows_of(*(validation for _, validation in division)) == rest
    for number, (train, validation) in enumerate(division, 1):
        assert (train.splits, validation.splits) == (("train",), ("validation",))
        assert rows_of(train, validation) == rest
        for again in (division.fold(number), division[number - 1]):
            assert again[1].rows.tolist() == validation.rows.tolist()
    assert len(division.test) == len(division["test"]) == 12
    assert repr(division) == "Split(/data, 4 folds of 17 to 18, test 12)"
    for wrong in (0, 5):
        with pytest.raises(UsageError):
            division.fold(wrong)
    with pytest.raises(UsageError):
        _ = division.train
    with pytest.raises(DataError):
        division["validation"]


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
    division = divided(load((images, np.arange(40) % 4)), validation=0.2, test=0.2)
    train, validation, test = division
    assert len(open_loader(train, balance="oversample", batch_size=4).rows) == len(train)
    assert open_loader(division.dataset).rows.tolist() == division.dataset.indices("train").tolist()
    for part in (validation, test):
        loader = open_loader(part, augment="strong", batch_size=len(part))
        batch = loader.batch(0)
        assert np.array_equal(batch.images[..., 0], images[part.rows])
        with pytest.raises(UsageError):
            open_loader(part, balance="oversample")
    with pytest.raises(UsageError, match=r"several splits.*'validation' or 'test'"):
        open_loader(division.dataset.select(np.sort([*validation.rows, *test.rows])))


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
