"""Figures of a comparison: what has no interval looks so, and pdf files have TrueType fonts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

import fer_model
from fer_data.plotting.figure import new_figure
from fer_data.reporting.figure import save_figure
from fer_model.comparison.results import Results
from fer_model.plotting.panels import shared_panels
from fer_model.reporting import class_plots
from fer_model.reporting.figures import forest
from fer_model.reporting.page import write_comparison
from fer_model.reporting.plot import save_as

LABELS = np.repeat(np.arange(2), 40)
WRONG = np.where(np.arange(80) % 9 == 0, 1 - LABELS, LABELS)


def compared(*runs: np.ndarray) -> Results:
    """Two seeds against a baseline that finds one class alone: its geometric mean is 0."""
    none = [np.where(np.arange(80) < 3, 1, 0)] * len(runs)
    return fer_model.compare_predictions(LABELS, {"none": none, "own": list(runs)})


def test_a_difference_without_an_interval_is_hollow_and_the_label_says_so() -> None:
    drawn = forest(compared(WRONG, WRONG)).figure
    filled = {}
    for axes in drawn.axes:
        *_, point = axes.get_lines()
        filled[axes.get_title()] = point.get_markerfacecolor() != "none"
        assert (
            len(axes.get_lines()) == 2 + filled[axes.get_title()]
        )  # at 0, the interval, the point
    assert filled == {
        "accuracy": True,
        "balanced accuracy": True,
        "macro F1": True,
        "geometric mean": False,
    }
    assert drawn.get_supxlabel().endswith("(○: no interval)")
    assert "Hollow" in forest(compared(WRONG, WRONG)).words


def test_where_all_have_intervals_no_label_speaks_of_others() -> None:
    runs = {"none": [WRONG] * 3, "own": [LABELS, WRONG, WRONG]}
    plot = forest(fer_model.compare_predictions(LABELS, runs))
    assert plot.figure.get_supxlabel() == "difference vs. none in percentage points"
    assert "Hollow" not in plot.words


def test_the_page_has_no_p_value_where_it_has_no_interval(tmp_path: Path) -> None:
    results = compared(LABELS, 1 - LABELS)
    assert results.differences.of("own", "balanced_accuracy").is_open
    write_comparison(results, tmp_path / "page.html")
    html = (tmp_path / "page.html").read_text("utf-8")
    assert "(no interval)" in html
    assert html.count("<td>–</td><td>2 of 2</td>") == 1


def written(figure: Figure, path: Path) -> None:
    figure.savefig(path)


@pytest.mark.parametrize("save", [save_as, save_figure, written])
def test_a_pdf_has_true_type_fonts(save: Callable[[Figure, Path], None], tmp_path: Path) -> None:
    figure = new_figure(3, 2)
    figure.subplots().set_title("Überschrift ○ and letters")
    save(figure, tmp_path / "plot.pdf")
    data = (tmp_path / "plot.pdf").read_bytes()
    assert b"/Type3" not in data
    assert b"/FontFile2" in data


@pytest.mark.parametrize("num", [1, 2, 3, 4, 5, 7])
def test_every_panel_without_one_below_it_has_labels_at_its_ticks(num: int) -> None:
    figure = new_figure(8, 6)
    columns = min(3, num)
    panels = shared_panels(figure, num, columns)
    figure.canvas.draw()
    labelled = [
        any(tick.label1.get_visible() for tick in axes.xaxis.get_major_ticks()) for axes in panels
    ]
    assert labelled == [place + columns >= num for place in range(num)]
    assert sum(axes.axison for axes in figure.axes) == num


def test_recalls_have_their_unit_below_ticks_with_labels() -> None:
    runs = {"none": [WRONG] * 2, **{f"arm {number}": [LABELS, WRONG] for number in range(4)}}
    results = fer_model.compare_predictions(LABELS, runs)
    figure = class_plots.recalls(results, results.arms[1:]).figure
    figure.canvas.draw()
    for axes in figure.axes[:4]:
        ticks = axes.xaxis.get_major_ticks()
        assert bool(axes.get_xlabel()) == ticks[0].label1.get_visible()
    assert [bool(axes.get_xlabel()) for axes in figure.axes[:4]] == [False, True, True, True]
