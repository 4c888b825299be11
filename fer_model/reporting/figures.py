"""The comparison's plots, each with its numbers as a table."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fer_data.plotting.svg import COLORS, STYLE
from fer_data.util.words import printable
from fer_model.comparison.results import Results
from fer_model.plotting.differences import draw_differences
from fer_model.plotting.panels import shared_panels
from fer_model.reporting.plot import Plot, plain_labels
from fer_model.statistics.calibration import Calibration
from fer_model.words import figure_name

MOST_CLASSES = 40
"""Classes that a plot shows at the most."""
_COLUMNS = 3


def forest(results: Results) -> Plot:
    """Draw every arm's differences to the baseline with their intervals, a panel a figure."""
    differences = results.differences
    rows = [differences.of(arm, figure) for figure in results.compared for arm in differences.arms]
    table = pd.DataFrame(
        {
            "figure": [row.figure for row in rows],
            "arm": [row.arm for row in rows],
            "difference": [row.estimate for row in rows],
            "low": [row.known["low"] for row in rows],
            "high": [row.known["high"] for row in rows],
            "p": [row.known["p_value"] for row in rows],
            "p_holm": [row.known["p_holm"] for row in rows],
        }
    )
    drawn = draw_differences(differences, results.compared, results.arms[0])
    words = f"Differences to {results.arms[0]} in points, with 95 % intervals: " + "; ".join(
        f"{row.arm} {figure_name(row.figure)} {row.in_points}"
        for row in rows
        if row.figure == results.figure
    )
    if any(row.is_open for row in rows):
        words += ". Hollow circles have no interval"
    return Plot("differences", drawn, words, table)


def confusions(results: Results) -> Plot | None:
    """Draw each arm's confusion matrix, rows as fractions, and what differs from the baseline's."""
    size = len(results.class_names)
    if size > MOST_CLASSES:
        return None
    names = [printable(name) for name in results.class_names]
    guesses = results.predicted_labels
    matrices = []
    for of_arm in guesses:
        counts = np.zeros((size, size))
        for of_seed in of_arm:
            np.add.at(counts, (results.labels, of_seed), 1)
        matrices.append(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))
    table = pd.DataFrame(
        [
            (
                arm,
                names[row],
                names[column],
                matrix[row, column],
                (matrix - matrices[0])[row, column],
            )
            for arm, matrix in zip(results.arms, matrices, strict=True)
            for row in range(size)
            for column in range(size)
        ],
        columns=["arm", "label", "predicted", "fraction", "less_baseline"],
    )
    num = len(results.arms)
    side = max(2.2, 0.33 * size + 0.9)
    with mpl.rc_context(STYLE):
        drawn = Figure(figsize=(2 * side, num * side), layout="constrained")
        panels = drawn.subplots(num, 2, squeeze=False)
        for place, (arm, matrix) in enumerate(zip(results.arms, matrices, strict=True)):
            _matrix(panels[place, 0], matrix, names, arm, "Blues", (0, 1))
            if place:
                apart = matrix - matrices[0]
                title = f"{arm}\ndifference from {results.arms[0]}"
                _matrix(panels[place, 1], apart, names, title, "RdBu", (-0.5, 0.5))
            else:
                panels[place, 1].set_axis_off()
        drawn.supxlabel("predicted class; numbers are percentages of the true class", fontsize=9)
        drawn.supylabel("true class", fontsize=9)
    words = "Confusion matrices: fraction of each class (rows) that is taken for another (columns)"
    return Plot("confusions", drawn, words, table)


def curves(results: Results) -> Plot | None:
    """Draw loss and accuracy of training and validation: mean over seeds, least to greatest.

    A new head has no epochs, and a training of the user's own no history; None without any.
    """
    training = results.training
    histories = {
        place: [run.history for run in runs]
        for place, runs in enumerate(training.runs if training else ())
        if training and training.protocol.arms[place].head is None
    }
    histories = {place: tables for place, tables in histories.items() if all(map(len, tables))}
    if not histories:
        return None
    columns = ("loss", "val_loss", "accuracy", "val_accuracy")
    titles = ("training loss", "validation loss", "training accuracy", "validation accuracy")
    parts = []
    with mpl.rc_context(STYLE):
        drawn = Figure(figsize=(8, 5), layout="constrained")
        panels = drawn.subplots(2, 2).ravel()
        for place, tables in histories.items():
            for seed, table in zip(results.seeds, tables, strict=True):
                parts.append(table.assign(arm=results.arms[place], seed=seed))
            for axes, column in zip(panels, columns, strict=True):
                values = np.stack([table[column].to_numpy() for table in tables])
                epochs = tables[0]["epoch"].to_numpy()
                color = COLORS[place % len(COLORS)]
                axes.fill_between(
                    epochs, values.min(axis=0), values.max(axis=0), color=color, alpha=0.15, lw=0
                )
                marker = "o" if len(epochs) == 1 else None
                axes.plot(
                    epochs,
                    values.mean(axis=0),
                    marker=marker,
                    color=color,
                    lw=1.5,
                    label=results.arms[place],
                )
        for axes, title in zip(panels, titles, strict=True):
            axes.set_title(title, fontsize=9)
            axes.set_xlabel("epoch", fontsize=8)
        legend = panels[0].legend(fontsize=7)
        for text in legend.get_texts():
            text.set_parse_math(False)
    words = (
        "Loss and accuracy by epoch, the mean over seeds and the range; losses of different kinds "
        "are not comparable"
    )
    return Plot("curves", drawn, words, pd.concat(parts))


def reliability(results: Results, calibrations: tuple[Calibration | None, ...]) -> Plot | None:
    """Draw how often each arm is right by how sure it is; None without any probabilities."""
    known = [
        (place, arm, calibration)
        for place, (arm, calibration) in enumerate(zip(results.arms, calibrations, strict=True))
        if calibration is not None
    ]
    if not known:
        return None
    table = pd.DataFrame(
        [
            (
                arm,
                calibration.edges[k],
                calibration.edges[k + 1],
                int(calibration.counts[k]),
                calibration.confidence[k],
                calibration.accuracy[k],
            )
            for _, arm, calibration in known
            for k in range(len(calibration.counts))
        ],
        columns=["arm", "from", "to", "samples", "confidence", "accuracy"],
    )
    rows = -(-len(known) // _COLUMNS)
    with mpl.rc_context(STYLE):
        drawn = Figure(figsize=(8, 2.6 * rows), layout="constrained")
        panels = shared_panels(drawn, len(known), _COLUMNS)
        for axes, (place, arm, calibration) in zip(panels, known, strict=True):
            axes.plot([0, 1], [0, 1], color="#8c8c8c", lw=1)
            used = calibration.counts > 0
            sizes = 12 + 160 * calibration.counts[used] / calibration.counts.sum()
            color = COLORS[place % len(COLORS)]
            axes.plot(calibration.confidence[used], calibration.accuracy[used], color=color, lw=1)
            axes.scatter(
                calibration.confidence[used], calibration.accuracy[used], sizes, color=color
            )
            title = axes.set_title(f"{arm}: error {calibration.error:.3f}", fontsize=9)
            title.set_parse_math(False)
        drawn.supxlabel("confidence", fontsize=9)
        drawn.supylabel("accuracy", fontsize=9)
    words = "Accuracy by confidence, all seeds; expected calibration error: " + ", ".join(
        f"{arm} {calibration.error:.3f}" for _, arm, calibration in known
    )
    return Plot("calibration", drawn, words, table)


def _matrix(
    axes: Axes,
    matrix: np.ndarray,
    names: list[str],
    title: str,
    colors: str,
    limits: tuple[float, float],
) -> None:
    axes.imshow(matrix, cmap=colors, vmin=limits[0], vmax=limits[1])
    axes.set_title(title, fontsize=9).set_parse_math(False)
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    plain_labels(axes)
    if len(names) > 12:
        return
    signed = limits[0] < 0
    for row, values in enumerate(matrix):
        for column, value in enumerate(values):
            text = f"{100 * value:+.0f}" if signed else f"{100 * value:.0f}"
            strong = abs(value) > 0.6 * limits[1]
            color = "#ffffff" if strong else "#222222"
            axes.text(column, row, text, ha="center", va="center", fontsize=6, color=color)
