"""Trainings that were never run: predictions drawn from a model whose true figures are known.

A training gets an image right where a sum is positive: how easy its class is to the arm, plus
what the seed brings (to all arms, to this arm, to the class), plus how easy the image is (to all
trainings, and to this arm), plus chance. All parts are normal, so that a class's recall over all
images is a normal probability, given the seed's part. What is taken for what else does not
depend on any of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from fer_model.statistics.differences import Difference, paired_differences
from fer_model.statistics.scores import Predicted

CLASS_NAMES = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
FRACTIONS = np.array([0.137, 0.034, 0.138, 0.25, 0.17, 0.166, 0.105])
RECALLS = np.array([0.6, 0.5, 0.45, 0.87, 0.62, 0.5, 0.8])
GROUPS = {
    "many_shot_accuracy": (3, 4, 5),
    "medium_shot_accuracy": (0, 2, 6),
    "few_shot_accuracy": (1,),
}
EFFECTS = np.array([0.0, 0.5, 0.1, -0.1, 0.0, 0.05, 0.0])
SAME_CHANCE = 0.9
"""Random correlation between near-duplicates."""


def made(
    *,
    num_arms: int = 3,
    num_seeds: int = 2,
    num: int = 60,
    num_classes: int = 4,
    seed: int = 0,
    num_clusters: int | None = None,
) -> Predicted:
    """Predictions that are right three times of four, at random."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, num_classes, num)
    guesses = random.integers(0, num_classes, (num_arms, num_seeds, num))
    predicted = np.where(random.random(guesses.shape) < 0.7, labels, guesses)
    clusters = random.integers(0, num_clusters, num) if num_clusters else np.arange(num)
    arms = tuple(f"arm {place}" for place in range(num_arms))
    return Predicted(arms, tuple("abcdefgh"[:num_classes]), labels, predicted, clusters)


def taken(predicted: Predicted, rows: np.ndarray) -> Predicted:
    """Return the predictions of some samples, each as often as it is named."""
    return replace(
        predicted,
        labels=predicted.labels[rows],
        predicted=predicted.predicted[..., rows],
        clusters=predicted.clusters[rows],
    )


@dataclass(frozen=True)
class Scenario:
    """What varies, in standard deviations of the sum; chance has 1.

    Attributes
    ----------
    name : str
    suits : float
        Of how easy an image is to an arm, in all its trainings.
    seed : float
        Of a training.
    seed_of_class : float
        Of a class in a training.
    num_arms, num_seeds, num_clusters : int
    effect : float
        Times `EFFECTS`, what each arm but the first adds.
    """

    name: str
    suits: float
    seed: float
    seed_of_class: float
    num_arms: int = 2
    num_seeds: int = 3
    num_clusters: int = 1500
    effect: float = 1.0

    difficulty = 1.2
    seed_of_all_arms = 0.1

    @property
    def spread(self) -> float:
        """Of the sum over images, given the training."""
        return float(np.sqrt(1 + self.difficulty**2 + self.suits**2))

    @property
    def ease(self) -> NDArray[np.float64]:
        """How easy each class is to each arm, [A, C]."""
        shift = np.zeros((self.num_arms, len(FRACTIONS)))
        shift[1:] = EFFECTS * self.effect
        return stats.norm.ppf(RECALLS) * self.spread + shift


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("chance", suits=0.0, seed=0.0, seed_of_class=0.0),
        Scenario("images", suits=0.7, seed=0.01, seed_of_class=0.02),
        Scenario("mixed", suits=0.4, seed=0.04, seed_of_class=0.08),
        Scenario("seeds", suits=0.2, seed=0.15, seed_of_class=0.25),
    )
}
"""By what decides how far a difference varies; chance is seed by image alone."""


def _seed_parts(scenario: Scenario, num: int, random: np.random.Generator) -> Any:
    """Return what seeds bring, [A, num, C]."""
    shape = (scenario.num_arms, num)
    of_all = scenario.seed_of_all_arms * random.normal(size=(1, num, 1))
    of_one = scenario.seed * random.normal(size=(*shape, 1))
    return of_all + of_one + scenario.seed_of_class * random.normal(size=(*shape, len(FRACTIONS)))


def true_differences(scenario: Scenario, *, num: int = 100_000) -> NDArray[np.float64]:
    """Return the expected differences to the first arm over all images, [A - 1, F].

    The expectation over the seeds is the mean of `num` draws, the same for all arms.
    """
    random = np.random.default_rng([num, 1])
    parts = _seed_parts(scenario, num, random)[:1]
    others = _others()
    found = []
    for ease in scenario.ease[:2]:
        recall = stats.norm.cdf((ease + parts[0]) / scenario.spread)
        right = FRACTIONS * recall
        predicted = right + (FRACTIONS - right) @ others
        f1 = 2 * right / (FRACTIONS + predicted)
        figures = [right.sum(1), recall.mean(1), f1.mean(1), stats.gmean(recall, axis=1)]
        means = recall.mean(0)
        of_groups = [means[list(group)].mean() for group in GROUPS.values()]
        worst = recall.min(axis=1).mean()
        found.append(np.array([*[values.mean() for values in figures], *means, *of_groups, worst]))
    return np.tile(found[1] - found[0], (scenario.num_arms - 1, 1))


def _others() -> NDArray[np.float64]:
    """Return what each class is taken for where it is not seen, [C, C]."""
    table = np.tile(FRACTIONS, (len(FRACTIONS), 1)) + 0.1
    np.fill_diagonal(table, 0)
    return table / table.sum(axis=1, keepdims=True)


def draw(scenario: Scenario, random: np.random.Generator) -> Predicted:
    """Return the predictions of one comparison: new images, new seeds."""
    num, num_classes = scenario.num_clusters, len(FRACTIONS)
    sizes = random.choice([1, 2, 3], num, p=[0.9, 0.08, 0.02])
    clusters = np.repeat(np.arange(num), sizes)
    of_cluster = random.choice(num_classes, num, p=FRACTIONS / FRACTIONS.sum())
    labels = of_cluster[clusters]
    trainings = (scenario.num_arms, scenario.num_seeds)
    chance = np.sqrt(SAME_CHANCE) * random.normal(size=(*trainings, num))[..., clusters]
    chance += np.sqrt(1 - SAME_CHANCE) * random.normal(size=(*trainings, len(clusters)))
    chance += scenario.difficulty * random.normal(size=num)[clusters]
    suits = scenario.suits * random.normal(size=(scenario.num_arms, 1, num))
    parts = scenario.ease[:, None] + _seed_parts(scenario, scenario.num_seeds, random)
    right = parts[..., labels] + suits[..., clusters] + chance > 0
    ends = _others().cumsum(axis=1)[of_cluster]
    often = (random.random((num, 1)) > ends).sum(axis=1).clip(max=num_classes - 1)
    seldom = (random.random((*trainings, num, 1)) > ends).sum(axis=-1).clip(max=num_classes - 1)
    wrong = np.where(random.random((*trainings, num)) < 0.7, often, seldom)
    predicted = np.where(right, labels, wrong[..., clusters])
    arms = tuple(f"arm {number}" for number in range(scenario.num_arms))
    return Predicted(arms, CLASS_NAMES, labels, predicted, clusters, GROUPS)


def draw_alike(
    num_classes: int, num_of_class: int, random: np.random.Generator, *, num_seeds: int = 3
) -> Predicted:
    """Return an arm with recalls of 0.6, and a baseline that has 0.2 in one class: +0.4."""
    labels = np.repeat(np.arange(num_classes), num_of_class)
    recall = np.full((2, 1, num_classes), 0.6)
    recall[0, 0, 0] = 0.2
    right = random.random((2, num_seeds, len(labels))) < recall[..., labels]
    predicted = np.where(right, labels, (labels + 1) % num_classes)
    names = tuple(map(str, range(num_classes)))
    return Predicted(("none", "arm"), names, labels, predicted, np.arange(len(labels)))


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of many comparisons of a scenario.

    Attributes
    ----------
    scenario : Scenario
    figures : tuple of str, length F
    covered : ndarray of bool, shape [R, A - 1, F]
        Whether the interval holds the true difference.
    widths : ndarray of float64, shape [R, A - 1, F]
    p_values, p_holm : ndarray of float64, shape [R, A - 1, F]
    """

    scenario: Scenario
    figures: tuple[str, ...]
    covered: NDArray[np.bool_]
    widths: NDArray[np.float64]
    p_values: NDArray[np.float64]
    p_holm: NDArray[np.float64]


def simulate(
    scenario: Scenario,
    num_replications: int,
    *,
    num_draws: int = 399,
    level: float = 0.95,
    first: int = 0,
) -> Outcome:
    """Draw and compare again and again; replication r is a function of r alone."""
    truth = true_differences(scenario)
    found: list[tuple[Sequence[Difference], ...]] = []
    figures: tuple[str, ...] = ()
    for number in range(first, first + num_replications):
        predicted = draw(scenario, np.random.default_rng([number, scenario.num_seeds]))
        differences = paired_differences(predicted, seed=number, num_draws=num_draws, level=level)
        figures = differences.figures
        found.append(differences.rows)
    shape = (num_replications, scenario.num_arms - 1, len(figures))
    low, high, p_values, p_holm = (
        np.array([[getattr(row, name) for row in rows] for rows in found]).reshape(shape)
        for name in ("low", "high", "p_value", "p_holm")
    )
    covered = (low <= truth) & (truth <= high)
    return Outcome(scenario, figures, covered, high - low, p_values, p_holm)
