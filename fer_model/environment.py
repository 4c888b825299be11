"""Versions of what a training goes by, and what processes inherit: how they train."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version

import fer_data
from fer_data.errors import UsageError
from fer_data.extras import BACKENDS, keras_backend

DATA_ON_DEVICE = "FER_MODEL_DATA_ON_DEVICE"
"""1 or 0: whether pixels are kept on the device, where a call does not say so."""


def data_on_device() -> bool | None:
    """Return what the environment says of `DATA_ON_DEVICE`; None where it says nothing.

    Raises
    ------
    UsageError
        If it says neither 1 nor 0.
    """
    said = os.environ.get(DATA_ON_DEVICE, "")
    if said not in ("", "0", "1"):
        raise UsageError(f"the environment's {DATA_ON_DEVICE} is {said!r}; it must be 0 or 1")
    return said == "1" if said else None


def set_data_on_device(wanted: bool | None) -> None:
    """Let this process, and those that it starts, keep pixels on the device or not; None: as is."""
    if wanted is not None:
        os.environ[DATA_ON_DEVICE] = str(int(wanted))


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
    versions = {"python": platform.python_version(), "backend": backend}
    versions["fer-data"] = fer_data.__version__
    for name in ("numpy", "pillow", *of_backend):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            if not own_training:
                raise
    return versions
