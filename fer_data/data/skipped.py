"""What was found in a data set and is no sample, and why."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from fer_data.errors import UsageError
from fer_data.util.words import printable

CANNOT_BE_DECODED = "cannot be decoded"


@dataclass(frozen=True)
class Skipped:
    """A file, folder or row that is not part of the data, and why.

    Attributes
    ----------
    name : str
    reason : str
        The same words for all that are skipped for one reason.
    error : str
        Of what is bad: the whole message, an error unless bad ones are skipped. Empty for others.
    """

    name: str
    reason: str
    error: str = ""

    @property
    def sample_id(self) -> str:
        """The id that the sample would have."""
        return sample_id(self.name)

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON holds it."""
        return {"name": self.name, "reason": self.reason}


def sample_id(name: str) -> str:
    """Return the id of a sample by the name it was skipped under: of a row without its line."""
    return re.sub(r"(row [\d,]+) \(line [\d,]+\)$", r"\1", printable(name))


@runtime_checkable
class Exclusions(Protocol):
    """What says which samples to exclude, as an audit does."""

    @property
    def root(self) -> Path:
        """The root of the data that it is about."""
        ...

    @property
    def exclude_ids(self) -> tuple[str, ...]:
        """Their ids, also of what is no sample, as it cannot be decoded."""
        ...


def check_same_data(exclusions: Exclusions, root: Path) -> None:
    """Refuse exclusions of other data than those of a root.

    Raises
    ------
    UsageError
        If they are.
    """
    if os.path.realpath(exclusions.root) != os.path.realpath(root):
        raise UsageError(f"{root}: is other data than {exclusions.root}, which was audited")


def summary(skipped: Iterable[Skipped]) -> list[str]:
    """Return a line for each reason: how many were skipped, and the first names."""
    names: dict[str, list[str]] = {}
    for item in skipped:
        names.setdefault(item.reason, []).append(item.name)
    return [
        f"{len(some):,} skipped, {reason}: {', '.join(map(printable, some[:3]))}"
        + (", …" if len(some) > 3 else "")
        for reason, some in names.items()
    ]
