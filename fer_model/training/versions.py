"""Versions of what a training goes by."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import fer_data
from fer_data.extras import BACKENDS, keras_backend

_OF_BACKEND = {"jax": ("jax", "jaxlib")}


def versions(*, own_training: bool = False) -> dict[str, str]:
    """Return the versions of Python, the backend, and what a training goes by.

    Parameters
    ----------
    own_training : bool
        Whether the training is the user's own, on any framework: then those of all that are here.
    """
    backend = "own" if own_training else keras_backend()
    of_backend = BACKENDS if own_training else ("keras", *_OF_BACKEND.get(backend, (backend,)))
    found = {"python": platform.python_version(), "backend": backend}
    found["fer-data"] = fer_data.__version__
    for name in ("numpy", "pillow", *of_backend):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            if not own_training:
                raise
    return found
