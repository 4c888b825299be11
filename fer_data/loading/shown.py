"""Display of loaders and batches in notebooks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.data.preview import image_tags
from fer_data.util import notebook
from fer_data.util.words import shown_class

_IMAGES = 16
_CLASSES = 5
_COMMON = {
    ("drop_remainder", "False"),
    ("shuffle", "True"),
    ("mix", "none"),
    ("soft", "False"),
}


def loader_repr(loader: Any) -> str:
    """Return the data of a `Loader`, and its settings but the commonest, in a line."""
    shown = ", ".join(
        f"{name}={value}"
        for name, value in loader.settings().items()
        if name != "data" and (name, value) not in _COMMON
    )
    empty = [shown_class(loader.class_names[label]) for label in np.flatnonzero(loader.counts == 0)]
    lacking = f", no sample of {', '.join(empty[:_CLASSES])}" if empty else ""
    lacking += f" and {len(empty) - _CLASSES:,} more classes" if len(empty) > _CLASSES else ""
    return f"Loader({loader.store.dataset!r}, {len(loader.rows):,} samples{lacking}, {shown})"


def loader_html(loader: Any) -> str:
    """Return what a `Loader` draws of each class in its first epoch, and its settings."""
    draws = np.bincount(loader.labels[loader.plan(0).samples], minlength=loader.num_classes)
    columns = [loader.counts.tolist(), draws.tolist()]
    head = ["class", "samples", "draws an epoch"]
    if loader.weights:
        columns.append(loader.class_weights.tolist())
        head.append("weight")
    names = map(shown_class, loader.class_names)
    settings = {name: value for name, value in loader.settings().items() if name != "data"}
    return notebook.page(
        f"Loader of {loader.store.dataset.root}",
        f"{len(loader.rows):,} samples, {loader.num_steps:,} steps of {loader.batch_size:,} an "
        f"epoch, balance {loader.balance}",
        notebook.table(head, zip(names, *columns, strict=True), most=60, kind="classes"),
        notebook.folded("settings", notebook.settings(settings)),
    )


def batch_repr(batch: Any) -> str:
    """Return the shapes of a `Batch`, and the samples of each label."""
    return f"Batch(images {batch.images.dtype} {list(batch.images.shape)}, {_labels(batch)})"


def batch_html(batch: Any) -> str:
    """Return the samples of each label of a `Batch`, and its first images."""
    images = batch.images[:_IMAGES]
    shown = image_tags(map(_visible, images)) if images.ndim == 4 and len(images) else ""
    hidden = len(batch.images) - len(images)
    return notebook.page(
        "Batch",
        f"images {batch.images.dtype} {list(batch.images.shape)}, {_labels(batch)}",
        shown,
        notebook.note(f"… {hidden:,} more images") if hidden and shown else "",
    )


def _labels(batch: Any) -> str:
    labels, counts = np.unique(batch.labels, return_counts=True)
    parts = [f"{label} ×{count}" for label, count in zip(labels[:12], counts[:12], strict=True)]
    more = [f"and {len(labels) - 12:,} more"] if len(labels) > 12 else []
    mixed = ", mixed" if batch.mixed is not None else ""
    return f"labels {', '.join(parts + more)}{mixed}"


def _visible(image: NDArray[Any]) -> NDArray[np.uint8]:
    """Return an image, [H, W, C], as pixels; values below 0 or above 255 are spread to these."""
    values = image.astype(np.float32)
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > 255:
        values = (values - low) * (255 / max(high - low, 1e-6))
    elif image.dtype.kind == "f" and high <= 1:
        values = values * 255
    pixels = np.rint(values).clip(0, 255).astype(np.uint8)
    return pixels if pixels.shape[-1] == 3 else pixels[..., 0]
