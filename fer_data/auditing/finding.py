"""What an audit finds: one type for all kinds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Severity = Literal["error", "warning", "note"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""The worst first. An error makes scores untrue, a warning may, a note is good to know."""


@dataclass(frozen=True)
class Finding:
    """One problem of a data set, or something unusual.

    Attributes
    ----------
    kind : str
        One of `fer_data.auditing.KINDS`.
    severity : {"error", "warning", "note"}
    where : str
        The affected splits, or the class; "" for the whole data set.
    summary : str
        What was found, with numbers, in a sentence.
    advice : str
        What to do.
    groups : tuple of tuple of int
        Rows of the dataset; duplicates of one image are a group.
    names : tuple of str
        Names of files, classes and groups, which are not samples.
    exclude : tuple of int
        Rows to exclude from training, which removes the problem.
    num_unlisted : int
        Affected samples and files that are in no group.

    Examples
    --------
    >>> import fer_data
    >>> finding = fer_data.Finding("flat", "warning", "train", "1 flat image", "", exclude=(7,))
    >>> finding.kind, finding.exclude
    ('flat', (7,))
    """

    kind: str
    severity: Severity
    where: str
    summary: str
    advice: str
    groups: tuple[tuple[int, ...], ...] = ()
    names: tuple[str, ...] = ()
    exclude: tuple[int, ...] = ()
    num_unlisted: int = 0

    @property
    def num_samples(self) -> int:
        """Number of affected samples and files."""
        return len({row for group in self.groups for row in group}) + self.num_unlisted


def as_tuples(groups: Iterable[NDArray[np.int64]]) -> tuple[tuple[int, ...], ...]:
    """Return groups of rows as a `Finding` has them."""
    return tuple(tuple(group.tolist()) for group in groups)
