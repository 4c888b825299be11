"""What the checks look at: the table of samples, the pixels and the duplicate groups."""

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
    near_duplicate_pairs,
)
from fer_data.duplicates.families import families_of
from fer_data.duplicates.grouping import merge_groups
from fer_data.duplicates.near import Pairs
from fer_data.errors import DataError


@dataclass(frozen=True, eq=False)
class Subject:
    """A data set with what several checks need, computed once.

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
        """Which images are compared unchanged, bool [N]: the others lost colour or size."""
        form = self.store.form
        return np.array([look == (form.height, form.width, form.color) for look in self.looks])

    @cached_property
    def informative(self) -> NDArray[np.bool_]:
        """Which images show enough to be duplicates, bool [N]: flat ones may differ in colour."""
        informative: NDArray[np.bool_] = self.unchanged | (self.measures.contrast >= LEAST_CONTRAST)
        return informative

    def single_colored(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows, ascending, whose original images have one colour.

        The images that are compared are small and grey: they may be flat where these are not.
        """
        changed = rows[~self.unchanged[rows]]
        single = rows[self.unchanged[rows]].tolist()
        for chunk in self.dataset.take(changed).source_chunks().chunks:
            for position, name, raw in chunk.raw_images():
                with suppress(DataError):  # no longer readable
                    pixels = as_it_is(raw, name, lambda: self.store.form.bits)
                    if (pixels == pixels[0, 0]).all():
                        single.append(int(changed[position]))
        return np.array(sorted(single), np.int64)

    def trained(self, rows: NDArray[np.int64]) -> tuple[int, ...]:
        """Return the rows that are in the training split."""
        if "train" not in self.dataset.splits:
            return ()
        return tuple(np.intersect1d(rows, self.dataset.indices("train")).tolist())

    @cached_property
    def measures(self) -> Measures:
        """Brightness, contrast and sharpness of every image."""
        return measure(self.store.pixels)

    @cached_property
    def exact_groups(self) -> NDArray[np.int64]:
        """A group number of each image, int64 [N], the same for equal images."""
        return equal_images(self.store.pixels)

    @cached_property
    def identical(self) -> NDArray[np.int64]:
        """A group number of each image, int64 [N], the same for images that are certainly the same.

        They are equal where they are compared, and were compared unchanged, or what the data holds
        of them (a file, or an image in a table) is equal to the byte.
        """
        equal = groups(self.exact_groups, np.arange(len(self.dataset)))
        rows = np.array([row for group in equal for row in group if not self.unchanged[row]], int)
        if not len(rows):
            return self.exact_groups
        numbers = self.exact_groups.tolist()
        contents: dict[tuple[int, bytes], int] = {}
        new = int(self.exact_groups.max()) + 1
        rows.sort()
        for row, content in zip(rows.tolist(), _contents(self.dataset.take(rows)), strict=True):
            numbers[row] = contents.setdefault((numbers[row], content), new + row)
        return np.array(numbers, np.int64)

    @cached_property
    def near_pairs(self) -> Pairs:
        """Pairs of near-duplicates, as rows; the first of equal images represents all of them."""
        return near_duplicate_pairs(self.store.pixels, self.exact_groups)

    @cached_property
    def duplicate_groups(self) -> NDArray[np.int64]:
        """A group number of each image, int64 [N]: of near-duplicates and derived files."""
        near = duplicate_groups(self.exact_groups, self.near_pairs)
        families = families_of(self.dataset)
        merged = near if families is None else merge_groups(near, families)
        assert merged is not None
        return merged


def _contents(dataset: Dataset) -> Iterator[bytes]:
    """Yield a digest of each sample's stored bytes; a unique one if they are unreadable."""
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


def groups(numbers: NDArray[np.int64], rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return the groups of two or more of the given rows that have the same number.

    Parameters
    ----------
    numbers : ndarray of int64, shape [N]
        A group number of every row of the dataset.
    rows : ndarray of int64
        Rows of a group keep their order here.

    Returns
    -------
    list of ndarray of int64
        By their first rows.
    """
    order = rows[np.argsort(numbers[rows], kind="stable")]
    bounds = np.flatnonzero(np.diff(numbers[order])) + 1
    several = [group for group in np.split(order, bounds) if len(group) > 1]
    return sorted(several, key=lambda group: int(group[0]))
