"""Parameters of registered functions: each parses a value or text, and prints it."""

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

# ruff: noqa: D102  `Parameter` documents the methods


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
    >>> import fer_data
    >>> fer_data.Number("BETA", 0, 1, excluding=1).read("0.999")
    0.999
    """

    low: float = -math.inf
    high: float = math.inf
    _: KW_ONLY
    excluding: float | None = None

    @property
    def expected(self) -> str:
        low = f"{'above' if self.low == self.excluding else 'from'} {self.low:g}"
        high = f"{'below' if self.high == self.excluding else 'up to'} {self.high:g}"
        ends = (low if self.low > -math.inf else "", high if self.high < math.inf else "")
        return " ".join(filter(None, ("a number", *ends)))

    def read(self, value: Any) -> float:
        number = float(value)
        is_inside = math.isfinite(number) and self.low <= number <= self.high
        if isinstance(value, bool) or not is_inside or number == self.excluding:
            raise ValueError(value)
        return number


@dataclass(frozen=True)
class Integer(Parameter):
    """A whole number from `low` to `high`.

    Examples
    --------
    >>> import fer_data
    >>> fer_data.Integer("N", 1, 9).read("3")
    3
    """

    low: int = 0
    high: int = 1_000_000

    @property
    def expected(self) -> str:
        return f"a whole number from {self.low} up to {self.high:,}"

    def read(self, value: Any) -> int:
        if isinstance(value, str) and re.fullmatch("-?[0-9]{1,15}", value):
            value = int(value)
        number = operator.index(value)
        if isinstance(value, bool) or not self.low <= number <= self.high:
            raise ValueError(value)
        return number


@dataclass(frozen=True)
class ClassCounts(Parameter):
    """Numbers of classes by their names: a tuple of (name, number), or a dict.

    A strategy's function gets them as a dict of label to number. In text, ``% , = : +`` of a name
    are percent-encoded.

    Examples
    --------
    >>> import fer_data
    >>> fer_data.ClassCounts().read("cat=20,dog=5")
    (('cat', 20), ('dog', 5))
    """

    name: str = "NAME=N,..."
    expected = "class names and numbers, as disgust=2000,fear=4000"

    def read(self, value: Any) -> tuple[tuple[str, int], ...]:
        if isinstance(value, str):
            pairs = [part.rpartition("=") for part in value.split(",")]
            value = [(unquote(name), number) for name, _, number in pairs if name]
            value *= len(value) == len(pairs)
        number = Integer("N", high=10**15)
        pairs_ = value.items() if isinstance(value, Mapping) else value
        counts = tuple((str(name), number.read(text)) for name, text in pairs_)
        if not counts or len(dict(counts)) < len(counts):
            raise ValueError(value)
        return counts

    def print(self, value: tuple[tuple[str, int], ...]) -> str:
        return ",".join(f"{re.sub('[%,=:+]', _quoted, name)}={number}" for name, number in value)


def _quoted(match: re.Match[str]) -> str:
    return quote(match[0])
