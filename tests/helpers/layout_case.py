"""A case of a public layout, and what is right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.helpers.layout_files import Counts


@dataclass(frozen=True)
class Case:
    """A layout, and what is right.

    Attributes
    ----------
    make : callable
        Lays it out below a folder.
    counts : mapping, optional
        What is read, by split and class; without, it is refused for good.
    given : mapping
        What has to be said before that, each of which the error before names in its ``fix``.
    path : str
        What is read, below the folder.
    says : str
        In the error of what is refused for good.
    unlabelled : mapping
        Images without a label, by split.
    more : mapping
        Options that no error asks for.
    """

    make: Callable[[Path], object]
    counts: Counts | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    path: str = ""
    says: str = ""
    unlabelled: Mapping[str, int] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
