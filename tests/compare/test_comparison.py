"""Comparisons from declaration to verdict: nothing is trained twice, and nothing unfairly."""

from __future__ import annotations

import dataclasses
import json
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

import fer_data
from fer_data.analysis.predictions import PREDICTIONS, load_predictions
from fer_data.errors import DataError, UsageError
from fer_data.writers.split_folders import write_split_folders
from fer_model.comparison import compare as comparison
from fer_model.comparison import grid, making
from fer_model.comparison.arm import parse_arms
from fer_model.comparison.protocol import Cell, Protocol, run_folder
from fer_model.comparison.reading import read_results
from fer_model.comparison.sample_table import load_samples
from fer_model.heads.posthoc import adjust_logits
from fer_model.reporting.page import write_comparison
from fer_model.reporting.summary import Summary
from fer_model.reporting.table import as_markdown
from fer_model.training import evaluate
from fer_model.training.evaluate import evaluate_run
from fer_model.training.recipe import Recipe
from fer_model.training.runs import Run
from tests.conftest import without_plots
from tests.helpers.made_comparison import RECIPE, Heard, InThisProcess, train_here, training_of
from tests.helpers.runs import StopAfter

pytestmark = pytest.mark.usefixtures("no_plots")


ARMS = ("none", "ldam-drw:0.5", "post-hoc:1.0")


def compared(
    out: Path, data: Path, arms: tuple[str, ...], seeds: list[int], recipe: Recipe = RECIPE
) -> Heard:
    protocol, parts = grid.declare(recipe, data, parse_arms(arms), seeds)
    protocol = protocol.joined(out)
    protocol.write(out)
    grid.write_samples(parts, out)
    heard = train_here(protocol, out)
    assert heard.errors == []
    assert all(0 < step <= protocol.num_steps for step in heard.steps)
    return heard


def of_test(run: Run) -> np.ndarray:
    """Return a run's probabilities of the test samples, [N, C]."""
    return load_predictions(run.path / PREDICTIONS).of_split("test").probabilities


@pytest.fixture(scope="module")
def out(leaky: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A comparison of three arms with two seeds; `made.json` says what was made."""
    folder = tmp_path_factory.mktemp("comparison") / "out"
    with without_plots():
        made = compared(folder, leaky, ARMS, [0, 1]).ended
    (folder / "made.json").write_text(json.dumps(made))
    return folder


def test_runs_are_made_seed_by_seed_and_heads_after_their_training(out: Path) -> None:
    none, deferred, head = ARMS
    assert json.loads((out / "made.json").read_text()) == [
        f"{arm}, seed {seed}" for seed in (0, 1) for arm in (none, head, deferred)
    ]


def test_what_is_there_is_not_made_again_and_more_is_added(
    out: Path, leaky: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(out, tmp_path / "out")
    write_split_folders(
        fer_data.split(leaky, pool=True, near_duplicates=False), tmp_path / "divided"
    )  # hard links, which touch the data
    assert compared(copy, leaky, ARMS, [0, 1]).ended == []
    assert compared(copy, leaky, ("none", "crt"), [1]).ended == ["crt, seed 0", "crt, seed 1"]
    results = read_results(copy)
    assert (results.arms, results.seeds) == ((*ARMS, "crt"), (0, 1))
    assert training_of(results).protocol.later == ("arm crt",)
    assert "added after there were finished runs: arm crt" in Summary(results).notes()


def test_what_is_added_before_any_run_is_declared_like_the_rest(
    out: Path, leaky: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(out, tmp_path / "out", ignore=shutil.ignore_patterns("runs"))
    protocol, _ = grid.declare(RECIPE, leaky, parse_arms(["none", "crt"]), [0, 5])
    joined = protocol.joined(copy)
    assert joined.seeds == (0, 1, 5)
    assert joined.later == ()


@pytest.mark.slow
def test_more_seeds_are_added_for_every_arm(out: Path, leaky: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(out, tmp_path / "out")
    made = compared(copy, leaky, ARMS[:2], [2]).ended
    assert sorted(made) == sorted(f"{arm}, seed 2" for arm in ARMS)
    assert read_results(copy).seeds == (0, 1, 2)


def test_all_arms_begin_alike_and_get_the_same_steps(out: Path) -> None:
    protocol = Protocol.read(out)
    recipes = [Run(cell.folder).recipe for cell in protocol.cells(out)]
    assert {dataclasses.replace(recipe, loss="cross-entropy", seed=0) for recipe in recipes} == {
        protocol.recipe
    }
    for cell in protocol.cells(out):
        assert Run(cell.folder).metrics["training"]["steps"] == 10
    for seed in protocol.seeds:
        tables = [Run(run_folder(out, arm, seed)).predictions for arm in protocol.arms]
        held_out = {tuple(table[table["split"] == "validation"]["sample"]) for table in tables}
        assert len(held_out) == 1
        assert held_out.pop()
    history = [Run(run_folder(out, arm, 0)).history for arm in protocol.arms[:2]]
    np.testing.assert_array_equal(history[0]["learning_rate"], history[1]["learning_rate"])
    assert not history[0].equals(history[1])


def test_the_first_weights_are_those_of_the_seed(faces: Path) -> None:
    first: dict[tuple[str, int], list[np.ndarray]] = {}

    class Note(keras.callbacks.Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            first[key] = self.model.get_weights()
            raise KeyboardInterrupt

    protocol, _ = grid.declare(RECIPE, faces, parse_arms(["none", "oversample+mixup:0.2"]), [0, 1])
    with tempfile.TemporaryDirectory() as out:
        for cell in protocol.cells(Path(out)):
            key = (str(cell.arm), cell.seed)
            with suppress(KeyboardInterrupt):
                making.make(protocol, cell, Path(out), fer_data.load(faces), callbacks=[Note()])
    none, other = ("none", "oversample+mixup:0.2")
    for seed in (0, 1):
        for one, two in zip(first[none, seed], first[other, seed], strict=True):
            np.testing.assert_array_equal(one, two)
    assert not np.array_equal(first[none, 0][0], first[none, 1][0])


def test_steps_are_counted_over_the_training_where_it_goes_on_within_an_epoch() -> None:
    numbers: list[int] = []
    events = making.StepEvents(
        lambda event, number, **about: numbers.append(number), epochs=3, steps=50
    )
    events.set_params({"steps": 20})  # what is left of the second epoch
    events.on_epoch_begin(1)
    events.on_train_batch_end(0)
    events.on_epoch_end(1)
    assert numbers == [81, 100]


@pytest.mark.slow
def test_a_deferred_loss_goes_on_in_its_last_phase(out: Path, leaky: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(out, tmp_path / "out")
    protocol = Protocol.read(copy)
    cell = protocol.cells(copy)[1]
    assert cell.arm.loss.name == "ldam-drw"
    whole = Run(cell.folder)
    shutil.move(whole.path, tmp_path / "whole")
    data = fer_data.load(leaky)
    stop = [StopAfter(9)]  # 5 epochs of 2 steps, late at 4
    with pytest.raises(KeyboardInterrupt):
        making.make(protocol, cell, copy, data, callbacks=stop)
    made = making.make(protocol, cell, copy, data)
    pd.testing.assert_frame_equal(made.predictions, Run(tmp_path / "whole").predictions)
    other = protocol.cells(copy)[0]
    shutil.rmtree(other.folder)
    plain = dataclasses.replace(other, arm=dataclasses.replace(other.arm, loss="ldam:0.5"))
    undeferred = making.make(protocol, plain, copy, data)
    late = made.history["loss"].to_numpy() - undeferred.history["loss"].to_numpy()
    np.testing.assert_allclose(late[:4], 0, atol=1e-6)
    assert abs(late[4]) > 1e-3


def test_the_rate_falls_to_nothing_whatever_the_loss(out: Path) -> None:
    rates = Run(run_folder(out, Protocol.read(out).arms[0], 0)).history["learning_rate"]
    assert (np.diff(rates) < 0).all()
    assert rates.iloc[-1] == pytest.approx(0, abs=1e-9)


def test_a_new_head_is_its_base_but_for_the_head(out: Path) -> None:
    results = read_results(out)
    counts = np.array(training_of(results).runs[0][0].data["counts"]["train"])
    for base, head in zip(training_of(results).runs[0], training_of(results).runs[2], strict=True):
        adjusted = adjust_logits(of_test(base), counts, 1.0)
        np.testing.assert_allclose(of_test(head), adjusted, atol=1e-5)
    run = training_of(results).runs[2][0]
    assert run.head is not None
    assert (run.head["head"], run.head["tau"]) == ("post-hoc:1.0", 1.0)
    assert not run.history.size


def test_a_new_head_s_model_gives_its_scores_again(out: Path, leaky: Path) -> None:
    run = training_of(read_results(out)).runs[2][1]
    assert evaluate_run(run.path, leaky) == run.metrics["test"]


def test_leaks_are_known_and_scores_without_them_are_given(out: Path) -> None:
    results = read_results(out)
    assert results.leaked.sum() == 2
    assert results.clean is not None
    assert results.clean.predicted.shape[2] == len(results.labels) - 2
    assert results.clean_differences is not None
    samples = results.samples
    assert len(set(samples.groups.tolist())) == len(samples)
    assert len(set(samples.labels[samples.leaked].tolist())) == 1


def test_groups_of_the_data_are_clusters_and_leak_like_near_duplicates(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 48, 48), np.uint8)
    images[35] = images[30]
    labels = np.arange(40) % 2
    data = fer_data.load({"train": (images[:28], labels[:28]), "test": (images[28:], labels[28:])})
    groups = np.arange(40)
    groups[[28, 29, 30]], groups[[3, 38]] = 28, 3
    data = dataclasses.replace(data, groups=groups, group_names=np.full(40, "x"))
    _, parts = grid.declare(RECIPE, data, parse_arms(["none", "oversample"]), [0])
    grid.write_samples(parts, tmp_path)
    samples = load_samples(tmp_path, 2)
    clusters = samples.groups
    assert len(set(clusters[[0, 1, 2, 7]])) == 1  # one group, and the duplicate of one of it
    assert len(set(clusters)) == 12 - 3
    assert np.flatnonzero(samples.leaked).tolist() == [10]


def test_scores_are_those_of_the_runs(out: Path) -> None:
    results = read_results(out)
    for a, runs in enumerate(training_of(results).runs):
        for s, run in enumerate(runs):
            scores = run.metrics["test"]
            got = results.predicted.scores[a, s]
            assert got[0] == pytest.approx(scores["accuracy"])
            assert got[1] == pytest.approx(scores["balanced_accuracy"])


def test_seeds_that_lack_a_run_are_skipped_and_reported(out: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(out, tmp_path / "out")
    protocol = Protocol.read(copy)
    (run_folder(copy, protocol.arms[1], 1) / "metrics.json").unlink()
    results = read_results(copy)
    assert results.seeds == (0,)
    assert [str(cell) for cell in training_of(results).missing] == ["ldam-drw:0.5, seed 1"]
    assert any("1 run is not finished" in note for note in Summary(results).notes())
    (run_folder(copy, protocol.arms[1], 0) / "metrics.json").unlink()
    results = read_results(copy)
    assert (results.arms, training_of(results).skipped) == (
        ("none", "post-hoc:1.0"),
        ("ldam-drw:0.5",),
    )
    assert results.seeds == (0, 1)
    assert any("skipped" in note for note in Summary(results).notes())
    for seed in (0, 1):
        (run_folder(copy, protocol.arms[0], seed) / "metrics.json").unlink()
    with pytest.raises(DataError, match="no finished seed in common"):
        read_results(copy)


def test_another_recipe_other_data_or_another_baseline_is_refused(
    out: Path, leaky: Path, faces: Path
) -> None:
    other = dataclasses.replace(RECIPE, batch_size=16)
    for arms, data, recipe, message in (
        (ARMS, leaky, other, "another recipe .batch_size 32, not 16"),
        (ARMS, faces, RECIPE, "other data .path"),
        (("focal:1", "none"), leaky, RECIPE, "the baseline there is none, not focal"),
    ):
        protocol, _ = grid.declare(recipe, data, parse_arms(arms), [0])
        with pytest.raises(UsageError, match=message):
            protocol.joined(out)


def test_a_run_that_fails_is_tried_again_and_else_reported(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copytree(out, tmp_path / "out")
    protocol = Protocol.read(copy)
    cells = [cell for cell in protocol.cells(copy) if cell.arm.head is not None]
    for cell in cells:
        shutil.rmtree(cell.folder)
    make, calls = making.make, []

    def failing(protocol: Protocol, cell: Cell, *rest: Any, **options: Any) -> Run:
        calls.append(cell)
        if cell.seed == 0 or len([earlier for earlier in calls if earlier == cell]) == 1:
            raise RuntimeError("out of memory")
        return make(protocol, cell, *rest, **options)

    monkeypatch.setattr(making, "make", failing)
    heard = train_here(protocol, copy)
    assert [cell.seed for cell in calls] == [0, 0, 1, 1]
    (error,) = {error.partition(": ")[2] for error in heard.errors}
    assert len(heard.errors) == 3
    assert error.startswith("RuntimeError: out of memory (test_comparison.py, line ")
    results = read_results(copy)
    assert results.seeds == (1,)
    assert training_of(results).failures == {"post-hoc:1.0, seed 0": {"tries": 2, "error": error}}
    assert any("failed after 2 tries" in note for note in Summary(results).notes())


def test_runs_that_another_comparison_left_are_refused(out: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(out, tmp_path / "out")
    protocol = Protocol.read(copy)
    other = dataclasses.replace(protocol.recipe, learning_rate=0.5)
    dataclasses.replace(protocol, recipe=other).write(copy)
    with pytest.raises(DataError, match=r"seed-0: a run of other settings or other data"):
        read_results(copy)


def test_a_diverged_training_is_a_failed_run(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copytree(out, tmp_path / "out")
    cell = Protocol.read(copy).cells(copy)[2]
    shutil.rmtree(cell.folder)
    monkeypatch.setattr(
        evaluate, "predict", lambda model, loader: np.full((len(loader.labels), 7), np.nan)
    )
    heard = train_here(Protocol.read(copy), copy)
    assert len(heard.errors) == 2
    assert "predictions are not finite" in heard.errors[0]


def test_a_comparison_goes_on_with_the_settings_that_it_has(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copytree(out, tmp_path / "out")
    monkeypatch.setattr(
        comparison,
        "LocalStarter",
        lambda out, *rest, **options: InThisProcess(Protocol.read(out), out),
    )
    results = comparison.extend(copy, ["crt"])
    assert (results.arms, results.seeds) == ((*ARMS, "crt"), (0, 1))
    assert training_of(results).protocol.recipe == Protocol.read(out).recipe
    with pytest.raises(DataError, match="no comparison here"):
        comparison.extend(tmp_path, ["crt"])


def test_a_lock_that_is_a_link_is_not_followed(out: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(out, tmp_path / "out")
    (tmp_path / "target").write_text("mine")
    (copy / ".lock").unlink(missing_ok=True)
    (copy / ".lock").symlink_to(tmp_path / "target")
    with pytest.raises(DataError, match=r"\.lock: is a symbolic link"):
        comparison.extend(copy)
    (copy / ".lock").unlink()
    (copy / ".lock").write_text("mine")
    assert comparison.extend(copy) is not None
    assert (copy / ".lock").read_text() == (tmp_path / "target").read_text() == "mine"


def test_the_account_holds_what_was_found(out: Path, tmp_path: Path) -> None:
    summary = Summary(read_results(out))
    values = summary.to_dict()
    json.dumps(values, allow_nan=False)
    assert [verdict["arm"] for verdict in values["verdicts"]] == list(ARMS[1:])
    assert values["num_leaked"] == 2
    (counts,) = {run.train_counts for runs in training_of(summary.results).runs for run in runs[:1]}
    assert tuple(values["train_counts"].values()) == counts
    assert values["rarest"] == summary.results.class_names[counts.index(min(counts))]
    assert len(values["differences"]) == 2 * len(summary.results.predicted.figures)
    text = as_markdown(summary)
    assert text.count("\n| ") == 4
    for arm in ("none", "ldam-drw:0.5", "post-hoc:1.0"):
        assert f"| {arm} |" in text
    page = tmp_path / "page.html"
    write_comparison(summary, page)
    html = page.read_text()
    for word in ("Differences", "Calibration", "Protocol", "csv", "ldam-drw:0.5"):
        assert word in html
    write_comparison(Summary(read_results(out)), page)
    assert page.read_text() == html
