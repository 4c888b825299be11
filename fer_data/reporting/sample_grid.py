"""A labelled grid of samples, classes as rows: the first look at a data set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fer_data.data.preview import thumbnails
from fer_data.data.reading import DatasetLike, load
from fer_data.data.split_names import split_to_take
from fer_data.data.store import PixelStore
from fer_data.errors import DataError, UsageError
from fer_data.plotting.images import grid
from fer_data.reporting.figure import save_figure
from fer_data.util.checks import whole_number
from fer_data.util.keyed import SAMPLES, generator
from fer_data.util.words import counted, shown_class

_MOST_CLASSES = 100
"""Classes that `show_samples` draws at the most."""

_SIDE = 96
"""Height and width of an image that it draws, in pixels, at the most."""


def draw_samples(
    store: PixelStore, out: str | Path, *, split: str | None = None, columns: int = 8, seed: int = 0
) -> None:
    """Draw `columns` random samples of each class of a split to an image file.

    Parameters
    ----------
    store : PixelStore
    out : path
        The suffix gives the format: png, pdf, svg, jpg …
    split : str, optional
        By default train, or the only split.
    columns : int
        1 or more; a class with fewer samples leaves cells empty.
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
    chosen = [
        generator(seed, SAMPLES, label).permutation(rows[dataset.labels[rows] == label])[:columns]
        for label in range(len(counts))
    ]
    images = [[store.pixels[row] for row in of_class] for of_class in chosen]
    title = f"{split}: {counted(int(counts.sum()), 'sample')}"
    names = _names(dataset.class_names, counts)
    save_figure(grid(names, images, columns=columns, title=title), out)


def show_samples(data: DatasetLike, *, per_class: int = 8, seed: int = 0) -> Figure:
    """Draw random samples of each class.

    Only the images that are drawn are decoded. They keep their colour and aspect ratio.

    Parameters
    ----------
    data : path or Dataset
        What `fer_data.load` takes: its training split, or all samples where there is none. Another
        split is ``show_samples(data["test"])``.
    per_class : int
        1 or more; a class with fewer samples leaves cells empty.
    seed : int
        Another seed shows other samples.

    Returns
    -------
    matplotlib.figure.Figure
        Notebooks show it; ``savefig`` writes it. Of more than 100 classes it shows those with the
        most samples.

    Raises
    ------
    DataError
        If the data cannot be read, or no sample has a label, or no image of those can be decoded.
    UsageError
        If `per_class` is not a whole number, 1 or more.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> images = np.random.default_rng(0).integers(0, 256, (6, 48, 48), np.uint8)
    >>> figure = fer_data.show_samples((images, ["cat", "dog", "dog"] * 2), per_class=3)
    >>> figure.savefig("samples.png")
    """
    whole_number("per_class", per_class)
    if per_class < 1:
        raise UsageError(f"per_class: expected 1 or more, got {per_class}")
    dataset = load(data)
    dataset.check_labels()
    if "train" in dataset.splits and dataset.class_counts("train").any():
        dataset = dataset["train"]
    counts = np.bincount(dataset.labels[dataset.labels >= 0], minlength=len(dataset.class_names))
    if not counts.any():
        raise DataError(f"{dataset.root}: expected samples to draw, got none")
    shown = np.sort(np.argsort(-counts, kind="stable")[:_MOST_CLASSES])
    chosen = [
        generator(seed, SAMPLES, label).permutation(np.flatnonzero(dataset.labels == label))
        for label in shown.tolist()
    ]
    taken = np.sort(np.concatenate([of_class[:per_class] for of_class in chosen]))
    thumbs = dict(thumbnails(dataset.take(taken), _SIDE))
    if not thumbs:
        raise DataError(f"{dataset.root}: no image of {counted(len(taken), 'sample')} is readable")
    places = {row: place for place, row in enumerate(taken.tolist())}
    images = [
        [thumbs[places[row]] for row in of_class[:per_class].tolist() if places[row] in thumbs]
        for of_class in chosen
    ]
    title = f"{', '.join(dataset.splits)}: {counted(int(counts.sum()), 'sample')}"
    if len(shown) < len(counts):
        title += f"; {len(shown)} of {len(counts):,} classes, those with the most samples"
    names = _names([dataset.class_names[label] for label in shown], counts[shown])
    return grid(names, images, columns=per_class, title=title)


def _names(class_names: Sequence[str], counts: NDArray[np.int64]) -> list[str]:
    return [
        f"{shown_class(name)}\n{count:,}" for name, count in zip(class_names, counts, strict=True)
    ]
