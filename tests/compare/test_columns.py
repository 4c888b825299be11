"""Which columns the tables for a README and for a paper have."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

import fer_model
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
    """Return the cells of a table, as they are read; the first row has titles alone."""
    shown = latex.replace("$-$", "−").replace(r"$\pm$", "±").replace("--", "–").replace(r"\%", "%")
    shown = re.sub(r"\\textbf\{\\boldmath ([^}]*)\}", r"\1", shown)
    rows = [line.removesuffix(r"\\") for line in shown.splitlines() if line.endswith(r"\\")]
    return [[cell.strip() for cell in row.split(" & ")] for row in rows]


def titles(latex: str) -> list[str]:
    """Return the title of each column but the first."""
    found = re.findall(r"\\multicolumn\{(\d)\}\{c\}\{([^}]*)\}", latex)
    return [title for num, title in found for _ in range(int(num))]


def rows_of(markdown: str) -> list[list[str]]:
    """Return the cells of a markdown table, its head first, bold ones with their asterisks."""
    lines = [line for line in markdown.splitlines() if line.startswith("| ")]
    return [[cell.strip().replace("\\", "") for cell in line.split("|")[1:-1]] for line in lines]


def points(text: str) -> float:
    """Return how wide a text is in Computer Modern, at nine points, as LaTeX's \\small is."""
    return float(TextPath((0, 0), text, size=9, prop=ROMAN).get_extents().width)


def test_a_table_for_a_paper_has_differences_and_fits_the_width_of_a_page(results: Results) -> None:
    latex = as_latex(results)
    figures = ("balanced_accuracy", "accuracy", "recall of rare")
    words = [name.replace("_", " ") for name in figures]
    assert titles(latex) == [word for word in words for _ in range(2)]
    _, units, *rows = cells(latex)
    assert units == ["arm", *["%", "pp vs. none"] * 3]
    for arm, row in zip(results.arms[1:], rows[1:], strict=True):
        assert row[2::2] == [results.differences.of(arm, name).in_points for name in figures]
    columns = list(zip(units, *rows, strict=True))
    assert r"\small\setlength{\tabcolsep}{3pt}" in latex
    width = sum(max(map(points, column)) + 6 for column in columns)  # twice \tabcolsep
    assert width <= 504  # seven inches


def test_both_tables_say_what_they_show_and_verdicts_that_hold_are_bold(results: Results) -> None:
    latex, text = as_latex(results), as_markdown(results)
    note = latex.partition(r"\footnotesize")[2].replace(r"\%", "%").replace(r"$\pm$", "±")
    for part in ("240 test images", "± standard deviation", "3 seeds", "95 % confidence", "bold"):
        assert part in note
        assert part in text
    assert not re.search("[^\x20-\x7e\n]", latex.partition(r"\small")[2])  # any LaTeX reads it
    (sure, *_) = [one.difference for one in results.verdicts if one.word == "helps"]
    number, _, rest = sure.in_points.partition(" ")
    assert rf"\textbf{{\boldmath {number}}} {rest}" in latex
    assert f"| **{number}** {rest} |" in text
    assert latex.count(r"\textbf") == text.count("| **") == 2  # both arms help
    one = Summary(dataclasses.replace(results, margin=0.9))  # nothing is worth so much
    assert r"\textbf" not in as_latex(one)
    assert "| **" not in as_markdown(one)


def test_arms_of_a_table_can_be_renamed(results: Results) -> None:
    arm = results.arms[1]
    table = cells(as_latex(results.rename({arm: "Ours"})))
    assert [row[0] for row in table[2:]] == [results.arms[0], "Ours", *results.arms[2:]]
    for wrong in ({"another": "Ours"}, {arm: results.arms[0]}):
        with pytest.raises(UsageError, match="arms: expected"):
            results.rename(wrong)


def test_names_of_arms_can_be_latex(results: Results) -> None:
    names = {"none": r"\textsc{ce}", "balanced-softmax": r"BalSm~\citep{ren2020}"}
    plain, latex = as_latex(results), as_latex(results, names=names)
    assert latex.count(r"\textsc{ce}") == plain.count("none") == 5  # its row, units, the note
    _, units, *rows = cells(latex)
    assert units[2] == r"pp vs. \textsc{ce}"
    assert [row[0] for row in rows] == [*names.values(), "augment-common"]
    labels = np.repeat([0, 1], [40, 20])
    runs = {"none": [0 * labels] * 2, "post-hoc:1.0": [labels] * 2}
    given = fer_model.compare_predictions(labels, runs)
    assert "$\\tau=1$ &" in as_latex(given, names={"post-hoc:1": r"$\tau=1$"})
    with pytest.raises(
        UsageError, match=r"^names: expected some of none, balanced-softmax, .*'crt'"
    ):
        as_latex(results, names={"crt": "cRT"})


def test_the_published_table_can_be_written(results: Results) -> None:
    figures = ["accuracy", "balanced_accuracy"]
    columns = [f"difference:{name}" for name in figures]
    columns += ["difference:balanced_accuracy_without_leaked", "recall of rare", "ece", "verdict"]
    head, first, *others = rows_of(as_markdown(results, columns=columns))
    own = [*figures, "balanced_accuracy_without_leaked", "recall of rare", "ece"]
    means = arms_table(Summary(results), own).loc["none"].tolist()
    assert first[1:] == [*(f"{mean} %" for mean in means[:3]), *means[3:], "baseline"]
    assert results.clean_differences is not None
    for arm, row in zip(results.arms[1:], others, strict=True):
        found = results.clean_differences.of(arm, "balanced_accuracy")
        assert (row[1], row[3]) == (
            results.differences.of(arm, "accuracy").in_points,
            found.in_points,
        )
    assert head[3] == "balanced accuracy without leaks, pp vs. none"
    with pytest.raises(UsageError, match="no test sample"):
        as_latex(without_leaks(results), columns=columns)


def test_every_figure_is_given_without_leaked_images(results: Results, tmp_path: Path) -> None:
    kept = ~results.leaked
    runs = dict(zip(results.arms, results.predicted_labels[:, :, kept], strict=True))
    counts, names = results.train_counts, results.class_names
    clean = fer_model.compare_predictions(
        results.labels[kept],
        {arm: list(of_arm) for arm, of_arm in runs.items()},
        train_counts=counts,
        class_names=names,
    )
    figures = [*clean.predicted.figures, "recalls"]
    shown = arms_table(Summary(results), [f"{figure}_without_leaked" for figure in figures])
    expected = arms_table(Summary(clean), figures)
    np.testing.assert_array_equal(shown, expected)
    assert list(shown) == [f"{title} without leaks" for title in expected]
    frame, own = results.to_frame(), clean.to_frame()
    for figure in clean.predicted.figures:
        np.testing.assert_allclose(frame[f"{figure}_without_leaked"], own[figure])
    columns = "accuracy_without_leaked,difference:accuracy_without_leaked"
    latex = as_latex(results, columns=columns)
    assert titles(latex) == ["accuracy without leaks"] * 2
    assert f"without {int(results.leaked.sum())} that have a near-duplicate" in latex
    assert not any("without_leaked" in name for name in own)
    for wrong in ("ece_without_leaked", "acuracy_without_leaked", "recall of cow_without_leaked"):
        with pytest.raises(UsageError, match=f"^columns: got '{wrong}'"):
            as_markdown(results, columns=wrong)
    with pytest.raises(UsageError, match="no test sample"):
        as_markdown(without_leaks(results), columns=columns)


def test_a_class_whose_images_are_all_leaked_has_no_recall_without_them(results: Results) -> None:
    samples = dataclasses.replace(results.samples, leaked=results.labels == 2)
    found = dataclasses.replace(results, samples=samples)
    columns = ["recall of rare_without_leaked", "few_shot_accuracy_without_leaked", "accuracy"]
    assert arms_table(Summary(found), columns).iloc[:, :2].eq("–").all(axis=None)
    assert found.to_frame()["few_shot_accuracy_without_leaked"].isna().all()


def without_leaks(results: Results) -> Results:
    samples = dataclasses.replace(results.samples, leaked=np.zeros_like(results.leaked))
    return dataclasses.replace(results, samples=samples)


def test_differences_of_all_classes_and_what_has_no_interval(results: Results) -> None:
    columns = ["difference:recalls", "difference:worst_class_recall", "p"]
    _, _, row, _ = rows_of(as_markdown(results, columns=columns))
    arm = results.arms[1]
    of_classes = [
        results.differences.of(arm, f"recall of {name}") for name in ("cat", "dog", "rare")
    ]
    assert row[1:4] == [one.in_points for one in of_classes]
    assert "(" not in row[4]
    assert row[5] == f"{results.verdicts[0].difference.p_holm:.2g}"


def test_columns_are_those_that_are_asked_for_in_their_order(results: Results) -> None:
    columns = ["ece", "accuracy", "recalls", "recall of dog", "accuracy", "training"]
    named = ["ECE", "accuracy", *(f"recall of {name}" for name in ("cat", "dog", "rare"))]
    assert titles(as_latex(results, columns=columns)) == [*named, "training"]
    assert rows_of(as_markdown(results, columns=columns))[0][1:] == [*named, "training"]
    whole = arms_table(Summary(results))
    every = arms_table(Summary(results), ["ensemble", "auroc", "ece_scaled", "few_shot_accuracy"])
    assert list(every.columns)[1:] == ["AUROC", "ECE, temperature scaled", "few-shot accuracy"]
    for name in set(whole) & set(every):
        assert whole[name].tolist() == every[name].tolist()


@pytest.mark.parametrize(
    "columns",
    [
        ["f1"],
        ["recall of cow"],
        [],
        "accuracy, f1",
        " ,",
        ["x_shot_y"],
        ["difference:ece"],
        ["difference:"],
    ],
)
def test_a_column_that_there_is_not_is_refused(results: Results, columns: str | list[str]) -> None:
    for write in (as_latex, as_markdown):
        with pytest.raises(UsageError, match=r"^columns: "):
            write(results, columns=columns)


def test_columns_may_be_a_string_with_commas(results: Results) -> None:
    names = ["difference:balanced_accuracy", "accuracy", "verdict"]
    for write in (as_latex, as_markdown):
        assert write(results, columns=" , ".join(names)) == write(results, columns=names)
    table = arms_table(Summary(results), "accuracy,ece")
    assert table.equals(arms_table(Summary(results), ["accuracy", "ece"]))


def test_the_command_takes_columns_for_both_tables(out: Path, tmp_path: Path) -> None:
    tables = [tmp_path / "table.md", tmp_path / "table.tex"]
    files = ("--markdown", tables[0], "--latex", tables[1])
    ended = call(MODEL, "compare", out, *files, "--columns", "accuracy, recalls")
    assert ended.code == 0
    for table in tables:
        text = table.read_text("utf-8")
        assert all(f"recall of {name}" in text for name in ("cat", "dog", "rare"))
        assert "macro F1" not in text
    for words in (["--columns", "acuracy"], [*files, "--columns", "acuracy"]):
        ended = call(MODEL, "compare", out, *words)
        assert (ended.code, ended.err.count("\n")) == (2, 1)
        assert "--columns" in ended.err


def test_numbers_that_nothing_is_known_of_are_empty(tmp_path: Path) -> None:
    labels = np.repeat([0, 1], [40, 20])
    blind = [0 * labels] * 2  # which find nothing of a class: no interval of the geometric mean
    good = [np.where(np.arange(60) % 9 == seed, 1 - labels, labels) for seed in range(2)]
    results = fer_model.compare_predictions(labels, {"none": blind, "own": good})
    (row,) = (row for row in results.differences.rows if row.figure == "geometric_mean")
    assert row.is_open
    fer_model.write_figures(results, tmp_path)
    of_file = pd.read_csv(tmp_path / "differences.csv").rename(columns={"p": "p_value"})
    for table in (of_file, results.differences.to_frame()):
        rows = table.set_index("figure")[["low", "high", "p_value", "p_holm"]]
        assert rows.loc["geometric_mean"].isna().all()
        assert rows.loc["accuracy"].notna().all()
    judged = dataclasses.replace(results, figure="geometric_mean")
    assert rows_of(as_markdown(judged, columns="p"))[-1][-1] == "–"
    data_sets = [dataclasses.replace(judged, source=name) for name in ("pets", "birds")]
    across = fer_model.across_data_sets(data_sets).to_frame()
    assert across[["low", "high"]].isna().all(axis=None)


def test_greek_letters_of_names_are_commands_of_latex(results: Results) -> None:
    arm = results.arms[1]
    latex = as_latex(results.rename({arm: "λ and τ"}))
    assert r"$\lambda$ and $\tau$ &" in latex
    assert r"\resizebox{\linewidth}" in latex
