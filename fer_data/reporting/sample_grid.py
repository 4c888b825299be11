"""A labelled grid of samples, classes as rows: the first look at a data set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from fer_data.data.labels import split_to_take
from fer_data.data.store import PixelStore
from fer_data.errors import DataError
from fer_data.reporting.figure import save_figure
from fer_data.util.keyed import SAMPLES, generator
from fer_data.util.words import counted, shown_class

_MOST_INCHES = 120.0
"""Height of a grid; with more classes than that their pictures are drawn smaller."""


def draw_samples(
    store: PixelStore, out: str | Path, *, split: str | None = None, columns: int = 8, seed: int = 0
) -> None:
    """Draw `columns` random samples of each class of a split to an image file.

    Parameters
    ----------
    store : PixelStore
    out : path
        Its ending says the format: png, pdf, svg, jpg …
    split : str, optional
        By default train, or the only one that there is.
    columns : int
        1 or more; a class with fewer samples leaves places empty.
    seed : int

    Raises
    ------
    DataError
        If the split has no labelled sample, or the file cannot be written.
    UsageError
        If no split is named and there are several without train.

    Examples
    --------
    >>> import fer_data
    >>> fer_data.write_synthetic("faces", num_images=70)
    >>> fer_data.draw_samples(fer_data.open_store("faces"), "samples.png", columns=4)
    """
    dataset = store.dataset
    split = split_to_take(split, dataset.splits, str(dataset.root))
    rows = dataset.indices(split)
    counts = dataset.class_counts(split)
    if not counts.any():
        raise DataError(f"{dataset.root}: the {split} split has no labels to arrange samples by")
    height, width, channels = store.form.shape
    gap = max(1, min(height, width) // 16)
    cell = np.array([height + gap, width + gap])
    # One picture of all: axes of their own would take minutes with hundreds of classes.
    canvas = np.full((*(cell * (len(counts), columns) - gap), channels), 255, np.uint8)
    for label in range(len(counts)):
        members = rows[dataset.labels[rows] == label]
        chosen = generator(seed, SAMPLES, label).permutation(members)[:columns]
        for place, row in enumerate(chosen):
            top, left = cell * (label, place)
            canvas[top : top + height, left : left + width] = store.pixels[row]
    inches = min(1.0, _MOST_INCHES / len(counts))
    figure = Figure(figsize=(1.6 + columns * inches, 0.4 + len(counts) * inches))
    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    axes.imshow(canvas[..., 0] if channels == 1 else canvas, cmap="gray", vmin=0, vmax=255)
    axes.set_frame_on(False)
    names = [
        f"{shown_class(name)}{chr(10) if inches > 0.5 else ' '}{count:,}"
        for name, count in zip(dataset.class_names, counts, strict=True)
    ]
    middles = np.arange(len(counts)) * cell[0] + height / 2
    axes.set_yticks(middles, names, fontsize=min(10.0, 60 * inches), parse_math=False)
    axes.tick_params(length=0)
    axes.set_xticks([])
    figure.suptitle(f"{split}: {counted(int(counts.sum()), 'sample')}", fontsize=11)
    save_figure(figure, out)
