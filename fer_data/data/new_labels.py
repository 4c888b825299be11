"""A `Dataset` under other labels; see `Dataset.relabel`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fer_data.data.chosen import UNLABELLED, class_of, classes_of, indices_of


def relabelled(data: Any, labels: Mapping[str, str] | ArrayLike) -> Any:
    """Return a `Dataset` under other labels, those of some samples or all."""
    names = np.array([*data.class_names, ""])[data.labels].astype(object)
    named = np.ones(len(data), np.bool_)
    if isinstance(labels, Mapping):
        found = indices_of(list(labels), len(data), data.sample_ids, data.root)
        named = np.isin(np.arange(len(data)), found)
        names[found] = [class_of(label, data.class_names) for label in labels.values()]
    else:
        names = classes_of(labels, data.class_names, len(data))
    wider = with_classes(data, {name for name in names.tolist() if name})
    place = {name: code for code, name in enumerate(wider.class_names)} | {"": UNLABELLED}
    codes = np.array([place[name] for name in names.tolist()], np.int32)
    changed = int((wider.labels != codes).sum())
    own = np.where(named, wider.labels, UNLABELLED).astype(np.int32)
    return replace(wider, labels=codes, own_labels=own, soft_labels=None).noted(
        f"{changed:,} labels changed"
    )


def with_classes(data: Any, names: Iterable[str]) -> Any:
    """Return a `Dataset` with further classes, alphabetical if its own are, else last."""
    new = sorted(set(names) - set(data.class_names))
    if not new:
        return data
    classes = (*data.class_names, *new)
    if data.class_names == tuple(sorted(data.class_names)):
        classes = tuple(sorted(classes))
    codes = [*map(classes.index, data.class_names)]
    code_of = np.array([*codes, UNLABELLED], np.int32)
    soft, own = data.soft_labels, data.own_labels
    if soft is not None:
        wide = np.zeros((len(data), len(classes)), np.float32)
        wide[:, codes] = soft
        soft = wide
    own = None if own is None else code_of[own]
    labels = code_of[data.labels]
    return replace(data, class_names=classes, labels=labels, soft_labels=soft, own_labels=own)
