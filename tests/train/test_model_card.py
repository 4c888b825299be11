"""The model card: front matter that the Hub reads, scores of each class, limits."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import fer_model
from fer_data.errors import DataError
from fer_model.reporting.model_card import model_card
from fer_model.training.recipe import Recipe
from fer_model.training.runs import Run
from fer_model.training.score import score
from tests.helpers.programs import MODEL, call

NAMES = ("cat", "d|og", "eel")


def finished(path: Path, *, recipe: Recipe | None = None, split: str = "test") -> Run:
    """Return a finished run with made-up predictions: all right, but of the last class none."""
    import numpy as np

    recipe = recipe or Recipe(net="small", image_size=(24, 32), color="rgb", balance="oversample")
    data: dict[str, Any] = {
        "path": "/secret/place/pets",
        "class_names": list(NAMES),
        "counts": {"train": [900, 90, 9]},
        "fingerprint": "abc",
        "notes": ["validation: held out"],
    }
    run = Run.create(path, recipe, data, {"keras": "3.15.1"})
    labels = np.repeat([0, 1, 2], [50, 40, 4])
    probabilities = np.eye(3, dtype=np.float32)[np.where(labels == 2, 0, labels)]
    metrics = {
        split: score(labels, probabilities, NAMES),
        "training": {"steps": 10, "seconds": 75.0, "epochs": 1, "best_epoch": 1},
    }
    (path / "metrics.json").write_text(json.dumps(metrics))
    return run


def test_the_card_has_recipe_data_scores_and_limits(tmp_path: Path) -> None:
    card = model_card(finished(tmp_path / "run"))
    assert "24x32 pixels in rgb" in card
    assert "| cat | 900 |" in card
    assert "| accuracy | 95.7% |" in card
    assert "| balanced accuracy | 66.7% |" in card
    assert "| eel | 0.0% | 0.0% | 0.0% | 4 |" in card
    assert "| d\\|og | 100.0% | 100.0% | 100.0% | 40 |" in card
    assert "weakest on eel: it finds 0.0% of them" in card
    assert "Fewer than 30 samples were scored of eel:" in card
    assert "balanced draw (oversample)" in card
    assert "secret" not in card
    assert card == fer_model.model_card(tmp_path / "run")


def test_scores_of_the_samples_that_chose_the_model_are_said_to_be_optimistic(
    tmp_path: Path,
) -> None:
    assert "optimistic" not in model_card(finished(tmp_path / "test"))
    assert "optimistic" in model_card(finished(tmp_path / "validation", split="validation"))
    notebook = Recipe(net="small", protocol="notebook")
    assert "optimistic" in model_card(finished(tmp_path / "notebook", recipe=notebook))


def test_a_run_that_is_not_finished_has_no_card(tmp_path: Path) -> None:
    run = finished(tmp_path / "run")
    (run.path / "metrics.json").unlink()
    with pytest.raises(DataError):
        model_card(run)


@pytest.mark.extra("huggingface_hub")
def test_the_hub_s_own_reader_takes_the_card(tmp_path: Path) -> None:
    from huggingface_hub import ModelCard

    read: Any = ModelCard(model_card(finished(tmp_path / "run"))).data
    assert (read.library_name, read.pipeline_tag) == ("keras", "image-classification")
    values = {result.metric_type: result.metric_value for result in read.eval_results}
    assert values["accuracy"] == pytest.approx(0.9574, abs=1e-4)
    assert {result.dataset_split for result in read.eval_results} == {"test"}


@pytest.mark.extra("huggingface_hub")
@pytest.mark.parametrize(
    ("file", "tag"), [("m.onnx", "onnx"), ("m.tflite", "tflite"), ("served/1", "tensorflow")]
)
def test_the_card_of_an_export_names_its_format_and_no_library(
    tmp_path: Path, file: str, tag: str
) -> None:
    from huggingface_hub import ModelCard

    text = model_card(finished(tmp_path / "run"), export=tmp_path / file)
    read: Any = ModelCard(text).data
    assert read.library_name is None
    assert tag in read.tags
    (code,) = re.findall(r"```python\n(.*?)```", text, re.S)
    compile(code, "card", "exec")
    assert "(1, 24, 32, 3)" in code
    assert f'"{Path(file).name}"' in code


@pytest.mark.slow
@pytest.mark.extra("tensorflow")
def test_export_writes_the_card_with_the_model_and_never_over_a_file(
    faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = Recipe(net="small", epochs=1, batch_size=64, learning_rate=3e-3, keep="last")
    run = fer_model.train(recipe, faces, tmp_path / "run")
    out = tmp_path / "hub" / "model"
    words = ("export", run.path, "--to", "saved-model", "--card")
    assert call(MODEL, *map(str, words), "--out", str(out)).code == 0
    assert (tmp_path / "hub" / "README.md").read_text("utf-8") == model_card(run, export=out)
    ended = call(MODEL, *map(str, words), "--out", str(tmp_path / "hub" / "other"))
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert not (tmp_path / "hub" / "other").exists()
    monkeypatch.chdir(tmp_path / "hub")
    (code,) = re.findall(r"```python\n(.*?)```", Path("README.md").read_text("utf-8"), re.S)
    names: dict[str, Any] = {}
    exec(code, names)
    assert names["probabilities"].shape == (1, 7)
