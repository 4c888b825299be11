"""Model files that carry what it takes to use them: class names and the form of the images.

That is one small JSON file more inside the ``.keras`` archive, which Keras passes over.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras

from fer_data.data.decode import PixelFormat
from fer_data.errors import DataError, UsageError
from fer_data.util.files import atomic_file, refuse_no_file
from fer_model.losses import keras_losses  # noqa: F401  # Keras finds them once they are imported
from fer_model.training import devices

_METADATA = "fer_data.json"
_TRAINING = "training.json"

_MOST_BYTES = 256 << 20
"""Of a JSON file in the archive."""


@dataclass(frozen=True)
class ModelMetadata:
    """How a model is used.

    Attributes
    ----------
    class_names : tuple of str
        In the order of the model's outputs.
    form : PixelFormat
        What images are brought to: pixels from 0 to 255.
    """

    class_names: tuple[str, ...]
    form: PixelFormat


def save(
    model: keras.Model, path: Path, metadata: ModelMetadata, training: dict[str, Any] | None = None
) -> None:
    """Save a model whole or not at all, with its metadata and a checkpoint's training state."""
    with atomic_file(path) as temporary:
        model.save(temporary)
        with zipfile.ZipFile(temporary, "a") as archive:
            archive.writestr(_METADATA, json.dumps(asdict(metadata)))
            if training is not None:
                archive.writestr(_TRAINING, json.dumps(training))


def load(path: str | Path, *, with_optimizer: bool = False) -> tuple[keras.Model, ModelMetadata]:
    """Load a model and its metadata; code inside the file is never run.

    Parameters
    ----------
    path : path
    with_optimizer : bool
        Whether it is compiled as it was trained, to train on; then its optimizer must be known to
        Keras.

    Raises
    ------
    DataError
        If the file is none of ours, or broken.
    """
    path = Path(path)
    about = _read(path, _METADATA)
    try:
        names = tuple(map(str, about["class_names"]))
        metadata = ModelMetadata(names, PixelFormat(**about["form"]))
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: broken ({_METADATA} in it: {error}); train again") from None
    try:
        model = keras.saving.load_model(path, compile=with_optimizer, safe_mode=True)
        if not with_optimizer and devices.jit_compile() is False:
            model.jit_compile = False  # else Keras decides, by its backend
        shapes = model.input_shape, model.output_shape
    except Exception as error:  # broken files make Keras, h5py and zipfile raise nearly anything
        raise DataError(f"{path}: Keras cannot load this model ({first_line(error)})") from None
    expected = (None, *metadata.form.shape), (None, len(names))
    if shapes != expected:
        raise DataError(
            f"{path}: broken (expected a model from {expected[0]} to {expected[1]}, got one from "
            f"{shapes[0]} to {shapes[1]}); train again"
        )
    return model, metadata


def first_line(error: Exception) -> str:
    """Return the first line of what an error says, or its name where it says nothing."""
    lines = str(error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__


def load_training(path: Path) -> dict[str, Any]:
    """Return the training's state that a checkpoint carries."""
    return _read(path, _TRAINING)


def _read(path: Path, name: str) -> dict[str, Any]:
    refuse_no_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(name).file_size > _MOST_BYTES:
                raise ValueError(f"{name} is larger than {_MOST_BYTES:,} bytes")
            return dict(json.loads(archive.read(name)))
    except FileNotFoundError:
        raise DataError(f"{path}: there is no model here") from None
    except Exception:  # broken archives make zipfile raise nearly anything
        raise DataError(
            f"{path}: broken, or not a model that fer-model train saved; train again"
        ) from None


def feature_model(model: keras.Model, name: str) -> keras.Model:
    """Return a model without its last layer.

    Raises
    ------
    UsageError
        If that is no dense layer; the message begins with `name`.
    """
    last = model.layers[-1]
    if not isinstance(last, keras.layers.Dense):
        raise UsageError(
            f"{name}: features are the inputs of a last layer that is dense; the last layer of "
            f"this net is {last.__class__.__name__}"
        )
    return keras.Model(model.inputs, last.input)
