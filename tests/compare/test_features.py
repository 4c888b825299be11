"""Arms on frozen features: all that is registered, on the samples that it should see."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from sklearn.linear_model import LogisticRegression

import fer_model
from fer_data.errors import UsageError
from fer_model.comparison import display
from fer_model.heads.choice import HeadChoice, HeadInputs
from fer_model.losses.choice import LossChoice
from tests.helpers.programs import MODEL, call
from tests.helpers.registered import every

NAMES = ("a", "b", "c")
LABELS = np.repeat(np.arange(3), [160, 80, 40])
FEATURES = 2.0 * np.eye(3, 8)[LABELS] + np.random.default_rng(0).normal(size=(280, 8)) + 5
SPLITS = np.where(np.arange(280) % 4 == 0, "test", "train")
FAST: dict[str, Any] = {"splits": SPLITS, "class_names": NAMES, "epochs": 20, "learning_rate": 0.1}


def test_every_loss_and_head_is_compared(tmp_path: Path) -> None:
    parts = [*every(LossChoice, most=1), *every(HeadChoice, most=1)]
    arms = list(dict.fromkeys(["none", *map(str, parts), "batch", "oversample+class-weights"]))
    arms.remove("cross-entropy")
    results = fer_model.compare_features(FEATURES, LABELS, arms, 1, **FAST, out=tmp_path / "out")
    assert len(results.arms) == len(arms)
    assert np.bincount(results.labels).tolist() == [40, 20, 10]
    assert results.train_counts == (108, 54, 27)  # a tenth is held out
    assert (results.predicted.scores[:-1, :, 0] > 0.6).all()  # the last corrects twice
    summary = fer_model.Summary(fer_model.read_results(tmp_path / "out"))
    assert all(summary.recalibrations)
    assert (summary.rarest, summary.results.arms) == ("c", results.arms)
    assert any("oversample+class-weights makes up" in note for note in summary.notes())
    fer_model.write_comparison(summary, tmp_path / "page.html")


def test_the_baseline_is_logistic_regression() -> None:
    options = {**FAST, "epochs": 100}
    results = fer_model.compare_features(FEATURES, LABELS, ["none", "oversample"], 2, **options)
    train, test = SPLITS == "train", SPLITS == "test"
    model = LogisticRegression(C=1e4, max_iter=5000).fit(FEATURES[train], LABELS[train])
    assert (results.predicted_labels[0] == model.predict(FEATURES[test])).mean() > 0.95
    again = fer_model.compare_features(FEATURES, LABELS, ["none", "oversample"], 2, **options)
    np.testing.assert_array_equal(results.predicted_labels, again.predicted_labels)


@pytest.mark.parametrize("has_own", [False, True])
def test_what_chooses_heads_and_temperatures_is_noted_and_not_trained_on(
    has_own: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    splits = np.where(
        SPLITS == "test", "test", np.where(np.arange(280) % 8 == 1, "validation", "train")
    )
    options = {**FAST, "epochs": 1, "splits": splits if has_own else SPLITS}
    fitted_on = []
    build = HeadChoice.build

    def watched(choice: HeadChoice, inputs: HeadInputs) -> Any:
        parts = [
            tuple(np.bincount(part()[1]).tolist()) for part in (inputs.train, inputs.validation)
        ]
        fitted_on.append(parts)
        return build(choice, inputs)

    monkeypatch.setattr(HeadChoice, "build", watched)
    results = fer_model.compare_features(FEATURES, LABELS, ["none", "tau-norm"], [3], **options)
    expected = [(100, 50, 25), (20, 10, 5)] if has_own else [(108, 54, 27), (12, 6, 3)]
    assert fitted_on == [expected]
    assert results.train_counts == expected[0]
    (note,) = (note for note in results.remarks if note.startswith("validation samples"))
    assert f": {sum(expected[1])}" in note
    assert ("held out" in note) is not has_own


def test_a_run_that_ends_late_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(display, "_SILENT", 0.0)
    options: dict[str, Any] = {**FAST, "epochs": 1}
    fer_model.compare_features(FEATURES, LABELS, ["none", "tau-norm"], [3], **options)
    lines = capsys.readouterr().err.splitlines()
    names = ["run 1 of 2: none, seed 3", "run 2 of 2: tau-norm, seed 3"]
    assert [line.partition(" (")[0] for line in lines] == names
    assert " left)" in lines[0]
    monkeypatch.setattr(display, "_SILENT", 1e9)
    display.RunLines(Console(stderr=True), 1).show("none, seed 3", 1.0)
    assert capsys.readouterr().err == ""


def test_features_are_divided_by_groups_where_no_split_is_given() -> None:
    groups = np.arange(280) // 2
    results = fer_model.compare_features(
        FEATURES, np.array(NAMES)[LABELS], ["none", "post-hoc:1"], 1, groups=groups, epochs=1
    )
    assert results.class_names == NAMES
    assert len(results.labels) == pytest.approx(28, abs=4)
    assert results.predicted.num_clusters * 2 == len(results.labels)
    assert not results.leaked.any()
    split = {**FAST, "groups": np.arange(280) // 4, "epochs": 1}
    leaky = fer_model.compare_features(FEATURES, LABELS, ["none", "post-hoc:1"], 1, **split)
    assert leaky.leaked.all()


def test_the_python_of_the_docs_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("features.npy", FEATURES)
    np.save("labels.npy", LABELS)
    docs = (Path(__file__).parents[2] / "docs" / "comparison.md").read_text("utf-8")
    snippets = re.findall(r"```python\n(.*?)```", docs, re.DOTALL)
    (snippet,) = (snippet for snippet in snippets if "compare_features" in snippet)
    exec(compile(snippet.replace("seeds=3", "seeds=1"), "comparison.md", "exec"), {})
    assert "| crt |" in capsys.readouterr().out


def test_test_samples_that_are_named_as_leaked_are_so_besides_those_of_groups() -> None:
    named = np.arange(280) % 8 == 0  # half of the test samples, and no others
    groups = np.where(np.arange(280) < 8, 0, np.arange(280))
    options: dict[str, Any] = {**FAST, "epochs": 1, "leaked": named, "groups": groups}
    results = fer_model.compare_features(FEATURES, LABELS, ["none", "post-hoc:1"], 1, **options)
    expected = (named | (np.arange(280) < 8))[SPLITS == "test"]
    np.testing.assert_array_equal(results.leaked, expected)
    assert results.clean is not None


@pytest.mark.parametrize(
    "wrong",
    [
        {"features": FEATURES[:-1]},
        {"features": FEATURES[:, 0]},
        {"features": np.where(FEATURES > 6, np.nan, FEATURES)},
        {"splits": SPLITS[:-1]},
        {"splits": np.full(280, "train")},
        {"splits": np.where(SPLITS == "test", "test", "fold 1")},
        {"groups": [1, 2]},
        {"leaked": SPLITS == "test", "splits": None},
        {"leaked": (SPLITS == "test")[1:]},
        {"leaked": np.arange(280)},
        {"arms": ["none", "mixup:0.2"]},
        {"arms": ["none"]},
        {"seeds": []},
        {"figure": "auc"},
    ],
    ids=lambda wrong: str(wrong)[:40],
)
def test_what_does_not_fit_is_refused(wrong: dict[str, Any]) -> None:
    given = {"features": FEATURES, "labels": LABELS, "arms": ["none", "batch"], **FAST, **wrong}
    with pytest.raises(UsageError):
        fer_model.compare_features(**given)


def test_the_command_compares_a_file_as_the_library_does(tmp_path: Path) -> None:
    file = tmp_path / "features.npz"
    flags = np.arange(280) % 8 == 0
    arrays = {"splits": SPLITS, "class_names": NAMES, "leaked": flags}
    np.savez(file, features=FEATURES, labels=LABELS, **arrays)
    words = [file, "--arms", "none,crt", "--seeds", "2", "--epochs", "5", "--json"]
    called = call(MODEL, "compare-features", *words, "--out", tmp_path / "out")
    assert called.code == 0, called.err
    printed = json.loads(called.out)
    options = {**FAST, "epochs": 5, "learning_rate": 0.01}
    results = fer_model.compare_features(FEATURES, LABELS, ["none", "crt"], 2, **options)
    kept = fer_model.read_results(tmp_path / "out")
    np.testing.assert_array_equal(kept.predicted_labels, results.predicted_labels)
    np.testing.assert_array_equal(kept.leaked, flags[SPLITS == "test"])
    assert printed["num_leaked"] == flags.sum()
    assert printed["seeds"] == [0, 1]
    assert printed["train_counts"] == {"a": 108, "b": 54, "c": 27}


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"features": FEATURES}, "no array labels; found features"),
        ({"features": FEATURES, "labels": LABELS, "ages": LABELS}, "array ages is not known"),
        ({"features": FEATURES, "labels": LABELS.astype(object)}, "arrays of Python objects"),
        (None, "No such file"),
    ],
    ids=["no labels", "another array", "objects", "no file"],
)
def test_a_file_without_what_the_command_needs_is_refused(
    arrays: dict[str, Any] | None, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "features.npz"
    if arrays is not None:
        np.savez(file, **arrays)
    called = call(MODEL, "compare-features", file, "--arms", "none,crt")
    assert called.code == 2
    assert message in " ".join(called.err.split())
