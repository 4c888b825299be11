"""What every layout gives of its pixels: pieces of a data set that any process can read alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from fer_data.errors import DataError

if TYPE_CHECKING:  # to count samples needs no Pillow
    from fer_data.data.decode import Raw


class Found(NamedTuple):
    """One picture, not decoded.

    Attributes
    ----------
    row : int
        Of the dataset.
    name : str
        What an error calls it: the file, or the file and the row in it.
    raw : Raw or DataError
        The picture, or why there is none.
    """

    row: int
    name: str
    raw: Raw | DataError


class Piece(Protocol):
    """Some samples of a dataset, a few hundred mostly, small enough to be sent to a process."""

    @property
    def start(self) -> int:
        """Row of the dataset that is the first."""
        ...

    def __len__(self) -> int: ...

    def pictures(self) -> Iterator[Found]:
        """Yield their pictures in the order of the dataset."""
        ...


@dataclass(frozen=True)
class Pieces:
    """A dataset in pieces, in order, and about how many these are."""

    pieces: Iterator[Piece]
    number: int
