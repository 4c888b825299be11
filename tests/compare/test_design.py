"""What a comparison can find, and what it says: designs, seeds needed, verdicts."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy import stats

from fer_data.errors import UsageError
from fer_model.statistics.design import (
    Design,
    images_needed,
    seeds_needed,
    smallest_difference,
    smallest_difference_measured,
)
from fer_model.statistics.differences import Components, paired_differences
from fer_model.statistics.power import least_discordant, margin, power_against
from fer_model.statistics.scores import Predicted
from fer_model.statistics.verdict import CANNOT_TELL, HELPS, HURTS, verdicts
from fer_model.words import figure_name
from tests.helpers.trainings import CLASS_NAMES, SCENARIOS, draw, made


@pytest.mark.parametrize("num_seeds", [1, 3, 6])
@pytest.mark.parametrize("images", [0.0, 1.0, 4.0])
@pytest.mark.parametrize("degrees", [5.0, math.inf])
def test_the_power_is_how_often_a_normal_difference_exceeds_the_margin(
    num_seeds: int, images: float, degrees: float
) -> None:
    """In a simulated normal case: 20,000 comparisons, within 4 standard errors."""
    seeds = 1.0 if num_seeds > 1 else 0.0
    difference, tail, number = 4.0, 0.0125, 20_000
    power = power_against(difference, images, seeds, num_seeds, tail=tail, degrees=degrees)
    if images + seeds == 0:
        assert power == 1
        return
    random = np.random.default_rng(1)
    of_seeds = random.normal(size=(number, num_seeds)) * math.sqrt(seeds * num_seeds)
    spread = math.sqrt(images * (1 + 1 / degrees))
    estimates = difference + of_seeds.mean(1) + spread * random.normal(size=number)
    measured = of_seeds.var(axis=1, ddof=1) / num_seeds if num_seeds > 1 else np.zeros(number)
    scatter = (
        np.ones(number) if math.isinf(degrees) else random.chisquare(degrees, number) / degrees
    )
    beyond = estimates > margin(images * scatter, measured, num_seeds, tail, degrees=degrees)
    assert power == pytest.approx(beyond.mean(), abs=4 * math.sqrt(power * (1 - power) / number))


def test_seeds_alone_and_few_images_alone_are_student_s_t_test() -> None:
    assert margin(0.0, 4.0, 5, 0.025) == pytest.approx(2 * stats.t.isf(0.025, 4))
    assert margin(4.0, 0.0, 5, 0.025) == pytest.approx(2 * stats.norm.isf(0.025))
    few = margin(9 / 10 * 4.0, 0.0, 5, 0.025, degrees=9)
    assert few == pytest.approx(2 * stats.t.isf(0.025, 9))


@pytest.mark.parametrize("num_arms", [2, 3, 9])
def test_a_sign_test_of_the_fewest_discordant_images_is_just_enough(num_arms: int) -> None:
    number = least_discordant(num_arms, 0.05)
    p_values = [stats.binomtest(num, num).pvalue for num in (number - 1, number)]
    assert p_values[1] <= 0.05 / (num_arms - 1) < p_values[0]


@pytest.mark.parametrize("num_seeds", [1, 3])
@pytest.mark.parametrize("num", [1, 2, 5])
def test_a_class_that_no_sign_test_could_decide_is_promised_nothing(
    num: int, num_seeds: int
) -> None:
    smallest = smallest_difference([500, num], Design(num_seeds=num_seeds))
    assert smallest["recall of 1"] == math.inf
    assert smallest_difference([500, 6], Design(num_seeds=num_seeds))["recall of 1"] < 1


@pytest.mark.parametrize("num_arms", [2, 5])
@pytest.mark.parametrize("num", [10, 25, 60])
def test_what_is_promised_before_training_is_found(num: int, num_arms: int) -> None:
    """Of 200 comparisons like the assumed ones, within 4 standard errors."""
    design = Design(num_arms=num_arms, num_seeds=1)
    promised = smallest_difference([30, num], design)["recall of 1"]
    disagreement = max(design.disagreement, promised)
    random = np.random.default_rng(num)
    labels = np.repeat([0, 1], [30, num])
    fractions = [(disagreement - promised) / 2, (disagreement + promised) / 2, 1 - disagreement]
    found = []
    for number in range(200):
        lost, won = random.multinomial(1, fractions, num)[:, :2].T
        base, other = np.zeros((2, 1, len(labels)), np.int64)
        base[0, 30:], other[0, 30:] = 1 - won, 1 - lost
        predicted = Predicted(
            ("x", "y"), ("a", "b"), labels, np.stack([base, other]), np.arange(len(labels))
        )
        row = paired_differences(predicted, seed=number, num_draws=999).of("y", "recall of b")
        found.append(row.estimate > 0 and row.p_value <= 0.05 / (num_arms - 1))
    assert np.mean(found) > 0.8 - 4 * math.sqrt(0.8 * 0.2 / 200)


def test_a_design_finds_less_with_fewer_images_seeds_or_more_arms() -> None:
    numbers = [467, 56, 496, 895, 607, 653, 415]
    names = CLASS_NAMES
    smallest = smallest_difference(numbers, Design(), class_names=names)
    assert list(smallest) == ["accuracy", "balanced_accuracy", *(f"recall of {n}" for n in names)]
    assert smallest["accuracy"] < smallest["balanced_accuracy"] < smallest["recall of disgust"]
    assert smallest["recall of disgust"] == max(smallest.values())
    for harder in (Design(num_arms=5), Design(disagreement=0.4), Design(seed_spread=0.02)):
        worse = smallest_difference(numbers, harder, class_names=names)
        assert all(worse[figure] > smallest[figure] for figure in smallest)
    better = smallest_difference(numbers, Design(num_seeds=6), class_names=names)
    assert all(better[figure] < smallest[figure] for figure in smallest)


def test_one_seed_is_the_classical_paired_test() -> None:
    smallest = smallest_difference([3000, 1000], Design(num_seeds=1))
    z = stats.norm.isf(0.025) + stats.norm.isf(0.2)
    for figure, inverse in (
        ("accuracy", 1 / 4000),
        ("recall of 1", 1 / 1000),
        ("balanced_accuracy", (1 / 3000 + 1 / 1000) / 4),
    ):
        fraction = smallest[figure]
        assert fraction == pytest.approx(z * math.sqrt((0.2 - fraction**2) * inverse), rel=0.005)


@pytest.mark.parametrize(
    "change",
    [{"num_arms": 1}, {"num_seeds": 0}, {"alpha": 0}, {"disagreement": 2}, {"seed_spread": -1}],
)
def test_impossible_designs_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Design(**change)  # type: ignore[arg-type]


def test_seeds_needed_are_the_fewest_that_go_beyond_the_margin() -> None:
    predicted = draw(replace(SCENARIOS["mixed"], effect=0.4), np.random.default_rng(3))
    checked = 0
    for row in paired_differences(predicted).rows:
        more = seeds_needed(row, num_arms=2)
        parts = row.components
        of_one = max(parts.seeds, parts.interaction * parts.num_seeds)
        end = row.low if row.estimate > 0 else row.high

        def needed(num_seeds: int, of_one: float = of_one, parts: Components = parts) -> float:
            seeds, degrees = of_one / num_seeds, parts.degrees
            return float(margin(parts.images, seeds, num_seeds, 0.025, degrees=degrees))

        wider = max(1.0, abs(row.estimate - end) / needed(parts.num_seeds))
        if row.p_holm <= 0.05:
            assert more == 0
        elif more is None:
            assert abs(row.estimate) <= wider * needed(10_000)
        else:
            total = parts.num_seeds + more
            assert abs(row.estimate) > wider * needed(total)
            if more > 1:
                assert abs(row.estimate) <= wider * needed(total - 1)
            checked += 1
    assert checked


def balanced(
    num: int, *, won: int, lost: int, by_seed: tuple[int, int, int], num_seeds: int, seed: int = 0
) -> Predicted:
    """Two arms that differ on images of class b.

    The second wins and loses the same images with every seed, and so many others, at random, as
    the seed's place says.
    """
    random = np.random.default_rng(seed)
    labels = np.repeat([0, 1], [300, num])
    guesses = np.tile(labels, (2, num_seeds, 1))
    order = 300 + random.permutation(num)
    guesses[0][:, order[:won]] = 0
    guesses[1][:, order[won : won + lost]] = 0
    for training in range(num_seeds):
        gained = by_seed[training % 3]
        picked = random.choice(order[won + lost :], abs(gained), replace=False)
        guesses[int(gained < 0), training, picked] = 0
    return Predicted(("x", "y"), ("a", "b"), labels, guesses, np.arange(len(labels)))


@pytest.mark.parametrize(
    ("num", "won", "lost", "by_seed"),
    [
        (1000, 0, 0, (0, 10, 20)),
        (1000, 30, 15, (-5, 10, 25)),
        (300, 14, 7, (-5, 5, 15)),
        (100, 7, 2, (-5, 3, 11)),
        (40, 6, 1, (-3, 2, 6)),
    ],
)
def test_a_comparison_with_the_advised_seeds_decides(
    num: int, won: int, lost: int, by_seed: tuple[int, int, int]
) -> None:
    """Of whole triples of seeds, so that the difference is as large again."""
    for seed in range(3):
        made_of = partial(balanced, num, won=won, lost=lost, by_seed=by_seed)
        differences = paired_differences(made_of(num_seeds=3, seed=seed))
        row = differences.of("y", "recall of b")
        more = seeds_needed(row, num_arms=2)
        assert more
        total = 3 * math.ceil((3 + more) / 3)
        again = paired_differences(made_of(num_seeds=total, seed=seed + 100)).of("y", row.figure)
        assert again.estimate == pytest.approx(row.estimate)
        assert again.p_holm <= 0.05
        (verdict,) = verdicts(differences, figure=row.figure)
        assert verdict.more_seeds == more
        assert f"A comparison with {3 + more} seeds of each arm would show" in verdict.text


def test_in_a_class_of_ten_duplicate_groups_no_number_of_seeds_decides() -> None:
    """Although a normal quantile would say so."""
    for seed in range(3):
        made_of = partial(balanced, 10, won=6, lost=1, by_seed=(-1, 0, 1), seed=seed)
        differences = paired_differences(made_of(num_seeds=3))
        row = differences.of("y", "recall of b")
        assert row.p_holm > 0.05
        assert row.estimate > margin(row.components.images, 0.0, 10_000, 0.025)
        (verdict,) = verdicts(differences, figure=row.figure)
        assert verdict.more_seeds is None
        assert "times as many test images" in verdict.text
        assert paired_differences(made_of(num_seeds=300)).of("y", row.figure).p_holm > 0.05


def test_of_sixty_arms_that_help_each_is_said_to() -> None:
    labels = np.repeat([0, 1], 20)
    guesses = np.tile(labels, (60, 2, 1))
    guesses[0, :, ::2] = 1 - labels[::2]
    arms = tuple(f"arm {place}" for place in range(60))
    differences = paired_differences(Predicted(arms, ("a", "b"), labels, guesses, np.arange(40)))
    judged = verdicts(differences, figure="accuracy")
    assert len(judged) == 59
    assert {verdict.word for verdict in judged} == {HELPS}
    few = paired_differences(
        Predicted(arms, ("a", "b"), labels, guesses, np.arange(40)), num_draws=2000
    )
    (first, *_) = verdicts(few, figure="accuracy")
    assert (first.word, first.more_seeds) == (CANNOT_TELL, None)
    assert "too few draws" in first.text


def test_where_images_lack_no_number_of_seeds_is_named() -> None:
    predicted = made(num_arms=2, num_seeds=1, num=200, seed=5)
    tripled = replace(predicted, predicted=np.repeat(predicted.predicted, 3, axis=1))
    differences = paired_differences(tripled)
    for verdict in verdicts(differences):
        row = verdict.difference
        if row.p_holm > 0.05 and row.estimate:
            assert verdict.more_seeds is None
            assert images_needed(row, num_arms=2) > 1
            assert "times as many test images" in verdict.text


def test_measured_variances_tell_what_more_seeds_would_find() -> None:
    predicted = draw(SCENARIOS["seeds"], np.random.default_rng(0))
    row = paired_differences(predicted).of("arm 1", "accuracy")
    now = smallest_difference_measured(row, num_arms=2)
    later = smallest_difference_measured(row, num_arms=2, num_seeds=12)
    assert 0 < later < now / 2


def test_verdicts_say_what_the_adjusted_p_value_says() -> None:
    scenario = replace(SCENARIOS["chance"], num_arms=3, num_seeds=6, effect=2.0)
    differences = paired_differences(draw(scenario, np.random.default_rng(0)))
    words = set()
    for verdict in verdicts(differences, margin=0):
        row = verdict.difference
        decided = HELPS if row.estimate > 0 else HURTS
        assert verdict.word == (decided if row.p_holm <= 0.05 else CANNOT_TELL)
        assert (verdict.more_seeds == 0) == (verdict.word != CANNOT_TELL)
        assert row.arm in verdict.text
        assert figure_name(row.figure) in verdict.text
        assert f"{row.p_holm:.2g} adjusted for 2 comparisons" in verdict.text
        assert f"{100 * row.estimate:+.1f}".replace("-", "−") in verdict.text
        words.add(verdict.word)
    assert words == {HELPS, HURTS, CANNOT_TELL}
