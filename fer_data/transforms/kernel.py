"""Transformed images of rows of a store: by the compiled kernel, or by the same in NumPy.

The kernel is compiled when the package is installed, if there is a compiler. Both give the same
bits; ``FER_DATA_KERNEL=numpy`` in the environment chooses NumPy.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.transforms.parameters import Parameters
from fer_data.transforms.pixels import apply

try:
    from fer_data.transforms import _kernel
except ImportError:  # no compiler at install, or a wheel without it
    _kernel = None  # type: ignore[assignment]

_IMAGES_AT_ONCE = 8
"""Transformed by NumPy at a time, so that what is computed on the way stays in the cache."""


def kernel_in_use() -> str:
    """Return which kernel makes images, in words."""
    if _kernel is None:
        return "NumPy (no kernel was compiled)"
    return "NumPy (FER_DATA_KERNEL)" if _numpy_is_asked_for() else "compiled"


def transform_rows(
    store: NDArray[np.uint8],
    rows: NDArray[np.int64],
    parameters: Parameters,
    out: NDArray[Any],
    scale: float = 1.0,
) -> None:
    """Write transformed images of rows of a store to `out`.

    Parameters
    ----------
    store : ndarray of uint8, shape [N, H, W, C]
    rows : ndarray of int64, shape [B]
    parameters : Parameters
        Of each of the B images; finite numbers.
    out : ndarray of float32 or uint8, shape [B, H, W, C]
        Is overwritten. Values are rounded, half to even, where it is uint8.
    scale : float
        What values, 0 to 255, are multiplied by in the end; 1 where `out` is uint8.

    Raises
    ------
    IndexError
        If a row is not in the store.
    TypeError, ValueError, BufferError
        If an array has another dtype, shape or order in memory.
    """
    if _kernel is None or _numpy_is_asked_for():
        _transform_rows(store, rows, parameters, out, scale)
    else:
        _kernel.transform_rows(store, rows, out, scale, *parameters)


def _transform_rows(
    store: NDArray[np.uint8],
    rows: NDArray[np.int64],
    parameters: Parameters,
    out: NDArray[Any],
    scale: float,
) -> None:
    if len(rows) and not (rows.min() >= 0 and rows.max() < len(store)):
        raise IndexError(f"rows: expected 0 to {len(store) - 1}, got {rows.min()} to {rows.max()}")
    if out.dtype == np.uint8 and scale != 1.0:
        raise ValueError("scale: expected 1 for an out of uint8")
    for start in range(0, len(rows), _IMAGES_AT_ONCE):
        some = slice(start, start + _IMAGES_AT_ONCE)
        fields: list[Any] = [None if field is None else field[some] for field in parameters]
        chosen = Parameters(*fields)
        out[some] = apply(np, store[rows[some]], chosen, scale=scale, dtype=out.dtype.name)


def _numpy_is_asked_for() -> bool:
    return os.environ.get("FER_DATA_KERNEL") == "numpy"
