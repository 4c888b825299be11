"""Files that are derived from one another by their names: duplicates and augmentations on disk.

Only names decide, so only names that tools make count: Roboflow's
(``NAME_jpg.rf.HASH.jpg``), Keras's (``NAME.jpg0.jpg`` next to ``NAME.jpg``), and a file's name with
a suffix for augmentation or copying (``NAME_flip.png``, ``NAME_aug_3.png``,
``NAME (1).png``, ``NAME - Copy.png``) in the folder of ``NAME``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fer_data.data.dataset import Dataset
from fer_data.duplicates.grouping import merge_groups

_OF_FILES = ("folder", "labelled-images")
"""Sources whose samples are files."""

_ROBOFLOW = re.compile(r"(.+)\.rf\.[0-9a-zA-Z]{8,40}")
_KERAS = re.compile(r"(.+\.(?:jpe?g|png|bmp|gif|webp|tiff?))_?\d+", re.IGNORECASE)
_WORD = re.compile(
    r"(.+?)(?:[ _.-]+(?:aug|augmented|copy|flip|flipped|[hv]flip|mirror|mirrored|rot|rotate|rotated"
    r"|rotation|noise|noisy|blur|blurred|bright|brighter|dark|darker|crop|cropped|zoom|zoomed|shift"
    r"|shifted|shear|sheared)(?:[ _.-]*\d+)?|[ _]*\(\d+\))+",
    re.IGNORECASE,
)


def file_families(locations: Sequence[str]) -> NDArray[np.int64]:
    """Return a group number for each file, the same for those that are derived from one another.

    Parameters
    ----------
    locations : sequence of str
        Paths of files, with ``/``.

    Returns
    -------
    ndarray of int64, shape [N]
        0 or more.

    Examples
    --------
    >>> file_families(["a/1.jpg", "a/1_flip.jpg", "a/2.jpg", "b/1_flip.jpg"]).tolist()
    [0, 0, 1, 2]
    """
    files = [location.rpartition("/")[::2] for location in locations]
    stems = {(folder, name.rpartition(".")[0] or name) for folder, name in files}
    derived = [_derived_from(folder, name, stems) for folder, name in files]
    sources = set(filter(None, derived))
    number: dict[tuple[str, ...], int] = {}
    numbers = []
    for (folder, name), source in zip(files, derived, strict=True):
        own = folder, name.rpartition(".")[0] or name
        key = source or (own if own in sources else (folder, name, "alone"))
        numbers.append(number.setdefault(key, len(number)))
    return np.array(numbers, np.int64)


def _derived_from(folder: str, name: str, stems: set[tuple[str, str]]) -> tuple[str, str] | None:
    """Return the folder and the stem of the file that a file is derived from, or None."""
    stem = name.rpartition(".")[0] or name
    if match := _ROBOFLOW.fullmatch(stem):  # which names no two sources alike, in any split
        return folder.rpartition("/")[2], f"{match[1]}.rf"
    for pattern in (_KERAS, _WORD):
        if match := pattern.fullmatch(stem):
            source = match[1].rpartition(".")[0] if pattern is _KERAS else match[1]
            if (folder, source) in stems:
                return folder, source
    return None


def related(dataset: Dataset) -> NDArray[np.int64] | None:
    """Return the group of each sample by the data's own groups and by families of files.

    Returns
    -------
    ndarray of int64, shape [N], or None
        None where there are neither.
    """
    return merge_groups(dataset.groups, families_of(dataset))


def families_of(dataset: Dataset) -> NDArray[np.int64] | None:
    """Return the family of each sample's file, int64 [N]; None where there are none."""
    if dataset.kind not in _OF_FILES:
        return None
    numbers = file_families(dataset.locations.tolist())
    return numbers if len(numbers) and numbers.max() + 1 < len(numbers) else None
