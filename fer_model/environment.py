"""What processes inherit from the environment: how they train, never what comes of it."""

from __future__ import annotations

import os

from fer_data.errors import UsageError

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
