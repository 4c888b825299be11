"""The images of a batch, classes as rows: what a training sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fer_data.errors import UsageError
from fer_data.plotting.images import grid
from fer_data.util.checks import whole_number
from fer_data.util.words import counted, shown_class


def show_batch(
    batch: Any, class_names: Sequence[str] | None = None, *, per_class: int = 8
) -> Figure:
    """Draw the images of a batch, a row for each class that is in it.

    Parameters
    ----------
    batch : Batch, or (images, labels, ...)
        What a loader, ``tf.data``, Keras or a ``DataLoader`` yields, as arrays or tensors. Images
        are [B, H, W, C], [B, C, H, W] or [B, H, W], of any dtype; floats from 0 to 1 or 0 to 255
        are shown as they are, others (standardised images) from their least to their largest value.
        Labels are int [B], or one-hot or soft [B, C], of which the largest counts.
    class_names : sequence of str, optional
        In label order; by default the numbers.
    per_class : int
        Images of a class that are drawn at the most, 1 or more.

    Returns
    -------
    matplotlib.figure.Figure
        Notebooks show it; ``savefig`` writes it.

    Raises
    ------
    UsageError
        If it is no such batch.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> images = np.random.default_rng(0).integers(0, 256, (6, 48, 48), np.uint8)
    >>> loader = fer_data.open_loader((images, ["cat", "cat", "dog"] * 2), batch_size=4)
    >>> figure = fer_data.show_batch(loader.batch(0), loader.class_names)
    >>> figure.savefig("batch.png")
    """
    whole_number("per_class", per_class)
    if per_class < 1:
        raise UsageError(f"per_class: expected 1 or more, got {per_class}")
    images, labels = _columns(batch)
    present, counts = np.unique(labels, return_counts=True)
    if class_names is not None and present[-1] >= len(class_names):
        raise UsageError(
            f"class_names: expected one for each label up to {present[-1]}, got {len(class_names)}"
        )
    names = list(map(str, present)) if class_names is None else [class_names[n] for n in present]
    rows = [list(images[labels == label][:per_class]) for label in present]
    return grid(
        [f"{shown_class(name)}\n{number:,}" for name, number in zip(names, counts, strict=True)],
        rows,
        columns=min(per_class, int(counts.max())),
        title=f"batch of {counted(len(images), 'image')}",
    )


def _columns(batch: Any) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the images, uint8 [B, H, W] or [B, H, W, C], and the labels, int [B]."""
    if hasattr(batch, "images") and hasattr(batch, "labels"):
        images, labels = batch.images, batch.labels if batch.soft is None else batch.soft
    elif isinstance(batch, tuple | list) and len(batch) >= 2:
        images, labels = batch[0], batch[1]
    else:
        raise UsageError(
            f"batch: expected one batch, images and labels, got {type(batch).__name__}; of a "
            "loader or a pipeline take next(iter(...))"
        )
    images, labels = _array(images), _array(labels)
    if labels.ndim == 2:
        labels = labels.argmax(axis=1)
    if images.ndim not in (3, 4) or labels.shape != images.shape[:1] or not len(labels):
        raise UsageError(
            "batch: expected images [B, H, W, C] and as many labels, got "
            f"{list(images.shape)} and {list(labels.shape)}"
        )
    if images.ndim == 4 and images.shape[3] not in (1, 3) and images.shape[1] in (1, 3):
        images = np.moveaxis(images, 1, 3)
    if images.ndim == 4 and images.shape[3] not in (1, 3):
        raise UsageError(f"batch: expected images of 1 or 3 channels, got {list(images.shape)}")
    return _visible(images), labels.astype(np.int64)


def _array(values: Any) -> NDArray[Any]:
    """Return an array, of a tensor that may have a gradient or lie on a device, too."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
    return np.asarray(values)


def _visible(images: NDArray[Any]) -> NDArray[np.uint8]:
    if images.dtype == np.uint8:
        return np.asarray(images, np.uint8)
    values = images.astype(np.float32)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif low >= 0 and high <= 255:
        low, high = 0.0, 255.0
    scaled = 255 * (values - low) / max(high - low, 1e-9)
    return np.asarray(np.rint(np.nan_to_num(np.clip(scaled, 0, 255))), np.uint8)
