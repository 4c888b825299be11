"""Everything that ``fer_data`` and ``fer_model`` raise on purpose.

::

    FerError
    ├── DataError       the data is not what it should be: what, where, what to do
    ├── TrainingError   a training came to nothing
    └── UsageError      an argument that cannot be meant; a ValueError too
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class FerError(Exception):
    """Base of every error that these packages raise on purpose; its text is for the user.

    Parameters
    ----------
    message : str
    fix : mapping of str to sequence of str, optional
        Arguments that settle the matter, each with the values that it can be given, the likeliest
        first; a command line makes options of them.

    Attributes
    ----------
    fix : dict
        Empty unless given.
    """

    def __init__(self, *message: object, fix: Mapping[str, Sequence[str]] | None = None) -> None:
        super().__init__(*message)
        self.fix = {name: tuple(values) for name, values in (fix or {}).items()}


class DataError(FerError):
    """The data is not what it should be. The text says what, where, and what to do."""


class TrainingError(FerError):
    """A training came to nothing, as one that diverged. The text says what to do."""


class UsageError(FerError, ValueError):
    """An argument, or a combination of arguments, that cannot be meant."""
