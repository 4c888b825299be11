"""The confusion matrix of predictions, and the recalls in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from fer_data.data.dataset import Dataset
from fer_data.errors import UsageError
from fer_data.plotting.bars import MOST_CLASSES, bars
from fer_data.plotting.figure import new_figure
from fer_data.util.words import counted, shown_class

_MOST_NAMES = 30
"""Most classes of which a confusion matrix shows every name and count."""


_MOST_PERCENTAGES = 12
"""Most classes of which it shows percentages, too."""


def plot_confusion(
    y_true: ArrayLike | Dataset, y_pred: ArrayLike, class_names: Sequence[str] | None = None
) -> Figure:
    """Draw the confusion matrix of predictions.

    Rows are true classes, columns predicted ones. Cells show counts, and up to 12 classes the
    percentage of the row, which the colour shows, too; on the diagonal it is the recall. The title
    has the accuracy and the balanced accuracy, which is the mean recall of the classes that occur
    (Brodersen et al. 2010, doi:10.1109/ICPR.2010.764).

    Parameters
    ----------
    y_true : array_like of int or str, shape [N], or of float or int, shape [N, C]; or Dataset
        The labels: class indices, class names, or a one-hot row a sample. Of a dataset its labels,
        and its class names unless others are given.
    y_pred : array_like of int or str, shape [N], or of float, shape [N, C]
        The predictions: class indices, class names, or probabilities or logits, of which the
        largest counts.
    class_names : sequence of str, length C, optional
        In label order. By default the names or indices that occur, sorted.

    Returns
    -------
    matplotlib.figure.Figure
        Which notebooks show; ``savefig`` writes it.

    Raises
    ------
    UsageError
        If the two differ in length, are empty, or hold a label that is no class, NaN, or rows of
        other length than there are classes.

    Examples
    --------
    >>> import fer_model
    >>> y_true, y_pred = ["cat", "cat", "dog", "dog"], ["cat", "dog", "dog", "dog"]
    >>> figure = fer_model.plot_confusion(y_true, y_pred)
    >>> print(figure.axes[0].get_title())
    accuracy 75.0 %, balanced accuracy 75.0 %
    >>> figure.savefig("confusion.png")
    """
    counts, names = _counts(*_of_dataset(y_true, y_pred, class_names))
    support = counts.sum(axis=1)
    recalls = np.diag(counts)[support > 0] / support[support > 0]
    accuracy = np.trace(counts) / counts.sum()
    title = f"accuracy {100 * accuracy:.1f} %, balanced accuracy {100 * recalls.mean():.1f} %"
    return draw_confusion(counts, names, title)


def plot_recalls(
    y_true: ArrayLike | Dataset,
    y_pred: ArrayLike | Mapping[str, ArrayLike],
    class_names: Sequence[str] | None = None,
) -> Figure:
    """Draw the recall of each class that occurs, the class with the most samples on top.

    Where there are many classes, the largest 60 are shown.

    Parameters
    ----------
    y_true : array_like or Dataset
        As in `plot_confusion`.
    y_pred : array_like, or mapping of str to array_like
        As in `plot_confusion`; or those of several models by their names, which become bars of
        their own.
    class_names : sequence of str, length C, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    UsageError
        As `plot_confusion` does.

    Examples
    --------
    >>> import fer_model
    >>> y_true, y_pred = ["cat", "cat", "cat", "dog"], ["cat", "dog", "cat", "dog"]
    >>> figure = fer_model.plot_recalls(y_true, y_pred)
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
    ['cat (3)', 'dog (1)']
    """
    models = y_pred if isinstance(y_pred, Mapping) else {"recall": y_pred}
    if not models:
        raise UsageError("y_pred: expected predictions of one model or more, got none")
    matrices = {
        name: _counts(*_of_dataset(y_true, of_model, class_names))
        for name, of_model in models.items()
    }
    (counts, names), *_ = matrices.values()
    support = counts.sum(axis=1)
    order = np.argsort(-support, kind="stable")[: min((support > 0).sum(), MOST_CLASSES)].tolist()
    recalls = {
        name: [round(100 * counts[label, label] / support[label], 1) for label in order]
        for name, (counts, _) in matrices.items()
    }
    titles = [f"{names[label]} ({support[label]:,})" for label in order]
    return bars(titles, recalls, "recall in %")


def draw_confusion(counts: NDArray[np.int64], names: Sequence[str], title: str) -> Figure:
    """Draw a confusion matrix: a row a label, its proportions as colour, its counts as numbers.

    Parameters
    ----------
    counts : ndarray of int, shape [C, C]
    names : sequence of str, length C
    title : str
    """
    names = [shown_class(name) for name in names]
    proportions = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = 2.4 + 0.62 * min(len(names), _MOST_NAMES)
    figure = new_figure(side + 0.8, side)
    axes = figure.subplots()
    image = axes.imshow(proportions, cmap="Blues", vmin=0, vmax=1)
    if len(names) <= _MOST_NAMES:
        for (row, column), count in np.ndenumerate(counts):
            color = "white" if proportions[row, column] > 0.55 else "black"
            percent = f"\n{100 * proportions[row, column]:.0f} %"
            text = f"{count:,}{percent if len(names) <= _MOST_PERCENTAGES else ''}"
            axes.text(column, row, text, ha="center", va="center", color=color, fontsize=8)
    # A class may be called $x$: names are shown, never read as formulas.
    apart = -(-len(names) // _MOST_NAMES)
    places = range(0, len(names), apart)
    axes.set_xticks(places, names[::apart], rotation=45, ha="right", parse_math=False)
    axes.set_yticks(places, names[::apart], parse_math=False)
    axes.set(xlabel="predicted", ylabel="label", title=title)
    figure.colorbar(image, label="proportion of the label", shrink=0.8)
    return figure


def _of_dataset(
    y_true: ArrayLike | Dataset, y_pred: ArrayLike, class_names: Sequence[str] | None
) -> tuple[ArrayLike, ArrayLike, Sequence[str] | None]:
    """Return the arguments of a plot, with the labels and class names of a dataset in its place."""
    if isinstance(y_true, Dataset):
        return y_true.labels, y_pred, class_names or y_true.class_names
    return y_true, y_pred, class_names


def _counts(
    y_true: ArrayLike, y_pred: ArrayLike, class_names: Sequence[str] | None
) -> tuple[NDArray[np.int64], list[str]]:
    """Return the confusion matrix, a row a label, and the names of the classes."""
    true, predicted = _column("y_true", y_true), _column("y_pred", y_pred)
    if len(true) != len(predicted) or not len(true):
        raise UsageError(
            f"y_pred: expected as many predictions as labels, and one at least, got "
            f"{len(predicted):,} for {len(true):,} labels"
        )
    kinds = {true.dtype.kind, predicted.dtype.kind}
    if len(kinds) > 1 and class_names is None:
        raise UsageError(
            "class_names: expected the names in label order, as one of y_true and y_pred has names "
            "and the other indices, got None"
        )
    widths = {"y_true": _width(y_true), "y_pred": _width(y_pred)}
    names = [str(name) for name in class_names] if class_names is not None else []
    if class_names is None and kinds == {"U"}:
        names = sorted({*true.tolist(), *predicted.tolist()})
    elif class_names is None:
        most = max(int(max(true.max(), predicted.max())) + 1, *widths.values())
        names = [str(label) for label in range(most)]
    for name, width in widths.items():
        if width and width != len(names):
            raise UsageError(
                f"{name}: expected a column for each of {counted(len(names), 'class', 'classes')}, "
                f"got {width}"
            )
    counts = np.zeros((len(names), len(names)), np.int64)
    np.add.at(counts, (_indices("y_true", true, names), _indices("y_pred", predicted, names)), 1)
    return counts, names


def _width(values: ArrayLike) -> int:
    """Return the columns of one-hot rows, probabilities or logits; 0 of labels."""
    shape = np.shape(values)
    return shape[1] if len(shape) == 2 and shape[1] > 1 else 0


def _column(name: str, values: ArrayLike) -> NDArray[np.int64] | NDArray[np.str_]:
    """Return labels as a column of indices or of names."""
    array = np.asarray(values)
    if array.dtype.kind == "f" and np.isnan(array).any():
        row = int(np.isnan(array.reshape(len(array), -1)).any(axis=1).argmax())
        raise UsageError(f"{name}: expected numbers, got NaN in row {row + 1}")
    if array.ndim == 2 and array.shape[1] > 1 and array.dtype.kind in "fiub":
        return np.asarray(array.argmax(axis=1), np.int64)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 1 and array.dtype.kind in "OU":
        return np.asarray(array, np.str_)
    whole = array.dtype.kind in "iub" or (array.dtype.kind == "f" and (array % 1 == 0).all())
    if array.ndim != 1 or not whole or (array < 0).any():
        raise UsageError(
            f"{name}: expected class indices from 0, class names, or a row of probabilities a "
            f"sample, got {array.dtype} {list(array.shape)}"
        )
    return np.asarray(array, np.int64)


def _indices(
    name: str, column: NDArray[np.int64] | NDArray[np.str_], names: Sequence[str]
) -> NDArray[np.int64]:
    """Return the index of each label in the names of classes."""
    if column.dtype.kind == "U":
        places = {name: place for place, name in enumerate(names)}
        unknown = sorted(set(column.tolist()) - set(places))
        if unknown:
            raise UsageError(f"{name}: expected one of {', '.join(names)}, got {unknown[0]!r}")
        return np.array([places[name] for name in column.tolist()], np.int64)
    largest = int(column.astype(np.int64).max())
    if largest >= len(names):
        raise UsageError(f"{name}: expected 0 to {len(names) - 1}, got {largest}")
    return column.astype(np.int64)
