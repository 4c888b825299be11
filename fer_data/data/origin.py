"""Where the images of a dataset are: a source, and every image that it has, taken or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from fer_data.errors import DataError
from fer_data.util.words import printable

if TYPE_CHECKING:
    from fer_data.data.options import LoadOptions
    from fer_data.data.sources.chunk import Chunks
    from fer_data.data.sources.content import State


@dataclass(frozen=True)
class Source:
    """One kind of data: what recognises it, and what reads it.

    Attributes
    ----------
    name : str
    recognises : callable
        Whether a path, or an object, is of this kind, by looking at it.
    read : callable
        The `Dataset` of a path or an object, by some options.
    state : callable
        What the file system says of the files of an origin, which are not read.
    chunks : callable
        Images of an origin, by their rows (int64 [N]), in chunks, each of which any process can
        read alone.
    names : callable
        A file name for each sample of a dataset, the source's own where it has some. It comes
        from the data: not to be made a path of without a look.
    of_paths : bool
        Whether it reads files and folders, or objects in memory.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> source = fer_data.load((np.zeros((2, 48, 48), np.uint8), ["cat", "dog"])).origin.source
    >>> source.name, source.recognises("a path")
    ('arrays', False)
    """

    name: str
    recognises: Callable[[Any], bool]
    read: Callable[[Any, LoadOptions], Any]
    state: Callable[[Origin], State]
    chunks: Callable[[Origin, NDArray[np.int64]], Chunks]
    names: Callable[[Any], list[str]]
    of_paths: bool = True


@dataclass(frozen=True, eq=False)
class Origin:
    """Every image of a source, whatever of them a dataset takes.

    Attributes
    ----------
    root : Path
        The folder or file that was read, absolute; of data in memory, a name to show.
    layout : str
        What it was recognised as, for people to read.
    class_names : tuple of str
        As the source names them.
    locations : ndarray of str or of int64, shape [M]
        Path below `root`, or the row in a table, counted from 0.
    arrays : sequence of array, optional
        The images of data in memory, one after another [M, H, W] or [M, H, W, C].
    image_format : (size, size, color), optional
        Of its images, where the source knows it: height and width of the smallest and the largest,
        and ``grey`` or ``rgb``.
    image_column : str
        In files with several columns, the one of the images.
    table_rows : ndarray of int64, shape [M], optional
        Row of each image in the table of labels that lists the files, counted from 0.
    source : Source, optional
        What read it.
    """

    root: Path
    layout: str
    class_names: tuple[str, ...]
    locations: NDArray[np.str_] | NDArray[np.int64]
    arrays: tuple[Any, ...] = ()
    image_format: tuple[tuple[int, int], tuple[int, int], Literal["grey", "rgb"]] | None = None
    image_column: str = ""
    table_rows: NDArray[np.int64] | None = None
    source: Source | None = None

    def __post_init__(self) -> None:
        if self.locations.ndim != 1 or self.locations.dtype.kind not in "iU":
            raise ValueError(f"locations are {self.locations.dtype} {self.locations.shape}")

    def __len__(self) -> int:
        return len(self.locations)

    @property
    def in_table(self) -> bool:
        """Whether images stand in a table's rows rather than in files of their own."""
        return self.locations.dtype.kind == "i"

    @property
    def kind(self) -> str:
        """Name of the source."""
        return self.source.name if self.source else ""

    def ids(self, rows: NDArray[np.int64] | None = None) -> list[str]:
        """Return printable, unique names of some images or of all: a path, or ``row <number>``."""
        locations = self.locations if rows is None else self.locations[rows]
        if self.in_table:
            return [f"row {row}" for row in locations.tolist()]
        return [printable(path) for path in locations.tolist()]

    def state(self) -> State:
        """Return what the file system says of its files, which are not read.

        Raises
        ------
        DataError
            If a file is gone or cannot be looked at.
        """
        assert self.source is not None
        try:
            return self.source.state(self)
        except OSError as error:
            raise DataError(f"{self.root}: cannot be read ({error.strerror or error})") from None

    def source_chunks(self, rows: NDArray[np.int64] | None = None) -> Chunks:
        """Return images in chunks: those of some rows, ascending, or all of them."""
        assert self.source is not None
        return self.source.chunks(self, np.arange(len(self)) if rows is None else rows)
