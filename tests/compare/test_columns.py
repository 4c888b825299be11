"""Which columns the tables for a README and for a paper have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from fer_data.errors import UsageError
from fer_model.comparison.reading import read_results
from fer_model.comparison.results import Results
from fer_model.reporting.summary import Summary
from fer_model.reporting.table import arms_table, as_latex, as_markdown
from tests.helpers.made_comparison import make_comparison
from tests.helpers.programs import MODEL, call

ROMAN = FontProperties(family="cmr10")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_comparison(
        tmp_path_factory.mktemp("made") / "out",
        arms=("none", "balanced-softmax", "augment-common"),
        train_counts=(300, 60, 9),
    )


@pytest.fixture(scope="module")
def results(out: Path) -> Results:
    return read_results(out)


def cells(latex: str) -> list[list[str]]:
    """Return the cells of a table, as they are read."""
    shown = latex.replace("$-$", "-").replace(r"$\pm$", "±").replace("--", "-")
    rows = [line.removesuffix(r"\\") for line in shown.splitlines() if line.endswith(r"\\")]
    return [[cell.strip() for cell in row.split(" & ")] for row in rows]


def points(text: str) -> float:
    """Return how wide a text is in Computer Modern, at ten points."""
    return float(TextPath((0, 0), text, size=10, prop=ROMAN).get_extents().width)


def test_a_table_for_a_paper_fits_the_width_of_a_page(results: Results) -> None:
    rows = cells(as_latex(results))
    assert rows[0][1:] == [
        "balanced accuracy, pp vs. none",
        *("balanced accuracy", "accuracy", "macro F1"),
    ]
    columns = list(zip(*rows, strict=True))
    width = sum(max(map(points, column)) + 12 for column in columns)  # twice \tabcolsep
    assert width <= 504  # seven inches


def test_columns_are_those_that_are_asked_for_in_their_order(results: Results) -> None:
    columns = ["ece", "accuracy", "recalls", "recall of dog", "accuracy", "training"]
    titles = ["ECE", "accuracy", *(f"recall of {name}" for name in ("cat", "dog", "rare"))]
    assert cells(as_latex(results, columns=columns))[0][2:] == [*titles, "training"]
    text = as_markdown(results, columns=columns)
    (head,) = [line for line in text.splitlines() if line.startswith("| arm")]
    assert [cell.strip() for cell in head.split("|")][2:-1] == [*titles, "training"]
    whole = arms_table(Summary(results))
    every = arms_table(Summary(results), ["ensemble", "auroc", "ece_scaled", "few_shot_accuracy"])
    assert list(every.columns)[1:] == ["AUROC", "ECE, temperature scaled", "few-shot accuracy"]
    for name in set(whole) & set(every):
        assert whole[name].tolist() == every[name].tolist()


@pytest.mark.parametrize("columns", [["f1"], ["recall of cow"], [], "accuracy", ["x_shot_y"]])
def test_a_column_that_there_is_not_is_refused(results: Results, columns: list[str]) -> None:
    with pytest.raises(UsageError, match=r"^columns: "):
        as_latex(results, columns=columns)


def test_the_command_takes_columns_for_both_tables(out: Path, tmp_path: Path) -> None:
    tables = [tmp_path / "table.md", tmp_path / "table.tex"]
    files = ("--markdown", tables[0], "--latex", tables[1])
    ended = call(MODEL, "compare", out, *files, "--columns", "accuracy, recalls")
    assert ended.code == 0
    for table in tables:
        text = table.read_text("utf-8")
        assert all(f"recall of {name} " in text for name in ("cat", "dog", "rare"))
        assert not re.search(r"macro F1 [|&]", text)
    for words in (["--columns", "accuracy"], [*files, "--columns", "acuracy"]):
        ended = call(MODEL, "compare", out, *words)
        assert (ended.code, ended.err.count("\n")) == (2, 1)
        assert "--columns" in ended.err
