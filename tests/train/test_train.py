"""Training end to end with the small net: the run folder, interruption, evaluation, comparison."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from fer_data.data.decode import PixelFormat
from fer_data.data.reading import load
from fer_data.data.store import open_store
from fer_data.errors import DataError, UsageError
from fer_model.comparison.side_by_side import side_by_side
from fer_model.training import models
from fer_model.training.evaluate import evaluate_run
from fer_model.training.parts import divide
from fer_model.training.recipe import Recipe
from fer_model.training.runs import Run
from fer_model.training.train import resume, train
from tests.conftest import MakeFolder
from tests.helpers.runs import QUICK, StopAfter, assert_same_run, interrupted

no_plots = pytest.mark.usefixtures("no_plots")


FORM = PixelFormat(48, 48, "grey")


@pytest.fixture(scope="module")
def run(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("runs")
    return train(QUICK, faces, folder / "natural", cache=folder / "cache")


def test_a_run_folder_holds_all_that_a_reader_needs(run: Run) -> None:
    names = {str(path.relative_to(run.path)) for path in run.path.rglob("*") if path.is_file()}
    assert names == {
        "recipe.json",
        "history.csv",
        "metrics.json",
        "ledger.json",
        "predictions.npz",
        "model.keras",
        "model.json",
        "model.weights.h5",
        "plots/architecture.png",
        "plots/curves.png",
        "plots/confusion-validation.png",
        "plots/confusion-test.png",
    }
    assert run.recipe == QUICK.with_form(FORM)
    assert len(run.history) == 2
    assert run.metrics["training"]["epochs"] == 2
    assert run.metrics["training"]["steps"] == run.history["steps"].sum()


@no_plots
def test_the_ledger_of_a_run_counts_the_batches_that_it_trained_on(
    faces: Path, tmp_path: Path
) -> None:
    seen: list[int] = []

    class Note(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append(batch)

    recipe = dataclasses.replace(
        QUICK,
        balance="progressive:2+class-weights:power:0.5",
        augment="standard",
        augment_rare="strong",
        mix="remix:0.2",
        epoch_size=64,
        steps_per_epoch=3,
    )
    run = train(recipe, faces, tmp_path / "run", callbacks=[Note()])
    ledger = json.loads((run.path / "ledger.json").read_text())
    assert Run.open(run.path).recipe == recipe.with_form(FORM)
    assert len(seen) == ledger["steps"] == 6
    assert ledger["draws"] == 6 * 32
    assert ledger["epochs"] == 3
    store = open_store(faces)
    loader = divide(recipe, store).train
    samples = np.concatenate([loader.batch(step).samples for step in range(6)])
    drawn = np.bincount(store.dataset.labels[samples], minlength=7)
    assert [row["draws"] for row in ledger["classes"].values()] == drawn.tolist()


def test_scores_are_those_of_the_stored_predictions(run: Run) -> None:
    table = run.predictions
    names = run.data["class_names"]
    for split in ("validation", "test"):
        rows = table[table["split"] == split]
        probabilities = rows[[f"probability_{name}" for name in names]].to_numpy()
        assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
        predicted = probabilities.argmax(axis=1)
        accuracy = (predicted == rows["label"]).mean()
        assert run.metrics[split]["accuracy"] == pytest.approx(accuracy)
        confusion = np.array(run.metrics[split]["confusion"])
        assert confusion.sum() == len(rows)
        assert confusion.trace() / len(rows) == pytest.approx(accuracy)


def test_the_model_kept_is_the_one_with_the_best_validation_accuracy(run: Run) -> None:
    best = run.history["val_accuracy"].max()
    assert run.metrics["validation"]["accuracy"] == pytest.approx(best, abs=1e-6)


def test_evaluating_a_run_again_gives_its_own_scores(run: Run, faces: Path) -> None:
    assert evaluate_run(run.path, faces) == run.metrics["test"]


def test_evaluating_on_other_classes_is_refused(run: Run, make_folder: MakeFolder) -> None:
    other = make_folder({"test/cat": 2, "test/dog": 2})
    with pytest.raises(DataError, match="has no class cat, dog") as caught:
        evaluate_run(run.path, other)
    assert list(caught.value.fix) == ["class_names"]
    scores = evaluate_run(run.path, other, class_names={"cat": "sad", "dog": "happy"})
    assert {name for name, one in scores["per_class"].items() if one["support"]} == {"happy", "sad"}


def test_data_that_lacks_classes_is_evaluated(run: Run, make_folder: MakeFolder) -> None:
    scores = evaluate_run(run.path, make_folder({"test/happy": 3, "test/sad": 1}))
    assert scores["num_samples"] == 4
    assert list(scores["per_class"]) == list(run.data["class_names"])


@no_plots
def test_arrays_are_trained_on_and_a_run_on_them_goes_on(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (60, 20, 16, 3), np.uint8)
    labels = np.repeat(["cat", "dog", "owl"], [40, 14, 6])
    data = {"train": (images, labels), "test": (images[::6], labels[::6])}
    recipe = Recipe(net="small", epochs=2, batch_size=8, balance="oversample")
    whole = train(recipe, data, tmp_path / "whole")
    assert whole.recipe.form == PixelFormat(20, 16, "rgb")
    stopped = interrupted(recipe, data, tmp_path / "run", callbacks=[StopAfter(2)])
    with pytest.raises(UsageError, match="data="):
        resume(stopped.path)
    with pytest.raises(DataError, match="has changed"):
        resume(stopped.path, {"train": (255 - images, labels), "test": data["test"]})
    assert resume(stopped.path, data).metrics["test"] == whole.metrics["test"]
    assert evaluate_run(whole.path, data) == whole.metrics["test"]


def test_a_model_alone_says_its_class_names_and_its_images_form(run: Run, tmp_path: Path) -> None:
    copy = tmp_path / "alone.keras"
    copy.write_bytes(run.model_path.read_bytes())
    model, use = models.load(copy)
    assert use.class_names == ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
    assert use.form == FORM
    assert model.count_params() == keras.saving.load_model(copy).count_params()


def test_architecture_and_weights_rebuild_the_model(run: Run) -> None:
    model = keras.models.model_from_json((run.path / "model.json").read_text())
    model.load_weights(run.path / "model.weights.h5")
    inputs = np.random.default_rng(0).random((2, 48, 48, 1), np.float32)
    expected = models.load(run.model_path)[0].predict(inputs, verbose=0)
    np.testing.assert_allclose(model.predict(inputs, verbose=0), expected, rtol=1e-5)


@no_plots
def test_the_same_seed_gives_the_same_run(run: Run, faces: Path, tmp_path: Path) -> None:
    assert_same_run(run, train(QUICK, faces, tmp_path / "again"))


def test_a_comparison_says_where_selections_differ(run: Run, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(run.path, other)
    about = json.loads((other / "recipe.json").read_text())
    about["data"]["selected"] = "another"
    (other / "recipe.json").write_text(json.dumps(about))
    assert "the runs were trained on different selections of the data" in (
        side_by_side([run.path, other]).warnings
    )


@no_plots
@pytest.mark.slow
def test_a_run_trains_on_soft_labels_and_is_judged_by_whole_ones(
    faces: Path, tmp_path: Path
) -> None:
    data = load(faces)
    lines = ["sample,label," + ",".join(data.class_names)]
    for row, sample in enumerate(data.sample_ids()):
        votes = [(row + 1) * prime % 11 for prime in (1, 2, 3, 5, 7, 4, 6)]
        lines.append(
            f"{sample},{data.class_names[int(np.argmax(votes))]}," + ",".join(map(str, votes))
        )
    (tmp_path / "labels.csv").write_text("\n".join(lines) + "\n")
    options: Any = {"relabel": tmp_path / "labels.csv", "soft": True}
    recipe = dataclasses.replace(QUICK, epochs=1, mix="mixup:0.2", balance="class-weights")
    run = train(recipe, faces, tmp_path / "run", **options)
    assert any("soft labels" in note for note in run.data["notes"])
    store = open_store(faces, **options)
    parts = divide(recipe, store)
    assert parts.train.soft
    assert not parts.validation.soft
    assert parts.test is not None
    assert not parts.test.soft
    assert run.metrics["test"]["num_samples"] == store.dataset.class_counts("test").sum()
    assert evaluate_run(run.path, faces, **options) == run.metrics["test"]


@no_plots
def test_a_class_that_the_test_split_lacks_is_undefined_there_and_the_run_is_compared(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    data = make_folder(
        {"train/a": 16, "train/b": 12, "train/c": 8, "test/a": 4, "test/b": 4}, side=16
    )
    recipe = Recipe(net="small", epochs=1, batch_size=9, image_size=(16, 16))
    run = train(recipe, data, tmp_path / "run")
    scores = run.metrics["test"]["per_class"]
    assert scores["c"]["recall"] is None
    assert scores["a"]["recall"] is not None
    assert side_by_side([run.path, run.path]).rows


def test_data_without_a_test_split_and_with_colour_trains(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    data = make_folder({"cat": 20, "<dog>": 12, "$bird$ [red]": 8, "a$\\foo$": 8}, side=20)
    recipe = Recipe(
        net="small", epochs=1, batch_size=8, image_size=(24, 32), color="rgb", balance="undersample"
    )
    run = train(recipe, data, tmp_path / "run")
    assert set(run.metrics) == {"validation", "training"}
    assert run.data["class_names"] == ["$bird$ [red]", "<dog>", "a$\\foo$", "cat"]


@no_plots
def test_the_same_training_again_goes_on_or_is_returned(
    faces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupted(QUICK, faces, tmp_path / "run", callbacks=[StopAfter(3)])
    capsys.readouterr()
    finished = train(QUICK, faces, tmp_path / "run")
    assert finished.is_finished
    assert "not finished: it goes on" in capsys.readouterr().err
    model = finished.model_path.read_bytes()
    assert train(QUICK, faces, tmp_path / "run") == finished
    assert "nothing is trained" in capsys.readouterr().err
    assert train(QUICK, faces, tmp_path / "run", verbose=0) == finished
    assert not capsys.readouterr().err
    assert finished.model_path.read_bytes() == model


def test_a_taken_folder_is_refused(run: Run, faces: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="resume it, or"):
        train(QUICK, faces, run.path, seed=QUICK.seed + 1)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    with pytest.raises(DataError, match="holds something already"):
        train(QUICK, faces, tmp_path / "mine")


@pytest.mark.slow
@no_plots
def test_a_comparison_says_what_makes_it_doubtful(run: Run, faces: Path, tmp_path: Path) -> None:
    recipe = Recipe(**{**QUICK.to_dict(), "balance": "oversample", "epochs": 1})
    other = train(recipe, faces, tmp_path / "balanced")
    comparison = side_by_side([run.path, other.path])
    assert comparison.split == "test"
    assert [row.balance for row in comparison.rows] == ["none", "oversample"]
    assert comparison.rows[0].scores == run.metrics["test"]
    assert any("different numbers of steps" in warning for warning in comparison.warnings)
    assert any("more than the balance" in warning for warning in comparison.warnings)
    json.dumps(comparison.to_dict())


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.keras").write_bytes(b"no zip")
    with pytest.raises(DataError, match="not a model"):
        models.load(tmp_path / "model.keras")
    with pytest.raises(DataError, match="no model here"):
        models.load(tmp_path / "missing.keras")
