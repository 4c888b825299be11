"""The curves of a training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fer_data.errors import UsageError
from fer_data.plotting.figure import new_figure

_NO_METRICS = ("epoch", "learning_rate", "lr", "seconds", "steps", "step")
_COLUMNS = 2
_VALIDATION = "val_"


def plot_history(history: Any) -> Figure:
    """Draw the curves of a training: loss and metrics of training and validation over the epochs.

    Dotted lines mark the epochs that lowered the learning rate, where it stands in a column
    ``learning_rate`` and most epochs left it as it was.

    Parameters
    ----------
    history : DataFrame, mapping of str to sequence of float, or keras.callbacks.History
        A row an epoch. Validation is in columns ``val_<name>``. ``model.fit`` returns a History,
        `Run.history` is a DataFrame. Epochs are those of a column ``epoch``, or counted from 1.

    Returns
    -------
    matplotlib.figure.Figure
        Which notebooks show; ``savefig`` writes it.

    Raises
    ------
    UsageError
        If there is no epoch, or no metric.

    Examples
    --------
    >>> import fer_model
    >>> history = {"loss": [1.0, 0.6, 0.5], "val_loss": [1.1, 0.9, 1.0]}
    >>> figure = fer_model.plot_history(history)
    >>> figure.axes[0].get_ylabel()
    'loss'
    >>> figure.savefig("curves.png")
    """
    columns = _columns(history)
    length = len(next(iter(columns.values()), ()))
    names = list(dict.fromkeys(name.removeprefix(_VALIDATION) for name in columns))
    names = [name for name in names if name not in _NO_METRICS]
    if not names or not length:
        raise UsageError(
            "history: expected an epoch or more of columns such as loss and val_loss, got "
            f"{length:,} of {', '.join(columns) or 'none'}"
        )
    names.sort(key=lambda name: name != "loss")  # the loss first, all else as it comes
    epochs = columns.get("epoch", np.arange(1, length + 1))
    rates = columns.get("learning_rate", columns.get("lr", np.zeros(0)))
    lowered = epochs[1:][np.diff(rates) < 0] if len(rates) else epochs[:0]
    if 2 * len(lowered) >= length:  # it is lowered all the time: no line says anything
        lowered = epochs[:0]
    wide = min(_COLUMNS, len(names))
    high = -(-len(names) // wide)
    figure = new_figure(5 * wide, 4 if high == 1 else 3 * high)
    panels = figure.subplots(high, wide, squeeze=False).ravel()
    for axes, name in zip(panels, names, strict=False):
        for column, label in ((name, "training"), (f"{_VALIDATION}{name}", "validation")):
            if column in columns:
                axes.plot(epochs, columns[column], marker=".", label=label)
        for epoch in lowered:
            axes.axvline(epoch, color="0.7", linestyle=":", linewidth=1)
        axes.set_xlabel("epoch")
        axes.set_ylabel(name.replace("_", " "), parse_math=False)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.3)
        axes.legend()
    for axes in panels[len(names) :]:
        axes.set_axis_off()
    if len(lowered):
        figure.supxlabel("dotted: the learning rate was lowered", fontsize="small", color="0.4")
    return figure


def _columns(history: Any) -> dict[str, NDArray[np.float64]]:
    """Return the columns of numbers of a history, float64 [E], by name."""
    by_name = getattr(history, "history", history)  # of Keras, which keeps a dict there
    if not isinstance(by_name, Mapping) and not hasattr(by_name, "columns"):
        raise UsageError(
            "history: expected a DataFrame, a dict of lists or the History that fit returns, got "
            f"{type(history).__name__}"
        )
    columns = {}
    for name in by_name:
        values = np.asarray(by_name[name])
        if values.ndim == 1 and values.dtype.kind in "fiub":
            columns[str(name)] = values.astype(np.float64)
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        raise UsageError(f"history: expected columns of one length, got {sorted(lengths)}")
    return columns
