"""Layouts of public data sets: read as they are meant, or refused with the option to give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import fer_data
from fer_data.errors import DataError, UsageError
from tests.conftest import Run
from tests.helpers.layout_case import Case
from tests.helpers.public_layouts import CASES


def made(case: Case, folder: Path) -> Path:
    root = folder / "data"
    root.mkdir()
    case.make(root)
    return root


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.counts is not None])
def test_a_public_layout_is_read_when_all_that_is_asked_is_given(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    root = made(case, tmp_path)
    given: dict[str, Any] = {}
    for option, value in case.given.items():
        with pytest.raises((DataError, UsageError)) as refused:
            fer_data.load(root / case.path, **given)
        given[option] = str(root / value) if option == "labels" else value
        candidates = refused.value.fix[option]
        assert given[option] in candidates or (option == "label_from" and not candidates)
    dataset = fer_data.load(root / case.path, **given, **case.more)
    assert dataset.counts == case.counts
    unlabelled = {split: dataset.num_unlabelled(split) for split in dataset.splits}
    assert {split: number for split, number in unlabelled.items() if number} == case.unlabelled
    if not dataset.in_table:
        assert len(fer_data.open_store(dataset).pixels) == len(dataset)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.counts is None])
def test_a_public_layout_that_is_not_read_is_refused_in_one_line(
    run: Run, tmp_path: Path, name: str
) -> None:
    case = CASES[name]
    root = made(case, tmp_path)
    ended = run("stats", root / case.path)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert case.says in ended.err.replace(str(root), "")


def test_there_are_enough_layouts() -> None:
    assert len(CASES) >= 40
