"""Checks of arguments that many functions take."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fer_data.errors import UsageError


def whole_number(name: str, value: Any, least: int = 0) -> int:
    """Return a whole number, or raise an error.

    Raises
    ------
    UsageError
        If it is something else, or less than `least`.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise UsageError(f"{name}: expected a whole number, {least} or more, got {value!r}")
    return int(value)


def finite_number(name: str, value: Any) -> float:
    """Return a finite number, or raise an error.

    Raises
    ------
    UsageError
        If it is something else.
    """
    is_number = isinstance(value, int | float | np.integer | np.floating)
    if isinstance(value, bool) or not is_number or not math.isfinite(value):
        raise UsageError(f"{name}: expected a number, got {value!r}")
    return float(value)
