"""Packages that only an extra installs, and what to say where one is missing."""

from __future__ import annotations

from importlib.util import find_spec

from fer_data.errors import UsageError

EXTRA_OF = {
    "ai_edge_litert": "export",
    "jax": "jax",
    "onnx": "export",
    "onnxruntime": "export",
    "ray": "ray",
    "tensorboard": "tensorboard",
    "tf2onnx": "export",
    "torch": "torch",
}
"""Package, by the name it is imported by, to the extra that installs it."""


def require(purpose: str, *packages: str) -> None:
    """Check that packages are installed, without importing them.

    Parameters
    ----------
    purpose : str
        What needs them.
    *packages : str
        Of `EXTRA_OF`.

    Raises
    ------
    UsageError
        If one is missing; the text says which extra installs it.
    """
    if missing := [name for name in packages if find_spec(name) is None]:
        raise UsageError(f"{purpose} needs {_install(missing)}")


def explain(error: ModuleNotFoundError) -> ModuleNotFoundError:
    """Return an error that says which extra installs the package that was not found.

    An error about a package that no extra installs is returned as it is.
    """
    package = (error.name or "").partition(".")[0]
    if package not in EXTRA_OF:
        return error
    return ModuleNotFoundError(f"this needs {_install([package])}", name=error.name)


def _install(missing: list[str]) -> str:
    extra = EXTRA_OF[missing[0]]
    return f"{', '.join(missing)}, not installed here: pip install 'fer-data[{extra}]'"
