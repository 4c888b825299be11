"""Predictions of files, folders and data sets: the images that training would have seen."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fer_data.data.decode import PixelFormat
from fer_data.data.store import open_store
from fer_data.errors import DataError, UsageError
from fer_data.fer2013.emotions import EMOTIONS
from fer_data.loading.opening import open_loader
from fer_data.writers import convert
from fer_model.inference import predict as module
from fer_model.inference.predict import predict_paths
from fer_model.training import models
from fer_model.training.evaluate import predict
from fer_model.training.recipe import Recipe
from fer_model.training.runs import Run
from tests.helpers.programs import MODEL, call
from tests.helpers.untrained import untrained_run

ALL_KINDS = ("L", "RGB", "RGBA", "P", "LA", "1", "I;16", "CMYK", "turned")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return untrained_run(tmp_path_factory.mktemp("runs") / "grey", Recipe(net="small"))


def write_all_kinds(folder: Path) -> None:
    """Write an image of every colour mode and several sizes; one is turned by its EXIF."""
    random = np.random.default_rng(3)
    folder.mkdir(parents=True)
    for number, kind in enumerate(ALL_KINDS):
        side, height = 30 + 9 * number, 40 + 5 * number
        rgb = Image.fromarray(random.integers(0, 256, (height, side, 3), np.uint8))
        exif = Image.Exif()
        if kind == "turned":
            exif[0x0112] = 6
            image = rgb
        elif kind == "I;16":
            image = Image.fromarray(random.integers(0, 65536, (height, side), np.uint16))
        else:
            image = rgb.convert(kind)
        end = "tif" if kind == "CMYK" else "png"
        image.save(folder / f"{number}.{end}", exif=exif)


def evaluated(run: Run, path: Path, split: str = "test") -> np.ndarray:
    """Return the probabilities that `evaluate_run` scores."""
    model, use = models.load(run.model_path)
    loader = open_loader(
        path,
        split=split,
        batch_size=run.recipe.batch_size,
        image_size=(use.form.height, use.form.width),
        color=use.form.color,
    )
    return predict(model, loader)


def test_a_split_has_the_probabilities_that_evaluation_scores(run: Run, faces: Path) -> None:
    predictions = predict_paths(run.path, [faces], split="test")
    expected = evaluated(run, faces)
    np.testing.assert_allclose(predictions.probabilities, expected, rtol=0, atol=1e-6)
    dataset = open_store(faces).dataset
    dataset = dataset.take(dataset.indices("test"))
    assert predictions.samples == dataset.sample_ids()
    assert predictions.true_classes == [dataset.class_names[label] for label in dataset.labels]
    assert set(predictions.splits) == {"test"}


@pytest.mark.parametrize("form", [PixelFormat(24, 32, "rgb"), PixelFormat(48, 48, "grey")], ids=str)
def test_images_of_any_size_and_colour_are_those_that_evaluation_sees(
    tmp_path: Path, form: PixelFormat
) -> None:
    recipe = Recipe(
        net="small", image_size=(form.height, form.width), color=form.color, rescale=1 / 255
    )
    run = untrained_run(tmp_path / "run", recipe)
    write_all_kinds(tmp_path / "data/test/happy")
    for name in EMOTIONS:
        (tmp_path / "data/test" / name).mkdir(exist_ok=True)
    expected = evaluated(run, tmp_path / "data")
    whole = predict_paths(run.path, [tmp_path / "data"], split="test")
    np.testing.assert_allclose(whole.probabilities, expected, rtol=0, atol=1e-6)
    flat = predict_paths(run.path, [tmp_path / "data/test/happy"])
    np.testing.assert_array_equal(flat.probabilities, whole.probabilities)
    files = [tmp_path / "data" / sample for sample in whole.samples]
    single = predict_paths(run.path, files)
    np.testing.assert_array_equal(single.probabilities, whole.probabilities)
    assert len(np.unique(whole.probabilities, axis=0)) == len(ALL_KINDS)


@pytest.mark.parametrize("form", ["csv", "npz", "parquet", "tfrecord"])
def test_every_layout_is_predicted_alike(run: Run, faces: Path, tmp_path: Path, form: str) -> None:
    path = tmp_path / ("faces" if form in ("parquet", "tfrecord") else f"faces.{form}")
    convert(faces, path, to=form)  # type: ignore[arg-type]
    found = predict_paths(run.path, [path], split="test")
    expected = predict_paths(run.path, [faces], split="test")
    order, others = (
        np.lexsort([*predictions.probabilities.T, predictions.true_classes])
        for predictions in (found, expected)
    )
    np.testing.assert_allclose(
        found.probabilities[order], expected.probabilities[others], rtol=0, atol=1e-6
    )
    assert sorted(map(str, found.true_classes)) == sorted(map(str, expected.true_classes))


def test_all_splits_and_several_paths_keep_their_order(run: Run, faces: Path) -> None:
    images = sorted(faces.glob("train/disgust/*.png"))[:2]
    predictions = predict_paths(run.path, [images[1], faces, images[0]])
    frame = predictions.to_frame()
    assert frame["sample"].iloc[0] == frame["source"].iloc[0] == str(images[1])
    assert frame["sample"].iloc[-1] == str(images[0])
    assert frame["sample"].iloc[1:-1].tolist() == open_store(faces).dataset.sample_ids()
    assert set(frame["source"].iloc[1:-1]) == {str(faces)}
    assert frame["true_class"].isna().tolist() == [True, *[False] * (len(frame) - 2), True]
    for place, image in ((0, images[1]), (-1, images[0])):
        same = frame[frame["sample"] == str(image.relative_to(faces))].iloc[0, 5:].astype(float)
        np.testing.assert_allclose(frame.iloc[place, 5:].astype(float), same, atol=1e-6)


def test_a_csv_holds_what_the_predictions_are(run: Run, faces: Path, tmp_path: Path) -> None:
    predictions = predict_paths(run.path, [faces], split="test")
    predictions.write_csv(tmp_path / "p.csv")
    frame = pd.read_csv(tmp_path / "p.csv")
    assert list(frame)[:5] == ["source", "sample", "split", "true_class", "predicted_class"]
    assert list(frame)[5:] == [f"probability_{name}" for name in EMOTIONS]
    np.testing.assert_array_equal(frame.iloc[:, 5:].astype(np.float32), predictions.probabilities)
    assert frame["predicted_class"].tolist() == predictions.predicted_classes
    assert sum(predictions.counts.values()) == len(frame)


def test_a_folder_without_class_folders_is_searched(run: Run, tmp_path: Path) -> None:
    write_all_kinds(tmp_path / "photos" / "2024" / "may")
    Image.new("L", (50, 60), 90).save(tmp_path / "photos" / "top.png")
    (tmp_path / "photos" / "notes.txt").write_text("no image")
    predictions = predict_paths(run.path, [tmp_path / "photos"])
    assert predictions.samples == sorted(predictions.samples)
    assert {"top.png", "2024/may/0.png"} < set(predictions.samples)
    assert len(predictions) == len(ALL_KINDS) + 1
    assert predictions.true_classes == [None] * len(predictions)
    assert "every image below it is taken" in predictions.notes[0]
    assert "1 skipped, not an image file: notes.txt" in predictions.notes[1]


def test_what_cannot_be_decoded_stops_or_is_listed(run: Run, tmp_path: Path) -> None:
    write_all_kinds(tmp_path / "photos")
    (tmp_path / "photos" / "00.png").write_bytes(b"broken")
    with pytest.raises(DataError, match=r"00\.png: not an image .*skip_bad=True"):
        predict_paths(run.path, [tmp_path / "photos"])
    predictions = predict_paths(run.path, [tmp_path / "photos", "nowhere.jpg"], skip_bad=True)
    assert len(predictions) == len(ALL_KINDS)
    assert [cause.split(":")[0].split("/")[-1] for cause in predictions.skipped] == [
        "00.png",
        "nowhere.jpg",
    ]
    with pytest.raises(DataError, match=r"none of the images .* nowhere\.jpg"):
        predict_paths(run.path, ["nowhere.jpg"], skip_bad=True)


def test_a_split_is_refused_where_there_is_none(run: Run, tmp_path: Path, faces: Path) -> None:
    write_all_kinds(tmp_path / "photos")
    with pytest.raises(DataError, match="no class folders"):
        predict_paths(run.path, [tmp_path / "photos"], split="test")
    with pytest.raises(DataError, match="no validation split"):
        predict_paths(run.path, [faces], split="validation")
    with pytest.raises(UsageError, match="in no split"):
        predict_paths(run.path, [tmp_path / "photos" / "0.png"], split="test")


def test_an_empty_folder_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no image in this folder"):
        predict_paths(run.path, [tmp_path / "empty"])


def test_no_more_than_a_batch_is_predicted_at_a_time(
    faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = untrained_run(tmp_path / "run", replace(Recipe(net="small"), batch_size=50))
    sizes = []
    predicted = module._predicted

    def seen(model: keras.Model, inputs: np.ndarray) -> np.ndarray:
        sizes.append(len(inputs))
        return predicted(model, inputs)

    monkeypatch.setattr(module, "_predicted", seen)
    number = len(predict_paths(run.path, [faces]))
    assert sizes == [50] * (number // 50) + [number % 50] * (number % 50 > 0)


def test_the_command_writes_a_csv_and_counts(run: Run, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    write_all_kinds(photos)
    (photos / "00.png").write_bytes(b"broken")
    words = ["predict", run.path, photos, "--skip-bad"]
    ended = call(MODEL, *words, "--out", tmp_path / "p.csv", "--json")
    printed = json.loads(ended.out)
    assert printed["num_samples"] == len(ALL_KINDS) == len(pd.read_csv(tmp_path / "p.csv"))
    assert sum(printed["predicted"].values()) == len(ALL_KINDS)
    assert len(printed["skipped"]) == 1
    assert "skipped: " in ended.err
    shown = call(MODEL, *words, photos, photos)
    assert "and 7 images more; --out CSV writes all" in shown.err
    assert "2 images skipped" not in shown.err
    assert "3 images skipped" in shown.err


@pytest.mark.parametrize("out", ["photos/kinds/p.csv", "photos/kinds/0.png"])
def test_the_command_never_writes_into_what_it_reads(run: Run, tmp_path: Path, out: str) -> None:
    write_all_kinds(tmp_path / "photos" / "kinds")
    words = ["predict", run.path, tmp_path / "photos", "--out", tmp_path / out]
    ended = call(MODEL, *words)
    assert ended.code == 2
    assert "which is an input" in ended.err


def test_it_is_logged_in_one_line_what_images_were_and_became(
    run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number, size in enumerate([(60, 20), (30, 90)]):
        Image.new("RGB", size).save(tmp_path / f"{number}.png")
    predict_paths(run.path, sorted(tmp_path.glob("*.png")))
    (text,) = [record.getMessage() for record in caplog.records if record.name == "fer_data"]
    for part in ("2 images", "48x48 grey", "60x20", "30x90", "rgb"):
        assert part in text
    caplog.clear()
    Image.new("L", (48, 48)).save(tmp_path / "same.png")
    predict_paths(run.path, [tmp_path / "same.png"])
    assert not [record for record in caplog.records if record.name == "fer_data"]
