"""What a comparison says of its trainings: before the first one, and with its results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_data.util.words import counted, named_class, printable
from fer_model.comparison.arm_notes import (
    AS_COMPARED,
    called,
    twice_corrected,
    without_control,
)
from fer_model.comparison.protocol import Protocol, is_finished
from fer_model.comparison.results import Training, rarest_class
from fer_model.comparison.sample_table import SampleTable, load_samples
from fer_model.statistics.design import Design, smallest_difference
from fer_model.training.own_settings import in_words, name_alone

_NAMED = 10
"""Classes that a line names at the most."""


def before_training(protocol: Protocol, out: Path, *, asked: int | None = None) -> list[str]:
    """Return lines on what a declared comparison will train, and what it can find.

    Of its test samples alone, and of what is usual for trainings to disagree on. `asked` are the
    steps that were asked for, if any.
    """
    recipe = protocol.recipe
    epochs, steps = counted(recipe.epochs, "epoch"), counted(recipe.steps_per_epoch or 0, "step")
    lines = [
        f"every run: {epochs} of {steps} of {recipe.batch_size} samples, "
        f"{counted(protocol.num_steps, 'step')} in all"
        + (f" (whole epochs, for {asked:,})" if asked not in (None, protocol.num_steps) else "")
    ]
    if protocol.has_own_training:
        name = name_alone(protocol.code["name"])
        lines = [f"every run: {name}, in batches of {recipe.batch_size} samples"]
    if any(map(is_finished, protocol.needed(out))):
        lines.append(num_finished(protocol, out))
    trained = dict.fromkeys(cell.arm for cell in protocol.needed(out))
    bases = [str(arm) for arm in trained if arm not in protocol.arms]
    if bases:
        lines.append(f"also trained, as the base of new heads: {', '.join(bases)}")
    class_names = protocol.data["class_names"]
    samples = load_samples(out, len(class_names))
    counts = np.bincount(samples.labels, minlength=len(class_names))
    return [
        *lines,
        *unfair(protocol),
        *dearer(protocol),
        *twice_corrected(protocol.arms),
        *without_control(protocol.arms),
        *without_samples(class_names, protocol.train_counts, counts),
        _can_find(protocol, samples),
    ]


def num_finished(protocol: Protocol, out: Path) -> str:
    """Return how many runs of a comparison are finished, in words."""
    cells = protocol.needed(out)
    return f"{sum(map(is_finished, cells))} of {counted(len(cells), 'run is', 'runs are')} finished"


def unfair(protocol: Protocol) -> list[str]:
    """Return a line for each setting by which arms are not treated alike."""
    lines: list[str] = []
    if protocol.has_own_training:
        return lines
    if protocol.recipe.schedule == "plateau":
        lines.append(
            "not fair: the rate follows each run's own validation loss, which means something else "
            "under every loss and weighting (schedule cosine follows the step alone)"
        )
    if protocol.recipe.keep == "best":
        lines.append(
            "not fair: each run keeps the epoch with the best validation accuracy, which favours "
            "frequent classes (keep last takes the last epoch's)"
        )
    return lines


def dearer(protocol: Protocol, names: Mapping[str, str] = AS_COMPARED) -> list[str]:
    """Return a line for each arm whose steps cost more than those of others, and are fewer."""
    if protocol.has_own_training or protocol.recipe.sam_radius:
        return []
    recipes = [(arm, arm.recipe(protocol.recipe)) for arm in protocol.arms]
    return [
        f"arm {called(arm, names)}: a step takes two gradients, so its runs have "
        f"{needed.epochs * (needed.steps_per_epoch or 0):,} steps, not {protocol.num_steps:,}, and "
        "see half as many samples"
        for arm, needed in recipes
        if needed.sam_radius
    ]


def without_samples(
    class_names: Sequence[str], train_counts: Sequence[int], test_counts: NDArray[np.int64]
) -> list[str]:
    """Return a line on classes without training samples, and one on those without test samples.

    Parameters
    ----------
    class_names : sequence of str, length C
    train_counts : sequence of int, length C
        Empty where they are unknown.
    test_counts : ndarray of int64, shape [C]
    """
    lines = []
    tested = np.flatnonzero(test_counts).tolist()
    if unseen := [label for label in tested if train_counts and not train_counts[label]]:
        line = (
            f"no training sample of {_named(class_names, unseen)}: no run can learn "
            f"{'it' if len(unseen) == 1 else 'them'}, but the means over the classes include "
            f"{'its recall' if len(unseen) == 1 else 'their recalls'}"
        )
        rare = rarest_class(train_counts, test_counts)
        if rare is not None:
            line += f"; the rarest class that has training samples is {_named(class_names, [rare])}"
        lines.append(line)
    if untested := np.flatnonzero(test_counts == 0).tolist():
        lines.append(
            f"no test sample of {_named(class_names, untested)}: balanced accuracy is the mean "
            f"recall of the other {counted(len(tested), 'class', 'classes')}"
        )
    return lines


def _named(class_names: Sequence[str], labels: Sequence[int]) -> str:
    more = f" and {len(labels) - _NAMED:,} more" if len(labels) > _NAMED else ""
    return ", ".join(named_class(class_names[label]) for label in labels[:_NAMED]) + more


def _can_find(protocol: Protocol, samples: SampleTable) -> str:
    smallest = _smallest(samples, protocol)
    counts = np.bincount(samples.labels, minlength=len(protocol.data["class_names"]))
    figure = protocol.figure if protocol.figure in smallest else "balanced_accuracy"
    least = smallest[figure]
    known = [f"{100 * least:.1f} points in {figure.replace('_', ' ')}" if least < 1 else ""]
    ends = ""
    rare = rarest_class(protocol.train_counts, counts)
    if rare is not None:
        name = printable(protocol.data["class_names"][rare])
        recall = smallest[f"recall of {name}"]
        ends = f"; one image of {name} is {100 / counts[rare]:.1f} points of its recall"
        if recall < 1:
            known.append(f"{100 * recall:.1f} in the recall of {name}")
        else:
            ends += ", of which no difference can be found"
    begins = f"{counted(len(protocol.arms), 'arm')}, {counted(len(protocol.seeds), 'seed')} each: "
    if len(protocol.seeds) == 1:
        return f"{begins}one seed shows no spread between trainings; take 3 seeds or more"
    if not any(known):
        return f"{begins}too few test images to find any difference{ends}"
    return (
        f"{begins}a difference of {' and of '.join(filter(None, known))} or more is likely to be "
        f"found (four times in five, if two trainings disagree on a fifth of the images){ends}"
    )


def _smallest(samples: SampleTable, protocol: Protocol) -> dict[str, float]:
    """Return the smallest true difference that a design can find, by figure, in fractions."""
    pairs = np.unique(np.stack([samples.labels, samples.groups]), axis=1)
    counts = np.bincount(pairs[0], minlength=len(protocol.data["class_names"]))
    names = tuple(map(printable, protocol.data["class_names"]))
    design = Design(num_arms=len(protocol.arms), num_seeds=len(protocol.seeds))
    return smallest_difference(counts, design, class_names=names)


def as_trained(training: Training, names: Mapping[str, str] = AS_COMPARED) -> list[str]:
    """Return how the runs were trained, a line each.

    Parameters
    ----------
    training : Training
    names : mapping of str to str
        What arms are called, by how they were compared, as `Results.names` has them.
    """
    protocol = training.protocol
    recipe = protocol.recipe
    if protocol.has_own_training:
        return [
            f"every run: trained by {name_alone(protocol.code['name'])}, a function of the user's, "
            f"on batches of {recipe.batch_size} samples, augmentation "
            f"{in_words('augment', recipe.augment)}; its net, steps and rates are not known here",
            "runs of one seed have the same held-out part; the test split is scored once a run",
            *_unequal_steps(training, names),
            *twice_corrected(protocol.arms, names),
            *_later(protocol, names),
        ]
    keeps = "the last epoch's" if recipe.keep == "last" else "the best validation epoch's"
    net, schedule, augment = (
        in_words(name, getattr(recipe, name)) for name in ("net", "schedule", "augment")
    )
    return [
        f"every run: net {net}, {recipe.epochs * (recipe.steps_per_epoch or 0):,} steps of "
        f"{recipe.batch_size}, schedule {schedule}, augmentation {augment}; {keeps} model"
        + ("" if protocol.later else "; declared before the first training"),
        "runs of one seed have the same first weights and the same held-out part; the test "
        "split is scored once a run, and chooses nothing",
        *unfair(protocol),
        *dearer(protocol, names),
        *twice_corrected(protocol.arms, names),
        *without_control(protocol.arms, names),
        *_later(protocol, names),
    ]


def _later(protocol: Protocol, names: Mapping[str, str]) -> list[str]:
    """Return what was added to a comparison that had begun, in a line."""
    if not protocol.later:
        return []
    renamed = {f"arm {arm}": f"arm {name}" for arm, name in names.items()}
    added = ", ".join(renamed.get(what, what) for what in protocol.later)
    return [f"added after there were finished runs: {added}"]


def _unequal_steps(training: Training, names: Mapping[str, str]) -> list[str]:
    """Return a line where a function of the user's took more batches of one arm than of another."""
    arms = [called(arm, names) for arm in training.protocol.arms]
    steps = {
        arm: round(np.mean([run.metrics["training"]["steps"] for run in runs]))
        for arm, runs in zip(arms, training.runs, strict=False)
    }
    if len(set(steps.values())) < 2 or not all(steps.values()):
        return []
    words = ", ".join(f"{arm} {number:,}" for arm, number in steps.items())
    return [f"not fair: arms were not trained for as many batches (mean over seeds: {words})"]


def missing(training: Training, names: Mapping[str, str] = AS_COMPARED) -> list[str]:
    """Return which runs are not finished, skipped or failed, a line each; names as above."""
    notes = []
    runs = {str(cell): f"{called(cell.arm, names)}, seed {cell.seed}" for cell in training.missing}
    if training.missing:
        notes.append(
            f"{counted(len(training.missing), 'run is', 'runs are')} not finished, the first "
            f"{runs[str(training.missing[0])]}: seeds that lack one are skipped"
        )
    versions = {tuple(sorted(run.versions.items())) for runs in training.runs for run in runs}
    if len(versions) > 1:
        notes.append("the runs were not all trained with the same versions (see recipe.json)")
    if training.skipped:
        notes.append(
            f"skipped, with fewer than half of the baseline's seeds: {', '.join(training.skipped)}"
        )
    notes += [
        f"{runs[name]}: failed after {counted(about['tries'], 'try', 'tries')}: {about['error']}"
        if about["tries"]
        else f"{runs[name]}: {about['error']}"
        for name, about in training.failures.items()
    ]
    return notes
