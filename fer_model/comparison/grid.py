"""What a comparison declares of its data, and the data and samples that its folder keeps."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fer_data.data.dataset import Dataset
from fer_data.data.reading import DatasetLike
from fer_data.data.store import open_store
from fer_data.duplicates.duplicate_groups import COMPARED, near_duplicate_groups
from fer_data.duplicates.families import related
from fer_data.duplicates.grouping import merge_groups
from fer_data.errors import DataError, UsageError
from fer_data.loading.opening import make_loader
from fer_data.util.words import named_class
from fer_model.comparison.arm import Arm
from fer_model.comparison.protocol import Protocol
from fer_model.comparison.sample_table import SampleTable, save_samples
from fer_model.statistics.scores import SHOTS, check_judged, shot_groups
from fer_model.training.parts import Parts, divide
from fer_model.training.recipe import Recipe


def declare(
    recipe: Recipe,
    source: DatasetLike,
    arms: Sequence[Arm],
    seeds: Sequence[int],
    *,
    figure: str = "balanced_accuracy",
    num_steps: int | None = None,
    cache: str | Path | None = None,
    **options: Any,
) -> tuple[Protocol, Parts]:
    """Return what is to be compared, and the data as the baseline's first run divides it.

    Parameters
    ----------
    recipe : Recipe
        What all arms have in common. Where it leaves the steps of an epoch open, they are those
        of a natural epoch.
    source : path or Dataset
        What `fer_data.load` takes, with a test split.
    arms : sequence of Arm
        The baseline first.
    seeds : sequence of int
    figure : str
        What the verdict goes by.
    num_steps : int, optional
        Steps of a training in all, in place of the recipe's epochs: as many epochs of the recipe's
        steps as come nearest to it, or, where it leaves them open, of about a natural epoch's
        length, which leaves fewer steps over than there are epochs.
    cache : path, optional
        As in `fer_data.open_store`.
    **options
        As in `fer_data.load`, for a path.

    Raises
    ------
    DataError
        If the data cannot be read, or has no labelled test split.
    UsageError
        If an arm would not get to what it is named after, or changes nothing of the recipe, or the
        recipe judges by the test split.
    """
    if recipe.protocol == "notebook":
        raise UsageError("the notebook's protocol validates on the test split: nothing to compare")
    store = open_store(source, form=recipe.requested, cache=cache, **options)
    check_test_split(store.dataset)
    recipe = dataclasses.replace(
        recipe.with_form(store.form), balance="none", loss="cross-entropy", mix="none", seed=0
    )
    parts = divide(recipe, store)
    natural = recipe.steps_per_epoch or parts.train.num_steps
    if num_steps is not None:
        epochs = max(1, round(num_steps / natural))
        if recipe.steps_per_epoch is None:
            natural = max(1, num_steps // epochs)
        recipe = dataclasses.replace(recipe, epochs=epochs)
    recipe = dataclasses.replace(recipe, steps_per_epoch=natural)
    for arm in arms:
        steps = recipe.epochs * (arm.recipe(recipe).steps_per_epoch or natural)
        loader = make_loader(  # which refuses a strategy that does not fit the classes
            store,
            parts.train.rows,
            arm.balance,
            mix=arm.mix,
            epoch_size=recipe.epoch_size,
            batch_size=recipe.batch_size,
        )
        _check_reached(arm, recipe.epochs, steps / loader.num_steps)
    root = store.dataset.root
    data = {
        "path": str(root),
        "fingerprint": store.fingerprint,
        "options": store.dataset.options.to_dict(),
        "selected": store.dataset.digest(),
        "class_names": list(store.dataset.class_names),
    }
    train_counts = tuple(parts.train.counts.tolist())
    protocol = Protocol(recipe, data, tuple(arms), tuple(seeds), figure, train_counts=train_counts)
    return protocol, parts


def check_test_split(dataset: Dataset) -> None:
    """Refuse data without labelled test samples, or without one of a class of training."""
    tested, trained = (_classes_in(dataset, split) for split in ("test", "train"))
    if not tested:
        raise DataError(
            f"{dataset.root}: no labelled test split to compare on; divide the data by "
            "fer_data.split and compare on what it returns, or name its file",
            fix={"splits": []},
        )
    if trained and not {*trained} & {*tested}:
        raise DataError(
            f"{dataset.root}: training and test have no class in common, as "
            f"{named_class(trained[0])} and {named_class(tested[0])}: give both the same labels"
        )


def check_figure(protocol: Protocol, parts: Parts) -> None:
    """Refuse to judge by a group of classes that the data does not have."""
    assert parts.test is not None
    shots = protocol.shots or SHOTS
    groups = shot_groups(protocol.train_counts, parts.test.counts, shots)
    check_judged(protocol.figure, groups, shots)


def _classes_in(dataset: Dataset, split: str) -> list[str]:
    """Return the classes that have samples in a split, if there is one of this name."""
    if split not in dataset.splits:
        return []
    counts = dataset.class_counts(split)
    return [name for name, count in zip(dataset.class_names, counts, strict=True) if count]


def _check_reached(arm: Arm, epochs: int, passes: float) -> None:
    """Refuse an arm that would not get to what it is named after; passes are the loader's."""
    if arm.balance.settles and arm.balance.settles >= passes:
        raise UsageError(
            f"arm {arm}: it changes at pass {arm.balance.settles} of the data, but a run has only "
            f"{passes:.1f}; change earlier, or take more steps",
            fix={"num_steps": []},
        )
    if arm.loss.trait("late") and arm.loss.late_epoch(epochs) >= epochs:
        raise UsageError(
            f"arm {arm}: changes in the last fifth of the epochs, and there are {epochs}; "
            "give 5 or more, shorter ones if need be",
            fix={"epochs": ["5"], "steps_per_epoch": []},
        )


def write_samples(parts: Parts, out: Path, cache: str | Path | None = None) -> None:
    """Write the test samples: label, group, and whether training has samples of that group.

    Groups are near-duplicates, merged with the data's own groups (a patient, a lesion).

    Parameters
    ----------
    parts : Parts
        With a test part.
    out : path
        Gets ``samples.npz``; see `fer_model.comparison.sample_table`.
    cache : path, optional
    """
    assert parts.test is not None
    store, test = parts.test.store, parts.test.rows
    dataset = store.dataset
    if store.form != COMPARED:
        store = open_store(dataset, form=COMPARED, cache=cache, log="")
    groups = merge_groups(near_duplicate_groups(store.pixels), related(dataset))
    assert groups is not None
    seen = np.concatenate(
        [dataset.indices(split) for split in ("train", "validation") if split in dataset.splits]
    )
    samples = SampleTable(
        samples=np.array(dataset.sample_ids(test), np.str_),
        labels=parts.test.labels.astype(np.int64),
        groups=groups[test].astype(np.int64),
        leaked=np.isin(groups[test], groups[seen]),
    )
    save_samples(out, samples)
