"""Scores of predicted classes, for many trainings and many weightings of the images at once.

Every score here is a function of three weighted counts of each class: samples of the class, samples
predicted to be of it, and those of it that were predicted so. The counts under any weights are one
sparse matrix product, so a bootstrap is one too.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from fer_data.errors import UsageError

SUMMARIES = ("accuracy", "balanced_accuracy", "macro_f1", "geometric_mean")

WORST = "worst_class_recall"

SHOTS = (20, 100)
"""Classes with fewer training samples are few-shot, those with more are many-shot (Liu et al. 2019,
arXiv:1904.05160)."""

_MAX_ELEMENTS = 4_000_000
"""Numbers in the largest array of one step: 16 MB of counts."""


@dataclass(frozen=True, eq=False)
class Predicted:
    """What several trainings of several arms predict for the same images.

    Attributes
    ----------
    arms : tuple of str, length A
    class_names : tuple of str, length C
    labels : ndarray of int, shape [N]
    predicted : ndarray of int, shape [A, S, N]
        The class that the arm's training with the s-th seed predicts. All arms have the same seeds.
    clusters : ndarray of int, shape [N]
        The same number for images that belong together: near-duplicates, or images of one group.
    groups : dict of str to tuple of int
        Figures that are the mean recall of some classes, by name, as `shot_groups` makes them.

    Raises
    ------
    UsageError
        If the shapes do not agree, a label or prediction is no class, or clusters are no numbers.

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> labels, clusters = np.array([0, 0, 1, 1]), np.arange(4)
    >>> runs = np.array([[[0, 0, 0, 0]], [[0, 0, 1, 0]]])
    >>> predicted = fer_model.Predicted(("none", "own"), ("cat", "dog"), labels, runs, clusters)
    >>> predicted.scores[:, 0, 0].tolist()
    [0.5, 0.75]
    """

    arms: tuple[str, ...]
    class_names: tuple[str, ...]
    labels: NDArray[np.integer[Any]]
    predicted: NDArray[np.integer[Any]]
    clusters: NDArray[np.integer[Any]]
    groups: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("labels", "predicted", "clusters"):
            values = np.asarray(getattr(self, name))
            if values.dtype.kind not in "iu":
                raise UsageError(
                    f"{name}: expected whole numbers, got {values.dtype}. Give classes by their "
                    "index in class_names"
                )
            object.__setattr__(self, name, values)
        wanted = (len(self.arms), self.predicted.shape[1:2], len(self.labels))
        if (
            self.predicted.ndim != 3
            or (
                self.predicted.shape[0],
                self.predicted.shape[1:2],
                self.predicted.shape[2],
            )
            != wanted
        ):
            raise UsageError(
                f"predictions have the shape {list(self.predicted.shape)}; expected "
                f"[{len(self.arms)} arms, seeds, {len(self.labels)} images]"
            )
        if not self.predicted.size:
            raise UsageError("predictions of no arm, seed or image: nothing to score")
        if len(set(self.arms)) < len(self.arms):
            raise UsageError(f"arms are {', '.join(self.arms)}; name each one once")
        if self.labels.ndim != 1 or self.clusters.shape != self.labels.shape:
            raise UsageError(
                f"{self.clusters.shape} cluster numbers for {self.labels.shape} labels: "
                "give one of each for an image"
            )
        for what, values in (("labels", self.labels), ("predictions", self.predicted)):
            low, high = int(values.min()), int(values.max())
            if low < 0 or high >= len(self.class_names):
                raise UsageError(
                    f"{what} go from {low} to {high}; classes from 0 to {len(self.class_names) - 1}"
                )

    @property
    def num_arms(self) -> int:
        """Arms, A."""
        return len(self.arms)

    @property
    def num_seeds(self) -> int:
        """Trainings of each arm, S."""
        return int(self.predicted.shape[1])

    @property
    def num_classes(self) -> int:
        """Classes, C."""
        return len(self.class_names)

    @property
    def figures(self) -> tuple[str, ...]:
        """Names of the scores, length F = 4 + C + G + 1.

        The summaries, ``recall of`` each class, the mean recall of each group, the worst class's
        recall.
        """
        recalls = (f"recall of {name}" for name in self.class_names)
        return (*SUMMARIES, *recalls, *self.groups, WORST)

    @property
    def recalls(self) -> slice:
        """Where the recalls stand among the figures."""
        return slice(len(SUMMARIES), len(SUMMARIES) + self.num_classes)

    @cached_property
    def members(self) -> NDArray[np.bool_]:
        """Which classes with samples each group has, bool [G, C]."""
        members = np.zeros((len(self.groups), self.num_classes), np.bool_)
        for place, labels in enumerate(self.groups.values()):
            members[place, list(labels)] = True
        return members & (self.clusters_of_class > 0)

    @cached_property
    def cluster_places(self) -> NDArray[np.intp]:
        """Place of each image's cluster, from 0 to the number of clusters less one, [N]."""
        places: NDArray[np.intp] = np.unique(self.clusters, return_inverse=True)[1]
        return places

    @property
    def num_clusters(self) -> int:
        """Clusters, G."""
        return int(self.cluster_places.max()) + 1

    @cached_property
    def clusters_of_class(self) -> NDArray[np.int64]:
        """Clusters that have an image of each class, int64 [C]."""
        pairs = np.unique(self.cluster_places * self.num_classes + self.labels)
        return np.bincount(pairs % self.num_classes, minlength=self.num_classes).astype(np.int64)

    @cached_property
    def counts(self) -> sparse.csr_array:
        """Counts of each cluster (columns), float32 [(A S 2 + 1) C, G].

        Rows are, by arm and seed: samples by predicted class, then those predicted rightly by
        class; at the end, samples by class. Whole numbers below 2 ** 24, so float32 is exact.
        """
        num_pairs, num = self.num_arms * self.num_seeds, self.num_classes
        predicted = self.predicted.reshape(num_pairs, -1).astype(np.int64)
        first = np.arange(num_pairs)[:, None] * (2 * num)
        pair, image = np.nonzero(predicted == self.labels)
        rows = np.concatenate(
            [
                (first + predicted).ravel(),
                pair * (2 * num) + num + self.labels[image],
                num_pairs * 2 * num + self.labels.astype(np.int64),
            ]
        )
        place = self.cluster_places
        columns = np.concatenate([np.tile(place, num_pairs), place[image], place])
        shape = ((num_pairs * 2 + 1) * num, self.num_clusters)
        return sparse.csr_array((np.ones(len(rows), np.float32), (rows, columns)), shape=shape)

    @cached_property
    def scores(self) -> NDArray[np.float64]:
        """Scores of each training, float64 [A, S, F]; NaN for a class without a sample.

        As `fer_model.training.evaluate.score` defines them, from 0 to 1.
        """
        return self.weighted_scores(np.ones((self.num_clusters, 1), np.float32))[..., 0]

    @property
    def step(self) -> int:
        """Weightings to score at once in bounded memory."""
        largest = max(self.counts.shape[0], self.num_clusters)
        return max(1, _MAX_ELEMENTS // int(largest))

    def weighted_scores(self, weights: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the scores with each cluster counted as often as its weight says.

        Parameters
        ----------
        weights : ndarray of float32, shape [G, B]

        Returns
        -------
        ndarray of float64, shape [A, S, F, B]
            Summaries are over the classes that have weight, the macro F1 also over those that are
            predicted and that no sample has; the recall of a class without weight is NaN.
        """
        num, num_draws = self.num_classes, weights.shape[1]
        totals = self.counts @ weights
        support = totals[-num:].astype(np.float64)
        by_arm = totals[:-num].reshape(self.num_arms, self.num_seeds, 2, num, num_draws)
        right = by_arm[:, :, 1].astype(np.float64)
        present = support > 0
        num_present = present.sum(axis=0)
        scores = np.empty((self.num_arms, self.num_seeds, len(self.figures), num_draws))
        scores[:, :, 0] = right.sum(axis=2) / support.sum(axis=0)
        recall = right / np.where(present, support, 1)
        scores[:, :, 1] = recall.sum(axis=2) / num_present
        predicted = by_arm[:, :, 0]
        # As in scikit-learn, a class that no sample has counts where it is predicted, with an F1 of
        # 0; one that a draw merely misses does not.
        is_absent = self.clusters_of_class == 0
        scored = present | (is_absent[:, None] & (predicted > 0))
        f1 = 2 * right / np.where(scored, support + predicted, 1)
        scores[:, :, 2] = f1.sum(axis=2) / scored.sum(axis=2)
        with np.errstate(divide="ignore"):
            logarithm = np.log(np.where(present, recall, 1))
        scores[:, :, 3] = np.exp(logarithm.sum(axis=2) / num_present)
        scores[:, :, self.recalls] = np.where(present, recall, np.nan)
        of_groups = scores[:, :, self.recalls.stop : -1]
        with np.errstate(invalid="ignore"):
            np.divide(self.members @ recall, self.members @ present.astype(float), out=of_groups)
        scores[:, :, -1] = np.where(present, recall, np.inf).min(axis=2)
        return scores


SHOT_ACCURACIES = ("many_shot_accuracy", "medium_shot_accuracy", "few_shot_accuracy")
"""Figures of groups of classes, by their training samples."""

JUDGED = (*SUMMARIES, *SHOT_ACCURACIES)
"""Figures that a verdict can go by."""


def check_shots(shots: tuple[int, int]) -> None:
    """Refuse two numbers that `shot_groups` does not take."""
    are_two = isinstance(shots, tuple | list) and len(shots) == 2
    if not are_two or not 0 < shots[0] <= shots[1]:
        raise UsageError(
            f"shots: expected two numbers of samples in ascending order, (20, 100), got {shots!r}"
        )


def check_judged(figure: str, groups: Collection[str], shots: tuple[int, int]) -> None:
    """Refuse to judge by a group of classes that there is not.

    Parameters
    ----------
    figure : str
        What the verdict goes by.
    groups : collection of str
        As `shot_groups` names them.
    shots : tuple of int
        By which the classes were grouped.

    Raises
    ------
    UsageError
        If the figure is of such a group.
    """
    if figure in SHOT_ACCURACIES and figure not in groups:
        raise UsageError(f"figure: {no_group(figure, shots)}", fix={"shots": []})


def no_group(figure: str, shots: tuple[int, int]) -> str:
    """Say that there is no group of classes, and what to do."""
    few, many = shots
    return (
        f"{figure}: there are no such classes, or no others; few-shot classes have fewer than "
        f"{few:,} training samples, many-shot classes more than {many:,}. Give other numbers of "
        "samples as shots, and the training samples of each class where they are not known"
    )


def shot_groups(
    train_counts: Sequence[int],
    test_counts: NDArray[np.integer[Any]],
    shots: tuple[int, int] = SHOTS,
) -> dict[str, tuple[int, ...]]:
    """Group classes by how many training samples they have.

    Parameters
    ----------
    train_counts : sequence of int, length C
        Empty where they are unknown.
    test_counts : ndarray of int, shape [C]
    shots : tuple of int
        Few-shot classes have fewer training samples than the first, many-shot ones more than the
        second.

    Returns
    -------
    dict of str to tuple of int
        Labels of each group that has test samples; empty where there are not two such groups, as
        the mean recall of the only one is the balanced accuracy.
    """
    few, many = shots
    check_shots(shots)
    groups: dict[str, list[int]] = {name: [] for name in SHOT_ACCURACIES}
    for label, count in enumerate(train_counts):
        place = 2 if count < few else 0 if count > many else 1
        groups[SHOT_ACCURACIES[place]].append(label)
    columns = {
        name: tuple(labels)
        for name, labels in groups.items()
        if any(test_counts[label] for label in labels)
    }
    return columns if len(columns) > 1 else {}
