"""Everything that ``fer_data`` and ``fer_model`` raise on purpose.

::

    FerError
    ├── DataError       the data is not as expected: what, where, what to do
    ├── TrainingError   a training failed
    └── UsageError      an invalid argument; also a ValueError

and `Interrupted`, a KeyboardInterrupt.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_ROOT = Path(__file__).parents[1]
_PACKAGES = tuple(f"{_ROOT / name}{os.sep}" for name in ("fer_data", "fer_model"))
"""Beginnings of the paths of these packages' modules."""


class FerError(Exception):
    """Base of every error that these packages raise on purpose; its text is for the user.

    The text ends in the arguments that resolve it. Here they are spelled as Python does,
    ``(skip_bad=True)``; a command line spells them as its options by `spelled`.

    Parameters
    ----------
    message : str
        What is wrong, where, and what to do.
    fix : mapping of str to sequence of str, optional
        Arguments that settle the matter, each with the values that it can have, the likeliest
        first: none where any value may do, ``("true",)`` for a switch.

    Attributes
    ----------
    fix : dict of str to tuple of str
        Empty unless given.

    Examples
    --------
    >>> import fer_data
    >>> str(fer_data.DataError("row 3: no number", fix={"skip_bad": ["true"]}))
    'row 3: no number (skip_bad=True)'
    """

    def __init__(self, *message: object, fix: Mapping[str, Sequence[str]] | None = None) -> None:
        super().__init__(*message)
        self.fix = {name: tuple(values) for name, values in (fix or {}).items()}

    @property
    def plain(self) -> str:
        """The text without the arguments that resolve it.

        It is not called ``message``: PyTorch creates an exception with such an attribute again by
        ``message=``, when it comes from a worker.
        """
        return super().__str__()

    def __str__(self) -> str:
        return self.spelled(_as_argument)

    def _render_traceback_(self) -> list[str]:
        """Return what a notebook shows: the user's own calls, and the text; IPython asks for it."""
        calls = []
        for frame in traceback.extract_tb(self.__traceback__):
            if frame.filename.startswith(_PACKAGES):
                break
            if "IPython" not in Path(frame.filename).parts:
                calls.append(frame)
        return [*traceback.format_list(calls), f"{type(self).__name__}: {self}"]

    def spelled(self, spell: Callable[[str, tuple[str, ...]], str]) -> str:
        """Return the text, with each argument of `fix` as a caller writes it.

        Parameters
        ----------
        spell : callable
            Takes an argument's name and its values, and returns how to give it, or ``""`` where
            the caller cannot.
        """
        arguments = [text for name, values in self.fix.items() if (text := spell(name, values))]
        return f"{self.plain} ({', '.join(arguments)})" if arguments else self.plain


def shown_values(values: Sequence[str]) -> str:
    """Return values that an argument can be given: the first few of many."""
    more = len(values) - _SHOWN
    return " or ".join(values[:_SHOWN]) + (f" or {more:,} others" if more > 0 else "")


_SHOWN = 6
"""Values of an argument that an error lists."""


def _as_argument(name: str, values: tuple[str, ...]) -> str:
    """Spell an argument as Python does."""
    if values == ("true",):
        return f"{name}=True"
    quoted = [value if value.isdigit() else repr(value) for value in values]
    return f"{name}={shown_values(quoted)}"


class DataError(FerError):
    """The data is not as expected. The text says what, where, and what to do.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> try:
    ...     fer_data.load((np.zeros((2, 48, 48), np.uint8), ["cat"]))
    ... except fer_data.DataError as error:
    ...     print(error)
    arrays: 2 images and 1 labels
    """


def skippable(cause: str) -> DataError:
    """Return the error that a bad row or image is where what is bad is not skipped."""
    return DataError(f"{cause}; repair it, or skip bad items", fix={"skip_bad": ["true"]})


class Interrupted(KeyboardInterrupt):
    """Ctrl-C stopped it. The text says how to go on; a notebook shows no more than that."""

    def _render_traceback_(self) -> list[str]:
        return [f"KeyboardInterrupt: {self}"]


class TrainingError(FerError):
    """A training failed, for example by diverging. The text says what to do."""


class UsageError(FerError, ValueError):
    """An invalid argument or combination of arguments.

    Examples
    --------
    >>> import fer_data
    >>> try:
    ...     fer_data.Strategy("power", 2)
    ... except fer_data.UsageError as error:
    ...     print(error)
    balance: expected power:ALPHA (ALPHA a number from 0 up to 1), got 'power:2'
    """
