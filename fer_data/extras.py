"""Packages that only an extra installs, and what to say where one is missing."""

from __future__ import annotations

import json
import os
import traceback
from importlib.util import find_spec
from pathlib import Path

from fer_data.errors import UsageError

EXTRA_OF = {
    "ai_edge_litert": "export",
    "jax": "jax",
    "mlflow": "mlflow",
    "onnx": "export",
    "onnxruntime": "export",
    "pyarrow": "parquet",
    "ray": "ray",
    "tensorboard": "tensorboard",
    "tensorflow": "tensorflow",
    "tf2onnx": "export",
    "torch": "torch",
    "wandb": "wandb",
}
"""Package, by the name it is imported by, to the extra that installs it."""

BACKENDS = ("tensorflow", "torch", "jax")
"""What Keras can train on. Each is a package, and the extra of its name installs Keras, too."""


def require(purpose: str, *packages: str) -> None:
    """Check that packages are installed, without importing them.

    Parameters
    ----------
    purpose : str
        What needs them.
    *packages : str
        Of `EXTRA_OF`. Where several are missing, the extra of the first one is named.

    Raises
    ------
    UsageError
        If one is missing; the text says which extra installs it.
    """
    if missing := [name for name in packages if find_spec(name) is None]:
        raise UsageError(f"{purpose} needs {_install(missing)}")


def require_keras() -> None:
    """Check that Keras and the backend that it would choose are installed, without importing them.

    Raises
    ------
    UsageError
        If they are not, or the backend is none that trains; the text says what to install or set.
    """
    if problem := _problem_of_keras():
        raise UsageError(problem)


def explain(error: ImportError | ValueError) -> Exception:
    """Return what to raise where an import failed: what to install or set, or the error as it is.

    Keras raises a ValueError where it knows no backend of the name that is set.
    """
    if isinstance(error, ValueError):
        is_unknown = keras_backend() not in BACKENDS and _is_raised_by_keras(error)
        return UsageError(_unknown_backend()) if is_unknown else error
    package = (error.name or "").partition(".")[0]
    if package == "keras" or (package in BACKENDS and _is_raised_by_keras(error)):
        problem = _problem_of_keras()
    else:
        problem = f"this needs {_install([package])}" if package in EXTRA_OF else None
    return ModuleNotFoundError(problem, name=error.name) if problem else error


def _install(missing: list[str]) -> str:
    return f"{', '.join(missing)}, not installed here: {_pip(EXTRA_OF[missing[0]])}"


def _pip(extra: str) -> str:
    return f"pip install 'fer-data[{extra}]'"


def _problem_of_keras() -> str | None:
    """Return what is missing for Keras to train, and what to do, in one line."""
    backend = keras_backend()
    if backend not in BACKENDS:
        return _unknown_backend()
    others = [name for name in BACKENDS if name != backend]
    if find_spec("keras") is None:
        more = "".join(f", or with KERAS_BACKEND={name} {_pip(name)}" for name in others)
        return f"this needs keras, not installed here: {_pip(backend)}{more}"
    if find_spec(backend) is None:
        installed = [name for name in others if find_spec(name) is not None]
        hint = f", or set KERAS_BACKEND={installed[0]}" if installed else ""
        return f"Keras's backend is {backend}, not installed here: {_pip(backend)}{hint}"
    return None


def _unknown_backend() -> str:
    return f"Keras's backend is {keras_backend()!r}; set KERAS_BACKEND to {', '.join(BACKENDS)}"


def keras_backend() -> str:
    """Return the backend that Keras chooses: of the environment, its settings, or TensorFlow."""
    if said := os.environ.get("KERAS_BACKEND"):
        return said
    folder = Path(os.environ.get("KERAS_HOME") or Path("~", ".keras")).expanduser()
    try:
        return str(json.loads((folder / "keras.json").read_text("utf-8"))["backend"])
    except (OSError, ValueError, TypeError, KeyError):
        return "tensorflow"


def _is_raised_by_keras(error: BaseException) -> bool:
    frames = traceback.walk_tb(error.__traceback__)
    return any(
        frame.f_globals.get("__name__", "").partition(".")[0] == "keras" for frame, _ in frames
    )
