"""A dataset from whole columns: a tuple for each row takes ten times the memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.data.chosen import UNLABELLED
from fer_data.data.dataset import Dataset
from fer_data.data.origin import Origin
from fer_data.data.skipped import Skipped
from fer_data.data.split_names import SPLITS
from fer_data.errors import DataError

MAX_CLASSES = 1 << 16
"""Of one data set; labels that differ more often are no classes."""


def dataset_of(
    path: Path,
    layout: str,
    class_names: Sequence[str],
    labels: NDArray[np.int64],
    splits: Sequence[str],
    split_codes: NDArray[np.int64],
    *,
    rows: NDArray[Any] | None = None,
    skipped: Iterable[Skipped] = (),
    image_format: Any = None,
) -> Dataset:
    """Return the dataset of a table.

    Parameters
    ----------
    path, layout
        Of the dataset.
    class_names : sequence of str
        Each name once, in any order.
    labels : ndarray of int64, shape [N]
        Places in `class_names`, `UNLABELLED` (-1) where there is no label.
    splits : sequence of str
        Any of `fer_data.data.split_names.SPLITS`, in any order, and more than once too.
    split_codes : ndarray of int64, shape [N]
        Places in `splits`.
    rows : ndarray of int64 or str, shape [N], optional
        Where the samples are: in the table, all of it by default, or in which files.
    skipped : iterable of Skipped
    image_format
        Of `fer_data.data.origin.Origin`.

    Raises
    ------
    DataError
        If there is no sample.
    """
    skipped = tuple(skipped)
    if not len(labels):
        raise DataError(f"{path}: {layout}, but no image in it{_skipped_text(skipped)}")
    names = sorted(class_names)
    place = {name: code for code, name in enumerate(names)}
    present = {splits[code] for code in np.unique(split_codes).tolist()}
    kept = [split for split in SPLITS if split in present]
    new_labels = [*(place[name] for name in class_names), UNLABELLED]
    new_codes = [kept.index(split) if split in present else -1 for split in splits]
    rows = np.arange(len(labels)) if rows is None else rows
    return Dataset(
        Origin(path, layout, tuple(names), rows, image_format=image_format),
        class_names=tuple(names),
        splits=tuple(kept),
        split_codes=np.array(new_codes, np.int8)[split_codes],
        labels=np.array(new_labels, np.int32)[labels],
        skipped=skipped,
    )


def build(
    path: Path,
    layout: str,
    class_names: Iterable[str],
    samples: Iterable[tuple[str, str | None, str | int]],
    skipped: Iterable[Skipped] = (),
) -> Dataset:
    """Return the dataset of (split, class name or None, location) triples.

    Raises
    ------
    DataError
        If there is no sample.
    """
    names = sorted(set(class_names))
    code_of: dict[str | None, int] = {name: code for code, name in enumerate(names)}
    code_of[None] = UNLABELLED
    rows = list(samples)
    labels = np.array([code_of[label] for _, label, _ in rows], np.int64)
    splits = np.array([SPLITS.index(split) for split, _, _ in rows], np.int64)
    locations = np.array([location for _, _, location in rows])
    return dataset_of(path, layout, names, labels, SPLITS, splits, rows=locations, skipped=skipped)


def format_of(shapes: Iterable[tuple[int, ...]]) -> Any:
    """Return the `Origin.image_format` of arrays of images, by their shapes [N, H, W, ...]."""
    shapes = sorted(shapes, key=lambda shape: shape[1] * shape[2])
    is_rgb = any(shape[3:] == (3,) for shape in shapes)
    return shapes[0][1:3], shapes[-1][1:3], "rgb" if is_rgb else "grey"


def _skipped_text(skipped: tuple[Skipped, ...]) -> str:
    if not skipped:
        return ""
    reasons = Counter(item.reason for item in skipped)
    counts = ", ".join(f"{number:,} ({reason})" for reason, number in reasons.items())
    first = next((f"; the first bad one: {item.error}" for item in skipped if item.error), "")
    return f"; skipped: {counts}{first}"
