"""What the reader of a comparison must know of its trainings."""

from __future__ import annotations

from fer_data.util.words import counted
from fer_model.comparison.announcement import dearer, twice_corrected, unfair
from fer_model.comparison.results import Training
from fer_model.training.own_settings import shown


def as_trained(training: Training) -> list[str]:
    """Return how the runs were trained, a line each."""
    protocol = training.protocol
    recipe = protocol.recipe
    keeps = "the last epoch's" if recipe.keep == "last" else "the best validation epoch's"
    notes = [
        f"every run: {shown(recipe.net)} net, {recipe.epochs * (recipe.steps_per_epoch or 0):,} "
        f"steps of {recipe.batch_size}, {shown(recipe.schedule)} schedule, augmentation "
        f"{shown(recipe.augment)}; {keeps} model"
        + ("" if protocol.later else "; declared before the first training"),
        "runs of one seed have the same first weights and the same held-out part; the test "
        "split is scored once a run, and chooses nothing",
        *unfair(protocol),
        *dearer(protocol),
        *twice_corrected(protocol.arms),
    ]
    if protocol.later:
        notes.append(f"added when there were finished runs to look at: {', '.join(protocol.later)}")
    return notes


def missing(training: Training) -> list[str]:
    """Return which runs are not finished, skipped or failed, a line each."""
    notes = []
    if training.missing:
        notes.append(
            f"{counted(len(training.missing), 'run is', 'runs are')} not finished, the first "
            f"{training.missing[0]}: seeds that lack one are skipped"
        )
    versions = {tuple(sorted(run.versions.items())) for runs in training.runs for run in runs}
    if len(versions) > 1:
        notes.append("the runs were not all trained with the same versions (see recipe.json)")
    if training.skipped:
        notes.append(
            f"skipped, with fewer than half of the baseline's seeds: {', '.join(training.skipped)}"
        )
    notes += [
        f"{name}: failed after {counted(about['tries'], 'try', 'tries')}: {about['error']}"
        if about["tries"]
        else f"{name}: {about['error']}"
        for name, about in training.failures.items()
    ]
    return notes
