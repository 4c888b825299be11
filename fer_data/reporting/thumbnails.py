"""Thumbnails for the report, embedded in the page as data URIs."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fer_data.data.changes import Changes
from fer_data.data.decode import PixelFormat, Raw, decode, image_info, is_grey
from fer_data.data.store import PixelStore
from fer_data.errors import DataError
from fer_data.util.keyed import SAMPLES, generator
from fer_data.util.png import encode_grey
from fer_data.util.words import counted, shown_class

_HEIGHT, _WIDTH = 96, 288
"""Of a thumbnail, in pixels, at the most; the page shows it half as large."""

_MOST_KINDS = 12
"""Images of a group that are shown at the most, where all differ in split or label."""

_MOST_WORDS = 12
"""Classes of a group that are named at the most."""


class Thumbnail(NamedTuple):
    """An image of the page: its data URI, its class, and what it shows, in words."""

    source: str
    class_name: str
    words: str


class Group(NamedTuple):
    """Some images of a group, how many more it has, and the classes of all by split."""

    images: list[Thumbnail]
    num_hidden: int
    words: str


def thumbnails(store: PixelStore, rows: Iterable[int]) -> dict[int, Thumbnail]:
    """Return thumbnails of samples, by row, in their own colour and aspect ratio.

    The caption of each is its name, split and class.
    """
    dataset = store.dataset
    chosen = sorted(set(rows))
    taken = dataset.take(np.array(chosen, np.int64))
    shown = {row: data_uri(store.pixels[row, :, :, 0]) for row in chosen}
    if store.report.changes != Changes():  # else the store has the images as they are
        for chunk in taken.source_chunks().chunks:
            for place, name, raw in chunk.raw_images():
                if not isinstance(raw, DataError):
                    shown[chosen[place]] = (
                        _original(raw, name, store.form.bits) or shown[chosen[place]]
                    )
    thumbs = {}
    for row, name in zip(chosen, taken.sample_ids(), strict=True):
        code, class_name = int(dataset.split_codes[row]), _class_name(store, row)
        words = f"{name} ({dataset.splits[code]}, {class_name})"
        thumbs[row] = Thumbnail(shown[row], class_name, words)
    return thumbs


def _original(raw: Raw, name: str, bits: int | None) -> str | None:
    """Return an image as a data URI, reduced where it is large; None if it is unreadable."""
    try:
        height, width, color = image_info(raw, name)
        scale = min(1.0, _HEIGHT / height, _WIDTH / width)
        form = PixelFormat(
            max(1, round(height * scale)),
            max(1, round(width * scale)),
            "grey" if is_grey(color) else "rgb",
            bits=bits,
        )
        pixels = decode(raw, form, name).pixels
    except DataError:  # it has changed since the store was built
        return None
    file = io.BytesIO()
    image = Image.fromarray(pixels[:, :, 0] if form.color == "grey" else pixels)
    kind = "PNG" if scale == 1 else "JPEG"
    image.save(file, kind, **({} if scale == 1 else {"quality": 88}))
    text = base64.b64encode(file.getvalue()).decode("ascii")
    return f"data:image/{kind.lower()};base64,{text}"


def samples_by_class(
    store: PixelStore, split: str, *, columns: int, most_classes: int
) -> dict[str, list[Thumbnail]]:
    """Return random samples of each class of a split; of the first ones if there are many."""
    dataset = store.dataset
    rows = dataset.indices(split)
    chosen = {}
    for label, name in enumerate(dataset.class_names[:most_classes]):
        members = rows[dataset.labels[rows] == label]
        chosen[shown_class(name)] = (
            generator(0, SAMPLES, label).permutation(members)[:columns].tolist()
        )
    thumbs = thumbnails(store, (row for of_class in chosen.values() for row in of_class))
    return {name: [thumbs[row] for row in of_class] for name, of_class in chosen.items()}


def mean_by_class(store: PixelStore, split: str, *, most_classes: int) -> list[Thumbnail]:
    """Return the mean image of each class of a split that has samples."""
    dataset = store.dataset
    rows = dataset.indices(split)
    thumbs = []
    for label, name in enumerate(dataset.class_names[:most_classes]):
        members = rows[dataset.labels[rows] == label]
        if len(members):
            blocks = np.array_split(members, -(-len(members) // 1024))
            total = sum(
                store.pixels[block, :, :, 0].sum(axis=0, dtype=np.int64) for block in blocks
            )
            mean = np.asarray(total) / len(members)
            words = f"{shown_class(name)}, mean of {len(members):,}"
            uri = data_uri(mean.round().astype(np.uint8))
            thumbs.append(Thumbnail(uri, shown_class(name), words))
    return thumbs


def of_groups(
    store: PixelStore, groups: Iterable[tuple[int, ...]], *, most: int, most_of_each: int
) -> list[Group]:
    """Return the first groups with some images of each: one of each split and label first."""
    shown = [(group, *_shown(store, group, most_of_each)) for group in islice(groups, most)]
    thumbs = thumbnails(store, (row for _, rows, _ in shown for row in rows))
    return [
        Group([thumbs[row] for row in rows], len(group) - len(rows), words)
        for group, rows, words in shown
    ]


def _shown(store: PixelStore, group: Sequence[int], most: int) -> tuple[list[int], str]:
    """Return the rows of a group that are shown, and the classes of all by split, in words."""
    dataset = store.dataset
    of_split: dict[str, int] = {}
    of_class: dict[tuple[str, str], int] = {}
    classes: dict[str, list[str]] = {}
    for row in group:
        split, name = dataset.splits[dataset.split_codes[row]], _class_name(store, row)
        of_split.setdefault(split, row)
        if of_class.setdefault((split, name), row) == row:
            classes.setdefault(split, []).append(name)
    ranked = dict.fromkeys((*of_split.values(), *of_class.values(), *group))
    shown = set(islice(ranked, max(most, min(len(of_class), _MOST_KINDS))))
    words = [
        f"{split}: {_listed(names)}" if len(classes) > 1 else _listed(names)
        for split, names in classes.items()
    ]
    return [row for row in group if row in shown], "; ".join(words)


def _listed(names: list[str]) -> str:
    shown = " / ".join(names[:_MOST_WORDS])
    hidden = len(names) - _MOST_WORDS
    return shown + (f" and {counted(hidden, 'more class', 'more classes')}" if hidden > 0 else "")


def _class_name(store: PixelStore, row: int) -> str:
    label = int(store.dataset.labels[row])
    return shown_class(store.dataset.class_names[label]) if label >= 0 else "no label"


def data_uri(pixels: NDArray[np.uint8]) -> str:
    """Return a grey image, uint8 [H, W], as a PNG in a data URI."""
    png = encode_grey(np.ascontiguousarray(pixels))
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
