"""What every layout gives of its pixels: chunks of a data set that any process can read alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from fer_data.errors import DataError

if TYPE_CHECKING:  # to count samples needs no Pillow
    from fer_data.data.decode import Raw


class RawImage(NamedTuple):
    """One image, not decoded.

    Attributes
    ----------
    row : int
        Of the dataset.
    name : str
        What an error calls it: the file, or the file and the row in it.
    raw : Raw or DataError
        The image, or why there is none.
    """

    row: int
    name: str
    raw: Raw | DataError


class Chunk(Protocol):
    """Some samples of a dataset, a few hundred mostly, small enough to be sent to a process."""

    @property
    def start(self) -> int:
        """Row of the dataset that is the first."""
        ...

    def __len__(self) -> int: ...

    def raw_images(self) -> Iterator[RawImage]:
        """Yield their images in the order of the dataset."""
        ...


@dataclass(frozen=True)
class Chunks:
    """A dataset in chunks, in order, and about how many these are."""

    chunks: Iterator[Chunk]
    number: int
