"""A data set divided: stratified, groups and near-duplicates kept together."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fer_data.data.chosen import UNLABELLED
from fer_data.data.dataset import Dataset
from fer_data.data.options import check_options
from fer_data.data.reading import DatasetLike, load
from fer_data.data.split_names import TEST_SPLITS
from fer_data.data.store import open_store
from fer_data.duplicates.families import related
from fer_data.duplicates.grouping import merge_groups
from fer_data.errors import DataError, UsageError
from fer_data.splitting.apportion import apportion
from fer_data.splitting.result import Split
from fer_data.util.checks import finite_number, whole_number
from fer_data.util.words import counted, printable


def split(
    data: DatasetLike,
    validation: float | None = None,
    test: float | None = None,
    *,
    folds: int | None = None,
    pool: bool = False,
    min_per_class: int = 1,
    seed: int = 0,
    near_duplicates: bool = True,
    cache: str | Path | None = None,
    **options: Any,
) -> Split:
    """Divide a data set into training, validation and test samples, or into folds.

    Every class has its fraction of each split, as nearly as the groups allow, and no group is
    divided: groups of the data (`Dataset.groups`), near-duplicates, and their unions. An existing
    test split is kept, and the rest is divided; a warning says where groups of the data stand in
    both.

    Parameters
    ----------
    data : path or Dataset
        What `fer_data.load` takes.
    validation, test : float, optional
        Fractions of what is divided; by default 0.1 each. If a test split is kept, none is drawn.
    folds : int, optional
        Number of folds of one size to divide into instead, 2 or more.
    pool : bool
        Whether all splits are pooled and divided, the test splits too.
    min_per_class : int
        Samples that each class (that has any) must have in each split.
    seed : int
        The same seed gives the same split.
    near_duplicates : bool
        Whether near-duplicates are looked for, in 48x48 grey images, which decodes all of them.
    cache : path, optional
        As in `fer_data.open_store`.
    **options
        As in `fer_data.load`, for a path.

    Returns
    -------
    Split
        Which unpacks into a `Dataset` for each split.

    Raises
    ------
    DataError
        If the data cannot be read, a sample to divide has no label, or a class has too few samples
        in a split.
    UsageError
        If a fraction is not between 0 and 1, or arguments do not fit each other.

    Examples
    --------
    >>> import numpy as np, fer_data
    >>> images = np.random.default_rng(0).integers(0, 256, (100, 48, 48), np.uint8)
    >>> data = (images, np.repeat(["cat", "dog"], [80, 20]))
    >>> train, validation, test = fer_data.split(data, validation=0.1, test=0.2)
    >>> train.counts, test.counts
    ({'train': {'cat': 56, 'dog': 14}}, {'test': {'cat': 16, 'dog': 4}})
    >>> [len(validation) for train, validation in fer_data.split(data, folds=5)]
    [20, 20, 20, 20, 20]
    """
    check_options(options, split)
    dataset = load(data, **options)
    dataset.check_labels()
    plan = _plan(dataset, validation, test, folds=folds, pool=pool)
    whole_number("min_per_class", min_per_class)
    whole_number("seed", seed)
    groups, near = related(dataset), None
    if near_duplicates:
        from fer_data.duplicates.duplicate_groups import COMPARED, near_duplicate_groups  # FAISS

        store = open_store(dataset, form=COMPARED, cache=cache, log="compared")
        dataset = store.dataset  # without images that cannot be decoded, where these are skipped
        near = near_duplicate_groups(store.pixels)
        groups = merge_groups(near, related(dataset))
    sides, num_across = _divide(dataset, groups, plan, seed=seed, min_per_class=min_per_class)
    drawn, own = sides < len(plan.names), dataset.groups
    result = Split(
        source=dataset,
        names=(*plan.names, *plan.kept),
        sides=sides,
        num_folds=folds or 0,
        num_kept=len(plan.kept),
        num_across=num_across,
        num_own_across=0 if own is None else len(np.intersect1d(own[drawn], own[~drawn])),
        num_groups=0 if groups is None else _num_together(groups[drawn]),
        num_near_duplicate_groups=None if near is None else _num_together(near[drawn]),
    )
    _check(result, min_per_class)
    if result.num_own_across:
        warnings.warn(
            f"{printable(str(dataset.root))}: {result.across}; pool=True divides all splits again, "
            "and keeps every group together",
            stacklevel=2,
        )
    return result


class _Plan(NamedTuple):
    """What is to be drawn, with its fractions, and which splits stay."""

    names: tuple[str, ...]
    fractions: list[float]
    kept: tuple[str, ...]


def _divide(
    dataset: Dataset,
    groups: NDArray[np.int64] | None,
    plan: _Plan,
    *,
    seed: int,
    min_per_class: int,
) -> tuple[NDArray[np.int64], int]:
    """Return the side of each sample, and how many groups stand in a split that stays, too."""
    sides = np.full(len(dataset), -1)
    for side, name in enumerate(plan.kept, len(plan.names)):
        sides[dataset.indices(name)] = side
    drawn = np.flatnonzero(sides < 0)
    labels = dataset.labels[drawn]
    if not len(drawn):
        raise DataError(
            f"{dataset.root}: nothing to divide besides {', '.join(plan.kept)}; "
            "to divide that, pool all splits",
            fix={"pool": ["true"]},
        )
    if number := int((labels == UNLABELLED).sum()):
        unlabelled = counted(number, "sample to divide has", "samples to divide have")
        raise DataError(f"{dataset.root}: {unlabelled} no label")
    of_drawn, across = None, 0
    if groups is not None:
        of_drawn = groups[drawn]
        across = len(np.intersect1d(of_drawn, groups[sides >= 0]))
    sides[drawn] = apportion(
        labels, of_drawn, plan.fractions, seed=seed, min_per_class=min_per_class
    )
    return sides, across


def _num_together(groups: NDArray[np.int64]) -> int:
    """Return how many groups have two samples or more."""
    return int((np.unique(groups, return_counts=True)[1] > 1).sum())


def _plan(
    dataset: Dataset,
    validation: float | None,
    test: float | None,
    *,
    folds: int | None,
    pool: bool,
) -> _Plan:
    kept = () if pool else tuple(name for name in dataset.splits if name in TEST_SPLITS)
    if folds is not None:
        whole_number("folds", folds, 2)
        if validation is not None or test is not None:
            raise UsageError("folds have one size: give no validation and test")
        return _Plan(tuple(map(str, range(1, folds + 1))), [1 / folds] * folds, kept)
    if kept and test is not None:
        raise UsageError(
            f"the data's own {', '.join(kept)} stays; to draw another test split, pool all splits",
            fix={"pool": ["true"]},
        )
    parts = {
        "validation": 0.1 if validation is None else validation,
        "test": 0.0 if kept else 0.1 if test is None else test,
    }
    for name, fraction in parts.items():
        if not 0 <= finite_number(name, fraction) < 1:
            raise UsageError(f"{name} is {fraction}; it must be 0 or more and less than 1")
    rest = 1 - sum(parts.values())
    if not 0 < rest < 1:
        raise UsageError("validation and test together must be more than 0 and less than 1")
    chosen = {"train": rest, **{name: fraction for name, fraction in parts.items() if fraction}}
    return _Plan(tuple(chosen), list(chosen.values()), kept)


def _check(result: Split, min_per_class: int) -> None:
    counts = result.counts()[:, : len(result.names) - result.num_kept]
    for label in np.flatnonzero(counts.sum(axis=1)):
        side = int(counts[label].argmin())
        if counts[label, side] < min_per_class:
            where = f"fold {side + 1}" if result.num_folds else result.names[side]
            raise DataError(
                f"{result.source.root}: class {result.source.class_names[label]} has "
                f"{counted(int(counts[label, side]), 'sample')} in {where}, "
                f"fewer than {min_per_class:,}, of {counts[label].sum():,} in all (groups and "
                "near-duplicates stay together); merge rare classes, or ask for fewer",
                fix={"min_per_class": [str(counts[label, side])]},
            )
