"""Statistics of comparisons: figures, intervals, p-values, and how often these hold."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from imblearn.metrics import geometric_mean_score
from scipy import stats
from sklearn.metrics import balanced_accuracy_score, f1_score

import fer_model.statistics
from fer_data.errors import UsageError
from fer_model.statistics import differences as differences_module
from fer_model.statistics import scores as scores_module
from fer_model.statistics.bootstrap import bootstrap
from fer_model.statistics.design import seeds_needed
from fer_model.statistics.differences import Differences, paired_differences
from fer_model.statistics.evidence import WITHOUT_INTERVAL, clusters_of_figures
from fer_model.statistics.intervals import interval
from fer_model.statistics.p_values import holm, mcnemar
from fer_model.statistics.scores import Predicted, shot_groups
from fer_model.statistics.verdict import CANNOT_TELL, EQUIVALENT, HELPS, HURTS, verdicts
from tests.helpers.imports import FRAMEWORKS, imported
from tests.helpers.trainings import (
    SCENARIOS,
    Outcome,
    Scenario,
    draw,
    made,
    simulate,
    true_differences,
)

MODULES = [file.stem for file in sorted(Path(fer_model.statistics.__path__[0]).glob("[a-z]*.py"))]


def taken(predicted: Predicted, rows: np.ndarray) -> Predicted:
    return replace(
        predicted,
        labels=predicted.labels[rows],
        predicted=predicted.predicted[..., rows],
        clusters=predicted.clusters[rows],
    )


def test_the_modules_import_no_framework() -> None:
    code = "\n".join(f"import fer_model.statistics.{name}" for name in MODULES)
    assert not imported(code) & {*FRAMEWORKS, "sklearn", "imblearn", "pandas"}


@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(1, 40))
@settings(max_examples=40)
def test_the_figures_are_those_of_scikit_learn(seed: int, num_classes: int, num: int) -> None:
    predicted = made(num_arms=2, num=num, num_classes=num_classes, seed=seed)
    labels = predicted.labels
    present = np.unique(labels)
    for arm, training in np.ndindex(2, 2):
        guess = predicted.predicted[arm, training]
        recall = [float((guess[labels == each] == each).mean()) for each in present]
        expected = [
            (guess == labels).mean(),
            np.mean(recall),
            f1_score(labels, guess, average="macro", zero_division=0.0),
            geometric_mean_score(labels, guess, labels=present),
        ]
        found = predicted.scores[arm, training]
        np.testing.assert_allclose(found[:4], expected, atol=1e-12)
        np.testing.assert_allclose(found[4:-1][present], recall)
        assert np.isnan(np.delete(found[4:-1], present)).all()
        assert found[-1] == min(recall)
    if len(present) == num_classes:
        expected_mean = balanced_accuracy_score(labels, predicted.predicted[0, 0])
        assert predicted.scores[0, 0, 1] == pytest.approx(expected_mean)


def test_the_figures_are_those_of_a_run() -> None:
    from fer_model.training.score import score

    predicted = made()
    guess = predicted.predicted[1, 1]
    expected = score(
        predicted.labels, np.eye(4, dtype=np.float32)[guess], class_names=predicted.class_names
    )
    for figure, value in zip(predicted.figures[:-1], predicted.scores[1, 1, :-1], strict=True):
        name = figure.removeprefix("recall of ")
        wanted = expected["per_class"][name]["recall"] if name != figure else expected[figure]
        assert value == pytest.approx(wanted)


def test_a_class_with_no_image_right_makes_the_geometric_mean_zero() -> None:
    labels = np.array([0, 0, 1, 1])
    predicted = Predicted(("x",), ("a", "b"), labels, np.array([[[0, 0, 0, 0]]]), np.arange(4))
    assert predicted.scores[0, 0].tolist() == [0.5, 0.5, pytest.approx(1 / 3), 0.0, 1.0, 0.0, 0.0]


def test_predictions_may_be_lists_and_must_be_numbers() -> None:
    found = Predicted(("x",), ("a", "b"), [0, 1], [[[0, 0]]], [0, 1])  # type: ignore[arg-type]
    assert found.scores[0, 0, 0] == 0.5
    with pytest.raises(UsageError, match=r"^labels: expected whole numbers"):
        Predicted(("x",), ("a", "b"), list("ab"), [[list("aa")]], [0, 1])  # type: ignore[arg-type]


@given(st.integers(0, 10_000), st.integers(1, 20))
@settings(max_examples=20)
def test_shots_are_means_of_recalls_by_training_counts(seed: int, num: int) -> None:
    counts = (500, 101, 100, 20, 19, 3)
    plain = made(num_classes=6, seed=seed, num=num)
    groups = shot_groups(counts, np.bincount(plain.labels, minlength=6))
    predicted = replace(plain, groups=groups)
    present = set(plain.labels.tolist())
    wanted = {"many": {0, 1}, "medium": {2, 3}, "few": {4, 5}}
    wanted = {name: labels & present for name, labels in wanted.items() if labels & present}
    assert [name.removesuffix("_shot_accuracy") for name in groups] == (
        list(wanted) if len(wanted) > 1 else []
    )
    for name in groups:
        columns = [4 + label for label in wanted[name.removesuffix("_shot_accuracy")]]
        found = predicted.scores[..., predicted.figures.index(name)]
        np.testing.assert_allclose(found, predicted.scores[..., columns].mean(axis=-1))
        row = paired_differences(predicted, num_draws=100).of("arm 1", name)
        assert row.low <= row.estimate <= row.high
    assert shot_groups((), np.ones(6)) == {}
    with pytest.raises(UsageError, match="ascending"):
        shot_groups(counts, np.ones(6), (100, 20))


@given(st.integers(0, 10_000))
@settings(max_examples=20)
def test_weights_count_as_copies_of_whole_clusters(seed: int) -> None:
    predicted = made(seed=seed, num_clusters=12)
    weights = np.random.default_rng(seed).integers(0, 3, predicted.num_clusters)
    weights[0] = 1
    rows = np.repeat(np.arange(60), weights[predicted.cluster_places])
    # A class that a draw misses does not count in its macro F1; one that there is not does.
    assume(len(np.unique(predicted.labels[rows])) == predicted.num_classes)
    found = predicted.weighted_scores(weights[:, None].astype(np.float32))[..., 0]
    np.testing.assert_allclose(found, taken(predicted, rows).scores, atol=1e-12)


def test_the_memory_of_one_step_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = paired_differences(made(), num_draws=200)
    monkeypatch.setattr(scores_module, "_MAX_ELEMENTS", 60 * 7)
    assert made().step < 10
    for one, other in zip(paired_differences(made(), num_draws=200).rows, whole.rows, strict=True):
        assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=1e-12)


def test_a_thousand_classes_fit_in_small_steps() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 1000, 5000)
    guesses = np.where(random.random((3, 2, 5000)) < 0.7, labels, 0)
    names = tuple(map(str, range(1000)))
    predicted = Predicted(("x", "y", "z"), names, labels, guesses, np.arange(5000))
    assert predicted.step * predicted.counts.shape[0] <= scores_module._MAX_ELEMENTS
    found = bootstrap(predicted, [1, 2], 0, 20, random)
    assert found.of_mean.shape == (2, 1005, 20)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"arms": ("x", "y")}, "wanted is"),
        ({"arms": ("x", "y", "x")}, "once"),
        ({"labels": np.full(60, 4)}, "classes from 0 to 3"),
        ({"predicted": np.full((3, 2, 60), -1)}, "go from -1"),
        ({"predicted": np.zeros((3, 60), np.int64)}, "wanted is"),
        ({"predicted": np.zeros((3, 0, 60), np.int64)}, "nothing to score"),
        ({"clusters": np.arange(59)}, "one of each"),
    ],
)
def test_predictions_that_do_not_fit_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        replace(made(), **change)  # type: ignore[arg-type]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_is_the_step_down_of_bonferroni(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    climbed = 0.0
    for rank, place in enumerate(order):
        climbed = max(climbed, min(1.0, (len(order) - rank) * p_values[place]))
        assert adjusted[place] == pytest.approx(climbed)
    assert (adjusted >= p_values).all()


def test_holm_of_a_published_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_mcnemar_counts_the_images_that_one_alone_gets_right() -> None:
    labels = np.zeros(10, np.int64)
    base = np.array([1, 1, 1, 1, 1, 1, 0, 0, 0, 0])
    guesses = np.array([[base, labels], [labels, labels]])
    predicted = Predicted(("x", "y"), ("a", "b"), labels, guesses, np.arange(10))
    assert mcnemar(predicted, "y").tolist() == [2 * 0.5**6, 1.0]
    with pytest.raises(UsageError, match="no arm z"):
        mcnemar(predicted, "z")


def test_the_same_seed_gives_the_same_answer() -> None:
    first, again, other = (paired_differences(made(), seed=seed).rows for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_differences_are_of_means_over_seeds_paired_by_seed() -> None:
    predicted = made(num_seeds=4)
    found = paired_differences(predicted, baseline="arm 1", num_draws=200)
    assert found.arms == ("arm 0", "arm 2")
    row = found.of("arm 2", "macro_f1")
    by_seed = predicted.scores[2, :, 2] - predicted.scores[1, :, 2]
    assert row.by_seed == pytest.approx(by_seed)
    assert row.estimate == pytest.approx(by_seed.mean())
    assert row.value - row.baseline_value == pytest.approx(row.estimate)
    assert row.components.seeds == pytest.approx(by_seed.var(ddof=1))
    assert row.low < row.estimate < row.high


def test_swapping_arm_and_baseline_turns_the_interval_over() -> None:
    predicted = made(num_arms=2, num=500, num_seeds=3)
    there = paired_differences(predicted).rows
    back = paired_differences(predicted, baseline="arm 1").rows
    for one, other in zip(there, back, strict=True):
        assert other.estimate == pytest.approx(-one.estimate)
        assert (other.low, other.high) == pytest.approx((-one.high, -one.low))
        assert other.p_value == pytest.approx(one.p_value)


def test_an_interval_without_zero_goes_with_a_small_p_value() -> None:
    for seed in range(20):
        for row in paired_differences(made(seed=seed, num=150), num_draws=399).rows:
            assert (row.p_value <= 0.05) <= (not row.low < 0 < row.high)
            assert (row.p_value > 0.052) <= (row.low <= 0 <= row.high)


def test_one_seed_has_images_alone_and_says_so() -> None:
    predicted = made(num_arms=2, num_seeds=1, num=400)
    found = paired_differences(predicted)
    row = found.of("arm 1", "accuracy")
    assert row.of_images_alone
    assert math.isnan(row.components.seeds)
    right = (predicted.predicted == predicted.labels)[:, 0].astype(float)
    half = 1.96 * (right[1] - right[0]).std() / math.sqrt(400)
    assert (row.high - row.low) / 2 == pytest.approx(half, rel=0.08)
    assert "another training may differ" in verdicts(found)[0].text
    with pytest.raises(UsageError, match="no spread"):
        seeds_needed(row, num_arms=2)


def test_copies_of_one_image_make_nothing_surer() -> None:
    predicted = made(num_arms=2, num=200)
    copies = taken(predicted, np.repeat(np.arange(200), 3))
    assert paired_differences(copies).rows == paired_differences(predicted).rows


def test_seeds_that_agree_leave_the_images_alone() -> None:
    predicted = made(num_arms=2, num_seeds=1, num=500)
    tripled = replace(predicted, predicted=np.repeat(predicted.predicted, 3, axis=1))
    for one, three in zip(
        paired_differences(predicted).rows, paired_differences(tripled).rows, strict=True
    ):
        assert (three.low, three.high) == pytest.approx((one.low, one.high), abs=1e-9)
        assert three.components.interaction == pytest.approx(0, abs=1e-12)


def test_a_class_without_a_image_has_no_recall() -> None:
    predicted = replace(made(), class_names=tuple("abcde"))
    found = paired_differences(predicted, num_draws=200)
    assert ("arm 1", "recall of d") in {(row.arm, row.figure) for row in found.rows}
    assert "recall of e" not in {row.figure for row in found.rows}
    with pytest.raises(KeyError):
        found.of("arm 1", "recall of e")


def two_arms(labels: list[int], base: list[int], other: list[int]) -> Differences:
    guesses = np.array([[base] * 3, [other] * 3])
    predicted = Predicted(("x", "y"), ("a", "b"), np.array(labels), guesses, np.arange(len(labels)))
    return paired_differences(predicted)


def test_a_class_with_one_duplicate_group_tells_nothing() -> None:
    row = two_arms([0] * 30 + [1], [0] * 31, [0] * 30 + [1]).of("y", "recall of b")
    assert (row.estimate, row.low, row.high, row.p_value) == (1.0, -1.0, 1.0, 1.0)


def test_a_geometric_mean_of_zero_tells_nothing() -> None:
    row = two_arms([0] * 30 + [1] * 9, [0] * 39, [0] * 30 + [1] * 9).of("y", "geometric_mean")
    assert (row.estimate, row.low, row.high, row.p_value) == (1.0, -1.0, 1.0, 1.0)


def test_five_images_won_are_too_few_and_six_are_enough() -> None:
    for num, p_value in ((5, 2 * 0.5**5), (6, 2 * 0.5**6)):
        found = two_arms([0] * 90, [1] * num + [0] * (90 - num), [0] * 90)
        row = found.of("y", "recall of a")
        assert row.num_discordant == num
        assert row.p_value == pytest.approx(p_value)
        assert (row.low <= 0) == (num == 5)
        verdict = next(each for each in verdicts(found) if each.difference is row)
        assert verdict.word == (CANNOT_TELL if num == 5 else HELPS)
        assert ("differ on 5 test images" in verdict.text) == (num == 5)


def test_arms_that_never_differ_may_still_differ_elsewhere() -> None:
    row = two_arms([0] * 50, [0] * 50, [0] * 50).of("y", "recall of a")
    assert (row.estimate, row.p_value) == (0.0, 1.0)
    assert row.high == -row.low == pytest.approx(1 - 0.025 ** (1 / 50))


def test_means_over_classes_may_differ_elsewhere_by_the_mean_of_the_classes_reaches() -> None:
    found = two_arms([0] * 58 + [1] * 2, [0] * 60, [0] * 60)
    reaches = [1 - 0.025 ** (1 / num) for num in (58, 2)]
    assert found.of("y", "accuracy").high == pytest.approx(1 - 0.025 ** (1 / 60))
    for figure in ("balanced_accuracy", "macro_f1"):
        row = found.of("y", figure)
        assert row.high == -row.low == pytest.approx(np.mean(reaches))


def test_arms_are_compared_in_groups_that_fit_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    predicted = made(num_arms=5)
    whole = paired_differences(predicted, baseline="arm 1", num_draws=200).rows
    monkeypatch.setattr(differences_module, "_MAX_DEVIATIONS", 2 * 8 * 200)
    assert paired_differences(predicted, baseline="arm 1", num_draws=200).rows == whole


def test_draws_without_the_class_are_skipped() -> None:
    draws = np.concatenate([np.linspace(-1, 1, 999), np.full(500, np.nan)])
    found = interval(draws, 0.5, 20, 0.1, 0.9)
    assert found == pytest.approx(interval(draws[:999], 0.5, 20, 0.1, 0.9))
    assert found[:2] == pytest.approx((-0.4, 1.4), abs=2e-3)
    assert found[2] == 2 * (250 + 1) / (999 + 1)


@given(st.integers(0, 10_000), st.floats(0, 0.5))
@settings(max_examples=20)
def test_a_verdict_follows_from_the_interval_of_all_arms_and_the_margin(
    seed: int, margin: float
) -> None:
    found = paired_differences(made(num=400, seed=seed), num_draws=200)
    for one in verdicts(found, margin=margin):
        row = one.difference
        low, high = row.simultaneous
        assert low <= row.low <= row.high <= high
        assert (one.word == EQUIVALENT) == (-margin < low and high < margin)
        assert one.word in (EQUIVALENT, CANNOT_TELL) or row.p_holm <= 0.05
        assert one.word not in (HELPS, HURTS) or (row.estimate > 0) == (one.word == HELPS)
    with pytest.raises(UsageError, match="margin"):
        verdicts(found, margin=1)


@pytest.mark.parametrize("change", [{"num_draws": 10}, {"level": 1.0}, {"baseline": "none"}])
def test_impossible_options_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        paired_differences(made(), **change)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="two or more"):
        paired_differences(made(num_arms=1))


CLAIM = (0.93, 0.97)
"""What 95 % intervals must cover."""

FALSE_ALARMS = 0.05

CHANCE = 1e-3
"""That a bound below is broken although the claim is just true."""


def assert_covers(covered: np.ndarray) -> None:
    """Check hits of independent comparisons [R, F] against the claim.

    Hits of R comparisons with a coverage at an end of the claim are binomial; their quantiles at
    `CHANCE` are the bounds of each figure. The mean over the figures is known better: its bounds
    are so many standard errors wide, of the comparisons' own means.
    """
    number = len(covered)
    low = stats.binom.ppf(CHANCE, number, CLAIM[0])
    high = stats.binom.ppf(1 - CHANCE, number, CLAIM[1])
    hits = covered.sum(axis=0)
    assert ((low <= hits) & (hits <= high)).all(), (hits / number).round(4).tolist()
    means = covered.mean(axis=1)
    reach = stats.norm.isf(CHANCE) * means.std(ddof=1) / math.sqrt(number)
    assert CLAIM[0] - reach <= means.mean() <= CLAIM[1] + reach, (means.mean(), reach)


def assert_few(alarms: np.ndarray) -> None:
    """Check false alarms of independent comparisons [R, F] against 5 %, as `assert_covers` does."""
    most = stats.binom.ppf(1 - CHANCE, len(alarms), FALSE_ALARMS)
    assert (alarms.sum(axis=0) <= most).all(), alarms.mean(axis=0).round(4).tolist()


def test_the_true_differences_are_those_of_very_many_images() -> None:
    scenario = replace(SCENARIOS["mixed"], num_clusters=60_000, num_seeds=40)
    predicted = draw(scenario, np.random.default_rng(0))
    found = predicted.scores[1] - predicted.scores[0]
    error = found.std(axis=0, ddof=1) / math.sqrt(40)
    images = 0.5 / np.sqrt(clusters_of_figures(predicted))
    images[-1] = images[predicted.recalls].max()
    assert (np.abs(found.mean(axis=0) - true_differences(scenario)[0]) < 4 * (error + images)).all()


def test_there_is_no_true_difference_without_an_effect() -> None:
    assert not true_differences(replace(SCENARIOS["seeds"], effect=0.0)).any()


def few(name: str, level: float) -> np.ndarray:
    scenario = replace(SCENARIOS[name], num_clusters=400)
    return with_interval(simulate(scenario, 150, num_draws=199, level=level))[:, 0]


def with_interval(found: Outcome) -> np.ndarray:
    return found.covered[..., [name not in WITHOUT_INTERVAL for name in found.figures]]


@pytest.mark.parametrize("name", SCENARIOS)
def test_intervals_cover_in_a_few_comparisons(name: str) -> None:
    assert_covers(few(name, 0.95))


@pytest.mark.parametrize("name", ["chance", "seeds"])
def test_the_same_few_comparisons_refuse_intervals_that_cover_less(name: str) -> None:
    with pytest.raises(AssertionError):
        assert_covers(few(name, 0.85))


def test_the_same_bounds_refuse_intervals_of_images_alone() -> None:
    scenario = SCENARIOS["seeds"]
    truth = true_differences(scenario)[0]
    covered = []
    for number in range(60):
        predicted = draw(scenario, np.random.default_rng([number, 3]))
        rows = paired_differences(predicted, num_draws=199).rows
        parts = [row.components.images + row.components.interaction for row in rows]
        covered.append(np.abs([row.estimate for row in rows] - truth) < 1.96 * np.sqrt(parts))
    with pytest.raises(AssertionError):
        assert_covers(np.array(covered))


@pytest.mark.slow
@pytest.mark.parametrize("num_seeds", [3, 6])
@pytest.mark.parametrize("name", SCENARIOS)
def test_intervals_cover_the_true_difference(name: str, num_seeds: int) -> None:
    found = simulate(replace(SCENARIOS[name], num_seeds=num_seeds), 400)
    assert_covers(with_interval(found)[:, 0])


@pytest.mark.slow
@pytest.mark.parametrize("num_seeds", [3, 6])
@pytest.mark.parametrize("name", SCENARIOS)
def test_arms_that_do_not_differ_are_rarely_distinguished(name: str, num_seeds: int) -> None:
    found = simulate(replace(SCENARIOS[name], num_seeds=num_seeds, effect=0.0), 400)
    assert_covers(with_interval(found)[:, 0])
    assert_few(found.p_values[:, 0] <= 0.05)


@pytest.mark.slow
@pytest.mark.parametrize("num_seeds", [3, 6])
@pytest.mark.parametrize("name", SCENARIOS)
def test_of_five_arms_none_is_distinguished_by_chance(name: str, num_seeds: int) -> None:
    scenario = replace(SCENARIOS[name], num_arms=5, num_seeds=num_seeds)
    assert_covers(with_interval(simulate(scenario, 150))[:, -1])
    found = simulate(replace(scenario, effect=0.0), 150)
    assert_few(found.p_values[:, -1] <= 0.05)
    assert_few((found.p_holm <= 0.05).any(axis=1))


@pytest.mark.slow
@pytest.mark.parametrize("num_clusters", [350, 120])
def test_a_class_of_few_images_raises_no_false_alarm(num_clusters: int) -> None:
    """Of about 12 and 4 images: the intervals may be wide there, never too narrow."""
    scenario = Scenario("chance", 0.0, 0.0, 0.0, num_clusters=num_clusters, effect=0.0)
    alarms = []
    for number in range(300):
        predicted = draw(scenario, np.random.default_rng([number, num_clusters]))
        found = {row.figure: row for row in paired_differences(predicted, num_draws=399).rows}
        alarms.append([name in found and found[name].p_value <= 0.05 for name in predicted.figures])
    assert_few(np.array(alarms))
