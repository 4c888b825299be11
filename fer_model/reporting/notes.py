"""Notes below a comparison: what its figures stand on, a list of lines for each matter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fer_data.util.words import printable
from fer_model.comparison.results import Results
from fer_model.statistics.evidence import WITHOUT_INTERVAL
from fer_model.words import figure_name


def of_one_class(results: Results) -> list[str]:
    """Return a line for each arm and class that is all that some of the arm's runs predict."""
    lines = []
    for arm, of_arm in zip(results.arms, results.predicted_labels, strict=True):
        only = np.where((of_arm == of_arm[:, :1]).all(axis=1), of_arm[:, 0], -1)
        for label in np.unique(only[only >= 0]).tolist():
            seeds = [str(results.seeds[place]) for place in np.flatnonzero(only == label)]
            name, several = printable(results.class_names[label]), "s" * (len(seeds) > 1)
            lines.append(f"arm {arm} predicts only {name} (seed{several} {', '.join(seeds)})")
    return lines


def renamed(results: Results) -> list[str]:
    """Return what arms were called before they were renamed."""
    pairs = zip(results.arms, results.specs, strict=False)
    words = [f"{arm} is {spec}" for arm, spec in pairs if arm != spec]
    return [f"names of arms: {', '.join(words)}"] if words else []


def of_equal_runs(results: Results) -> list[str]:
    """Return a line for each arm whose runs give the same answers, though not one class only."""
    lines = []
    answers = zip(results.arms, results.predicted_labels, results.confidences, strict=True)
    for arm, labels, sure in answers:
        varies = len(labels) > 1 and (labels[0] != labels[0, 0]).any()
        are_sure_alike = np.isnan(sure).all() or (sure == sure[0]).all()
        if varies and are_sure_alike and (labels == labels[0]).all():
            lines.append(
                f"all runs of {arm} are the same; where one run was given several times, the "
                "intervals are too narrow"
            )
    return lines


def at_chance(results: Results) -> list[str]:
    """Return a line on given predictions that are no better than chance."""
    if results.training is not None:
        return []
    place = results.predicted.figures.index("balanced_accuracy")
    means = results.predicted.scores[:, :, place].mean(axis=1)
    num = int((results.test_counts > 0).sum())
    weak = [arm for arm, mean in zip(results.arms, means, strict=True) if mean * num < 1.1]
    if not weak:
        return []
    return [
        f"no better than chance (balanced accuracy {100 / num:.1f} %): {', '.join(weak)}; "
        "check that samples and classes are in the order of the labels"
    ]


def worse_when_scaled(arms: Sequence[str]) -> list[str]:
    """Return why temperature scaling may do harm, where it does."""
    if not arms:
        return []
    return [
        f"temperature scaling makes the calibration of {', '.join(arms)} worse: temperatures are "
        "fitted on validation samples, whose classes may be as imbalanced as in training"
    ]


def without_intervals(results: Results, *, auroc: bool) -> list[str]:
    """Return which figures have neither interval nor verdict."""
    ensemble = (
        f", the ensemble of {len(results.seeds)} seeds (it answers by the mean of their "
        "probabilities, and is one prediction)"
    )
    return [
        "without intervals and verdicts: the expected calibration error (ECE)"
        + (", AUROC" if auroc else "")
        + "".join(f", {figure_name(figure)}" for figure in WITHOUT_INTERVAL)
        + (ensemble if len(results.seeds) > 1 else "")
    ]


def unscaled(results: Results, arms: Sequence[str]) -> list[str]:
    """Return which arms have no temperature scaling."""
    if not arms:
        return []
    every = "all arms" if len(arms) == len(results.arms) else ", ".join(arms)
    return [f"no temperature scaling without validation predictions: {every}"]


def shot_groups(results: Results) -> list[str]:
    """Return what many-shot and few-shot classes are, where there are such groups."""
    if not results.predicted.groups:
        return []
    few, many = results.shots
    words = {
        "few_shot_accuracy": f"few-shot classes have fewer than {few:,} training samples",
        "medium_shot_accuracy": f"medium-shot classes {few:,} to {many:,}",
        "many_shot_accuracy": f"many-shot classes more than {many:,}",
    }
    named = ", ".join(text for name, text in words.items() if name in results.predicted.groups)
    held = "" if results.training is None else " (without held-out validation samples)"
    return [f"{named}{held}; a group's accuracy is the mean recall of its classes"]


def open_differences(results: Results) -> list[str]:
    """Return why differences have no interval, where some have none."""
    rows = results.differences.rows
    if not any(row.is_open and row.figure not in WITHOUT_INTERVAL for row in rows):
        return []
    return [
        "no interval: the runs are consistent with any difference, as a run gets "
        "no image of a class right, the class has one duplicate group of test images, or "
        "there are too few seeds"
    ]


def extremes(are_named: bool) -> list[str]:
    """Return what to think of the classes that gain and lose most, where they are named."""
    if not are_named:
        return []
    return [
        "the classes with the largest gain and the largest loss were picked by these "
        "differences, which therefore are rather too large; their intervals do not allow "
        "for the choice"
    ]


def leaked(results: Results) -> list[str]:
    """Return how many test samples are leaked; of given predictions, where some are known to be."""
    num_leaked = int(results.leaked.sum())
    if not num_leaked:
        none = "no duplicate or near-duplicate of a test sample was found in training"
        return [] if results.training is None else [none]
    return [
        f"{num_leaked:,} of {len(results.labels):,} test samples have a duplicate or "
        "near-duplicate in training"
        + ("; the differences without them are given, too" if results.clean else "")
    ]
