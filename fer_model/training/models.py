"""Model files that carry what it takes to use them: class names and the form of the pictures.

That is one small JSON file more inside the ``.keras`` archive, which Keras passes over.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras

from fer_data.errors import DataError
from fer_data.files import written_whole
from fer_data.pixels.decode import PixelFormat
from fer_model.losses import keras_losses  # noqa: F401  # Keras finds them once they are imported

_USE = "fer_data.json"
_TRAINING = "training.json"


@dataclass(frozen=True)
class Use:
    """How a model is used.

    Attributes
    ----------
    class_names : tuple of str
        In the order of the model's outputs.
    form : PixelFormat
        What pictures are brought to.
    rescale : float
        What pixels, 0 to 255, are then multiplied by.
    """

    class_names: tuple[str, ...]
    form: PixelFormat
    rescale: float


def save(model: keras.Model, path: Path, use: Use, training: dict[str, Any] | None = None) -> None:
    """Save a model whole or not at all, with its use and a checkpoint's state of the training."""
    with written_whole(path) as beside:
        model.save(beside)
        with zipfile.ZipFile(beside, "a") as archive:
            archive.writestr(_USE, json.dumps(asdict(use)))
            if training is not None:
                archive.writestr(_TRAINING, json.dumps(training))


def load(path: Path) -> tuple[keras.Model, Use]:
    """Load a model and its use; code inside the file is never run.

    Raises
    ------
    DataError
        If the file is none of ours, or broken.
    """
    about = _read(path, _USE)
    try:
        form = PixelFormat(**about["form"])
        use = Use(tuple(about["class_names"]), form, float(about["rescale"]))
        model = keras.saving.load_model(path, safe_mode=True)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DataError(f"{path}: Keras cannot load this model ({error})") from None
    return model, use


def load_training(path: Path) -> dict[str, Any]:
    """Return the training's state that a checkpoint carries."""
    return _read(path, _TRAINING)


def _read(path: Path, name: str) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(path) as archive:
            return dict(json.loads(archive.read(name)))
    except FileNotFoundError:
        raise DataError(f"{path}: there is no model here") from None
    except (KeyError, ValueError, OSError, zipfile.BadZipFile):
        raise DataError(f"{path}: not a model that fer-model train saved") from None
