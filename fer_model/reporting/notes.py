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
    return [
        f"few-shot classes have fewer than {few:,} training samples, many-shot classes "
        f"more than {many:,}; a group's accuracy is the mean recall of its classes"
    ]


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
    """Return how many test samples are leaked, where some are."""
    num_leaked = int(results.leaked.sum())
    if not num_leaked:
        return []
    return [
        f"{num_leaked:,} of {len(results.labels):,} test samples have a duplicate or "
        "near-duplicate in training"
        + ("; the differences without them are given, too" if results.clean else "")
    ]
