"""Pictures of the data set as the report shows them: inside the page, as PNG in data URIs."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fer_data.keyed import SAMPLES, generator
from fer_data.manifest import shown_class
from fer_data.pixels.png import encode_grey
from fer_data.store.store import PixelStore
from fer_data.words import counted

_MOST_KINDS = 12
"""Pictures of a group that are shown at the most, where all differ in split or label."""

_MOST_WORDS = 12
"""Classes of a group that are named at the most."""


class Thumbnail(NamedTuple):
    """A picture of the page: its data URI, its class, and what it shows, in words."""

    source: str
    class_name: str
    words: str


class Group(NamedTuple):
    """Some pictures of a group, how many more it has, and the classes of all by split."""

    pictures: list[Thumbnail]
    num_hidden: int
    words: str


def thumbnail(store: PixelStore, row: int) -> Thumbnail:
    """Return a sample's picture; the words are its name, split and class."""
    manifest = store.manifest
    (name,) = manifest.take(np.array([row])).sample_ids()
    code, class_name = int(manifest.split_codes[row]), _class_name(store, row)
    words = f"{name} ({manifest.splits[code]}, {class_name})"
    return Thumbnail(data_uri(store.pixels[row, :, :, 0]), class_name, words)


def samples_by_class(
    store: PixelStore, split: str, *, columns: int, most_classes: int
) -> dict[str, list[Thumbnail]]:
    """Return random samples of each class of a split; of many classes, of the first ones."""
    manifest = store.manifest
    rows = manifest.rows(split)
    found = {}
    for label, name in enumerate(manifest.class_names[:most_classes]):
        members = rows[manifest.labels[rows] == label]
        chosen = generator(0, SAMPLES, label).permutation(members)[:columns]
        found[shown_class(name)] = [thumbnail(store, int(row)) for row in chosen]
    return found


def mean_by_class(store: PixelStore, split: str, *, most_classes: int) -> list[Thumbnail]:
    """Return the mean picture of each class of a split that has samples."""
    manifest = store.manifest
    rows = manifest.rows(split)
    found = []
    for label, name in enumerate(manifest.class_names[:most_classes]):
        members = rows[manifest.labels[rows] == label]
        if len(members):
            blocks = np.array_split(members, -(-len(members) // 1024))
            total = sum(
                store.pixels[block, :, :, 0].sum(axis=0, dtype=np.int64) for block in blocks
            )
            mean = np.asarray(total) / len(members)
            words = f"{shown_class(name)}, mean of {len(members):,}"
            uri = data_uri(mean.round().astype(np.uint8))
            found.append(Thumbnail(uri, shown_class(name), words))
    return found


def of_groups(
    store: PixelStore, groups: Iterable[tuple[int, ...]], *, most: int, most_of_each: int
) -> list[Group]:
    """Return the first groups, and of each some pictures: one of each split and label first."""
    return [_group(store, group, most_of_each) for group in islice(groups, most)]


def _group(store: PixelStore, group: tuple[int, ...], most: int) -> Group:
    manifest = store.manifest
    of_split: dict[str, int] = {}
    of_class: dict[tuple[str, str], int] = {}
    classes: dict[str, list[str]] = {}
    for row in group:
        split, name = manifest.splits[manifest.split_codes[row]], _class_name(store, row)
        of_split.setdefault(split, row)
        if of_class.setdefault((split, name), row) == row:
            classes.setdefault(split, []).append(name)
    ranked = dict.fromkeys((*of_split.values(), *of_class.values(), *group))
    shown = set(islice(ranked, max(most, min(len(of_class), _MOST_KINDS))))
    pictures = [thumbnail(store, row) for row in group if row in shown]
    words = [
        f"{split}: {_listed(names)}" if len(classes) > 1 else _listed(names)
        for split, names in classes.items()
    ]
    return Group(pictures, len(group) - len(pictures), "; ".join(words))


def _listed(names: list[str]) -> str:
    shown = " / ".join(names[:_MOST_WORDS])
    hidden = len(names) - _MOST_WORDS
    return shown + (f" and {counted(hidden, 'more class', 'more classes')}" if hidden > 0 else "")


def _class_name(store: PixelStore, row: int) -> str:
    label = int(store.manifest.labels[row])
    return shown_class(store.manifest.class_names[label]) if label >= 0 else "no label"


def data_uri(pixels: NDArray[np.uint8]) -> str:
    """Return a grey picture, uint8 [H, W], as a PNG in a data URI."""
    png = encode_grey(np.ascontiguousarray(pixels))
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
