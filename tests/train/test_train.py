"""Training end to end with the small net: the run folder, interruption, evaluation, comparison."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from sklearn.metrics import f1_score

import fer_data
from fer_data.data.decode import PixelFormat
from fer_data.data.reading import load
from fer_data.data.store import open_store
from fer_data.errors import DataError, UsageError
from fer_data.loading.opening import open_loader
from fer_data.transforms import as_transform
from fer_data.writers.split_folders import write_split_folders
from fer_model.comparison.side_by_side import side_by_side
from fer_model.render import scores_table
from fer_model.training import models, plots
from fer_model.training.evaluate import evaluate_run
from fer_model.training.parts import divide
from fer_model.training.recipe import Recipe
from fer_model.training.runs import Run
from fer_model.training.score import score
from fer_model.training.train import resume, train
from tests.conftest import MakeFolder
from tests.helpers.runs import StopAfter, assert_same_run

no_plots = pytest.mark.usefixtures("no_plots")

FORM = PixelFormat(48, 48, "grey")
QUICK = Recipe(net="small", epochs=2, learning_rate=3e-3, batch_size=32, rescale=1 / 255)


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
    assert [one["draws"] for one in ledger["classes"].values()] == drawn.tolist()


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
    found = evaluate_run(run.path, other, class_names={"cat": "sad", "dog": "happy"})
    assert {name for name, one in found["per_class"].items() if one["support"]} == {"happy", "sad"}


def test_data_that_lacks_classes_is_evaluated(run: Run, make_folder: MakeFolder) -> None:
    found = evaluate_run(run.path, make_folder({"test/happy": 3, "test/sad": 1}))
    assert found["num_samples"] == 4
    assert list(found["per_class"]) == list(run.data["class_names"])


@no_plots
def test_arrays_are_trained_on_and_a_run_on_them_goes_on(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (60, 20, 16, 3), np.uint8)
    labels = np.repeat(["cat", "dog", "owl"], [40, 14, 6])
    data = {"train": (images, labels), "test": (images[::6], labels[::6])}
    recipe = Recipe(net="small", epochs=2, batch_size=8, balance="oversample")
    whole = train(recipe, data, tmp_path / "whole")
    assert whole.recipe.form == PixelFormat(20, 16, "rgb")
    stopped = train(recipe, data, tmp_path / "run", callbacks=[StopAfter(2)])
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


@no_plots
@pytest.mark.slow
@pytest.mark.parametrize("steps", [3, 10])
def test_dropout_goes_on_where_it_was(faces: Path, tmp_path: Path, steps: int) -> None:
    recipe = Recipe(epochs=2, batch_size=32, image_size=(16, 16), steps_per_epoch=5)
    whole = train(recipe, faces, tmp_path / "whole")
    stopped = train(recipe, faces, tmp_path / "stopped", callbacks=[StopAfter(steps - 1)])
    if steps < 10:
        assert not stopped.is_finished
    assert_same_run(whole, resume(stopped.path))


@pytest.mark.slow
@no_plots
@pytest.mark.parametrize("steps", [1, 8, 9, 12])
def test_a_run_stopped_by_ctrl_c_and_resumed_is_the_uninterrupted_one(
    run: Run, faces: Path, tmp_path: Path, steps: int
) -> None:
    handler = signal.getsignal(signal.SIGINT)
    stopped = train(QUICK, faces, tmp_path / "stopped", callbacks=[StopAfter(steps)])
    assert not stopped.is_finished
    assert signal.getsignal(signal.SIGINT) is handler
    with pytest.raises(DataError, match="not finished"):
        _ = stopped.metrics
    resumed = resume(stopped.path)
    assert resumed.is_finished
    assert not resumed.checkpoint_path.exists()
    assert_same_run(run, resumed)


KILLED = """
import os, signal, sys
import keras
from fer_model.training.recipe import Recipe
from fer_model.training.train import train

class KillAfterEpoch(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if self.model.optimizer.iterations.numpy() == 9:
            os.kill(os.getpid(), signal.SIGKILL)

recipe = Recipe(net="small", epochs=2, learning_rate=3e-3, batch_size=32, rescale=1 / 255)
train(recipe, sys.argv[1], sys.argv[2], callbacks=[KillAfterEpoch()])
"""


def test_what_a_killed_process_left_of_its_first_file_is_in_no_ones_way(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".1a2b3c4d.recipe.json").write_text("{")
    run = Run.create(tmp_path / "run", Recipe(), {}, {})
    assert run.recipe == Recipe()
    with pytest.raises(DataError, match="holds something already"):
        Run.create(tmp_path / "run", Recipe(), {}, {})


@pytest.mark.slow
@no_plots
def test_a_run_killed_and_resumed_is_the_uninterrupted_one(
    run: Run, faces: Path, tmp_path: Path
) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, faces, tmp_path / "killed"], capture_output=True
    )
    assert killed.returncode == -signal.SIGKILL
    assert not Run.open(tmp_path / "killed").is_finished
    assert_same_run(run, resume(tmp_path / "killed"))


@no_plots
def test_resuming_on_changed_data_is_refused(make_folder: MakeFolder, tmp_path: Path) -> None:
    counts = {"train/a": 40, "train/b": 40}
    data = make_folder(counts)
    recipe = Recipe(net="small", epochs=2, batch_size=8)
    stopped = train(recipe, data, tmp_path / "run", callbacks=[StopAfter(2)])
    make_folder(counts, seed=1)
    with pytest.raises(DataError, match="has changed"):
        resume(stopped.path)


@no_plots
def test_resuming_applies_the_selection_again_and_refuses_one_that_changed(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    data = make_folder({"train/a": 12, "train/b": 8, "valid/a": 4, "valid/b": 4}, side=16)
    listed = tmp_path / "x.csv"
    listed.write_text("sample\ntrain/a/0001.png\ntrain/b/0002.png\n")
    recipe = Recipe(net="small", epochs=1, batch_size=6, image_size=(16, 16))
    stopped = train(recipe, data, tmp_path / "run", exclude=listed, callbacks=[StopAfter(2)])
    assert stopped.data["counts"]["train"] == [11, 7]
    assert "2 excluded, by x.csv" in stopped.data["notes"]
    text = listed.read_text()
    listed.write_text("sample\ntrain/a/0001.png\n")
    with pytest.raises(DataError, match=r"the selection \(exclude .*x\.csv\) is another than when"):
        resume(stopped.path)
    listed.write_text(text)
    run = resume(stopped.path)
    assert json.loads((run.path / "ledger.json").read_text())["classes"]["a"]["samples"] == 11
    everything = ["sample", *(f"valid/{name}/000{n}.png" for name in "ab" for n in range(4))]
    listed.write_text("\n".join(everything))
    with pytest.raises(DataError, match="there is no validation split here"):
        evaluate_run(run.path, data, split="validation", exclude=listed)


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


def test_a_taken_folder_is_refused(run: Run, faces: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="resume it, or"):
        train(QUICK, faces, run.path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    with pytest.raises(DataError, match="holds something already"):
        train(QUICK, faces, tmp_path / "mine")


def test_validation_is_held_out_of_training_and_test_is_untouched(faces: Path) -> None:
    store = open_loader(faces).store
    parts = divide(Recipe(validation_fraction=0.2), store)
    train_rows, held_out = set(parts.train.rows), set(parts.validation.rows)
    assert parts.test
    assert not train_rows & held_out
    assert train_rows | held_out == set(store.dataset.indices("train"))
    assert set(parts.test.rows) == set(store.dataset.indices("test"))
    assert parts.validation.settings()["shuffle"] == "False"
    assert parts.validation.transform == as_transform("none")


def test_groups_and_their_duplicates_are_held_out_whole() -> None:
    images = np.random.default_rng(0).integers(0, 256, (90, 48, 48), np.uint8)
    images[60:] = images[:30, :, ::-1]
    groups = np.concatenate([np.arange(60) // 2, np.arange(60, 90)])
    data = fer_data.load((images, np.arange(90) // 2 % 3))
    data = dataclasses.replace(data, groups=groups, group_names=np.full(90, "x"))
    for seed in range(3):
        parts = divide(Recipe(validation_fraction=0.3, seed=seed), open_store(data))
        held = np.isin(np.arange(90), parts.validation.rows)
        together = np.arange(60) // 2
        together = np.concatenate([together, together[:30]])
        for group in range(30):
            assert len(set(held[together == group])) == 1
        assert 15 <= held.sum() <= 39
        assert any("duplicates and groups kept together" in note for note in parts.notes)


def test_the_datas_own_validation_split_is_used(make_folder: MakeFolder) -> None:
    data = make_folder({"train/a": 5, "train/b": 5, "valid/a": 3, "valid/b": 2})
    store = open_loader(data).store
    parts = divide(Recipe(), store)
    assert parts.validation.rows.tolist() == store.dataset.indices("validation").tolist()
    assert len(parts.train.rows) == 10


def test_the_notebooks_protocol_validates_on_flipped_test_images_and_says_so(
    faces: Path,
) -> None:
    store = open_loader(faces).store
    parts = divide(Recipe(protocol="notebook", batch_size=32), store)
    assert parts.validation.rows.tolist() == store.dataset.indices("test").tolist()
    assert parts.train.rows.tolist() == store.dataset.indices("train").tolist()
    assert parts.validation.transform == as_transform("flip")
    assert any(batch.parameters.flipped.any() for batch in parts.validation.epoch(0))
    assert any("serves as validation" in note for note in parts.notes)
    assert parts.train.num_steps == len(parts.train.rows) // 32


@pytest.mark.parametrize(
    "values",
    [
        {"net": "big"},
        {"balance": "oversample,class-weights"},
        {"epochs": 0},
        {"validation_fraction": 1.0},
        {"subset": 0.0},
        {"plateau_factor": 1.5},
        {"image_size": (0, 3)},
        {"keep": "first"},
    ],
)
def test_a_impossible_recipe_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Recipe(**values)


def test_a_recipe_survives_json() -> None:
    recipe = Recipe(net="small", balance="natural", image_size=(32, 40))
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


def test_scores_agree_with_a_count_by_hand() -> None:
    labels = np.array([0, 0, 0, 1, 1, 2])
    probabilities = np.eye(4, dtype=np.float32)[[0, 0, 1, 1, 1, 0]] * 0.97 + 0.0075
    found = score(labels, probabilities, ("a", "b", "c", "never"))
    assert found["accuracy"] == pytest.approx(4 / 6)
    assert found["balanced_accuracy"] == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert found["macro_f1"] == pytest.approx((2 / 3 + 4 / 5 + 0) / 3)
    assert found["geometric_mean"] == 0
    assert found["per_class"]["b"] == {
        "precision": pytest.approx(2 / 3),
        "recall": 1.0,
        "f1": pytest.approx(4 / 5),
        "support": 2,
    }
    assert found["confusion"] == [[2, 1, 0, 0], [0, 2, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    assert found["loss"] == pytest.approx(-(4 * np.log(0.9775) + 2 * np.log(0.0075)) / 6, rel=1e-5)


def test_a_class_without_samples_has_no_recall_and_counts_where_it_is_predicted() -> None:
    labels = np.array([0] * 6 + [2] * 6)
    guess = np.array([0] * 4 + [1] * 2 + [2] * 5 + [1])
    found = score(labels, np.eye(4, dtype=np.float32)[guess], ("x", "absent", "z", "never"))
    assert found["macro_f1"] == pytest.approx(f1_score(labels, guess, average="macro"))
    absent, never = found["per_class"]["absent"], found["per_class"]["never"]
    assert absent == {"precision": 0.0, "recall": None, "f1": 0.0, "support": 0}
    assert never == {"precision": None, "recall": None, "f1": None, "support": 0}
    out = io.StringIO()
    Console(file=out, width=100).print(scores_table(found, "scores"))
    text = out.getvalue()
    assert [line.count("–") for line in text.splitlines() if "never" in line] == [3]


def test_a_confusion_matrix_of_many_classes_is_drawn_no_larger_and_of_more_skipped(
    tmp_path: Path,
) -> None:
    def scored(num: int) -> Any:
        labels = np.arange(num).repeat(2)
        names = tuple(f"class {number}" for number in range(num))
        return score(labels, np.eye(num, dtype=np.float32)[labels], names)

    plots.confusion(scored(100), tmp_path / "confusion.png", "test")
    with Image.open(tmp_path / "confusion.png") as image:
        assert max(image.size) < 4000
    assert "confusion" not in scored(101)


@pytest.mark.parametrize("name", ["steps_per_epoch", "epochs", "batch_size"])
def test_a_recipe_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} is 0; it must be 1 or more"):
        dataclasses.replace(QUICK, **{name: 0})


def test_the_geometric_mean_is_that_of_the_recalls() -> None:
    labels = np.array([0, 0, 1, 1])
    probabilities = np.eye(2, dtype=np.float32)[[0, 1, 1, 1]]
    found = score(labels, probabilities, ("a", "b"))
    assert found["geometric_mean"] == pytest.approx(np.sqrt(0.5 * 1.0))


@pytest.mark.slow
@no_plots
def test_a_comparison_says_what_makes_it_doubtful(run: Run, faces: Path, tmp_path: Path) -> None:
    recipe = Recipe(**{**QUICK.to_dict(), "balance": "oversample", "epochs": 1})
    other = train(recipe, faces, tmp_path / "balanced")
    found = side_by_side([run.path, other.path])
    assert found.split == "test"
    assert [row.balance for row in found.rows] == ["none", "oversample"]
    assert found.rows[0].scores == run.metrics["test"]
    assert any("different numbers of steps" in warning for warning in found.warnings)
    assert any("more than the balance" in warning for warning in found.warnings)
    json.dumps(found.to_dict())


def test_a_image_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.keras").write_bytes(b"no zip")
    with pytest.raises(DataError, match="not a model"):
        models.load(tmp_path / "model.keras")
    with pytest.raises(DataError, match="no model here"):
        models.load(tmp_path / "missing.keras")


@pytest.mark.slow
def test_touched_data_is_the_same_and_changed_data_another(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    data = make_folder({"train/a": 40, "train/b": 40}, side=16)
    recipe = Recipe(net="small", epochs=2, batch_size=8, image_size=(16, 16))
    stopped = train(recipe, data, tmp_path / "run", callbacks=[StopAfter(2)])
    shutil.copytree(stopped.path, tmp_path / "other")
    write_split_folders(
        fer_data.split(data, pool=True, near_duplicates=False), tmp_path / "divided"
    )
    assert (data / "train" / "a" / "0000.png").stat().st_nlink == 2
    assert resume(stopped.path).is_finished
    path = data / "train" / "a" / "0001.png"
    info, content = path.stat(), bytearray(path.read_bytes())
    path.unlink()
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
    with pytest.raises(DataError, match="has changed"):
        resume(tmp_path / "other")
