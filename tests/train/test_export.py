"""Exports of a run's model: read back by other programs, they say what Keras says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from fer_data.errors import DataError, TrainingError, UsageError
from fer_data.fer2013.emotions import EMOTIONS
from fer_model.inference import export as module
from fer_model.inference.export import TOLERANCE, export_run
from fer_model.inference.forms import FORMS, Form
from fer_model.training import models
from fer_model.training.recipe import Recipe
from fer_model.training.runs import Run
from tests.helpers.programs import MODEL, call
from tests.helpers.untrained import untrained_run

ROUNDING = 1e-5
"""What the small net's float32 sums, in another order, may come to."""


ALL_FORMS = [
    pytest.param(form, marks=pytest.mark.extra(*needs.packages)) for form, needs in FORMS.items()
]


@pytest.fixture(scope="module")
def run(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    recipe = Recipe(net="small", image_size=(24, 32), color="rgb", rescale=1 / 255)
    return untrained_run(tmp_path_factory.mktemp("runs") / "rgb", recipe, {"path": str(faces)})


def outputs(path: Path, form: Form, pixels: np.ndarray) -> np.ndarray:
    """Return what other programs get, by the names that the documentation tells."""
    if form == "onnx":
        import onnxruntime

        return onnxruntime.InferenceSession(path).run(["probabilities"], {"pixels": pixels})[0]
    if form == "tflite":
        from ai_edge_litert.interpreter import Interpreter

        return Interpreter(model_path=str(path)).get_signature_runner()(pixels=pixels)[
            "probabilities"
        ]
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))  # by a name, else its weights are gone at once
    return loaded.serve(pixels)["probabilities"].numpy()


def class_names(path: Path, form: Form) -> list[str]:
    if form == "onnx":
        import onnxruntime

        metadata = onnxruntime.InferenceSession(path).get_modelmeta().custom_metadata_map
        assert (metadata["color"], metadata["height"], metadata["width"]) == ("rgb", "24", "32")
        return json.loads(metadata["class_names"])
    file = path / "classes.json" if path.is_dir() else path.with_suffix(".classes.json")
    return json.loads(file.read_text())["class_names"]


@pytest.mark.parametrize("form", ALL_FORMS)
def test_an_export_says_what_keras_says_and_carries_class_names(
    run: Run, tmp_path: Path, form: Form
) -> None:
    path = tmp_path / f"face{FORMS[form].suffix}"
    done = export_run(run.path, path, form=form)
    assert (done.path, done.num_checked, done.checked_on) == (path, 256, "the run's data")
    assert done.largest_difference <= ROUNDING
    assert class_names(path, form) == list(EMOTIONS)
    model, _ = models.load(run.model_path)
    pixels = np.random.default_rng(1).integers(0, 256, (7, 24, 32, 3)).astype(np.float32)
    pixels *= np.linspace(0, 1, 7, dtype=np.float32)[:, None, None, None]  # dark to bright
    expected = model.predict(pixels, verbose=0)
    assert np.ptp(expected, axis=0).max() > 0.05  # they do differ from image to image
    for number in (1, 7):
        found = outputs(path, form, pixels[:number])
        np.testing.assert_allclose(found, expected[:number], rtol=0, atol=ROUNDING)


@pytest.mark.slow
@pytest.mark.parametrize("form", ALL_FORMS)
def test_the_documented_net_is_exported_too(tmp_path: Path, form: Form) -> None:
    done = export_run(untrained_run(tmp_path / "run", Recipe()).path, form=form)
    assert done.path == tmp_path / "run" / FORMS[form].default_name
    assert done.checked_on == "random images"  # the run's data is gone
    assert done.largest_difference <= TOLERANCE


@pytest.mark.parametrize("wrong", [1e-3, np.nan])
def test_an_export_that_differs_from_keras_does_not_appear(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: float
) -> None:
    written = module._write_saved_model

    @contextmanager
    def spoiled(*arguments: Any) -> Iterator[module.Model]:
        with written(*arguments) as exported:
            yield lambda pixels: exported(pixels) + np.float32(wrong)

    monkeypatch.setattr(module, "_write_saved_model", spoiled)
    with pytest.raises(TrainingError, match=r"differ from Keras' by up to .*not written"):
        export_run(run.path, tmp_path / "out" / "served", form="saved-model")
    assert not list((tmp_path / "out").iterdir())


def test_something_that_is_there_stays(run: Run, tmp_path: Path) -> None:
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "mine").touch()
    with pytest.raises(DataError, match="there is something already"):
        export_run(run.path, tmp_path / "served", form="saved-model")
    assert [file.name for file in (tmp_path / "served").iterdir()] == ["mine"]


@pytest.mark.parametrize(
    ("out", "form", "message"),
    [
        ("face.keras", "onnx", r"a file in the form onnx ends in \.onnx"),
        ("face.onnx", "tflite", r"ends in \.tflite"),
        ("face", "coreml", "choose one of onnx, saved-model, tflite"),
    ],
)
def test_a_form_that_does_not_exist_is_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str, form: Any, message: str
) -> None:
    monkeypatch.setattr("fer_data.extras.find_spec", lambda name: True)
    with pytest.raises(UsageError, match=message):
        export_run(run.path, tmp_path / out, form=form)


def test_another_backend_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(UsageError, match="KERAS_BACKEND is jax"):
        export_run(run.path, form="saved-model")


def test_the_command_tells_the_difference_as_json(run: Run, tmp_path: Path) -> None:
    words = ["export", str(run.path), "--to", "saved-model", "--out", str(tmp_path / "a"), "--json"]
    ended = call(MODEL, *words)
    printed = json.loads(ended.out)
    assert printed["class_names"] == list(EMOTIONS)
    assert printed["largest_difference"] <= ROUNDING
    assert (printed["form"], printed["path"]) == ("saved-model", str(tmp_path / "a"))
