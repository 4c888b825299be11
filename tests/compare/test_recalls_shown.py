"""The recall of each class: named in what is said of an arm, and legible on any screen."""

from __future__ import annotations

from html import escape
from pathlib import Path

import pytest

from fer_model.comparison.reading import read_results
from fer_model.reporting.page import write_comparison
from fer_model.reporting.summary import Summary
from tests.helpers.browser import CHROMIUM, NEEDED, show
from tests.helpers.made_comparison import make_comparison


def test_the_classes_that_gain_and_lose_most_are_named_of_arms_that_help_or_hurt(
    tmp_path: Path,
) -> None:
    summary = Summary(read_results(make_comparison(tmp_path / "out")))
    differences = summary.results.differences
    for arm in differences.arms:
        rows = {name: differences.of(arm, f"recall of {name}") for name in ("cat", "dog", "rare")}
        gain = max(rows.values(), key=lambda row: row.estimate)
        loss = min(rows.values(), key=lambda row: row.estimate)
        cost = summary.cost_of(arm)
        assert f"largest gain: {gain.figure} {gain.in_points}" in cost
        assert f"largest loss: {loss.figure} {loss.in_points}" in cost
    assert any("picked" in note for note in summary.notes())
    undecided = Summary(read_results(make_comparison(tmp_path / "same", other_bias=-1.5)))
    assert all("largest" not in undecided.cost_of(arm) for arm in differences.arms)
    assert not any("picked" in note for note in undecided.notes())


@pytest.mark.skipif(CHROMIUM is None, reason=NEEDED)
@pytest.mark.parametrize(("width", "size"), [(390, 100), (390, 3), (1400, 3)])
def test_it_fits_a_phone_and_a_wide_screen(tmp_path: Path, width: int, size: int) -> None:
    names = tuple(f"{'unbelievably-' * (k % 7 // 6)}long name {k}" for k in range(size))
    counts = tuple(range(3, 3 + 5 * size, 5))
    out = make_comparison(
        tmp_path / "out", class_names=names, num=200, train_counts=counts, seeds=(0, 1)
    )
    page = tmp_path / "page.html"
    write_comparison(read_results(out), page)
    frame = tmp_path / "frame.html"  # headless windows are 500 pixels wide at the least
    inner = escape(page.read_text("utf-8"))
    frame.write_text(
        f'<iframe width="{width}" height="900" srcdoc="{inner}"></iframe><p></p><script>'
        "onload = () => { const page = document.querySelector('iframe').contentDocument; "
        "document.querySelector('p').textContent = page.documentElement.scrollWidth; }</script>",
        "utf-8",
    )
    shown = show(frame, tmp_path, width=1500)
    assert f"<p>{width}</p>" in shown.html
