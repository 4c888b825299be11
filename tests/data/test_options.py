"""Options by their names: one that there is not is refused, and the one that was meant is named."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

import fer_data
from fer_data.data.options import LoadOptions
from fer_data.errors import UsageError
from fer_data.util.words import meant

DATA = (np.zeros((4, 8, 8), np.uint8), list("abab"))

NEEDS = {
    "keras_dataset": ("keras", "tensorflow"),
    "tf_dataset": ("tensorflow",),
    "torch_loader": ("torch",),
}

TAKERS = [
    *("audit", "convert", "data_card", "ferplus_labels", "keras_dataset", "load", "open_loader"),
    *("open_store", "report", "split", "stats", "tf_dataset", "torch_loader", "write_epoch_lists"),
]
"""Public functions that hand options to `fer_data.load`."""


def parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    return [*inspect.signature(function).parameters.values()]


def is_taker(name: str) -> bool:
    found = getattr(fer_data, name)
    if not inspect.isfunction(found):
        return False
    return any(one.kind is one.VAR_KEYWORD and one.name == "options" for one in parameters(found))


@pytest.mark.extra("tensorflow", "torch")
def test_these_are_all_functions_that_take_options() -> None:
    assert [name for name in sorted(fer_data.__all__) if is_taker(name)] == TAKERS


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=pytest.mark.extra(*NEEDS.get(one, ()))) for one in TAKERS]
)
def test_an_option_that_there_is_not_is_refused_with_the_one_that_was_meant(name: str) -> None:
    function = getattr(fer_data, name)
    _, *others = parameters(function)
    needed = ["x" for one in others if one.default is one.empty and one.name != "options"]
    known = [one.name for one in others if one.default is not one.empty]
    known += [option.name for option in fields(LoadOptions)]
    if name in NEEDS:
        known.append("batch_size")  # of open_loader
    for option in known:
        wrong = option.replace("_", "") if "_" in option else option + option[-1]
        with pytest.raises(
            UsageError, match=rf"^{wrong}: no such option\. Did you mean {option}\?"
        ):
            function(DATA, *needed, **{wrong: None})


def test_options_with_a_loader_are_refused_by_their_names() -> None:
    pytest.importorskip("torch")
    loader = fer_data.open_loader(DATA, batch_size=2)
    with pytest.raises(UsageError, match=r"batchsize: no such option\. Did you mean batch_size\?"):
        fer_data.torch_loader(loader, batchsize=3)
    with pytest.raises(UsageError, match="batch_size: a loader has its settings already"):
        fer_data.torch_loader(loader, batch_size=3)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"balance": "oversampel"}, "oversample"),
        ({"balance": "class-weight"}, "class-weights"),
        ({"balance": "powr:0.5"}, "power"),
        ({"augment": "standart"}, "standard"),
        ({"augment": "flip,rotatte:10"}, "rotate"),
        ({"mix": "mix-up:0.2"}, "mixup"),
        ({"balance": "smote"}, "oversample"),
        ({"balance": "Balanced"}, "batch or oversample or class-weights"),
        ({"balance": "under"}, "undersample"),
    ],
)
def test_a_registered_name_that_was_meant_is_named(options: dict[str, str], name: str) -> None:
    with pytest.raises(UsageError, match=rf"^\w+: got '.*'. Did you mean {name}\? Expected "):
        fer_data.open_loader(DATA, **options)


@pytest.mark.parametrize(
    ("given", "known", "expected"),
    [
        ("BatchSize", ["batch_size", "seed"], ". Did you mean batch_size?"),
        ("over_sample", ["oversample"], ". Did you mean oversample?"),
        ("x", ["oversample"], ""),
        ("", ["oversample"], ""),
        ("x", [], ""),
    ],
)
def test_the_nearest_name_is_meant_whatever_its_case(
    given: str, known: list[str], expected: str
) -> None:
    assert meant(given, known) == expected
