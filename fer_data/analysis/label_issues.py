r"""Labels that look wrong, by confident learning (Northcutt et al. 2021, arXiv:1911.00068).

A model that never saw a sample gives its probabilities :math:`p`. The threshold of a class,

.. math:: t_j = \operatorname{mean}(p_j \text{ over the samples labelled } j),

is the model's mean confidence in it, so a rare class, of which the model is never certain, has a
low threshold. If :math:`p_j \ge t_j` for a class other than the label, the likeliest such class is
suggested and the label is flagged. Labels are ranked by their margin,
:math:`(p_y - t_y) - \max_{j \ne y} (p_j - t_j)`, the smallest first. (The paper ranks without the
thresholds, which puts all rare classes first.)

The paper's own package is not used because of its licence (AGPL).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from fer_data.analysis.predictions import PREDICTIONS, load_predictions
from fer_data.data.chosen import UNLABELLED
from fer_data.data.dataset import Dataset
from fer_data.errors import DataError
from fer_data.util.files import write_text
from fer_data.util.words import printable

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = [
    "sample",
    "label",
    "own_label",
    "probability_of_label",
    "probability_of_own_label",
    "margin",
]


@dataclass(frozen=True, eq=False)
class LabelIssues:
    """How well labels agree with a model's predictions for samples that it was not trained on.

    Attributes
    ----------
    dataset : Dataset
    rows : ndarray of int64, shape [P]
        The samples with a prediction, the most likely label issue first.
    margins : ndarray of float64, shape [P]
        Margin of the label; below 0 the model prefers another class.
    suggested : ndarray of int64, shape [P]
        The label that the model suggests; the sample's own where it is not flagged.
    probabilities : ndarray of float32, shape [P, C]

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> data = fer_data.load((np.zeros((3, 48, 48), np.uint8), ["cat", "cat", "dog"]))
    >>> probabilities = np.array([[0.9, 0.1], [0.1, 0.9], [0.2, 0.8]], np.float32)
    >>> issues = fer_data.find_label_issues(data, np.arange(3), probabilities)
    >>> issues.rows.tolist(), issues.suggested.tolist()
    ([1, 2, 0], [1, 1, 0])
    """

    dataset: Dataset
    rows: NDArray[np.int64]
    margins: NDArray[np.float64]
    suggested: NDArray[np.int64]
    probabilities: NDArray[np.float32]

    @property
    def flagged(self) -> NDArray[np.bool_]:
        """Which of `rows` have a label that is flagged, bool [P]."""
        flagged: NDArray[np.bool_] = self.suggested != self.dataset.labels[self.rows]
        return flagged

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the flagged samples, the most likely first; ``label`` is the suggested label."""
        names, ids = self.dataset.class_names, self.dataset.sample_ids(self.rows)
        return [
            {
                "sample": ids[place],
                "label": printable(names[self.suggested[place]]),
                "own_label": printable(names[label]),
                "probability_of_label": float(self.probabilities[place, self.suggested[place]]),
                "probability_of_own_label": float(self.probabilities[place, label]),
                "margin": float(self.margins[place]),
            }
            for place, label in enumerate(self.dataset.labels[self.rows].tolist())
            if self.suggested[place] != label
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return a row a flagged sample, the most likely first, with the columns of `write`."""
        import pandas as pd  # 0.7 s to import, and this is its only use here

        return pd.DataFrame(self.to_dicts(), columns=_COLUMNS)

    def write(self, out: str | Path) -> None:
        """Write the flagged samples as csv, the most likely first.

        ``exclude=`` takes it, and so does ``relabel=``, which applies the suggested labels.
        """
        text = io.StringIO()
        writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.to_dicts())
        write_text(Path(out), text.getvalue())


@dataclass(frozen=True)
class LabelCheck:
    """Label issues compared with a second set of labels, on which the model was not trained.

    Attributes
    ----------
    num_samples : int
        Samples with a prediction and both labels.
    base, flagged, top : float
        Fraction with a different second label: of all samples, of the flagged ones (None where
        there are none), and of the hundred most likely issues.
    auc : float
        Area under the ROC curve of the ranking: the chance that a sample whose second label
        differs is ranked before one whose does not.
    """

    num_samples: int
    base: float
    flagged: float | None
    top: float
    auc: float


def find_label_issues(
    dataset: Dataset, rows: NDArray[np.int64], probabilities: NDArray[np.float32]
) -> LabelIssues:
    """Rank samples by how likely their label is wrong, according to a model's predictions.

    Parameters
    ----------
    dataset : Dataset
    rows : ndarray of int64, shape [P]
        Labelled samples.
    probabilities : ndarray of float32, shape [P, C]
        Of each class, by a model that was not trained on the sample.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> data = fer_data.load((np.zeros((3, 48, 48), np.uint8), ["cat", "cat", "dog"]))
    >>> probabilities = np.array([[0.9, 0.1], [0.1, 0.9], [0.2, 0.8]], np.float32)
    >>> issues = fer_data.find_label_issues(data, np.arange(3), probabilities)
    >>> issues.rows[issues.margins < 0].tolist()
    [1]
    """
    labels = dataset.labels[rows].astype(np.int64)
    every = np.arange(len(rows))
    counts = np.bincount(labels, minlength=probabilities.shape[1])
    sums = np.bincount(labels, probabilities[every, labels], minlength=probabilities.shape[1])
    thresholds = np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
    over = probabilities - thresholds  # of a class without samples minus infinity
    own = over[every, labels]
    others = over.copy()
    others[every, labels] = -np.inf
    margins = own - others.max(axis=1)
    sure = np.where(over >= 0, probabilities, -1.0)
    suggested = np.where(sure.max(axis=1) >= 0, sure.argmax(axis=1), labels)
    order = np.lexsort((rows, margins))
    return LabelIssues(dataset, rows[order], margins[order], suggested[order], probabilities[order])


def read_predictions(
    runs: Sequence[str | Path], dataset: Dataset
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the predictions of runs for their validation samples: rows, probabilities [P, C].

    Parameters
    ----------
    runs : sequence of path
        Run folders, or their ``predictions.npz``: one for each fold. For a sample in
        several runs, the mean is taken.
    dataset : Dataset
        The data that they were trained on.

    Raises
    ------
    DataError
        If a file cannot be read, has other classes, or no sample of the data.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> data = fer_data.load((np.zeros((3, 48, 48), np.uint8), ["cat", "cat", "dog"]))
    >>> np.savez(
    ...     "predictions.npz",
    ...     class_names=data.class_names,
    ...     split=["validation"] * 3,
    ...     sample=data.sample_ids(),
    ...     label=data.labels.astype(np.int64),
    ...     probabilities=np.array([[0.9, 0.1], [0.1, 0.9], [0.2, 0.8]], np.float32),
    ... )
    >>> rows, probabilities = fer_data.read_predictions(["predictions.npz"], data)
    >>> rows.tolist(), probabilities.shape
    ([0, 1, 2], (3, 2))
    """
    names = tuple(map(printable, dataset.class_names))
    validated = []
    for run in runs:
        path = Path(run) / PREDICTIONS if Path(run).is_dir() else Path(run)
        if not path.is_file():
            raise DataError(f"{run}: no run here (a finished run holds {PREDICTIONS})")
        predictions = load_predictions(path)
        if predictions.class_names != names:
            raise DataError(
                f"{path}: predictions of other classes "
                f"({', '.join(predictions.class_names) or 'none'}) "
                f"than {dataset.root} has"
            )
        validated.append(predictions.of_split("validation"))
    samples, means = _means(
        np.concatenate([part.samples for part in validated]),
        np.concatenate([part.probabilities for part in validated]),
    )
    of_sample = {sample: row for row, sample in enumerate(dataset.sample_ids())}
    places = [of_sample.get(sample, -1) for sample in samples.tolist()]
    rows = np.array(places, np.int64)
    known = rows >= 0
    known[known] &= dataset.labels[rows[known]] != UNLABELLED
    if not known.any():
        raise DataError(f"{dataset.root}: the runs validated on none of its samples")
    return rows[known], means[known]


def _means(
    samples: NDArray[np.str_], probabilities: NDArray[np.float32]
) -> tuple[NDArray[np.str_], NDArray[np.float32]]:
    """Return each sample once, in the order of first appearance, and the mean of its rows."""
    _, first, group = np.unique(samples, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    sums = np.zeros((len(first), probabilities.shape[1]))
    np.add.at(sums, rank[group], probabilities)
    counts = np.bincount(rank[group], minlength=len(first))
    return samples[np.sort(first)], (sums / counts[:, None]).astype(np.float32)


def check_label_issues(label_issues: LabelIssues, other: Dataset) -> LabelCheck:
    """Compare label issues with the labels of another dataset of the same samples.

    Raises
    ------
    DataError
        If the other labels never differ, or always.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> data = fer_data.load((np.zeros((3, 48, 48), np.uint8), ["cat", "cat", "dog"]))
    >>> probabilities = np.array([[0.9, 0.1], [0.1, 0.9], [0.2, 0.8]], np.float32)
    >>> issues = fer_data.find_label_issues(data, np.arange(3), probabilities)
    >>> other = data.relabel({data.sample_ids()[1]: "dog"})
    >>> fer_data.check_label_issues(issues, other).auc
    1.0
    """
    own = label_issues.dataset
    wanted = own.rows[label_issues.rows]
    places = np.searchsorted(other.rows, wanted).clip(max=len(other) - 1)
    usable = (other.rows[places] == wanted) & (other.labels[places] >= 0)
    rows, places = label_issues.rows[usable], places[usable]
    names, others = np.array(own.class_names), np.array(other.class_names)
    differs = names[own.labels[rows]] != others[other.labels[places]]
    if differs.all() or not differs.any() or not np.isfinite(label_issues.margins).all():
        raise DataError(f"{own.root}: the other labels always differ, or never: nothing to check")
    flagged = label_issues.flagged[usable]
    return LabelCheck(
        num_samples=len(rows),
        base=float(differs.mean()),
        flagged=float(differs[flagged].mean()) if flagged.any() else None,
        top=float(differs[:100].mean()),
        auc=float(roc_auc_score(differs, -label_issues.margins[usable])),
    )
