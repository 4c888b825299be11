"""Errors as a line, with where in the user's own code they were raised."""

from __future__ import annotations

import os
import sysconfig
import traceback
from pathlib import Path

import fer_data
import fer_model

_LIBRARIES = tuple(
    Path(folder).resolve()
    for folder in (
        *map(sysconfig.get_path, ("stdlib", "platstdlib", "purelib", "platlib")),
        *map(os.path.dirname, (fer_data.__file__, fer_model.__file__)),
    )
)
"""Where no user's code is."""


def described(error: BaseException) -> str:
    """Return an error's type and text, and the last line of the user's own code that led to it.

    Examples
    --------
    >>> from fer_model.comparison.user_errors import described
    >>> described(ValueError("no"))
    'ValueError: no'
    """
    frames = traceback.extract_tb(error.__traceback__)
    own = next((frame for frame in reversed(frames) if _is_own(frame.filename)), None)
    where = f" ({Path(own.filename).name}, line {own.lineno}, in {own.name})" if own else ""
    return f"{type(error).__name__}: {error}{where}"


def _is_own(file: str) -> bool:
    if file.startswith("<frozen"):
        return False
    path = Path(file).resolve()
    return not any(path.is_relative_to(folder) for folder in _LIBRARIES)
