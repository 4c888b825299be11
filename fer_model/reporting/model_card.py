"""A model card: Markdown with YAML front matter, as the Hugging Face Hub reads a model's README."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from fer_data.util.markdown import escaped, front_matter, table
from fer_data.util.words import counted, printable, shown_class
from fer_model.inference.forms import INPUT, OUTPUT
from fer_model.training.own_settings import shown
from fer_model.training.runs import Run
from fer_model.words import duration

LICENCES = "https://huggingface.co/docs/hub/repositories-licenses"

_SCORES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "geometric_mean": "geometric mean of recalls",
}

_FEW = 30
"""Test samples of a class below which its recall is called uncertain."""


_EXPORTS = {".onnx": ("onnx", "onnx"), ".tflite": ("tflite", "tflite"), "": ("tensorflow", "saved")}
"""Ending of an export to the Hub's tag and what uses it. These are file formats, and none of the
libraries whose name the Hub takes for ``library_name``."""

_USES = {
    "keras": """import fer_model

predictions = fer_model.predict_paths("RUN", ["image.jpg"])
predictions.to_frame()""",
    "onnx": """import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession("{file}")
pixels = np.zeros({shape}, np.float32)
(probabilities,) = session.run(["{output}"], {{"{input}": pixels}})""",
    "tflite": """import numpy as np
from ai_edge_litert.interpreter import Interpreter

predict = Interpreter(model_path="{file}").get_signature_runner("serving_default")
pixels = np.zeros({shape}, np.float32)
probabilities = predict({input}=pixels)["{output}"]""",
    "saved": """import numpy as np
import tensorflow as tf

model = tf.saved_model.load("{file}")
pixels = np.zeros({shape}, np.float32)
probabilities = model.serve(pixels)["{output}"]""",
}


def model_card(run: Run | str | Path, *, export: str | Path | None = None) -> str:
    """Return the model card of a finished run: recipe, data, scores of each class, limits.

    What no program can know has a place to fill in: the licence, and what the model is for.

    Parameters
    ----------
    run : Run or path
        A run folder.
    export : path, optional
        The exported model that the card is of, by its name: ``model.onnx``, ``model.tflite``, or a
        folder for a SavedModel. By default it is of the run's Keras model.

    Returns
    -------
    str
        A ``README.md`` for the model.

    Raises
    ------
    DataError
        If there is no run, it is not finished, or its files are broken.

    Examples
    --------
    >>> import fer_data, fer_model
    >>> fer_data.write_synthetic("faces", num_images=210)
    >>> recipe = fer_model.Recipe(net="small", epochs=1, batch_size=32, keep="last")
    >>> card = fer_model.model_card(fer_model.train(recipe, "faces", "run"))
    >>> [line for line in card.splitlines() if line.startswith("## ")][:3]
    ['## Use', '## Data', '## Training']
    """
    run = run if isinstance(run, Run) else Run.open(run)
    metrics, recipe, data = run.metrics, run.recipe, run.data
    split = "test" if "test" in metrics else "validation"
    source = printable(Path(str(data["path"])).name) or "data"
    name = f"{source.split('.')[0]}-{str(shown(recipe.net)).rpartition(':')[2]}"
    file = "" if export is None else Path(export).name
    tag, use = ("", "keras") if export is None else _EXPORTS.get(Path(file).suffix, _EXPORTS[""])
    names = ", ".join(shown_class(name) for name in data["class_names"])
    parts = [
        front_matter(
            _head(run, name, source, split, tag), {"license": f"replace it, see {LICENCES}"}
        ),
        f"# {escaped(name)}\n",
        f"Classifies images of {_size(run)} into "
        f"{counted(len(data['class_names']), 'class', 'classes')}: {escaped(names)}.\n",
        "*To fill in: what it is for, and what it must not be used for.*\n",
        "## Use\n",
        _use(run, use, file),
        "## Data\n",
        _data(run, source),
        "## Training\n",
        _training(run),
        "## Scores\n",
        _scores(metrics),
        f"By class, on the {split} split:\n",
        _of_classes(metrics[split]),
        "## Limits\n",
        "".join(f"- {line}\n" for line in _limits(run, metrics, split)),
        "## Licence\n",
        "*To fill in, here and in the first lines of this file.*\n",
    ]
    return "\n".join(parts)


def _use(run: Run, use: str, file: str) -> str:
    """Return how the model is used: what goes in, and a few lines of code."""
    text = "Pixels go in as they are, from 0 to 255"
    if use == "keras":
        return f"{text}. With the run folder as `RUN`:\n\n```python\n{_USES[use]}\n```\n"
    height, width = run.recipe.image_size or (48, 48)
    code = _USES[use].format(
        file=file.replace("\\", "").replace('"', ""),
        shape=(1, height, width, 3 if run.recipe.color == "rgb" else 1),
        input=INPUT,
        output=OUTPUT,
    )
    text += ", in an array of images [batch, height, width, channels]"
    return f"{text}:\n\n```python\n{code}\n```\n"


def _head(run: Run, name: str, source: str, split: str, tag: str) -> dict[str, Any]:
    scores = run.metrics[split]
    slug = re.sub(r"[^a-z0-9]+", "-", source.lower()).strip("-") or "data"
    values = [
        {"type": kind, "name": title, "value": round(float(scores[kind]), 4)}
        for kind, title in _SCORES.items()
        if kind != "geometric_mean"
    ]
    return {
        **({} if tag else {"library_name": "keras"}),
        "license": "unknown",
        "pipeline_tag": "image-classification",
        "tags": ["image-classification", "class-imbalance", *([tag] if tag else [])],
        "metrics": ["accuracy", "f1"],
        "model-index": [
            {
                "name": name,
                "results": [
                    {
                        "task": {"type": "image-classification"},
                        "dataset": {"name": source, "type": slug, "split": split},
                        "metrics": values,
                    }
                ],
            }
        ],
    }


def _size(run: Run) -> str:
    recipe = run.recipe
    if recipe.image_size is None:
        return "any size"
    height, width = recipe.image_size
    return f"{height}x{width} pixels in {recipe.color or 'grey'}"


def _data(run: Run, source: str) -> str:
    """Return what the data were, with the samples of each class in each part."""
    data = run.data
    counts = {part: list(numbers) for part, numbers in data.get("counts", {}).items()}
    lines = [f"{escaped(source)}, fingerprint `{escaped(str(data.get('fingerprint', '')))}`.\n"]
    if counts:
        rows = [
            [shown_class(name), *(f"{numbers[label]:,}" for numbers in counts.values())]
            for label, name in enumerate(data["class_names"])
        ]
        lines.append(table(["class", *counts], rows))
    lines += [f"- {escaped(str(note))}" for note in data.get("notes", ())]
    return "\n".join(lines) + "\n"


def _training(run: Run) -> str:
    """Return the recipe, how long it took, and versions."""
    training = run.metrics["training"]
    rows = [[name, str(value)] for name, value in run.recipe.shown().items() if value is not None]
    versions = ", ".join(f"{name} {value}" for name, value in run.versions.items())
    return (
        f"{counted(int(training['steps']), 'step')} in {duration(training['seconds'])}. Versions: "
        f"{escaped(versions)}.\n\n<details><summary>Recipe</summary>\n\n"
        f"{table(['setting', 'value'], rows)}\n</details>\n"
    )


def _scores(metrics: dict[str, Any]) -> str:
    splits = [split for split in ("test", "validation") if split in metrics]
    rows = [
        [title, *(f"{metrics[split][kind]:.1%}" for split in splits)]
        for kind, title in _SCORES.items()
    ]
    rows.append(["samples", *(f"{metrics[split]['num_samples']:,}" for split in splits)])
    return table(["score", *splits], rows)


def _of_classes(scores: dict[str, Any]) -> str:
    rows = [
        [
            shown_class(name),
            *(_percent(row.get(kind)) for kind in ("precision", "recall", "f1")),
            f"{row['support']:,}",
        ]
        for name, row in scores["per_class"].items()
    ]
    return table(["class", "precision", "recall", "F1", "samples"], rows)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _limits(run: Run, metrics: dict[str, Any], split: str) -> list[str]:
    """Return what a reader of the scores must know, a sentence each."""
    rows = metrics[split]["per_class"]
    known = {name: row["recall"] for name, row in rows.items() if row["recall"] is not None}
    lines = []
    if known:
        worst = min(known, key=lambda name: known[name])
        lines.append(
            f"It is weakest on {escaped(shown_class(worst))}: it finds {known[worst]:.1%} of them."
        )
    few = [shown_class(name) for name, row in rows.items() if 0 < row["support"] < _FEW]
    if few:
        more = f" and {len(few) - 10:,} more" if len(few) > 10 else ""
        lines.append(
            f"Fewer than {_FEW} samples were scored of {escaped(', '.join(few[:10]))}{more}: their "
            "figures are uncertain."
        )
    if none := [shown_class(name) for name, row in rows.items() if not row["support"]]:
        lines.append(f"No sample was scored of {escaped(', '.join(none[:10]))}.")
    if split == "validation":
        lines.append("The validation split selected this model, so its scores are optimistic.")
    if run.recipe.protocol == "notebook":
        lines.append("The test split served as validation, so its scores are optimistic.")
    balance = run.recipe.balance
    if balance not in ("none", "natural"):
        lines.append(
            f"It was trained on a balanced draw ({escaped(balance)}): its probabilities are those "
            "of another mix of classes than the data's."
        )
    lines += [
        "One training with one seed: another one differs by a percentage point or two.",
        "Scores hold for images like those of the data. Whether test images have duplicates in "
        "training is not checked here; `fer-data audit` does.",
    ]
    return lines
