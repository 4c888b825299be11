"""The test samples of a comparison, which every run predicts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_data.errors import DataError
from fer_data.util.arrays import read_arrays, write_arrays

SAMPLES = "samples.npz"
"""The file's name in a comparison's folder."""

_REMEDY = "compare again"


@dataclass(frozen=True, eq=False)
class SampleTable:
    """N test samples.

    Attributes
    ----------
    samples : ndarray of str, shape [N]
        Ids as in `fer_data.Dataset.sample_ids`.
    labels : ndarray of int64, shape [N]
    groups : ndarray of int64, shape [N]
        Of near-duplicates, merged with the data's own groups: samples of one are drawn together.
    leaked : ndarray of bool, shape [N]
        Whether training has samples of its group.
    """

    samples: NDArray[np.str_]
    labels: NDArray[np.int64]
    groups: NDArray[np.int64]
    leaked: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.samples)


def save_samples(out: Path, table: SampleTable) -> None:
    """Write the samples into a comparison's folder, whole or not at all."""
    arrays = {
        "sample": table.samples,
        "label": table.labels,
        "group": table.groups,
        "leaked": table.leaked,
    }
    write_arrays(out / SAMPLES, arrays)


def load_samples(out: Path, num_classes: int) -> SampleTable:
    """Read the samples of a comparison's folder.

    Raises
    ------
    DataError
        If they are not there, broken, or not of these classes.
    """
    path = out / SAMPLES
    expected = {"sample": ("U", 1), "label": ("i", 1), "group": ("i", 1), "leaked": ("b", 1)}
    arrays = read_arrays(path, expected, remedy=_REMEDY)
    table = SampleTable(
        samples=arrays["sample"],
        labels=arrays["label"].astype(np.int64),
        groups=arrays["group"].astype(np.int64),
        leaked=arrays["leaked"],
    )
    if (
        not len(table)
        or len({len(array) for array in arrays.values()}) > 1
        or not 0 <= table.labels.min() <= table.labels.max() < num_classes
    ):
        raise DataError(f"{path}: not the test samples of these classes; {_REMEDY}")
    return table
