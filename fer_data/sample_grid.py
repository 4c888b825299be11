"""A labelled grid of samples, classes as rows: the first look at a data set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from fer_data.errors import DataError
from fer_data.figure import save_figure
from fer_data.keyed import SAMPLES, generator
from fer_data.manifest import printable
from fer_data.store import PixelStore


def draw_samples(
    store: PixelStore, out: str | Path, *, split: str = "train", columns: int = 8, seed: int = 0
) -> None:
    """Draw `columns` random samples of each class of a split to an image file.

    Parameters
    ----------
    store : PixelStore
    out : path
        Its ending says the format: png, pdf, svg, jpg …
    split : str
    columns : int
        1 or more; a class with fewer samples leaves places empty.
    seed : int

    Raises
    ------
    DataError
        If the split has no labelled sample, or the file cannot be written.
    """
    manifest = store.manifest
    rows = manifest.rows(split)
    counts = manifest.counts(split)
    if not counts.any():
        raise DataError(f"{manifest.root}: the {split} split has no labels to arrange samples by")
    figure = Figure(figsize=(1.6 + columns, 0.4 + len(counts)), layout="constrained")
    grid = figure.subplots(len(counts), columns, squeeze=False)
    for label, axes_row in enumerate(grid):
        members = rows[manifest.labels[rows] == label]
        chosen = generator(seed, SAMPLES, label).permutation(members)[:columns]
        for place, axes in enumerate(axes_row):
            axes.set(xticks=[], yticks=[])
            axes.set_frame_on(False)
            if place < len(chosen):
                picture = np.asarray(store.pixels[chosen[place]])
                axes.imshow(
                    picture[..., 0] if picture.shape[-1] == 1 else picture,
                    cmap="gray",
                    vmin=0,
                    vmax=255,
                )
        name = f"{printable(manifest.class_names[label])}\n{counts[label]:,}"
        axes_row[0].set_ylabel(
            name, rotation=0, ha="right", va="center", fontsize=10, parse_math=False
        )
    figure.suptitle(f"{split}: {counts.sum():,} samples", fontsize=11)
    save_figure(figure, out)
