"""Functions by their names: of modules that are imported late, or stand in a higher package."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class LazyFunction:
    """A function whose module is imported when it is first called; it can be pickled.

    Attributes
    ----------
    module, name : str

    Examples
    --------
    >>> from fer_data.util.lazy import LazyFunction
    >>> LazyFunction("math", "sqrt")(9)
    3.0
    """

    module: str
    name: str

    def __call__(self, *arguments: Any) -> Any:
        """Import the module, and call its function."""
        return getattr(import_module(self.module), self.name)(*arguments)
