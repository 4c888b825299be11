"""Values that stand for no label: an empty cell, None, NaN."""

from __future__ import annotations

from typing import Any

EMPTY = frozenset({"", "nan", "NaN", "<NA>"})
"""Texts that are no label. *None* and *NA* can be names."""


def is_missing(value: Any) -> bool:
    """Whether a value stands for none: None, NaN, pandas' NA, or a text of `EMPTY`.

    Examples
    --------
    >>> [is_missing(value) for value in (None, float("nan"), " ", "None", 0)]
    [True, True, True, False, False]
    """
    if isinstance(value, str):
        return value.strip() in EMPTY
    if isinstance(value, bytes):
        return not value.strip()
    try:
        return value is None or bool(value != value)
    except (TypeError, ValueError):  # NA is neither, and so is a comparison of arrays
        return type(value).__name__ == "NAType"
