from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fer_data
from fer_data.analysis.stats import SplitStats, Stats, stats
from fer_data.data.dataset import Dataset
from fer_data.data.sources.table import build
from fer_data.terminal import render
from tests.conftest import MakeFolder
from tests.helpers.csv_files import FLAT, write_csv


def dataset_of(counts: dict[str, dict[str, int]], *, classes: tuple[str, ...] = ()) -> Dataset:
    """Return a dataset with so many samples of each class in each split."""
    samples = [
        (split, name, f"{split}/{name}/{place}")
        for split, numbers in counts.items()
        for name, number in numbers.items()
        for place in range(number)
    ]
    names = {name for numbers in counts.values() for name in numbers} | set(classes)
    return build(Path("/data"), "folder", names, samples)


def plain_json(stats: Stats) -> dict[str, object]:
    loaded = json.loads(json.dumps(stats.to_dict(), allow_nan=False))
    assert isinstance(loaded, dict)
    return loaded


def test_the_figures_of_a_split_are_those_computed_by_hand() -> None:
    split = SplitStats((8, 4, 4), num_unlabelled=3)
    assert split.num_samples == 19
    assert split.fractions == (0.5, 0.25, 0.25)
    assert split.imbalance_ratio == 2
    # entropy = 0.5 ln 2 + 2 * 0.25 ln 4 = 1.5 ln 2
    assert split.effective_num_classes == pytest.approx(2**1.5)


def test_equal_classes_are_all_effective_and_one_alone_is_one() -> None:
    assert SplitStats((5, 5, 5, 5)).effective_num_classes == pytest.approx(4)
    assert SplitStats((5, 5, 5, 5)).imbalance_ratio == 1
    assert SplitStats((5, 0, 0)).effective_num_classes == pytest.approx(1)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=9).filter(any))
def test_the_effective_number_is_between_one_and_the_classes_present(counts: list[int]) -> None:
    effective = SplitStats(tuple(counts)).effective_num_classes
    assert 1 - 1e-9 <= effective <= sum(count > 0 for count in counts) + 1e-9


def test_each_balance_draws_what_it_says() -> None:
    shown = stats(dataset_of({"train": {"a": 6, "b": 2, "c": 4}, "test": {"a": 9}}))
    draws = {balance.name: balance.draws for balance in shown.balances}
    assert draws == {
        "none": (6, 2, 4),
        "oversample": (6, 6, 6),
        "undersample": (2, 2, 2),
        "class-weights": (6, 2, 4),
    }
    weights = {balance.name: balance.weights for balance in shown.balances}
    assert weights["class-weights"] == pytest.approx((12 / 18, 12 / 6, 12 / 12))
    assert all(weights[name] == (1, 1, 1) for name in ("none", "oversample", "undersample"))


def test_an_empty_class_makes_the_ratio_infinite_and_null_in_json() -> None:
    shown = stats(dataset_of({"train": {"a": 6, "c": 2}}, classes=("b",)))
    assert shown.class_names == ("a", "b", "c")
    assert shown.imbalance_ratio == math.inf
    loaded = plain_json(shown)
    assert loaded["splits"]["train"]["imbalance_ratio"] is None  # type: ignore[index]
    assert {balance.name: balance.draws for balance in shown.balances} == {
        "none": (6, 0, 2),
        "oversample": (6, 0, 6),
        "undersample": (2, 0, 2),
        "class-weights": (6, 0, 2),
    }
    assert "∞" in list(render.counts_table(shown, bar_width=16).columns[1].cells)


def test_rows_without_a_label_are_counted_apart(tmp_path: Path) -> None:
    shown = stats(fer_data.load(write_csv(tmp_path / "t.csv", [FLAT] * 3, header="pixels")))
    split = shown.splits["test"]
    assert (split.num_samples, split.num_unlabelled, sum(split.counts)) == (3, 3, 0)
    assert set(split.fractions) == {0}
    assert math.isnan(shown.imbalance_ratio)
    assert math.isnan(split.effective_num_classes)
    assert shown.balances == ()
    loaded = plain_json(shown)
    assert loaded["num_samples"] == 3
    assert loaded["splits"]["test"]["imbalance_ratio"] is None  # type: ignore[index]
    assert loaded["splits"]["test"]["effective_num_classes"] is None  # type: ignore[index]
    assert "(no label)" in list(render.counts_table(shown, bar_width=16).columns[0].cells)


def test_json_holds_every_figure_by_name(make_folder: MakeFolder) -> None:
    root = make_folder({"train/cat": 3, "train/dog": 1, "test/cat": 1, "test/dog": 1})
    (root / "notes.txt").write_text("x")
    loaded = plain_json(stats(fer_data.load(root)))
    assert loaded == {
        "path": str(root),
        "layout": "split folders with class folders",
        "num_samples": 6,
        "class_names": ["cat", "dog"],
        "splits": {
            "train": {
                "num_samples": 4,
                "num_unlabelled": 0,
                "counts": {"cat": 3, "dog": 1},
                "fractions": {"cat": 0.75, "dog": 0.25},
                "imbalance_ratio": 3.0,
                "effective_num_classes": pytest.approx(
                    math.exp(-0.75 * math.log(0.75) - 0.25 * math.log(0.25))
                ),
            },
            "test": {
                "num_samples": 2,
                "num_unlabelled": 0,
                "counts": {"cat": 1, "dog": 1},
                "fractions": {"cat": 0.5, "dog": 0.5},
                "imbalance_ratio": 1.0,
                "effective_num_classes": pytest.approx(2),
            },
        },
        "balance": {
            "none": {"draws": {"cat": 3, "dog": 1}, "weights": {"cat": 1, "dog": 1}},
            "oversample": {"draws": {"cat": 3, "dog": 3}, "weights": {"cat": 1, "dog": 1}},
            "undersample": {"draws": {"cat": 1, "dog": 1}, "weights": {"cat": 1, "dog": 1}},
            "class-weights": {
                "draws": {"cat": 3, "dog": 1},
                "weights": {"cat": pytest.approx(4 / 6), "dog": 2.0},
            },
        },
        "drift": {
            "test": {
                "num_train": 4,
                "num_other": 2,
                "chi_square": pytest.approx(0.375),
                "degrees": 1,
                "p_value": pytest.approx(math.erfc(math.sqrt(0.375 / 2))),
                "cramers_v": pytest.approx(0.25),
                "size": "small",
                "js_distance": pytest.approx(0.2209, abs=1e-4),
            }
        },
        "num_excluded": 0,
        "notes": [],
        "agreement": None,
        "skipped": ["1 skipped, next to the split folders: notes.txt"],
    }


def test_the_ratio_is_that_of_the_training_split_or_else_of_the_first() -> None:
    both = stats(dataset_of({"train": {"a": 6, "b": 2}, "test": {"a": 9, "b": 1}}))
    assert both.imbalance_ratio == 3
    test_alone = stats(dataset_of({"test": {"a": 9, "b": 1}}))
    assert test_alone.imbalance_ratio == 9
    assert test_alone.balances == ()


def test_counts_as_csv_have_a_row_for_each_split_and_class(tmp_path: Path) -> None:
    shown = stats(dataset_of({"train": {"a": 3, 'say "b", c': 1}, "test": {"a": 2}}))
    assert shown.to_csv().splitlines() == [
        "split,class,count,fraction",
        "train,a,3,0.750000",
        'train,"say ""b"", c",1,0.250000',
        "test,a,2,1.000000",
        'test,"say ""b"", c",0,0.000000',
    ]
    for path in (tmp_path / "counts.csv", str(tmp_path / "other.csv")):
        assert shown.to_csv(path) is None
        pd.testing.assert_frame_equal(pd.read_csv(path), shown.to_frame())


@given(st.floats(0, 1), st.integers(1, 40))
def test_a_bar_is_never_longer_than_its_place(fraction: float, width: int) -> None:
    drawn = render.bar(fraction, width)
    assert len(drawn) <= width
    assert np.isclose(len(drawn), fraction * width, atol=1)
