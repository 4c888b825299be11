"""What the fuzzer found before, or found worth keeping, tried again without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.fuzz_targets import TARGETS

CASES = Path(__file__).parent / "cases"


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_takes_or_refuses_its_seeds_and_cases(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    cases = sorted((CASES / name).iterdir())
    assert len(cases) >= 3
    for data in (*TARGETS[name].seeds(), *(case.read_bytes() for case in cases)):
        TARGETS[name].try_one(data)
    capfd.readouterr()  # libtiff complains of every broken file on standard error


def test_every_case_belongs_to_a_target_and_is_small() -> None:
    assert {folder.name for folder in CASES.iterdir()} == set(TARGETS)
    for case in CASES.glob("*/*"):
        assert case.stat().st_size <= 4096, case
