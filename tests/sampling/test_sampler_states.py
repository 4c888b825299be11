"""A state belongs to labels in their order, however they were given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import fer_data
from fer_data import BalancedBatchSampler
from fer_data.errors import UsageError

NAMES = np.array(["cat", "dog", "eel"])
LABELS = np.repeat([0, 1, 2], [20, 10, 4])
DATA = fer_data.load((np.zeros((34, 2, 2), np.uint8), NAMES[LABELS].tolist()))
FORMS = [
    LABELS,
    LABELS.astype(np.uint8),
    LABELS.tolist(),
    pd.Series(LABELS),
    NAMES[LABELS],
    NAMES[LABELS].tolist(),
    DATA.labels,
    DATA,
    DATA["train"],
]


def made(labels: Any, balance: Any = "oversample", **options: Any) -> BalancedBatchSampler:
    return BalancedBatchSampler(labels, balance, batch_size=4, **options)


def halved(counts: Any) -> Any:
    return counts // 2


@pytest.mark.parametrize(
    "balance",
    ["oversample", "batch", halved],
    ids=lambda balance: getattr(balance, "__name__", balance),
)
@pytest.mark.parametrize("labels", FORMS, ids=lambda labels: type(labels).__name__)
def test_the_same_labels_go_on_in_whatever_form_they_are(labels: Any, balance: Any) -> None:
    sampler = made(labels, balance)
    for form in FORMS:
        sampler.load_state_dict(made(form, balance).state_dict(3))
        assert sampler[sampler.step] == made(form, balance)[3]


def test_names_of_combinations_are_no_part_of_a_state() -> None:
    sites = np.arange(34) % 2
    named = made(LABELS, by=[NAMES[LABELS], np.array(["x", "y"])[sites]])
    made(LABELS, by=[LABELS, sites]).load_state_dict(named.state_dict(3))


@pytest.mark.extra("torch")
def test_the_sampler_of_torch_goes_on_in_whatever_form_labels_are() -> None:
    def given(labels: Any) -> Any:
        return fer_data.BalancedDistributedSampler(labels, "batch", batch_size=4)

    state = given(DATA.labels).state_dict(3)
    for form in FORMS:
        sampler = given(form)
        sampler.load_state_dict(state)
        assert sampler.step == 3


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (LABELS[:30], "were 34 samples in 3 classes, are 30 samples in 2 classes"),
        (DATA.select(LABELS < 2), "were 34 samples in 3 classes, are 30 samples in 3 classes"),
        (LABELS[::-1], "34 samples in 3 classes in both, but other ones or in another order"),
        (NAMES[::-1][LABELS], "34 samples in 3 classes in both"),
    ],
)
def test_other_labels_are_refused_in_words(labels: Any, words: str) -> None:
    with pytest.raises(UsageError, match=f"the labels differ: {words}"):
        made(labels, "batch").load_state_dict(made(DATA, "batch").state_dict(3))


def test_numbers_of_classes_belong_to_a_state_by_label() -> None:
    numbers = made(DATA, {"cat": 5, "eel": 20}).state_dict(1)
    made(LABELS, {"2": 20, "0": 5}).load_state_dict(numbers)
    for other in (made(LABELS, {"0": 20, "2": 5}), made(DATA, {"cat": 20, "eel": 5})):
        with pytest.raises(UsageError, match="balance was counts:0=5,2=20, is counts:0=20,2=5"):
            other.load_state_dict(numbers)
