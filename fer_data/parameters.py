"""Parameters of what is registered: each reads a value or its text, and prints it again."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any
from urllib.parse import quote, unquote

REQUIRED: Any = ...
"""Default of a parameter that has none."""


@dataclass(frozen=True)
class Parameter:
    """A parameter: what help calls it, and the value that it has where none is given."""

    name: str
    _: KW_ONLY
    default: Any = REQUIRED

    @property
    def expected(self) -> str:
        """What its values are, for an error message."""
        raise NotImplementedError

    def read(self, value: Any) -> Any:
        """Return a value, or the one of a text, in its only form; a ValueError where it is none."""
        raise NotImplementedError

    def print(self, value: Any) -> str:
        """Write a value so that it reads back the same."""
        return repr(value)


@dataclass(frozen=True)
class Number(Parameter):
    """A number from `low` to `high`; `excluding` is the end that it must not be.

    Examples
    --------
    >>> Number("T", 0, 1, excluding=0).expected
    'a number above 0, up to 1'
    """

    low: float = -math.inf
    high: float = math.inf
    _: KW_ONLY
    excluding: float | None = None

    @property
    def expected(self) -> str:
        """What its values are, for an error message."""
        if self.excluding is None and self.low > -math.inf and self.high < math.inf:
            return f"a number, {self.low:g} to {self.high:g}"
        low = f"{'above' if self.low == self.excluding else 'from'} {self.low:g}"
        high = f"{'below' if self.high == self.excluding else 'up to'} {self.high:g}"
        ends = (low if self.low > -math.inf else "", high if self.high < math.inf else "")
        return f"a number {', '.join(filter(None, ends))}".strip()

    def read(self, value: Any) -> float:
        """Return a number as a float."""
        found = float(value)
        is_inside = math.isfinite(found) and self.low <= found <= self.high
        if isinstance(value, bool) or not is_inside or found == self.excluding:
            raise ValueError(value)
        return found


@dataclass(frozen=True)
class Integer(Parameter):
    """A whole number from `low` to `high`."""

    low: int = 0
    high: int = 1_000_000

    @property
    def expected(self) -> str:
        """What its values are, for an error message."""
        return f"a whole number, {self.low} to {self.high:,}"

    def read(self, value: Any) -> int:
        """Return a whole number as an int."""
        if isinstance(value, str) and re.fullmatch("-?[0-9]{1,15}", value):
            value = int(value)
        found = operator.index(value)
        if isinstance(value, bool) or not self.low <= found <= self.high:
            raise ValueError(value)
        return found


@dataclass(frozen=True)
class ClassCounts(Parameter):
    """Numbers of classes by their names: a tuple of (name, number), or a dict.

    A strategy's function gets them as a dict of label to number. In text, ``% , = : +`` of a name
    are percent-encoded.
    """

    name: str = "NAME=N,..."

    @property
    def expected(self) -> str:
        """What its values are, for an error message."""
        return "class names and numbers, as disgust=2000,fear=4000"

    def read(self, value: Any) -> tuple[tuple[str, int], ...]:
        """Return names and numbers as a tuple of pairs."""
        if isinstance(value, str):
            pairs = [part.rpartition("=") for part in value.split(",")]
            value = [(unquote(name), number) for name, _, number in pairs if name]
            value *= len(value) == len(pairs)
        elif isinstance(value, Mapping):
            value = value.items()
        number = Integer("N", high=10**15)
        found = tuple((str(name), number.read(each)) for name, each in value)
        if not found or len(dict(found)) < len(found):
            raise ValueError(value)
        return found

    def print(self, value: tuple[tuple[str, int], ...]) -> str:
        """Write names and numbers."""
        return ",".join(f"{_escaped(name)}={number}" for name, number in value)


def _escaped(name: str) -> str:
    return "".join(quote(c) if c in "%,=:+" else c for c in name)
