"""What the checks look at: the table of samples, the pixels, and which images are copies."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fer_data.analysis.measures import Measures, measure
from fer_data.data.changes import Changes
from fer_data.data.dataset import Dataset
from fer_data.data.decode import ImageInfo, as_it_is
from fer_data.data.image_infos import image_infos
from fer_data.data.store import PixelStore
from fer_data.duplicates.duplicate_groups import (
    LEAST_CONTRAST,
    duplicate_groups,
    equal_images,
    versions,
)
from fer_data.duplicates.families import families_of
from fer_data.duplicates.grouping import merge_groups
from fer_data.duplicates.near import Pairs
from fer_data.errors import DataError


@dataclass(frozen=True, eq=False)
class Subject:
    """A data set with what several checks need to know of it, found out once.

    Attributes
    ----------
    store : PixelStore
        Of 48x48 grey images.
    """

    store: PixelStore

    @property
    def dataset(self) -> Dataset:
        """The table of samples."""
        return self.store.dataset

    @cached_property
    def looks(self) -> list[ImageInfo]:
        """Size and colour of every image as it is in the data set."""
        changes, form = self.store.report.changes, self.store.form
        if changes == Changes():
            return [(form.height, form.width, form.color)] * len(self.dataset)
        return image_infos(self.dataset)

    @cached_property
    def unchanged(self) -> NDArray[np.bool_]:
        """Which images are compared as they are, bool [N]: the others lost colour or size."""
        form = self.store.form
        return np.array([look == (form.height, form.width, form.color) for look in self.looks])

    @cached_property
    def telling(self) -> NDArray[np.bool_]:
        """Which images show enough to be copies of one another, bool [N]: not one lost colour."""
        found: NDArray[np.bool_] = self.unchanged | (self.measures.contrast >= LEAST_CONTRAST)
        return found

    def single_colored(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return those of some rows, ascending, whose images have one colour as the data has them.

        Compared is a smaller image without colours, which may have one grey where these have none.
        """
        changed = rows[~self.unchanged[rows]]
        found = rows[self.unchanged[rows]].tolist()
        for chunk in self.dataset.take(changed).source_chunks().chunks:
            for place, name, raw in chunk.raw_images():
                with suppress(DataError):  # unreadable by now
                    pixels = as_it_is(raw, name, lambda: self.store.form.bits)
                    if (pixels == pixels[0, 0]).all():
                        found.append(int(changed[place]))
        return np.array(sorted(found), np.int64)

    def trained(self, rows: NDArray[np.int64]) -> tuple[int, ...]:
        """Return those of some rows that are in the training split."""
        if "train" not in self.dataset.splits:
            return ()
        return tuple(np.intersect1d(rows, self.dataset.indices("train")).tolist())

    @cached_property
    def measures(self) -> Measures:
        """Brightness, contrast and sharpness of every image."""
        return measure(self.store.pixels)

    @cached_property
    def copies(self) -> NDArray[np.int64]:
        """A number for each image, int64 [N], the same for those that are equal to the bit."""
        return equal_images(self.store.pixels)

    @cached_property
    def identical(self) -> NDArray[np.int64]:
        """A number for each image, int64 [N], the same for those that are one image for sure.

        They are equal as they are compared, and lost nothing for that, or what the data holds of
        them (a file, or an image in a table) is equal to the byte.
        """
        equal = groups(self.copies, np.arange(len(self.dataset)))
        rows = np.array([row for group in equal for row in group if not self.unchanged[row]], int)
        if not len(rows):
            return self.copies
        found = self.copies.tolist()
        contents: dict[tuple[int, bytes], int] = {}
        new = int(self.copies.max()) + 1
        rows.sort()
        for row, content in zip(rows.tolist(), _contents(self.dataset.take(rows)), strict=True):
            found[row] = contents.setdefault((found[row], content), new + row)
        return np.array(found, np.int64)

    @cached_property
    def versions(self) -> Pairs:
        """Pairs of near copies, as rows; of equal images the first stands for all."""
        return versions(self.store.pixels, self.copies)

    @cached_property
    def duplicate_groups(self) -> NDArray[np.int64]:
        """A number for each image, int64 [N], the same for near-duplicates and derived files."""
        found = duplicate_groups(self.copies, self.versions)
        families = families_of(self.dataset)
        merged = found if families is None else merge_groups(found, families)
        assert merged is not None
        return merged


def _contents(dataset: Dataset) -> Iterator[bytes]:
    """Yield a digest of what the data holds of each sample; one like no other if unreadable."""
    for chunk in dataset.source_chunks().chunks:
        for row, _, raw in chunk.raw_images():
            digest = hashlib.blake2b(digest_size=16)
            try:
                if isinstance(raw, DataError):
                    raise raw
                if isinstance(raw, np.ndarray):
                    digest.update(repr(raw.shape).encode() + raw.tobytes())
                else:
                    digest.update(raw if isinstance(raw, bytes) else raw.read_bytes())
            except (DataError, OSError):
                digest.update(b"unreadable %d" % row)
            yield digest.digest()


def groups(numbers: NDArray[np.int64], rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Yield the rows that share their number with another one, each group in order.

    Parameters
    ----------
    numbers : ndarray of int64, shape [N]
        A group number of every row of the dataset.
    rows : ndarray of int64
        The rows to look at, ascending.
    """
    order = rows[np.argsort(numbers[rows], kind="stable")]
    bounds = np.flatnonzero(np.diff(numbers[order])) + 1
    found = [group for group in np.split(order, bounds) if len(group) > 1]
    yield from sorted(found, key=lambda group: int(group[0]))
