"""The predictions that a training keeps: a file of arrays, a row a sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_data.errors import DataError
from fer_data.util.arrays import read_arrays, write_arrays

if TYPE_CHECKING:
    import pandas as pd

PREDICTIONS = "predictions.npz"
"""The file's name in a run folder."""

_REMEDY = "train again"


@dataclass(frozen=True, eq=False)
class SavedPredictions:
    """What a model predicts for N samples of C classes.

    Attributes
    ----------
    class_names : tuple of str, length C
    splits, samples : ndarray of str, shape [N]
        Split and id (as in `fer_data.Dataset.sample_ids`) of each sample.
    labels : ndarray of int64, shape [N]
    probabilities : ndarray of float32, shape [N, C]
    """

    class_names: tuple[str, ...]
    splits: NDArray[np.str_]
    samples: NDArray[np.str_]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float32]

    def of_split(self, split: str) -> SavedPredictions:
        """Return those of a split."""
        kept = self.splits == split
        return replace(
            self,
            splits=self.splits[kept],
            samples=self.samples[kept],
            labels=self.labels[kept],
            probabilities=self.probabilities[kept],
        )

    def to_frame(self) -> pd.DataFrame:
        """Return ``split``, ``sample``, ``label``, ``class_name``, ``probability_<class>``."""
        import pandas as pd

        names = np.array(self.class_names, object)
        columns: dict[str, Any] = {
            "split": self.splits.astype(object),
            "sample": self.samples.astype(object),
            "label": self.labels,
            "class_name": names[self.labels],
        }
        for label, name in enumerate(self.class_names):
            columns[f"probability_{name}"] = self.probabilities[:, label]
        return pd.DataFrame(columns)


def concatenated(parts: Sequence[SavedPredictions]) -> SavedPredictions:
    """Return parts of the same classes, of which there is one or more, as one."""
    return replace(
        parts[0],
        splits=np.concatenate([part.splits for part in parts]),
        samples=np.concatenate([part.samples for part in parts]),
        labels=np.concatenate([part.labels for part in parts]),
        probabilities=np.concatenate([part.probabilities for part in parts]),
    )


def save_predictions(path: Path, predictions: SavedPredictions) -> None:
    """Write predictions, whole or not at all; equal ones as equal bytes."""
    arrays = {
        "class_names": np.array(predictions.class_names, np.str_),
        "split": np.asarray(predictions.splits, np.str_),
        "sample": np.asarray(predictions.samples, np.str_),
        "label": np.asarray(predictions.labels, np.int64),
        "probabilities": np.asarray(predictions.probabilities, np.float32),
    }
    write_arrays(path, arrays)


def load_predictions(path: Path) -> SavedPredictions:
    """Read what `save_predictions` wrote.

    Raises
    ------
    DataError
        If the file is not there, is broken, or its arrays do not fit together.
    """
    expected = {
        "class_names": ("U", 1),
        "split": ("U", 1),
        "sample": ("U", 1),
        "label": ("i", 1),
        "probabilities": ("f", 2),
    }
    found = read_arrays(path, expected, remedy=_REMEDY)
    predictions = SavedPredictions(
        class_names=tuple(found["class_names"].tolist()),
        splits=found["split"],
        samples=found["sample"],
        labels=found["label"].astype(np.int64),
        probabilities=found["probabilities"].astype(np.float32),
    )
    num, size = predictions.probabilities.shape
    lengths = {name: len(found[name]) for name in ("split", "sample", "label")}
    if set(lengths.values()) != {num} or size != len(predictions.class_names):
        raise DataError(
            f"{path}: probabilities of {num} samples and {size} classes do not fit to "
            f"{lengths} and {len(predictions.class_names)} class names; {_REMEDY}"
        )
    labels = predictions.labels
    if num and not 0 <= labels.min() <= labels.max() < size:
        raise DataError(f"{path}: a label is none of {size} classes; {_REMEDY}")
    if not np.isfinite(predictions.probabilities).all():
        raise DataError(f"{path}: a probability is not finite; {_REMEDY}")
    return predictions
