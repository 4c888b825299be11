"""Everything that ``fer_data`` and ``fer_model`` raise on purpose.

::

    FerError
    ├── DataError       the data is not what it should be: what, where, what to do
    ├── TrainingError   a training came to nothing
    └── UsageError      an argument that cannot be meant; a ValueError too
"""


class FerError(Exception):
    """Base of every error that these packages raise on purpose; its text is for the user."""


class DataError(FerError):
    """The data is not what it should be. The text says what, where, and what to do."""


class TrainingError(FerError):
    """A training came to nothing, as one that diverged. The text says what to do."""


class UsageError(FerError, ValueError):
    """An argument, or a combination of arguments, that cannot be meant."""
