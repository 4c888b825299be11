"""Which samples train, which choose the model, and which only judge it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.data.reading import DatasetLike, load
from fer_data.data.split_names import TEST_SPLITS
from fer_data.data.store import PixelStore, open_store
from fer_data.duplicates.families import related
from fer_data.duplicates.grouping import duplicate_groups, merge_groups
from fer_data.errors import DataError, UsageError
from fer_data.loading.loader import Loader
from fer_data.loading.opening import make_loader
from fer_data.splitting.subsets import hold_out, stratified_subset
from fer_data.util.words import counted
from fer_model.training.recipe import Recipe
from fer_model.training.runs import Run


@dataclass(frozen=True, eq=False)
class Parts:
    """Loaders of a training.

    Attributes
    ----------
    train, validation : Loader
    test : Loader or None
        None where the data brings no labelled test split.
    notes : tuple of str
        Where each part comes from, for people and for the run's record.
    """

    train: Loader
    validation: Loader
    test: Loader | None
    notes: tuple[str, ...]


def divide(recipe: Recipe, store: PixelStore) -> Parts:
    """Divide a data set as the recipe's protocol says.

    Raises
    ------
    DataError
        If the data has no training split, or, for the notebook's protocol, no test split.
    """
    dataset = store.dataset
    train = dataset.indices("train")
    if dataset.num_unlabelled("train"):
        raise DataError(f"{dataset.root}: training samples without a label (no emotion column?)")
    notes = [f"data: {store.report}", *dataset.skipped_summary(), *dataset.notes]
    if recipe.subset < 1:
        whole = len(train)
        labels = dataset.labels[train]
        train = train[stratified_subset(labels, fraction=recipe.subset, seed=recipe.seed)]
        notes.append(
            f"training on a stratified subset, {len(train):,} of {counted(whole, 'sample')}"
        )
    test_split = _test_split(store)
    test = None
    if test_split:
        test = evaluation_loader(recipe, store, dataset.indices(test_split))
    if recipe.protocol == "notebook":
        if test_split is None:
            raise DataError(f"{dataset.root}: the notebook's protocol needs a test split")
        notes.append(
            f"the notebook's protocol: the {test_split} split serves as validation, its images "
            "flipped at random, so its scores are not those of unseen data"
        )
        validation = make_loader(
            store,
            dataset.indices(test_split),
            augment="flip",
            batch_size=recipe.batch_size,
            seed=recipe.seed,
            shuffle=False,
        )
    else:
        if "validation" in dataset.splits:
            held_out = dataset.indices("validation")
            notes.append(f"validation: the split of that name, {counted(len(held_out), 'sample')}")
        else:
            held = hold_out(
                dataset.labels[train],
                _kept_together(store, train),
                fraction=recipe.validation_fraction,
                seed=recipe.seed,
            )
            train, held_out = train[~held], train[held]
            if not len(held_out):
                raise DataError(
                    f"{dataset.root}: too few samples to hold some out for validation; bring a "
                    "validation split, or raise the fraction",
                    fix={"validation_fraction": []},
                )
            notes.append(
                f"validation: {counted(len(held_out), 'sample')} held out of the training split, "
                f"stratified, duplicates {'and groups ' * (dataset.groups is not None)}"
                "kept together"
            )
        validation = evaluation_loader(recipe, store, held_out)
    return Parts(
        train=make_loader(
            store,
            train,
            recipe.balance,
            augment=recipe.transform("augment") or "none",
            augment_rare=recipe.transform("augment_rare"),
            mix=recipe.mix,
            soft=dataset.soft_labels is not None,
            epoch_size=recipe.epoch_size,
            batch_size=recipe.batch_size,
            seed=recipe.seed,
            drop_remainder=recipe.protocol == "notebook",
        ),
        validation=validation,
        test=test,
        notes=tuple(notes),
    )


def parts_of(
    run: Run, source: DatasetLike | None = None, *, cache: str | Path | None = None
) -> Parts:
    """Return the data that a run trains on, as it was when the run began.

    Raises
    ------
    DataError
        If the data, or what is selected of it, has changed.
    """
    recipe, data = run.recipe, run.data
    if source is None and data.get("in_memory"):
        raise UsageError(f"{run.path}: was trained on data in memory; give it again (data=)")
    try:
        dataset = load(data["path"], **data["options"]) if source is None else load(source)
        fingerprint, selected = data["fingerprint"], data["selected"]
    except (KeyError, TypeError) as error:
        raise DataError(f"{run.path / 'recipe.json'}: broken ({error}); train again") from None
    store = open_store(dataset, form=recipe.requested, cache=cache)
    if store.fingerprint != fingerprint:
        raise DataError(f"{data['path']}: the data has changed since {run.path} began; train again")
    if store.dataset.digest() != selected:
        chosen = ", ".join(f"{name} {value}" for name, value in data["options"].items())
        raise DataError(
            f"{data['path']}: the selection ({chosen}) differs from when {run.path} began; "
            "train again"
        )
    return divide(recipe, store)


def about_data(store: PixelStore, parts: Parts) -> dict[str, Any]:
    """Return what a run records of its data, as JSON holds it."""
    loaders = {"train": parts.train, "validation": parts.validation, "test": parts.test}
    root = store.dataset.root
    return {
        "path": str(root),
        "in_memory": bool(store.dataset.origin.arrays),
        "layout": store.dataset.layout,
        "fingerprint": store.fingerprint,
        "options": store.dataset.options.to_dict(),
        "selected": store.dataset.digest(),
        "class_names": list(store.dataset.class_names),
        "counts": {
            part: np.bincount(loader.labels, minlength=loader.num_classes).tolist()
            for part, loader in loaders.items()
            if loader
        },
        "notes": list(parts.notes),
    }


def evaluation_loader(recipe: Recipe, store: PixelStore, rows: NDArray[np.int64]) -> Loader:
    """Return a loader of some rows as they are, in order."""
    return make_loader(
        store,
        rows,
        augment="none",
        batch_size=recipe.batch_size,
        seed=recipe.seed,
        shuffle=False,
    )


def _kept_together(store: PixelStore, indices: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """Return a number for each of some samples, the same for those that must not be divided."""
    groups = related(store.dataset)
    return merge_groups(
        duplicate_groups(store.pixels, indices), None if groups is None else groups[indices]
    )


def _test_split(store: PixelStore) -> str | None:
    dataset = store.dataset
    for split in TEST_SPLITS:
        if split not in dataset.splits or dataset.num_unlabelled(split):
            continue
        if len(dataset.indices(split)):
            return split
    return None
