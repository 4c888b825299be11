"""Whether there is an accelerator, and whether pixels fit there."""

from __future__ import annotations

from importlib import import_module
from typing import Literal

import keras

from fer_model.environment import data_on_device

_PARTS = 4
"""Of an accelerator's memory, of which pixels may take one."""


def has_accelerator() -> bool:
    """Whether something else than processors trains."""
    if keras.backend.backend() == "torch":
        return bool(import_module("torch").cuda.is_available())
    return any(not name.startswith("cpu") for name in keras.distribution.list_devices())


def jit_compile() -> Literal["auto", False]:
    """Return whether models are compiled by XLA: as Keras decides, but on processors never.

    Keras turns it on for processors, too, where the fast net's step then took three times as long,
    and the documented CNN's between as long and twice as long (on two machines).
    """
    on_processors = keras.backend.backend() == "tensorflow" and not has_accelerator()
    return False if on_processors else "auto"


def takes_data(asked: bool | None, num_bytes: int) -> bool:
    """Whether pixels go to the device.

    Parameters
    ----------
    asked : bool, optional
        By default what the environment says (`fer_model.environment`), else whether the pixels fit
        in a quarter of an accelerator's memory.
    num_bytes : int
        Of the pixels.

    Raises
    ------
    UsageError
        If the environment says neither 1 nor 0.
    """
    if asked is None:
        asked = data_on_device()
    if asked is None:
        return num_bytes * _PARTS <= accelerator_memory()
    return asked


def accelerator_memory() -> int:
    """Return the bytes of the accelerator's memory; 0 where there is none, or it does not say."""
    backend = keras.backend.backend()
    if backend == "jax":
        stats = import_module("jax").local_devices()[0].memory_stats()  # None on processors
        return int((stats or {}).get("bytes_limit", 0))
    if backend == "torch":
        cuda = import_module("torch").cuda
        return int(cuda.mem_get_info()[1]) if cuda.is_available() else 0
    if not has_accelerator():
        return 0
    local = import_module("tensorflow.python.client.device_lib").list_local_devices()
    return max(
        (int(device.memory_limit) for device in local if device.device_type == "GPU"), default=0
    )
