"""Arguments of another type are refused in one line, not by a TypeError from within."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fer_data
from fer_data.errors import UsageError
from fer_model.training.recipe import Recipe

DATA = (np.zeros((20, 8, 8), np.uint8), [0, 1] * 10)


@pytest.mark.parametrize(
    "options",
    [
        {"epochs": "1"},
        {"batch_size": 3.5},
        {"seed": None},
        {"learning_rate": "fast"},
        {"steps_per_epoch": 2.5},
        {"subset": float("nan")},
        {"rescale": "1/255"},
    ],
)
def test_a_recipe_of_another_type_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(options))):
        Recipe(**options)


@pytest.mark.parametrize(
    "options",
    [{"folds": "3"}, {"validation": "0.1"}, {"seed": None}, {"min_per_class": 0.5}, {"folds": 1}],
)
def test_a_split_of_another_type_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(options))):
        fer_data.split(DATA, near_duplicates=False, **options)


@pytest.mark.parametrize("options", [{"rescale": "1/255"}, {"shard": (0, 2)}, {"batch_size": "8"}])
def test_a_loader_of_another_type_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(options))):
        fer_data.open_loader(DATA, **options)


def test_names_are_mapped_in_text() -> None:
    data = fer_data.load((DATA[0], ["cat", "dog"] * 10), class_names="cat=pet, dog=pet")
    assert data.counts == {"train": {"pet": 20}}
    assert data.relabel({"row 0": 0}).class_names == ("pet",)
    with pytest.raises(UsageError, match="3 names for 2 classes"):
        fer_data.load((DATA[0], ["cat", "dog"] * 10), class_names=["a", "b", "c"])
    with pytest.raises(fer_data.DataError, match="name their splits"):
        fer_data.load((DATA, DATA))
    with pytest.raises(UsageError, match="Did you mean exclude"):
        fer_data.load("x", excluded="y")
