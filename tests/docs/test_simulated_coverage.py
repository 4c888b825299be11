"""What docs/comparison.md says of the simulated intervals is read from their record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RECORD = json.loads((ROOT / "tools/records/simulate_coverage.json").read_text("utf-8"))
RESULTS = [result for key in RECORD if key.endswith("_arms") for result in RECORD[key]["results"]]
FIGURES = [name for name in RESULTS[0]["figures"] if name != "worst_class_recall"]
TEXT = " ".join((ROOT / "docs" / "comparison.md").read_text("utf-8").split())


def spread(fractions: list[float]) -> str:
    return f"{100 * min(fractions):.1f} to {100 * max(fractions):.1f}"


def coverage(*figures: str) -> list[float]:
    """Return the fractions of intervals that held the truth, of every scenario."""
    return [
        result["figures"][figure][kind]
        for result in RESULTS
        for figure in figures
        for kind in ("coverage", "coverage_without_effect")
    ]


def test_the_fractions_are_the_record_s() -> None:
    groups = [spread(coverage(f"{group}_shot_accuracy")) for group in ("many", "medium", "few")]
    found = [result["figures"][name]["false_positives"] for result in RESULTS for name in FIGURES]
    assert f"In {len(RESULTS)} scenarios" in TEXT
    assert f"contained the true difference in {spread(coverage(*FIGURES))} % of the cases" in TEXT
    assert f"accuracy in {groups[0]}, {groups[1]} and {groups[2]} %." in TEXT
    assert f"no difference, one was found in {spread(found)} %" in TEXT
    assert {result["replications"] for result in RESULTS} == {1000}


def test_what_holm_leaves_is_the_record_s() -> None:
    assert ("five_arms" in RECORD) == ("among five arms" in TEXT)
    if "five_arms" in RECORD:
        results = RECORD["five_arms"]["results"]
        rates = [result["figures"][name]["family_wise"] for result in results for name in FIGURES]
        assert f"among five arms, in {spread(rates)} %" in TEXT


@pytest.mark.parametrize(
    ("place", "words"), [(0, "with 5 classes"), (1, "with 20 classes"), (2, "with 50")]
)
def test_the_worst_class_is_the_record_s(place: int, words: str) -> None:
    result = RECORD["worst_class"]["results"][place]
    number = f"{result['replications']:,} comparisons " if place == 0 else ""
    said = f"in {100 * result['coverage']:.1f} % "
    assert said + (f"of {number}{words}" if number else words) in TEXT


def test_the_mean_over_data_sets_is_the_record_s() -> None:
    (result,) = RECORD["data_sets"]["results"]
    assert f"contained in {100 * result['coverage']:.1f} % (`--data-sets`)" in TEXT
