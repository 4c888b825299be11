"""What docs/comparison.md says of the simulated intervals is read from their record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RECORD = json.loads((ROOT / "tools/records/simulate_coverage_figures.json").read_text("utf-8"))
RESULTS = [*RECORD["three_seeds"]["results"], *RECORD["six_seeds"]["results"]]
TEXT = " ".join((ROOT / "docs" / "comparison.md").read_text("utf-8").split())


def fractions(figure: str) -> list[float]:
    """Return the fractions of intervals that held the truth, of every scenario, in percent."""
    return [
        100 * result["figures"][figure][kind]
        for result in RESULTS
        for kind in ("coverage", "coverage_without_effect")
    ]


def test_the_groups_figures_are_the_record_s() -> None:
    groups = [fractions(f"{group}_shot_accuracy") for group in ("many", "medium", "few")]
    many, medium, few = (f"{min(group):.1f} to {max(group):.1f}" for group in groups)
    assert f"in {many}, {medium} and {few} % of the cases" in TEXT
    assert {result["replications"] for result in RESULTS} == {1000}


def test_the_lowest_figure_is_the_record_s() -> None:
    names = [name for name in RESULTS[0]["figures"] if name != "worst_class_recall"]
    lowest = min(names, key=lambda name: min(fractions(name)))
    assert lowest == "recall of happy"
    assert f"lowest fraction of all figures is {min(fractions(lowest)):.1f} %" in TEXT


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
