"""A run's model as a file for other programs, which is proved on images before it appears.

It takes pixels as they are, float32 from 0 to 255 in the run's size and colour: what training
multiplied them by is part of it. Class names travel with it.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from fer_data.data.fill import decoded
from fer_data.data.reading import load
from fer_data.errors import DataError, TrainingError, UsageError
from fer_data.util.files import atomic_file, write_json
from fer_data.util.folders import atomic_folder
from fer_data.util.quiet import silent_stderr
from fer_model.inference.forms import INPUT, OUTPUT, Form, export_path
from fer_model.training import models
from fer_model.training.models import ModelMetadata
from fer_model.training.runs import Run

TOLERANCE = 1e-4
"""The largest difference of a probability to Keras' own that is let through.

Sums in another order made 5e-6 with the documented CNN on pixels from 0 to 255 (TFLite); a scale
or a layer gone wrong makes hundredths.
"""

_NUM_CHECKED = 256

Model = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""From pixels [B, H, W, C], 0 to 255, to probabilities [B, classes]."""


@dataclass(frozen=True)
class Exported:
    """An exported model, and how it was checked.

    Attributes
    ----------
    path : Path
        Its file or folder.
    form : {"onnx", "saved-model", "tflite"}
    class_names : tuple of str
        In the order of its outputs.
    num_checked : int
        Images on which it was compared with Keras.
    checked_on : str
        Whether these are the run's data, or random.
    largest_difference : float
        Between two probabilities of one image and class.

    Examples
    --------
    >>> from pathlib import Path
    >>> import fer_model
    >>> path, names = Path("model.onnx"), ("cat", "dog")
    >>> exported = fer_model.Exported(path, "onnx", names, 64, "the run's data", 1e-6)
    >>> exported.to_dict()["class_names"]
    ['cat', 'dog']
    """

    path: Path
    form: Form
    class_names: tuple[str, ...]
    num_checked: int
    checked_on: str
    largest_difference: float

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return {**asdict(self), "path": str(self.path), "class_names": list(self.class_names)}


def export_run(
    run: str | Path | Run, out: str | Path | None = None, *, form: Form = "onnx"
) -> Exported:
    """Export a run's model, and compare what was written with Keras on the same images.

    The export takes `INPUT`, float32 [B, H, W, C] from 0 to 255, and gives `OUTPUT`, float32
    [B, classes], for any B. An ONNX file has class names, size and colour in its metadata
    (``class_names`` is a JSON list); a SavedModel in ``classes.json`` inside; a TFLite file in
    a file of its name that ends in ``.classes.json``.

    Parameters
    ----------
    run : path or Run
        A run folder.
    out : path, optional
        File or folder to make; by default ``model.onnx``, ``saved_model`` or ``model.tflite`` in
        the run's folder.
    form : {"onnx", "saved-model", "tflite"}

    Raises
    ------
    DataError
        If the run has no model, or the export cannot be written.
    UsageError
        If there is no such form, or its packages or Keras' TensorFlow backend are missing.
    TrainingError
        If a probability differs from Keras' by more than `TOLERANCE`; nothing is written then.

    Examples
    --------
    >>> import fer_data, fer_model
    >>> fer_data.write_synthetic("faces", num_images=210)
    >>> recipe = fer_model.Recipe(net="small", epochs=1, batch_size=32, keep="last")
    >>> run = fer_model.train(recipe, "faces", "run")
    >>> fer_model.export_run("run", form="saved-model").path.name
    'saved_model'
    """
    opened = Run.open(run)
    path = export_path(opened.path, out, form)
    if keras.backend.backend() != "tensorflow":
        raise UsageError(
            f"export runs on Keras' TensorFlow backend, and KERAS_BACKEND is "
            f"{keras.backend.backend()}; the run's model loads on any: unset it"
        )
    model, metadata = models.load(opened.model_path)
    pixels, checked_on = _images(opened, metadata)
    expected = _of_keras(model)(pixels.astype(np.float32))
    about = {
        "class_names": list(metadata.class_names),
        **asdict(metadata.form),
        "input": f"{INPUT}: float32 [batch, height, width, channels], 0 to 255",
        "output": f"{OUTPUT}: float32 [batch, classes]",
    }
    write = {"onnx": _write_onnx, "saved-model": _write_saved_model, "tflite": _write_tflite}[form]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the converters, on NumPy's and their own future
            with silent_stderr(), write(_whole(model, metadata), path, about) as exported:
                difference = _difference(exported, pixels.astype(np.float32), expected)
                if not difference <= TOLERANCE:  # nor where it is no number
                    raise TrainingError(
                        f"{path}: the exported model's probabilities differ from Keras' by up to "
                        f"{difference:.2g} on {checked_on}, more than {TOLERANCE:g}; not written"
                    )
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror or error})") from None
    return Exported(path, form, metadata.class_names, len(pixels), checked_on, difference)


def _whole(model: keras.Model, metadata: ModelMetadata) -> keras.Model:
    """Return the model with names for what goes in and out.

    Keras' converters need a model that has been called.
    """
    pixels = keras.Input(metadata.form.shape, name=INPUT)
    whole = keras.Model(pixels, {OUTPUT: model(pixels)})
    whole(np.zeros((1, *metadata.form.shape), np.float32))
    return whole


def _of_keras(model: keras.Model) -> Model:
    def predict(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        with keras.device("cpu:0"):  # a graphics card may round products to ten bits
            outputs = model(pixels, training=False)
        return np.asarray(keras.ops.convert_to_numpy(outputs), np.float32)

    return predict


def _images(run: Run, metadata: ModelMetadata) -> tuple[NDArray[np.uint8], str]:
    """Return images to compare on, and what they are: the run's data where it is still there."""
    try:
        layout = run.data.get("options", {}).get("layout")
        dataset = load(run.data["path"], skip_bad=True, layout=layout)
        rows = np.linspace(0, len(dataset) - 1, min(len(dataset), _NUM_CHECKED)).astype(np.int64)
        parts = [part.pixels for part in decoded(dataset.take(rows), metadata.form)]
        if any(map(len, parts)):
            return np.concatenate(parts), "the run's data"
    except DataError:
        pass
    random = np.random.default_rng(0)
    return random.integers(0, 256, (_NUM_CHECKED, *metadata.form.shape), np.uint8), "random images"


def _difference(model: Model, pixels: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    """Return the largest difference, of one image alone and of all others at once."""
    outputs = [model(part) for part in (pixels[:1], pixels[1:]) if len(part)]
    return float(np.abs(np.concatenate(outputs) - expected).max())


@contextmanager
def _write_onnx(model: keras.Model, path: Path, about: dict[str, Any]) -> Iterator[Model]:
    import onnx
    import onnxruntime

    with atomic_file(path) as temporary:
        model.export(temporary, format="onnx", verbose=False)
        graph = onnx.load(temporary)
        for end in (*graph.graph.input, *graph.graph.output):
            end.type.tensor_type.shape.dim[0].dim_param = "batch"
        onnx.helper.set_model_props(
            graph,
            {
                key: text if isinstance(text, str) else json.dumps(text)
                for key, text in about.items()
            },
        )
        onnx.checker.check_model(graph)
        onnx.save(graph, temporary)
        session = onnxruntime.InferenceSession(temporary, providers=["CPUExecutionProvider"])
        yield lambda pixels: session.run([OUTPUT], {INPUT: pixels})[0]


@contextmanager
def _write_saved_model(model: keras.Model, path: Path, about: dict[str, Any]) -> Iterator[Model]:
    with atomic_folder(path) as temporary:
        model.export(temporary, format="tf_saved_model", verbose=False)
        write_json(temporary / "classes.json", about)
        layer = keras.layers.TFSMLayer(temporary, call_endpoint="serve")

        def predict(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
            with keras.device("cpu:0"):
                return np.asarray(keras.ops.convert_to_numpy(layer(pixels)[OUTPUT]))

        yield predict


@contextmanager
def _write_tflite(model: keras.Model, path: Path, about: dict[str, Any]) -> Iterator[Model]:
    from ai_edge_litert.interpreter import Interpreter

    with atomic_file(path) as temporary:
        model.export(temporary, format="litert", verbose=False)
        run = Interpreter(model_path=str(temporary)).get_signature_runner("serving_default")
        yield lambda pixels: run(**{INPUT: pixels})[OUTPUT]
        write_json(path.with_suffix(".classes.json"), about)
