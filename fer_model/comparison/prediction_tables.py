"""One run's predictions as anyone has them: arrays, DataFrames, csv, parquet, npz and npy files.

Columns are found by name: ``label`` (the true class), ``sample``, ``predicted``, ``split``,
``leaked`` (whether training knows the sample), and one column a class with its probability, either
by the class's name or as ``probability_<class>``. What is doubtful is refused with what was found.
"""

from __future__ import annotations

import csv
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_data.analysis.predictions import PREDICTIONS
from fer_data.errors import DataError
from fer_data.extras import require
from fer_data.util.files import refuse_no_file
from fer_data.util.words import printable

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".csv", ".parquet", ".npz", ".npy")
"""Endings of the files that are read."""

TEXTS = ("label", "sample", "predicted", "split", "class_name", "leaked")
"""Columns that are no class's."""

_KEPT = ("label", "sample", "split", "leaked")

_PREFIX = "probability_"
_MOST_OFF = 0.02
"""How far the sum of a sample's probabilities may be from 1: they may be rounded."""


@dataclass(frozen=True, eq=False)
class PredictionTable:
    """What is known of N samples.

    Attributes
    ----------
    where : str
        What errors call it.
    values : ndarray, shape [N, C] or [N], or None
        Probabilities, or predicted labels, indices or names; None of a table of labels alone.
    class_names : tuple of str, length C, or None
        What the columns of probabilities are named.
    columns : dict
        ``label``, ``sample``, ``leaked`` and others that were asked for, each [N]; those that are
        there.
    validation : PredictionTable, optional
        The same of the validation samples, where a column tells which these are.
    """

    where: str
    values: NDArray[Any] | None
    class_names: tuple[str, ...] | None
    columns: dict[str, NDArray[Any]]
    validation: PredictionTable | None = None

    def taken(self, rows: NDArray[Any]) -> PredictionTable:
        """Return some rows of it."""
        values = None if self.values is None else self.values[rows]
        columns = {name: column[rows] for name, column in self.columns.items()}
        return replace(self, values=values, columns=columns)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())) if self.values is None else self.values)


def read_table(
    data: Any,
    where: str,
    *,
    class_names: Sequence[str] | None = None,
    other: Sequence[str] = (),
    labels_alone: bool = False,
) -> PredictionTable:
    """Read a run's predictions, or a table of labels.

    Parameters
    ----------
    data : array_like, DataFrame or path
        An array has probabilities [N, C] or predicted labels [N]; of labels alone, it has them. A
        path is a file's, or a run folder's.
    where : str
    class_names : sequence of str, optional
        Where given, the columns of these names hold the probabilities, and no others.
    other : sequence of str
        More columns to keep, which are no classes.
    labels_alone : bool
        Whether it is a table of labels, in which no column is a class.

    Raises
    ------
    DataError
        If it cannot be read, or can be read in two ways.
    """
    if isinstance(data, str | Path):
        path = Path(data)
        where = f"{where} ({path})"
        if (path / PREDICTIONS).is_file():  # a run folder
            path = path / PREDICTIONS
        refuse_no_file(path)
        if path.suffix.lower() not in (".npz", ".npy"):
            data = _read_frame(path, where)
        elif isinstance(data := _read_arrays(path, where), dict):
            return _checked(_of_arrays(data, where, other))
    if hasattr(data, "columns") and hasattr(data, "iloc"):
        return _checked(_of_frame(data, where, class_names, other, labels_alone=labels_alone))
    values = _flat(np.asarray(data), where)
    if labels_alone:
        return _checked(PredictionTable(where, None, None, {"label": values}))
    return _checked(PredictionTable(where, values, None, {}))


def read_counts(path: Path) -> dict[str, int]:
    """Read a csv or parquet file with the columns ``class`` and ``count``.

    Of one with a column ``split``, as `fer_data.Stats.to_csv` writes it, the training split.

    Raises
    ------
    DataError
        If it cannot be read, has other columns or no training split, or names a class twice.
    """
    refuse_no_file(path)
    frame = _read_frame(path, str(path))
    if not {"class", "count"} <= set(frame.columns) or frame["count"].dtype.kind not in "iu":
        raise DataError(
            f"{path}: expected the columns class and count, whole numbers, found "
            f"{listed(frame.columns)}"
        )
    if "split" in frame.columns:
        frame = frame[frame["split"].astype(str) == "train"]
        if frame.empty:
            raise DataError(f"{path}: the column split names no training split (train)")
    names = frame["class"].astype(str)
    if twice := names[names.duplicated()].tolist():
        raise DataError(f"{path}: class {printable(twice[0])} is there twice")
    return dict(zip(names, frame["count"].tolist(), strict=True))


def _read_frame(path: Path, where: str) -> pd.DataFrame:
    import pandas as pd

    ending = path.suffix.lower()
    if ending not in SUFFIXES:
        raise DataError(f"{where}: expected a file that ends in {', '.join(SUFFIXES)}")
    if ending == ".parquet":
        require("a parquet file", "pyarrow")
    try:
        if ending == ".parquet":
            return pd.read_parquet(path)
        with path.open(encoding="utf-8-sig", newline="") as file:
            names = next(csv.reader(file), [])
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise DataError(f"{where}: column {printable(twice[0])} is there twice")
        texts = dict.fromkeys((name for name in (*TEXTS, "class") if name in names), str)
        return pd.read_csv(path, dtype=texts, na_filter=False, encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"{where}: cannot be read ({error.strerror or error})") from None
    except (ValueError, csv.Error) as error:  # what pandas and pyarrow raise are such
        raise DataError(f"{where}: cannot be read ({error})") from None


def _read_arrays(path: Path, where: str) -> dict[str, NDArray[Any]] | NDArray[Any]:
    """Return the arrays of a file by name, or the only one, as ``numpy.save`` and `savez` write it.

    One array alone is that of the labels or predictions, whatever its name is.
    """
    try:
        file = np.load(path, allow_pickle=False)
        if isinstance(file, np.ndarray):
            return file
        with file:
            arrays = {name: np.asarray(file[name]) for name in file.files}
        is_only = len(arrays) == 1 and not arrays.keys() & {*TEXTS, "probabilities"}
        return next(iter(arrays.values())) if is_only else arrays
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, KeyError) as error:
        raise DataError(f"{where}: cannot be read ({error})") from None


def _of_arrays(
    arrays: Mapping[str, NDArray[Any]], where: str, other: Sequence[str]
) -> PredictionTable:
    """Return the table of a file of arrays, as a run of this package or anyone writes it."""
    name = "probabilities" if "probabilities" in arrays else "predicted"
    if name not in arrays and "label" not in arrays:
        raise DataError(
            f"{where}: expected an array probabilities [N, C] or predicted [N], got "
            f"{listed(arrays)}"
        )
    names = arrays.get("class_names")
    return PredictionTable(
        where,
        _flat(arrays[name], where) if name in arrays else None,
        None if names is None else tuple(map(str, names.tolist())),
        {name: arrays[name] for name in (*_KEPT, *other) if name in arrays},
    )


def _of_frame(
    frame: pd.DataFrame,
    where: str,
    class_names: Sequence[str] | None,
    other: Sequence[str],
    *,
    labels_alone: bool,
) -> PredictionTable:
    named = {str(name): name for name in frame.columns}
    if len(named) < len(frame.columns):
        raise DataError(f"{where}: two columns have one name; found {listed(frame.columns)}")
    columns = {name: frame[named[name]].to_numpy() for name in (*_KEPT, *other) if name in named}
    if labels_alone:
        if "label" not in columns:
            raise DataError(f"{where}: expected a column label, found {listed(named)}")
        return PredictionTable(where, None, None, columns)
    prefixed = [name for name in named if name.startswith(_PREFIX)]
    if class_names is not None:
        prefix = _PREFIX if prefixed else ""
        of_classes = [prefix + name for name in class_names if prefix + name in named]
        if of_classes and len(of_classes) < len(class_names):
            missing = [name for name in class_names if prefix + name not in named]
            raise DataError(
                f"{where}: no column of class {printable(missing[0])}; found {listed(named)}"
            )
    else:
        of_classes = prefixed or [name for name in named if name not in (*TEXTS, *other)]
    if not of_classes and "predicted" in named:
        return PredictionTable(where, frame[named["predicted"]].to_numpy(), None, columns)
    if len(of_classes) < 2:
        raise DataError(
            f"{where}: expected a column predicted, or one for each class with its probability; "
            f"found {listed(named)}"
        )
    for name in of_classes:
        if frame[named[name]].dtype.kind not in "iuf":
            raise DataError(
                f"{where}: column {printable(name)}: expected probabilities, got "
                f"{printable(str(frame[named[name]].iloc[0]) if len(frame) else 'nothing')}. Name "
                "the classes, or leave this column out"
            )
    values = frame[[named[name] for name in of_classes]].to_numpy(np.float64)
    names = tuple(name.removeprefix(_PREFIX) if prefixed else name for name in of_classes)
    table = PredictionTable(where, values, names, columns)
    if "predicted" in named and len(table):
        predicted = frame[named["predicted"]].astype(str).to_numpy()
        likely = values.argmax(axis=1)
        agree = (predicted == np.array(names)[likely]) | (predicted == likely.astype(str))
        if not agree.all():
            row = int(agree.argmin())
            raise DataError(
                f"{where}: row {row + 1}: predicted is {printable(predicted[row])}, the likeliest "
                f"class {printable(names[likely[row]])}. Keep probabilities or predicted labels"
            )
    return table


def _flat(values: NDArray[Any], where: str) -> NDArray[Any]:
    """Return an array of one or two axes; of predicted labels in one column, these."""
    if values.dtype.kind == "O":
        values = values.astype(np.str_) if all(isinstance(v, str) for v in values.flat) else values
    if values.ndim not in (1, 2) or values.dtype.kind not in "iufU":
        raise DataError(
            f"{where}: expected probabilities float [N, C] or predicted labels [N], got "
            f"{values.dtype} {list(values.shape)}"
        )
    return values


def _checked(table: PredictionTable) -> PredictionTable:
    """Return the test samples of a table, once lengths and probabilities are known to be right."""
    where, values = table.where, table.values
    lengths = {name: len(column) for name, column in table.columns.items()}
    if values is not None:
        lengths["predictions"] = len(values)
    if len(set(lengths.values())) != 1 or not next(iter(lengths.values())):
        raise DataError(f"{where}: expected one row a sample, got {lengths}")
    if values is not None and values.ndim == 2:
        if values.dtype.kind not in "iuf" or values.shape[1] < 2:
            raise DataError(
                f"{where}: expected probabilities float [N, C], got {values.dtype} "
                f"{list(values.shape)}"
            )
        if table.class_names is not None and len(table.class_names) != values.shape[1]:
            raise DataError(
                f"{where}: {len(table.class_names)} class names for probabilities "
                f"{list(values.shape)}"
            )
        sums = values.sum(axis=1)
        if not (
            np.isfinite(values).all()
            and values.min() >= -1e-6
            and values.max() <= 1 + 1e-3
            and (np.abs(sums - 1) <= _MOST_OFF).all()
        ):
            row = int(np.nanargmax(np.where(np.isfinite(sums), np.abs(sums - 1), np.inf)))
            shown = ", ".join(f"{value:.3g}" for value in values[row, :6].tolist())
            raise DataError(
                f"{where}: expected probabilities that sum to 1, got {shown}"
                f"{', …' if values.shape[1] > 6 else ''} in row {row + 1} of {list(values.shape)}. "
                f"{_probability_hint(values)}"
            )
        table = replace(table, values=np.clip(values.astype(np.float64), 0, 1))
    return _of_test(table)


def _probability_hint(values: NDArray[Any]) -> str:
    """Return what values that are no probabilities may be, and what to give in their place."""
    if not np.isfinite(values).all():
        return "Look for what is not finite in the model's outputs"
    if np.allclose(values.sum(axis=0), 1, atol=_MOST_OFF):
        return "A row is a sample: transpose them"
    if values.min() >= 0 and np.allclose(values.sum(axis=1), 100, atol=100 * _MOST_OFF):
        return "Divide percentages by 100"
    return "Of logits, give the softmax"


def _of_test(table: PredictionTable) -> PredictionTable:
    """Return the rows of the test split, those of validation apart, where a column names splits."""
    if "split" not in table.columns:
        return table
    splits = table.columns["split"].astype(str)
    kept = splits == "test"
    if not kept.any():
        raise DataError(f"{table.where}: no row of split test; found {listed(sorted(set(splits)))}")
    held_out = table.taken(np.flatnonzero(splits == "validation"))
    return replace(
        table.taken(np.flatnonzero(kept)), validation=held_out if len(held_out) else None
    )


def listed(names: Any) -> str:
    """Return names for people, the first twelve."""
    shown = [printable(str(name)) for name in names]
    return ", ".join(shown[:12]) + (", …" if len(shown) > 12 else "") if shown else "nothing"
