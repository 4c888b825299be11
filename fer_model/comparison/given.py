"""``compare_predictions(labels, arms) -> Results``: anyone's predictions, without Keras."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fer_data.data.dataset import Dataset
from fer_data.errors import DataError, UsageError
from fer_data.util.words import printable
from fer_model.comparison.given_columns import clusters_of, counts_of, leaked_of
from fer_model.comparison.given_runs import num_compared, runs_of, unequal_runs
from fer_model.comparison.kept import check_place, save_kept
from fer_model.comparison.prediction_tables import PredictionTable, listed, read_table
from fer_model.comparison.probabilities import Output, outputs_of
from fer_model.comparison.results import Results
from fer_model.comparison.sample_table import SampleTable
from fer_model.statistics.scores import SHOTS
from fer_model.statistics.verdict import MARGIN, check_question

_LOGGER = logging.getLogger("fer_data")


def compare_predictions(
    labels: Any,
    arms: Mapping[str, Sequence[Any]],
    *,
    baseline: str | None = None,
    clusters: str | ArrayLike | None = None,
    leaked: ArrayLike | None = None,
    train_counts: Mapping[str, int] | Sequence[int] | str | Path | None = None,
    class_names: Sequence[str] | None = None,
    figure: str = "balanced_accuracy",
    margin: float = MARGIN,
    shots: tuple[int, int] = SHOTS,
    remarks: Sequence[str] = (),
    out: str | Path | None = None,
) -> Results:
    """Compare predictions that anyone made, of any model and framework, as trained arms are.

    Parameters
    ----------
    labels : array_like of int or str, shape [N], Dataset, DataFrame, path, or None
        The true class of each test sample: its name, or its index in `class_names`. A dataset has
        the test samples alone, in order, and class names. A table has the labels in a column
        ``label``, and may have ``sample``. None where the runs' tables have them.
    arms : mapping of str to sequence
        The runs of each arm. A run is an array, probabilities float [N, C] or
        predicted labels [N], a run folder of `train` or `compare` (``OUT/runs/ARM/seed-0``), or a
        DataFrame or a path to a csv, parquet, npz or npy file with a
        column ``predicted``, or one for each class with its probability. Where tables name their
        samples, in a column ``sample``, rows are matched by it, otherwise by order. Runs are
        numbered by place, as seeds: the first run of one arm is compared with the first of another.
        Where an arm has fewer runs, though not fewer than half, the first ones of each arm are
        compared. Of rows of the split validation, in a column ``split``, temperatures are fitted.
    baseline : str, optional
        The arm that the others are compared with, by default the first; it becomes the first.
    clusters : array_like, shape [N], or str, optional
        What is the same for samples that belong together (patient, scene, near-duplicates), or the
        column of `labels` that has it; by default the groups of a dataset that has some, otherwise
        each sample stands for itself.
    leaked : array_like of bool, shape [N], optional
        Test samples that training knows (duplicates, the same patient); by default those whose
        column ``leaked`` says true. The differences without them are given, too.
    train_counts : sequence of int, length C, mapping of class name to int, or path, optional
        Training samples of each class, by which the rarest one is known. A file is a csv with the
        columns ``class`` and ``count``.
    class_names : sequence of str, length C, optional
        Classes in the order of columns; by default the names of the columns.
    figure : str
        What the verdict goes by: one of `fer_model.statistics.scores.JUDGED`.
    margin : float
        The largest difference of no practical importance, in fractions. Choose it before looking.
    shots : tuple of int
        Few-shot classes have fewer training samples than the first, many-shot ones more than the
        second.
    remarks : sequence of str
        What else a reader of the page must know of the runs.
    out : path, optional
        A folder to keep the results in, where `read_results` finds them.

    Returns
    -------
    Results
        Of runs with labels alone no calibration, AUROC and ensemble is known, and without
        validation samples nothing is scaled by a temperature.

    Raises
    ------
    DataError, UsageError
        If a run cannot be read, does not fit the labels, or can be read in two ways; the error
        says which run.

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> labels = np.repeat([0, 1], [90, 10])
    >>> good = [np.where(np.arange(100) % 9 == seed, 1 - labels, labels) for seed in range(3)]
    >>> results = fer_model.compare_predictions(labels, {"none": [0 * labels] * 3, "own": good})
    >>> results.predicted.scores[:, :, 0].mean(axis=1).round(2).tolist()
    [0.9, 0.89]
    """
    check_question(figure, margin, shots)
    if tuple(shots) != SHOTS and train_counts is None:
        raise UsageError("shots: without train_counts no class is few-shot or many-shot; give both")
    if isinstance(labels, Dataset):
        clusters = labels.groups if clusters is None else clusters
        labels, class_names = labels.labels, class_names or labels.class_names
    if out is not None:
        check_place(Path(out).absolute())
    asked = _class_names(class_names)
    column = [clusters] if isinstance(clusters, str) else []
    tables = {
        arm: [
            read_table(run, f"arm {arm!r}, run {number}", class_names=asked, other=column)
            for number, run in enumerate(runs, 1)
        ]
        for arm, runs in runs_of(arms, baseline).items()
    }
    every = [table for of_arm in tables.values() for table in of_arm]
    truth = every[0]
    if labels is not None:
        truth = read_table(labels, "labels", other=column, labels_alone=True)
    elif "label" not in truth.columns:
        raise UsageError(f"{truth.where}: no column label; give the labels")
    aligned = {arm: [_aligned(table, truth) for table in of_arm] for arm, of_arm in tables.items()}
    names = _names([truth, *every], asked)
    numbers = _indices(truth.columns["label"], names, truth.where)
    numbers_of_runs = {arm: len(of_arm) for arm, of_arm in tables.items()}
    least = num_compared(numbers_of_runs)
    unequal = unequal_runs(numbers_of_runs)
    if unequal:
        _LOGGER.warning(unequal)
    outputs = outputs_of(
        [
            [
                Output(_predictions(table, names, numbers), _validation(table, truth, names))
                for table in of_arm[:least]
            ]
            for of_arm in aligned.values()
        ],
        numbers,
    )
    samples = truth.columns.get("sample", np.arange(len(numbers)))
    of_samples = [truth, *(table for of_arm in aligned.values() for table in of_arm)]
    results = Results(
        arms=tuple(tables),
        seeds=tuple(range(least)),
        class_names=names,
        figure=figure,
        **outputs._asdict(),
        samples=SampleTable(
            samples.astype(np.str_),
            numbers,
            clusters_of(clusters, truth),
            leaked_of(leaked, of_samples),
        ),
        train_counts=counts_of(train_counts, names),
        seconds=np.full(outputs.aurocs.shape, np.nan),
        remarks=(
            *map(str, remarks),
            *_remarks(
                least, has_samples=all("sample" in table.columns for table in [truth, *every])
            ),
        ),
        margin=margin,
        shots=shots,
        num_given=tuple(numbers_of_runs.values()) if unequal else (),
    )
    return results if out is None else save_kept(results, Path(out).absolute())


def _class_names(names: Sequence[str] | None) -> tuple[str, ...] | None:
    if names is None:
        return None
    texts = tuple(map(str, names))
    if isinstance(names, str) or len(set(texts)) < len(texts) or len(texts) < 2:
        raise UsageError(f"class_names: expected two or more, each once, got {names!r:.80}")
    return texts


def _aligned(table: PredictionTable, truth: PredictionTable) -> PredictionTable:
    """Return a run's rows in the order of the labels'."""
    if len(table) != len(truth):
        raise DataError(
            f"{table.where}: predictions of {len(table):,} samples, labels of {len(truth):,} "
            f"({truth.where})"
        )
    if "sample" not in table.columns:
        return table
    if "sample" not in truth.columns:
        if "label" in table.columns:  # which must agree, row by row
            return table
        raise DataError(
            f"{table.where}: names its samples, and {truth.where} does not: give labels with a "
            "column sample, or no labels where all runs have them"
        )
    ours, theirs = (given_table.columns["sample"].astype(np.str_) for given_table in (table, truth))
    order = np.argsort(ours, kind="stable")
    in_order = ours[order]
    for given_table, names in ((table, in_order), (truth, np.sort(theirs))):
        if (twice := names[1:] == names[:-1]).any():
            name = printable(str(names[int(twice.argmax())]))
            raise DataError(f"{given_table.where}: sample {name} is there twice")
    places = np.searchsorted(in_order, theirs).clip(max=len(ours) - 1)
    known = in_order[places] == theirs
    if not known.all():
        raise DataError(
            f"{table.where}: no row of sample {printable(str(theirs[int(known.argmin())]))}, "
            f"which {truth.where} has"
        )
    return table.taken(order[places])


def _names(tables: Sequence[PredictionTable], asked: tuple[str, ...] | None) -> tuple[str, ...]:
    """Return the classes: as asked for, as columns are named, or as labels are."""
    first = next((table for table in tables if table.class_names is not None), None)
    names = asked or (first.class_names if first is not None else None)
    for table in tables:
        if (
            table.class_names is not None
            and names is not None
            and set(table.class_names) != set(names)
        ):
            other = sorted(set(table.class_names) ^ set(names))[0]
            raise DataError(
                f"{table.where}: expected probabilities of {listed(names)}, got "
                f"{listed(table.class_names)}; {printable(other)} is in one of them alone"
            )
    if names is not None:
        return names
    wide = next(
        (table for table in tables if table.values is not None and table.values.ndim == 2), None
    )
    labels = [table.columns["label"] for table in tables if "label" in table.columns]
    if wide is not None and wide.values is not None:
        size = wide.values.shape[1]
        if not all(map(_are_numbers, labels)):
            raise UsageError(
                f"{wide.where}: {size} columns without names, and labels by name: give class_names "
                "in the order of columns"
            )
        return tuple(map(str, range(size)))
    known = labels + [table.values for table in tables if table.values is not None]
    if all(map(_are_numbers, known)):
        most = max(int(np.asarray(values, np.float64).max()) for values in known)
        return tuple(map(str, range(max(most + 1, 2))))
    return tuple(sorted(set().union(*(values.astype(np.str_).tolist() for values in known))))


def _are_numbers(values: NDArray[Any]) -> bool:
    """Whether labels are indices, or texts of such."""
    if values.dtype.kind in "iuf":
        return True
    return all(str(value).isdecimal() for value in np.unique(values.astype(np.str_)).tolist())


def _indices(values: NDArray[Any], names: tuple[str, ...], where: str) -> NDArray[np.int64]:
    """Return classes, by name or by index, as indices; names go first where they are numbers."""
    if values.ndim != 1:
        raise DataError(f"{where}: expected labels [N], got {values.dtype} {list(values.shape)}")
    if values.dtype.kind == "f":
        if not (np.isfinite(values).all() and (values == np.round(values)).all()):
            raise DataError(f"{where}: expected labels, whole numbers or names, got {values.dtype}")
        values = values.astype(np.int64)
    distinct, places = np.unique(values.astype(np.str_), return_inverse=True)
    of_name = {name: index for index, name in enumerate(names)}
    texts = distinct.tolist()
    if not any(text in of_name for text in texts) and all(map(str.isdecimal, texts)):
        of_name = {str(index): index for index in range(len(names))}
    for text in texts:
        if text not in of_name:
            raise DataError(
                f"{where}: label {printable(text)} is none of the classes {listed(names)}"
            )
    return np.array([of_name[text] for text in texts], np.int64)[places]


def _predictions(
    table: PredictionTable, names: tuple[str, ...], labels: NDArray[np.int64]
) -> NDArray[Any]:
    """Return a run's probabilities in the order of classes, or its predicted labels as indices."""
    if "label" in table.columns:
        own = _indices(table.columns["label"], names, table.where)
        if (own != labels).any():
            row = int((own != labels).argmax())
            raise DataError(
                f"{table.where}: row {row + 1} is labelled {printable(names[own[row]])}, and "
                f"{printable(names[labels[row]])} elsewhere"
            )
    values = table.values
    if values is None:
        raise DataError(f"{table.where}: labels without predictions")
    if values.ndim == 1:
        return _indices(values, names, table.where)
    return _in_order(table, values, names)


def _validation(
    table: PredictionTable, truth: PredictionTable, names: tuple[str, ...]
) -> tuple[NDArray[Any], NDArray[np.int64]] | None:
    """Return a run's probabilities of validation samples and their labels; None without them."""
    part, labels = table.validation, truth.validation
    if part is not None and "label" in part.columns:
        labels = part
    elif part is not None and labels is not None:
        part = _aligned(part, labels)
    if part is None or labels is None or part.values is None or part.values.ndim == 1:
        return None
    indices = _indices(labels.columns["label"], names, f"{labels.where}, validation")
    return _in_order(part, part.values, names), indices


def _in_order(table: PredictionTable, values: NDArray[Any], names: tuple[str, ...]) -> NDArray[Any]:
    """Return probabilities with their columns in the order of the classes."""
    if values.shape[1] != len(names):
        raise DataError(
            f"{table.where}: expected probabilities [{len(values)}, {len(names)}], got "
            f"{list(values.shape)}"
        )
    if table.class_names is not None and table.class_names != names:
        values = values[:, [table.class_names.index(name) for name in names]]
    return values


def _remarks(least: int, *, has_samples: bool) -> list[str]:
    remarks = ["predictions were given: how the models were trained is not known here"]
    if not has_samples:
        remarks.append("samples are matched by their order")
    if least > 1:
        remarks.append("runs are paired: the first compared of an arm with the first of another")
    return remarks
