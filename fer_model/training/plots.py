"""Images of a run: curves, confusion matrix, architecture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from fer_data.util.files import atomic_file
from fer_model.plotting.confusion import draw_confusion
from fer_model.plotting.history import plot_history

if TYPE_CHECKING:
    import pandas as pd

_FILL = {
    "Conv2D": "#cfe3f5",
    "Dense": "#cfe3f5",
    "BatchNormalization": "#e7e3f4",
    "Activation": "#fbe6cf",
    "MaxPooling2D": "#d8eeda",
    "GlobalAveragePooling2D": "#d8eeda",
}


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, whole or not at all."""
    with atomic_file(path) as temporary:
        figure.savefig(temporary, dpi=120)


def curves(history: pd.DataFrame, path: Path) -> None:
    """Draw loss and accuracy of training and validation over the epochs, and the rate's drops."""
    save(plot_history(history), path)


def confusion(scores: dict[str, Any], path: Path, split: str) -> None:
    """Draw a confusion matrix: rows are labels, colours fractions of a row, numbers counts."""
    title = (
        f"{split}: accuracy {scores['accuracy']:.1%}, "
        f"balanced accuracy {scores['balanced_accuracy']:.1%}"
    )
    save(draw_confusion(np.array(scores["confusion"]), list(scores["per_class"]), title), path)


def architecture(model: keras.Model, path: Path) -> None:
    """Draw a sequential model's layers from top to bottom: kind, output shape, parameters."""
    figure = Figure(figsize=(6.4, 0.42 * (len(model.layers) + 2)))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set(xlim=(0, 10), ylim=(-(len(model.layers) + 1.2), 0.8))
    rows = [("Input", _size(model.input_shape), None)]
    rows += [(_describe(layer), _size(layer.output.shape), layer) for layer in model.layers]
    for place, (name, size, layer) in enumerate(rows):
        fill = _FILL.get(type(layer).__name__, "#eeeeee")
        axes.add_patch(
            FancyBboxPatch(
                (0.3, -place - 0.36),
                9.4,
                0.72,
                boxstyle="round,pad=0,rounding_size=0.12",
                facecolor=fill,
                edgecolor="0.6",
                linewidth=0.7,
            )
        )
        parameters = layer.count_params() if layer else 0
        axes.text(0.6, -place, name, va="center", fontsize=9)
        axes.text(6.3, -place, size, va="center", ha="center", fontsize=9, color="0.25")
        if parameters:
            axes.text(9.4, -place, f"{parameters:,}", va="center", ha="right", fontsize=9)
    total = f"{model.name}: {model.count_params():,} parameters"
    axes.text(5, -len(rows) + 0.05, total, ha="center", va="center", fontsize=9, weight="bold")
    save(figure, path)


def _describe(layer: keras.layers.Layer) -> str:
    config = layer.get_config()
    name = type(layer).__name__
    if name == "Conv2D":
        height, width = config["kernel_size"]
        return f"Conv2D {height}x{width}, {config['filters']} filters"
    details = {
        "Dense": lambda: f", {config['units']} units, {config['activation']}",
        "Activation": lambda: f" {config['activation']}",
        "Dropout": lambda: f" {config['rate']:g}",
        "MaxPooling2D": lambda: " {}x{}".format(*config["pool_size"]),
    }
    return name + details.get(name, str)()


def _size(shape: tuple[int | None, ...]) -> str:
    return " x ".join(str(side) for side in shape[1:])
