"""The report of a comparison, as a reader and as a browser see it."""

from __future__ import annotations

import base64
import csv
import dataclasses
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import roc_auc_score

from fer_data.analysis.predictions import PREDICTIONS, load_predictions
from fer_data.errors import UsageError
from fer_model.cli import app
from fer_model.comparison.across import across_data_sets
from fer_model.comparison.announcement import before_training
from fer_model.comparison.protocol import Protocol
from fer_model.comparison.reading import read_results
from fer_model.reporting.page import write_comparison, write_figures
from fer_model.reporting.summary import Summary
from fer_model.reporting.table import arms_table, as_latex, as_markdown
from tests.helpers.browser import CHROMIUM, NEEDED, show
from tests.helpers.made_comparison import make_comparison, training_of

HOSTILE = ("<script>alert(1)</script>", "$x_1$ & |co", "'\"><img src=x>")


def paged(out: Path, page: Path) -> str:
    write_comparison(Summary(read_results(out)), page)
    return page.read_text()


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_comparison(tmp_path_factory.mktemp("made") / "out")


def test_the_verdict_stands_first_and_follows_from_the_numbers(out: Path, tmp_path: Path) -> None:
    summary = Summary(read_results(out))
    assert [verdict.word for verdict in summary.main] == ["helps", "helps"]
    html = paged(out, tmp_path / "page.html")
    assert html.index("helps</b> <strong>oversample</strong>") < html.index("<h2>")
    same = make_comparison(tmp_path / "same", other_bias=-1.5)
    words = {verdict.word for verdict in Summary(read_results(same)).main}
    assert words == {"can't tell"}
    worse = make_comparison(tmp_path / "worse", base_bias=0.3, other_bias=-1.5)
    assert {verdict.word for verdict in Summary(read_results(worse)).main} == {"hurts"}


def test_runs_without_a_history_have_a_page_without_curves(tmp_path: Path) -> None:
    made = make_comparison(tmp_path / "out")
    for path in made.rglob("history.csv"):  # as a training of the user's own has none
        path.unlink()
    html = paged(made, tmp_path / "page.html")
    assert 'id="curves"' not in html
    assert 'href="#curves"' not in html
    write_figures(read_results(made), tmp_path / "figures")
    assert not list((tmp_path / "figures").glob("curves*"))


def test_every_plot_has_words_and_its_numbers_as_csv(out: Path, tmp_path: Path) -> None:
    html = paged(out, tmp_path / "page.html")
    plots = re.findall(r'<figure [^>]*aria-label="([^"]+)"><svg', html)
    assert len(plots) == 6
    assert all(len(words) > 30 for words in plots)
    found = dict(re.findall(r'download="([\w-]+)\.csv" href="data:text/csv;base64,([^"]+)"', html))
    names = ["headline", "differences", "recalls", "calibration", "confusions", "curves", "runs"]
    assert sorted(found) == sorted(names)
    tables = {
        name: list(csv.DictReader(io.StringIO(base64.b64decode(text).decode())))
        for name, text in found.items()
    }
    assert len(tables["runs"]) == 9
    assert len(tables["differences"]) == 2 * 6
    assert {row["arm"] for row in tables["curves"]} == {"none", "oversample"}
    (row,) = [
        row
        for row in tables["differences"]
        if (row["arm"], row["figure"]) == ("oversample", "balanced_accuracy")
    ]
    difference = read_results(out).differences.of("oversample", "balanced_accuracy")
    assert float(row["low"]) == pytest.approx(difference.low, rel=1e-5)


def test_class_names_are_text_in_page_and_markdown(tmp_path: Path) -> None:
    out = make_comparison(tmp_path / "out", class_names=HOSTILE, path="/data/<b>bold</b>")
    html = paged(out, tmp_path / "page.html")
    assert "<script" not in html
    assert "<img src=x" not in html
    assert "<b>bold" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    text = as_markdown(Summary(read_results(out)))
    assert not re.search(r"(?<!\\)<", text)
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) == 1


def test_the_rarest_class_is_that_of_training_whatever_the_test_split_holds(
    tmp_path: Path,
) -> None:
    out = make_comparison(tmp_path / "out", train_counts=(20, 200, 300))
    results = read_results(out)
    assert results.test_counts.argmin() == 2
    summary = Summary(results)
    assert summary.to_dict()["rarest"] == "cat"
    assert "recall of cat" in summary.smallest
    assert "recall of rare" not in summary.smallest
    assert "recall of cat" in before_training(Protocol.read(out), out)[-1]
    assert summary.recall_of_rarest == ("recall of cat",)
    texts = as_markdown(summary), summary.cost_of("oversample")
    assert all("recall of cat" in text for text in texts)
    assert "of cat, the rarest" in paged(out, tmp_path / "page.html")


def test_training_counts_of_the_runs_serve_where_the_protocol_has_none(tmp_path: Path) -> None:
    out = make_comparison(tmp_path / "out", train_counts=(), counts_of_runs=(200, 20, 300))
    assert Summary(read_results(out)).rarest == "dog"


@pytest.mark.parametrize("train_counts", [(), (100, 100, 100)])
def test_no_class_is_called_the_rarest_where_none_is_known_to_be(
    tmp_path: Path, train_counts: tuple[int, ...]
) -> None:
    out = make_comparison(tmp_path / "out", train_counts=train_counts)
    summary = Summary(read_results(out))
    assert summary.to_dict()["rarest"] is None
    assert summary.recall_of_rarest == ()
    assert not any("recall of" in line for line in before_training(Protocol.read(out), out))
    assert not re.search(r"(?<!largest (?:gain|loss): )recall of", as_markdown(summary))
    assert "the rarest" not in paged(out, tmp_path / "page.html")


def test_one_seed_and_two_arms_are_reported_too(tmp_path: Path) -> None:
    out = make_comparison(tmp_path / "out", arms=("none", "focal:1"), seeds=(4,))
    html = paged(out, tmp_path / "page.html")
    assert "another training may differ" in html
    json.dumps(Summary(read_results(out)).to_dict(), allow_nan=False)


def test_a_page_of_many_classes_shows_every_one(tmp_path: Path) -> None:
    names = tuple(f"class {number:02}" for number in range(45))
    counts = tuple(range(100, 145))
    out = make_comparison(tmp_path / "out", class_names=names, num=60, train_counts=counts)
    html = paged(out, tmp_path / "page.html")
    assert "Confusions" not in html
    assert "up to 40 classes" in html
    rows = re.findall(
        r'<tr><th scope="row">(class \d\d)</th><td>(\d+)</td><td>(\d+)</td>(.*)', html
    )
    assert [(name, int(count)) for name, count, *_ in rows] == list(
        zip(names[::-1], counts[::-1], strict=True)
    )
    tested = read_results(out).test_counts
    assert [int(num) for *_, num, _ in rows] == tested[::-1].tolist()
    assert (tested == 0).any()
    assert all(("<td>–</td>" in cells) == (num == "0") for *_, num, cells in rows)
    (_, words) = re.findall(r'aria-label="(Recall[^"]+)"', html)
    assert "all 45 classes" in words
    text = re.findall(r'download="recalls\.csv" href="data:text/csv;base64,([^"]+)"', html)[0]
    drawn = csv.DictReader(io.StringIO(base64.b64decode(text).decode()))
    assert {row["class"] for row in drawn} == set(names)


@pytest.mark.parametrize(
    ("biases", "margin", "headline"),
    [
        ((-4.0, 0.3), 0.01, r"^\w+ raises balanced accuracy by at least \d+\.\d pp"),
        ((0.3, -4.0), 0.01, r"^No arm is shown to help; \w+ lowers balanced accuracy by at least"),
        ((-1.5, -1.5), 0.01, "^No arm is shown to change balanced accuracy$"),
        ((-1.5, -1.5), 0.3, "^No arm changes balanced accuracy by 30 pp or more$"),
    ],
)
def test_the_headline_holds_for_all_arms_at_once(
    tmp_path: Path, biases: tuple[float, float], margin: float, headline: str
) -> None:
    base, other = biases
    out = make_comparison(tmp_path / "out", base_bias=base, other_bias=other)
    summary = Summary(dataclasses.replace(read_results(out), margin=margin))
    assert re.search(headline, summary.headline), summary.headline
    ends = [abs(100 * verdict.difference.simultaneous[base > other]) for verdict in summary.main]
    for least in re.findall(r"at least (\d+\.\d)", summary.headline):
        assert float(least) == pytest.approx(max(ends), abs=0.051)


def test_an_arm_that_predicts_one_class_only_is_named(tmp_path: Path) -> None:
    out = make_comparison(tmp_path / "out", other_bias=99)
    notes = Summary(read_results(out)).notes()
    assert "arm oversample predicts only rare (seeds 0, 1, 2)" in notes
    assert not any(note.startswith("arm none predicts") for note in notes)


def test_margin_and_shots_of_a_comparison_are_declared_with_it(tmp_path: Path) -> None:
    out = make_comparison(tmp_path / "out")
    before = Protocol.read(out)
    assert (before.margin, before.shots) == (None, None)
    about = json.loads((out / "comparison.json").read_text("utf-8"))
    del about["margin"], about["shots"]  # as older versions wrote it
    (out / "comparison.json").write_text(json.dumps(about), "utf-8")
    assert Protocol.read(out) == before
    asked = dataclasses.replace(before, margin=0.3, shots=(100, 200))
    joined = asked.joined(out)
    joined.write(out)
    results = read_results(out)
    assert (results.margin, results.shots) == (0.3, (100, 200))
    assert joined.later == ("margin 30 pp",)  # there were runs to look at
    again = before.joined(out)
    assert (again.margin, again.shots, again.later) == (0.3, (100, 200), joined.later)


def test_fewer_steps_of_two_gradients_are_reported(tmp_path: Path) -> None:
    results = read_results(
        make_comparison(tmp_path / "out", arms=("none", "sam:0.1", "sam+crt"), num=60)
    )
    notes = [note for note in Summary(results).notes() if "two gradients" in note]
    assert [note.partition(": ")[0] for note in notes] == ["arm sam:0.1", "arm crt+sam"]
    assert all("15 steps, not 30" in note for note in notes)


def test_temperature_scaling_undoes_logits_that_are_too_large(tmp_path: Path) -> None:
    plain = Summary(read_results(make_comparison(tmp_path / "plain")))
    assert plain.recalibrations == (None,) * 3
    summary = Summary(read_results(make_comparison(tmp_path / "out", sharpness=4)), auroc=True)
    for before, after in zip(summary.calibrations, summary.recalibrations, strict=True):
        assert before is not None
        assert after is not None
        assert after.error < before.error / 2
    table = arms_table(summary)
    assert list(table.columns[-4:]) == ["AUROC", "ECE", "ECE, temperature scaled", "training"]
    path = training_of(summary.results).runs[1][2].path / PREDICTIONS
    test = load_predictions(path).of_split("test")
    probabilities = test.probabilities.astype(float)
    expected = roc_auc_score(
        test.labels,
        probabilities / probabilities.sum(axis=1, keepdims=True),
        multi_class="ovr",
    )
    assert summary.results.aurocs[1, 2] == pytest.approx(expected)


def test_tables_and_files_hold_the_figures_of_each_run(tmp_path: Path) -> None:
    out = make_comparison(
        tmp_path / "out", class_names=("a_b", "50 %", "c"), train_counts=(300, 50, 9)
    )
    results = read_results(out)
    table = results.to_frame()
    assert list(table[["arm", "seed"]].itertuples(index=False, name=None)) == [
        (arm, seed) for arm in results.arms for seed in results.seeds
    ]
    np.testing.assert_array_equal(table["few_shot_accuracy"], table["recall of c"])
    few = dataclasses.replace(results, shots=(100, 200)).to_frame()
    np.testing.assert_allclose(
        few["few_shot_accuracy"], (few["recall of 50 %"] + few["recall of c"]) / 2
    )
    summary = Summary(results)
    latex = as_latex(summary)
    assert latex.count(r" \\") == 2 + len(results.arms)
    assert "_" not in latex.replace(r"\_", "")
    assert "%" not in re.sub(r"\\%|^%.*|}%$", "", latex, flags=re.MULTILINE)
    write_figures(summary, tmp_path / "figures")
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    assert {f"recalls.{end}" for end in ("pdf", "svg", "png", "csv")} <= names
    assert "runs.csv" in names
    with Image.open(tmp_path / "figures" / "card.png") as card:
        assert card.size == (1200, 630)


def test_data_sets_stand_in_one_table_with_their_mean(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outs = [
        make_comparison(tmp_path / f"out{k}", path=f"/data/pets{k}", base_bias=-2 - k)
        for k in range(2)
    ]
    across = across_data_sets([read_results(out) for out in outs])
    assert across.data_sets == ("pets0", "pets1")
    for arm in across.arms:
        rows = [across.verdicts[arm, name].difference for name in across.data_sets]
        mean = across.means[arm]
        assert mean.estimate == pytest.approx(np.mean([row.estimate for row in rows]))
        assert mean.high - mean.low < max(row.high - row.low for row in rows)
    assert across.table().shape == (2, 5)
    arguments = ["compare-table", *map(str, outs), "--json", "--csv", str(tmp_path / "x.csv")]
    with pytest.raises(SystemExit) as end:
        app(arguments)
    assert not end.value.code
    values = json.loads(capsys.readouterr().out)
    assert len(values["differences"]) == 2 * 2 + 2
    with pytest.raises(UsageError, match="same data"):
        across_data_sets([read_results(outs[0])] * 2)
    with pytest.raises(UsageError, match="two comparisons"):
        across_data_sets([read_results(outs[0])])


def test_what_a_design_can_find_is_said_before_any_training(out: Path) -> None:
    steps, finished, _, line = before_training(Protocol.read(out), out, asked=32)
    assert steps.startswith("every run: 3 epochs of 10 steps of 64 samples, 30 steps in all")
    assert steps.endswith(" (whole epochs, for 32)")
    assert finished == "9 of 9 runs are finished"
    assert line.startswith("3 arms, 3 seeds each: a difference of ")
    assert "in the recall of rare or more is likely to be found (four times in five, if " in line
    assert "; one image of" in line


def test_trainings_that_no_arm_is_and_double_corrections_are_announced(tmp_path: Path) -> None:
    arms = ("none", "oversample+crt", "oversample+balanced-softmax", "class-weights+post-hoc:1.0")
    out = make_comparison(tmp_path / "out", arms=arms)
    lines = before_training(Protocol.read(out), out)
    line = "also trained, as the base of new heads: oversample, class-weights"
    assert lines[2] == line
    doubled = [line.split(" ")[1] for line in lines if "more than once" in line]
    assert doubled == list(arms[2:])
    assert [note for note in Summary(read_results(out)).notes() if "more than once" in note] == (
        lines[3:5]
    )


def test_what_was_measured_says_what_would_be_found(out: Path) -> None:
    smallest = Summary(read_results(out)).smallest
    assert set(smallest) >= {"accuracy", "balanced_accuracy", "recall of rare"}
    assert 0 < smallest["accuracy"] < smallest["recall of rare"] < 1


def test_settings_that_are_not_fair_are_named(tmp_path: Path) -> None:
    out = make_comparison(tmp_path / "out")
    protocol = Protocol.read(out)
    recipe = dataclasses.replace(protocol.recipe, schedule="plateau", keep="best")
    lines = before_training(dataclasses.replace(protocol, recipe=recipe), out)
    assert [line[:8] for line in lines].count("not fair") == 2
    assert not any(line.startswith("not fair") for line in before_training(protocol, out))


@pytest.mark.skipif(CHROMIUM is None, reason=NEEDED)
@pytest.mark.parametrize("hostile", [False, True])
def test_a_browser_shows_it_without_errors_or_requests(
    out: Path, tmp_path: Path, hostile: bool
) -> None:
    if hostile:
        out = make_comparison(tmp_path / "out", class_names=HOSTILE)
    paged(out, tmp_path / "page.html")
    shown = show(tmp_path / "page.html", tmp_path)
    assert shown.console == []
    assert shown.requests == []
    assert shown.html.count("<svg") == 6
