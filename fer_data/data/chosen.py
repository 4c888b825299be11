"""Samples and labels as users name them, and a `Dataset` under other labels or classes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fer_data.errors import UsageError
from fer_data.util.words import counted, printable

UNLABELLED = -1
"""The label of a sample that has none."""

_MAX_LISTED = 5
"""New classes that a note names."""


def indices_of(
    samples: ArrayLike, number: int, ids: Callable[[], list[str]], root: Path
) -> NDArray[np.int64]:
    """Return the indices that indices, a mask or ids stand for, int64 [K], in their order.

    Parameters
    ----------
    samples : array of int, of bool [N] or of str
    number : int
        N, how many samples there are.
    ids : callable
        Gives the id of each.
    root : path
        What errors name.

    Raises
    ------
    UsageError
        If there is no such sample, or one is named twice.
    """
    chosen = np.asarray(samples)
    if not len(np.atleast_1d(chosen)):
        return np.zeros(0, np.int64)
    if chosen.ndim != 1 or chosen.dtype.kind not in "biuUO":
        raise UsageError(
            f"samples: expected indices, a mask or ids, got {chosen.dtype} {list(chosen.shape)}"
        )
    if chosen.dtype.kind == "b":
        if len(chosen) != number:
            raise UsageError(f"samples: a mask of {len(chosen):,} for {number:,} samples")
        return np.flatnonzero(chosen)
    if chosen.dtype.kind in "UO":
        place = {sample: index for index, sample in enumerate(ids())}
        if unknown := [name for name in chosen.tolist() if name not in place]:
            raise UsageError(f"{root}: no sample {printable(str(unknown[0]))}")
        chosen = np.array([place[name] for name in chosen.tolist()])
    indices = chosen.astype(np.int64)
    if indices.min() < -number or indices.max() >= number:
        raise UsageError(
            f"samples: {indices.min()} to {indices.max()} of {number:,}; they count from 0"
        )
    indices = indices % number
    if len(np.unique(indices)) < len(indices):
        raise UsageError("samples: one is named twice")
    return indices


def class_of(label: Any, class_names: Sequence[str]) -> str:
    """Return the class name that a name or an index stands for.

    Raises
    ------
    UsageError
        If it is neither.
    """
    if isinstance(label, str):
        return label
    if isinstance(label, int | np.integer) and 0 <= label < len(class_names):
        return class_names[int(label)]
    raise UsageError(f"labels: expected a class name or 0 to {len(class_names) - 1}, got {label!r}")


def classes_of(labels: ArrayLike, class_names: Sequence[str], number: int) -> NDArray[Any]:
    """Return the class name of each sample, object [N]; ``""`` where there is none.

    Parameters
    ----------
    labels : array of str, or of int (-1 where there is none), shape [N]
    class_names : sequence of str
    number : int
        N.

    Raises
    ------
    UsageError
        If they are nothing of the kind.
    """
    given = np.asarray(labels)
    if given.shape != (number,):
        raise UsageError(f"labels: expected {number:,}, one a sample, got shape {given.shape}")
    if given.dtype.kind in "iu":
        if number and not -1 <= given.min() <= given.max() < len(class_names):
            raise UsageError(
                f"labels: expected -1 to {len(class_names) - 1}, got {given.min()} to {given.max()}"
            )
        given = np.array([*class_names, ""])[given]
    elif given.dtype.kind not in "UO":
        raise UsageError(f"labels: expected class names or indices, got {given.dtype}")
    return given.astype(str).astype(object)


def relabelled(data: Any, labels: Mapping[str, str] | ArrayLike) -> Any:
    """Return a `Dataset` under other labels, those of some samples or all."""
    names = np.array([*data.class_names, ""])[data.labels].astype(object)
    named = np.ones(len(data), np.bool_)
    if isinstance(labels, Mapping):
        indices = indices_of(list(labels), len(data), data.sample_ids, data.root)
        named = np.isin(np.arange(len(data)), indices)
        names[indices] = [class_of(label, data.class_names) for label in labels.values()]
    else:
        names = classes_of(labels, data.class_names, len(data))
    wider = with_classes(data, {name for name in names.tolist() if name})
    place = {name: code for code, name in enumerate(wider.class_names)} | {"": UNLABELLED}
    codes = np.array([place[name] for name in names.tolist()], np.int32)
    changed = int((wider.labels != codes).sum())
    own = np.where(named, wider.labels, UNLABELLED).astype(np.int32)
    return replace(wider, labels=codes, own_labels=own, soft_labels=None).noted(
        f"{counted(changed, 'label')} changed", *notes_on_new_classes(data, wider)
    )


def notes_on_new_classes(before: Any, after: Any, by: str = "") -> list[str]:
    """Return a note on the classes that a `Dataset` has and did not have before, if any.

    Parameters
    ----------
    before, after : Dataset
    by : str
        What they come from, as `` by labels.csv``.
    """
    new = sorted(set(after.class_names) - set(before.class_names))
    if not new:
        return []
    listed = ", ".join(map(printable, new[:_MAX_LISTED])) + ", …" * (len(new) > _MAX_LISTED)
    return [f"{counted(len(new), 'new class', 'new classes')}{by}: {listed}"]


def with_classes(data: Any, names: Iterable[str]) -> Any:
    """Return a `Dataset` with further classes, alphabetical if its own are, else last."""
    new = sorted(set(names) - set(data.class_names))
    if not new:
        return data
    classes = (*data.class_names, *new)
    if data.class_names == tuple(sorted(data.class_names)):
        classes = tuple(sorted(classes))
    place = {name: code for code, name in enumerate(classes)}
    return recoded(data, classes, [place[name] for name in data.class_names])


def recoded(data: Any, class_names: Sequence[str], codes: Sequence[int]) -> Any:
    """Return a `Dataset` with other classes: `codes` has the new label of each old one."""
    code_of = np.array([*codes, UNLABELLED], np.int32)
    soft = data.soft_labels
    if soft is not None:
        soft = np.zeros((len(data), len(class_names)), np.float32)
        for code, proportions in zip(codes, data.soft_labels.T, strict=True):
            soft[:, code] += proportions
    return replace(
        data,
        class_names=tuple(class_names),
        labels=code_of[data.labels],
        soft_labels=soft,
        own_labels=None if data.own_labels is None else code_of[data.own_labels],
    )
