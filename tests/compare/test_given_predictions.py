"""Predictions that anyone made: every form gives the same results, what is ambiguous is refused."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

import fer_model
from fer_data.analysis.predictions import SavedPredictions, save_predictions
from fer_data.errors import DataError, FerError, UsageError
from fer_model.cli import app

DOCS = (Path(__file__).parents[2] / "docs" / "comparison.md").read_text("utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", DOCS, re.DOTALL)

NAMES = ("cat", "dog", "eel")
LABELS = np.repeat([0, 1, 2], [40, 20, 10])
SAMPLES = np.array([f"s{number:02}" for number in range(len(LABELS))])


def probabilities(seed: int, bias: float = 0.0) -> np.ndarray:
    random = np.random.default_rng(seed)
    logits = 1.5 * np.eye(3)[LABELS] + random.normal(size=(len(LABELS), 3))
    logits[:, 2] += bias
    powers = np.exp(logits)
    return powers / powers.sum(axis=1, keepdims=True)


RUNS = {
    "none": [probabilities(0), probabilities(1)],
    "own": [probabilities(2, 1), probabilities(3, 1)],
}


def frame(values: np.ndarray, *, label: bool = True, prefix: str = "") -> pd.DataFrame:
    table = pd.DataFrame(values, columns=[prefix + name for name in NAMES])
    table.insert(0, "sample", SAMPLES)
    if label:
        table.insert(1, "label", np.array(NAMES)[LABELS])
    return table


def shuffled(values: np.ndarray, **options: Any) -> pd.DataFrame:
    return frame(values, **options).sample(frac=1, random_state=0)[::-1].sort_index(axis=1)


def as_csv(values: np.ndarray, path: Path) -> Path:
    frame(values).to_csv(path.with_suffix(".csv"), index=False)
    return path.with_suffix(".csv")


def as_parquet(values: np.ndarray, path: Path) -> Path:
    pytest.importorskip("pyarrow")
    frame(values, label=False, prefix="probability_").to_parquet(path.with_suffix(".parquet"))
    return path.with_suffix(".parquet")


def as_npz(values: np.ndarray, path: Path) -> Path:
    np.savez_compressed(path, probabilities=values, sample=SAMPLES, class_names=NAMES)
    return path.with_suffix(".npz")


def as_run(values: np.ndarray, path: Path) -> Path:
    """As a training of this package leaves them, behind its validation samples."""
    saved = SavedPredictions(
        NAMES,
        np.array(["validation"] * 2 + ["test"] * len(LABELS)),
        np.concatenate([["v0", "v1"], SAMPLES]),
        np.concatenate([[0, 0], LABELS]),
        np.concatenate([np.eye(3)[:2], values]).astype(np.float32),
    )
    save_predictions(path.with_suffix(".npz"), saved)
    return path.with_suffix(".npz")


FORMS: dict[str, Callable[[np.ndarray, Path], Any]] = {
    "frame": lambda values, path: frame(values),
    "shuffled frame": lambda values, path: shuffled(values),
    "csv": as_csv,
    "parquet": as_parquet,
    "npz": as_npz,
    "run": as_run,
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_results_of_arrays(form: str, tmp_path: Path) -> None:
    labels = frame(RUNS["none"][0])[["sample", "label"]]
    arms = {
        arm: [FORMS[form](values, tmp_path / f"{arm}-{k}") for k, values in enumerate(runs)]
        for arm, runs in RUNS.items()
    }
    results = fer_model.compare_predictions(labels, arms)
    plain = fer_model.compare_predictions(LABELS, RUNS, class_names=NAMES)
    assert results.class_names == plain.class_names == NAMES
    np.testing.assert_array_equal(results.predicted_labels, plain.predicted_labels)
    np.testing.assert_allclose(results.confidences, plain.confidences, rtol=1e-6)
    assert results.predicted_labels[1, 1].tolist() == RUNS["own"][1].argmax(axis=1).tolist()


@given(st.permutations(range(len(LABELS))), st.permutations(NAMES))
def test_neither_the_order_of_rows_nor_of_columns_matters(
    rows: list[int], names: list[str]
) -> None:
    moved = frame(RUNS["own"][0]).iloc[rows][["label", *names, "sample"]]
    results = fer_model.compare_predictions(None, {"a": [frame(RUNS["own"][0])], "b": [moved]})
    np.testing.assert_array_equal(*results.predicted_labels)


@pytest.mark.parametrize("texts", [False, True])
def test_predicted_labels_alone_have_no_calibration(texts: bool, tmp_path: Path) -> None:
    likely = [values.argmax(axis=1) for values in RUNS["own"]]
    labels: Any = LABELS
    if texts:
        labels, likely = np.array(NAMES)[LABELS], [np.array(NAMES)[guesses] for guesses in likely]
    results = fer_model.compare_predictions(labels, {"none": likely, "own": likely})
    summary = fer_model.Summary(results)
    fer_model.write_comparison(summary, tmp_path / "page.html")
    assert summary.calibrations == (None, None)
    assert "| – | – |" in fer_model.as_markdown(summary)
    json.dumps(summary.to_dict(), allow_nan=False)
    assert 'id="calibration"' not in (tmp_path / "page.html").read_text("utf-8")


def test_what_is_kept_is_read_again_with_the_same_page(tmp_path: Path) -> None:
    out, pages = tmp_path / "out", [tmp_path / "one.html", tmp_path / "two.html"]
    arms = {**RUNS, "labels": [values.argmax(axis=1) for values in RUNS["own"]]}
    counts = {"cat": 400, "eel": 10, "dog": 20}
    found = fer_model.compare_predictions(
        LABELS, arms, clusters=LABELS // 2, train_counts=counts, class_names=NAMES, out=out
    )
    assert (found.train_counts, fer_model.Summary(found).rarest) == ((400, 20, 10), "eel")
    for results, page in zip([found, fer_model.read_results(out)], pages, strict=True):
        fer_model.write_comparison(fer_model.Summary(results), page)
    texts = [
        re.sub("<svg.*?</svg>", "", page.read_text("utf-8"), flags=re.DOTALL) for page in pages
    ]
    assert texts[0] == texts[1]


def test_samples_of_a_cluster_are_drawn_together() -> None:
    labels = frame(RUNS["none"][0])[["sample", "label"]].assign(patient=np.arange(70) // 2)
    runs = {arm: [frame(run, label=False) for run in of_arm] for arm, of_arm in RUNS.items()}
    results = fer_model.compare_predictions(labels, runs, clusters="patient")
    assert results.predicted.num_clusters == 35


def held_out(values: np.ndarray, *, label: bool = True) -> pd.DataFrame:
    """A run's table with validation samples before those of the test."""
    test = frame(values, label=label).assign(split="test")
    first = test.assign(split="validation", sample="v" + test["sample"])
    return pd.concat([first, test])


@pytest.mark.parametrize("label", [True, False])
def test_temperatures_are_fitted_on_validation_samples_alone(label: bool, tmp_path: Path) -> None:
    sharp = {arm: [run**3 for run in runs] for arm, runs in RUNS.items()}
    sharp = {
        arm: [run / run.sum(axis=1, keepdims=True) for run in runs] for arm, runs in sharp.items()
    }
    labels = None
    if not label:
        labels = held_out(RUNS["none"][0])[["sample", "label", "split"]]
    arms: dict[str, Any] = {
        arm: [held_out(run, label=label) for run in runs] for arm, runs in sharp.items()
    }
    found = fer_model.compare_predictions(labels, arms, out=tmp_path / "out")
    for results in (found, fer_model.read_results(tmp_path / "out")):
        summary = fer_model.Summary(results, auroc=True)
        for before, after in zip(summary.calibrations, summary.recalibrations, strict=True):
            assert before is not None
            assert after is not None
            assert after.error < before.error
        expected = roc_auc_score(LABELS, sharp["own"][1], multi_class="ovr")
        assert results.aurocs[1, 1] == pytest.approx(expected)
        assert "AUROC" in fer_model.as_markdown(summary)
    arms["own"] = sharp["own"]
    mixed = fer_model.Summary(fer_model.compare_predictions(labels, _in_order(arms)))
    assert (mixed.recalibrations[0] is None, mixed.recalibrations[1] is None) == (False, True)
    assert "without validation predictions: own" in " ".join(mixed.notes())


def _in_order(arms: dict[str, Any]) -> dict[str, Any]:
    return {**arms, "own": [frame(run, label=False) for run in arms["own"]]}


@pytest.mark.parametrize("form", ["argument", "labels", "runs"])
def test_differences_without_leaked_samples_are_given(form: str, tmp_path: Path) -> None:
    leaked = np.arange(len(LABELS)) % 3 == 0
    texts = np.where(leaked, "True", "False")
    labels = frame(RUNS["none"][0])[["sample", "label"]]
    arms = {arm: [shuffled(run) for run in runs] for arm, runs in RUNS.items()}
    options: dict[str, Any] = {}
    if form == "argument":
        options["leaked"] = leaked
    elif form == "labels":
        labels.assign(leaked=texts).to_csv(tmp_path / "labels.csv", index=False)
        labels = tmp_path / "labels.csv"
    else:
        arms["none"][0] = frame(RUNS["none"][0]).assign(leaked=leaked)
    found = fer_model.compare_predictions(labels, arms, **options, out=tmp_path / "out")
    for results in (found, fer_model.read_results(tmp_path / "out")):
        np.testing.assert_array_equal(results.leaked, leaked)
        expected = fer_model.compare_predictions(
            LABELS[~leaked], {arm: [run[~leaked] for run in runs] for arm, runs in RUNS.items()}
        )
        assert results.clean is not None
        np.testing.assert_array_equal(results.clean.scores, expected.predicted.scores)
        assert fer_model.Summary(results).to_dict()["differences_without_leaked"]


def test_flags_of_leaks_that_differ_or_are_none_are_refused() -> None:
    runs = {arm: [frame(run) for run in of_arm] for arm, of_arm in RUNS.items()}
    runs["none"][0] = runs["none"][0].assign(leaked="no")
    for flag, says in (("yes", "row 1 is leaked"), ("perhaps", "true or false.*perhaps")):
        runs["own"][1] = frame(RUNS["own"][1]).assign(leaked=flag)
        with pytest.raises(DataError, match=f"arm 'own', run 2: .*{says}"):
            fer_model.compare_predictions(None, runs)


def test_margin_and_shots_are_kept_and_older_files_have_the_usual_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    fer_model.compare_predictions(
        LABELS, RUNS, margin=0.25, shots=(15, 30), train_counts=[400, 20, 10], out=out
    )
    kept = fer_model.read_results(out)
    assert (kept.margin, kept.shots) == (0.25, (15, 30))

    def judged_by(*options: str) -> tuple[float, list[int]]:
        app(["compare", str(out), "--json", *options], result_action="return_value")
        printed = json.loads(capsys.readouterr().out)
        return printed["margin"], printed["shots"]

    assert judged_by("--margin", "2", "--shots", "5,6") == (0.02, [5, 6])
    assert judged_by() == (0.25, [15, 30])
    with np.load(out / "compared.npz") as file:
        arrays = dict(file)
    newer = ("margin", "shots", "aurocs", "ensemble_labels", "scaled_confidences")
    np.savez(out / "compared.npz", **{k: v for k, v in arrays.items() if k not in newer})
    old = fer_model.read_results(out)
    assert (old.margin, old.shots) == (0.01, (20, 100))
    np.testing.assert_array_equal(old.confidences, kept.confidences)
    assert np.isnan(old.of_ensembles).all()
    np.savez(out / "compared.npz", **{**arrays, "margin": np.array([5.0])})
    with pytest.raises(DataError, match="do not fit"):
        fer_model.read_results(out)


WRONG: dict[str, tuple[Any, Any, str]] = {
    "logits": (LABELS, np.log(RUNS["own"][1]), "softmax"),
    "percentages": (LABELS, 100 * RUNS["own"][1], "Divide percentages by 100"),
    "classes by samples": (LABELS, RUNS["own"][1].T, "transpose"),
    "not a number": (LABELS, np.full((70, 3), np.nan), "not finite"),
    "rows": (LABELS, RUNS["own"][1][:-1], r"69 samples, labels of 70"),
    "classes": (LABELS, np.full((70, 4), 0.25), r"\[70, 3\], got \[70, 4\]"),
    "axes": (LABELS, np.zeros((70, 3, 1)), r"\[70, 3, 1\]"),
    "fractions as labels": (LABELS, RUNS["own"][1][:, 0], "whole numbers or names"),
    "other labels": (None, frame(RUNS["own"][1]).assign(label="cat"), "row 41 is labelled cat"),
    "other samples": (None, frame(RUNS["own"][1]).replace("s07", "x"), "no row of sample s07"),
    "a sample twice": (None, frame(RUNS["own"][1]).replace("s07", "s08"), "s08 is there twice"),
    "another column": (None, frame(RUNS["own"][1]).assign(age=3.0), "sum to 1"),
    "a column of text": (None, frame(RUNS["own"][1]).assign(site="x"), "column site"),
    "other classes": (None, frame(RUNS["own"][1]).rename(columns={"eel": "emu"}), "eel"),
    "both and differ": (None, frame(RUNS["own"][1]).assign(predicted="cat"), "likeliest"),
    "no file": (None, Path("nowhere.csv"), "nowhere.csv"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_or_ambiguous_is_refused_by_arm_and_run(name: str) -> None:
    labels, run, says = WRONG[name]
    arms: dict[str, Any] = RUNS
    if labels is None:
        arms = {arm: [frame(run) for run in runs] for arm, runs in RUNS.items()}
    with pytest.raises(FerError, match=f"arm 'own', run 2.*{says}"):
        fer_model.compare_predictions(labels, {**arms, "own": [arms["own"][0], run]})


@pytest.mark.parametrize(
    "wrong",
    [
        {"figure": "auc"},
        {"train_counts": [1, 2]},
        {"train_counts": {"cat": 1}},
        {"clusters": "patient"},
        {"clusters": [1, 2]},
        {"leaked": [True]},
        {"leaked": LABELS},
        {"margin": 1.0},
        {"shots": (30, 400)},
        {"shots": "30,400", "train_counts": [40, 20, 10]},
        {"shots": (5, 2)},
        {"class_names": ["cat", "cat", "dog"]},
        {"arms": {"none": RUNS["none"]}},
        {"arms": {"none": RUNS["none"], "own": []}},
        {"arms": {"none": RUNS["none"], "own": "own.csv"}},
        {"labels": np.array(NAMES)[LABELS]},
        {"labels": None},
    ],
    ids=str,
)
def test_arguments_that_do_not_fit_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        fer_model.compare_predictions(**{"labels": LABELS, "arms": RUNS, **wrong})


def test_numbers_are_class_names_where_these_are_numbers() -> None:
    table = pd.DataFrame(RUNS["own"][0], columns=["1", "2", "3"])
    results = fer_model.compare_predictions(LABELS + 1, {"a": [table], "b": [table]})
    np.testing.assert_array_equal(results.labels, LABELS)
    with pytest.raises(DataError, match="label 0"):
        fer_model.compare_predictions(LABELS, {"a": [table], "b": [table]})


def test_a_folder_of_something_else_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"mine\.txt"):
        fer_model.compare_predictions(LABELS, RUNS, out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of predictions, as the command's help shows it."""
    root = tmp_path / "results"
    for arm, runs in RUNS.items():
        (root / arm).mkdir(parents=True)
        for number, values in enumerate(runs, 9):
            frame(values, label=False).to_csv(root / arm / f"seed-{number}.csv", index=False)
    labels = frame(RUNS["none"][0])[["sample", "label"]].assign(patient=np.arange(70) // 2)
    labels.to_csv(root / "labels.csv", index=False)
    (tmp_path / "counts.csv").write_text("class,count\ncat,40\ndog,20\neel,10\n")
    return root


def test_the_command_compares_a_folder_without_keras(folder: Path, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom tests.helpers.base_install import hide\n"
        "hide(['keras', 'tensorflow', 'torch'])\n"
        "from fer_model.cli import main\nsys.argv[0] = 'fer-model'\nmain()"
    )
    options = ["--clusters-column", "patient", "--train-counts", tmp_path / "counts.csv", "--json"]
    words = ["compare-predictions", folder, *options, "--out", tmp_path / "out"]
    command = [sys.executable, "-c", code, *map(str, words)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    printed = json.loads(ended.stdout)
    assert (printed["baseline"], printed["rarest"], printed["seeds"]) == ("none", "eel", [0, 1])
    assert json.loads((tmp_path / "out" / "results.json").read_text("utf-8")) == printed
    assert "<h1>" in (tmp_path / "out" / "index.html").read_text("utf-8")
    results = fer_model.read_results(tmp_path / "out")
    np.testing.assert_array_equal(results.predicted_labels[0, 1], RUNS["none"][1].argmax(axis=1))


def test_the_python_of_the_docs_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    for arm in ("none", "own"):
        for number in range(3):
            table = frame(probabilities(number, 2.0 * (arm == "own")), label=False)
            table.to_csv(folder / arm / f"seed-{number}.csv", index=False)
    (snippet,) = (snippet for snippet in SNIPPETS if "compare_predictions" in snippet)
    exec(compile(snippet, "comparison.md", "exec"), {})
    assert "balanced accuracy" in capsys.readouterr().out
    assert (folder / "page.html").exists()


def test_runs_of_one_name_are_compared(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "own" / "seed-9.csv").unlink()
    app(["compare-predictions", str(folder), "--json"], result_action="return_value")
    shown = capsys.readouterr()
    assert "/seed-9" in shown.err
    printed = json.loads(shown.out)
    own = RUNS["own"][1].argmax(axis=1)
    assert printed["arms"][1]["figures"]["accuracy"] == [pytest.approx((own == LABELS).mean())]


def test_without_an_arm_called_none_the_baseline_is_to_be_named(folder: Path) -> None:
    (folder / "none").rename(folder / "plain")
    words = ["compare-predictions", str(folder)]
    with pytest.raises(UsageError, match="own, plain"):
        app(words, result_action="return_value")
    app([*words, "--baseline", "plain"], result_action="return_value")
