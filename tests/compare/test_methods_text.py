"""The paragraph for a paper: its numbers are those of the results, its sources those it cites."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fer_model
from fer_model.comparison.results import Results

LABELS = np.repeat([0, 1, 2], [60, 30, 10])


def compared(num_arms: int = 2, seeds: int = 3, **options: Any) -> Results:
    random = np.random.default_rng(0)

    def run() -> Any:
        return np.where(random.random(100) < 0.6, LABELS, random.integers(0, 3, 100))

    runs = {f"arm {place}": [run() for _ in range(seeds)] for place in range(num_arms)}
    return fer_model.compare_predictions(LABELS, runs, **options)


CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "one seed": {"seeds": 1},
    "five arms": {"num_arms": 5},
    "clusters": {"clusters": np.arange(100) // 2},
    "shots": {"train_counts": [900, 300, 30], "shots": (50, 500)},
    "two groups": {"train_counts": [900, 300, 30]},
    "leaked": {"leaked": np.arange(100) < 7},
    "margin": {"margin": 0.025},
}


@pytest.mark.parametrize("case", CASES)
def test_every_source_is_cited_and_every_citation_has_its_source(case: str) -> None:
    text, _, *sources = fer_model.methods_text(compared(**CASES[case])).split("\n")
    cited = list(dict.fromkeys(re.findall(r"\[\d+\]", text)))
    assert cited == [source.split()[0] for source in sources]
    assert cited == [f"[{number + 1}]" for number in range(len(cited))]


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("plain", "2 arms were compared by 3 runs of each (seeds) on 100 test samples."),
        ("plain", "samples were resampled 2,000 times"),
        ("plain", "Student's t with 2 degrees of freedom"),
        ("one seed", "for other test samples alone, not for other seeds"),
        ("five arms", "samples were resampled 3,200 times"),
        ("five arms", "adjusted for 4 comparisons by Holm's method"),
        ("clusters", "groups of samples that belong together (50, such as near-duplicates)"),
        ("shots", "many-shot classes have more than 500 training samples"),
        ("shots", "few-shot classes have fewer than 50 training samples"),
        ("two groups", "samples, medium-shot classes have 20 to 100 training samples ["),
        ("leaked", "without the 7 test samples of which training has a duplicate"),
        ("margin", "within ±2.5 percentage points"),
    ],
)
def test_the_numbers_are_those_of_the_results(case: str, words: str) -> None:
    assert words in fer_model.methods_text(compared(**CASES[case]))


def test_two_arms_need_no_adjustment_and_labels_have_no_calibration() -> None:
    text = fer_model.methods_text(compared())
    assert "Holm" not in text
    assert "Calibration" not in text
    confident = np.full((1, 3, 100), 0.9, np.float32)
    results = compared()
    results = dataclasses.replace(results, confidences=np.repeat(confident, 2, axis=0))
    assert "expected calibration error in 15 bins" in fer_model.methods_text(results)


def test_the_page_has_it(tmp_path: Path) -> None:
    results = compared()
    fer_model.write_comparison(results, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "For a methods section" in page
    assert "percentile bootstrap [1]" in page
