"""What a comparison prints in a terminal: the verdict, then a table that fits."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from fer_data.terminal.fit import fitted
from fer_model.comparison.reading import read_results
from fer_model.render import comparison_tables
from fer_model.reporting.summary import Summary
from tests.helpers.made_comparison import make_comparison
from tests.helpers.programs import MODEL, call

ARMS = ("none", "balanced-softmax", "augment-common")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_comparison(
        tmp_path_factory.mktemp("made") / "out", arms=ARMS, train_counts=(300, 60, 9)
    )


def printed(summary: Summary, width: int) -> list[str]:
    """Return the lines of the table that a terminal of a width is given."""
    table, taken = fitted(comparison_tables(summary), width)
    assert taken <= width
    table.title = None
    console = Console(width=width, emoji=False)
    with console.capture() as capture:
        console.print(table)
    return capture.get().splitlines()


@pytest.mark.parametrize(("width", "columns"), [(60, 3), (80, 5), (100, 5), (140, 7)])
def test_the_table_fits_the_terminal_without_wrapped_cells(
    out: Path, width: int, columns: int
) -> None:
    summary = Summary(read_results(out))
    lines = printed(summary, width)
    rows = [line for line in lines if line.startswith("│")]
    assert [row.split("│")[1].strip() for row in rows] == list(ARMS)
    assert {row.count("│") for row in rows} == {columns + 1}
    for row, verdict in zip(rows[1:], summary.main, strict=True):
        assert verdict.difference.in_points in row


def test_the_verdict_comes_first_and_columns_choose_the_table(out: Path) -> None:
    ended = call(MODEL, "compare", out)
    summary = Summary(read_results(out))
    first, *_ = ended.out.splitlines()
    assert first == f"{summary.headline}."
    assert ended.out.index(summary.main[-1].text) < ended.out.index("┏")
    assert "macro F1" not in ended.out
    ended = call(MODEL, "compare", out, "--columns", "macro_f1,difference:recall of dog,verdict")
    row = next(line for line in ended.out.splitlines() if line.startswith("│ balanced-softmax"))
    difference = summary.results.differences.of("balanced-softmax", "recall of dog").in_points
    assert [cell.strip() for cell in row.split("│")[3:5]] == [difference, summary.main[0].word]


def test_an_area_under_the_curve_that_is_asked_for_is_shown(out: Path) -> None:
    assert "AUROC" in call(MODEL, "compare", out, "--auroc").out
    assert "AUROC" not in call(MODEL, "compare", out).out
