"""Who gets on which side: each class in its fraction, no group divided, the same each time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fer_data.duplicates.grouping import duplicate_groups, merge_groups
from fer_data.splitting import mixed_groups
from fer_data.splitting.apportion import apportion, quotas
from fer_data.splitting.subsets import hold_out, stratified_subset

FRACTIONS = st.lists(st.integers(1, 9), min_size=2, max_size=5).map(
    lambda parts: [part / sum(parts) for part in parts]
)
LABELS = st.lists(st.integers(0, 3), min_size=1, max_size=60).map(np.array)
HOW_MANY_ONE_BY_ONE = pytest.mark.parametrize("few", [0, 1000])
"""Groups of several classes draw at once, or are placed one by one."""


def held(labels: np.ndarray, sides: np.ndarray, num_sides: int) -> np.ndarray:
    found = np.zeros((labels.max() + 1, num_sides), int)
    np.add.at(found, (labels, sides), 1)
    return found


def check_whole(sides: np.ndarray, groups: np.ndarray) -> None:
    pairs = np.unique(np.stack([groups, sides]), axis=1)
    assert pairs.shape[1] == len(np.unique(groups))


def numbers_of(data: st.DataObject, labels: np.ndarray, last: int) -> np.ndarray:
    numbers = st.lists(st.integers(0, last), min_size=len(labels), max_size=len(labels))
    return np.array(data.draw(numbers))


@settings(deadline=None, max_examples=50)
@given(LABELS, FRACTIONS, st.integers(0, 5))
def test_without_groups_every_class_has_the_nearest_whole_numbers(
    labels: np.ndarray, fractions: list[float], seed: int
) -> None:
    expected = quotas(np.bincount(labels), fractions)
    for groups in (None, np.arange(len(labels))[::-1]):
        sides = apportion(labels, groups, fractions, seed=seed)
        assert np.array_equal(held(labels, sides, len(fractions)), expected)


@settings(deadline=None, max_examples=100)
@given(LABELS, FRACTIONS, st.integers(0, 5), st.data())
def test_groups_of_one_class_are_whole_and_shift_it_by_less_than_the_largest_of_them(
    labels: np.ndarray, fractions: list[float], seed: int, data: st.DataObject
) -> None:
    groups = numbers_of(data, labels, 9) + 10 * labels
    sides = apportion(labels, groups, fractions, seed=seed)
    check_whole(sides, groups)
    off = np.abs(held(labels, sides, len(fractions)) - quotas(np.bincount(labels), fractions))
    for label in np.unique(labels):
        assert off[label].max() < np.bincount(groups[labels == label]).max()


@HOW_MANY_ONE_BY_ONE
@settings(deadline=None, max_examples=50)
@given(labels=LABELS, fractions=FRACTIONS, seed=st.integers(0, 3), data=st.data())
def test_groups_of_several_classes_are_whole_and_single_samples_even_them_out(
    few: int, labels: np.ndarray, fractions: list[float], seed: int, data: st.DataObject
) -> None:
    groups = numbers_of(data, labels, 20)
    singles = np.repeat(np.arange(4), 6 * len(labels))
    groups = np.concatenate([groups, 100 + np.arange(len(singles))])
    labels = np.concatenate([labels, singles])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mixed_groups, "_FEW", few)
        patch.setattr(mixed_groups, "_AT_ONCE", 7)
        sides = apportion(labels, groups, fractions, seed=seed)
    check_whole(sides, groups)
    expected = quotas(np.bincount(labels), fractions)
    assert np.array_equal(held(labels, sides, len(fractions)), expected)


@HOW_MANY_ONE_BY_ONE
@settings(deadline=None, max_examples=50)
@given(labels=LABELS, fractions=FRACTIONS, data=st.data(), least=st.integers(0, 3))
def test_groups_are_whole_whatever_stands_in_the_way_and_the_result_is_the_same_again(
    few: int, labels: np.ndarray, fractions: list[float], data: st.DataObject, least: int
) -> None:
    groups = numbers_of(data, labels, 20) * 1_000_003 - 7
    kept = labels.copy(), groups.copy()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mixed_groups, "_FEW", few)
        sides, again = (
            apportion(labels, groups, fractions, seed=1, min_per_class=least) for _ in range(2)
        )
    assert np.array_equal(sides, again)
    assert np.array_equal(labels, kept[0])
    assert np.array_equal(groups, kept[1])
    assert 0 <= sides.min() <= sides.max() < len(fractions)
    check_whole(sides, groups)


def test_groups_that_draw_at_once_keep_the_quotas_of_many_classes() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 50, 60_000)
    groups = random.integers(0, 20_000, 60_000)
    sides = apportion(labels, groups, [0.8, 0.1, 0.1], seed=0)
    check_whole(sides, groups)
    off = held(labels, sides, 3) - quotas(np.bincount(labels), [0.8, 0.1, 0.1])
    assert np.abs(off).max() <= 2


@settings(deadline=None)
@given(st.lists(st.integers(0, 60), min_size=1, max_size=40).map(np.array), FRACTIONS)
@example(np.full(300, 4), [0.8, 0.1, 0.1])
def test_quotas_use_every_sample_and_are_the_nearest_whole_numbers(
    counts: np.ndarray, fractions: list[float]
) -> None:
    drawn = quotas(counts, fractions)
    exact = counts[:, None] * np.array(fractions)
    assert (drawn.sum(axis=1) == counts).all()
    assert (drawn >= 0).all()
    assert (np.abs(drawn - exact) < 1 + 1e-6).all()


@given(st.integers(0, 60), FRACTIONS, st.integers(0, 6))
@settings(deadline=None)
def test_quotas_leave_a_class_with_enough_samples_on_no_side_with_too_few(
    count: int, fractions: list[float], least: int
) -> None:
    (found,) = quotas(np.array([count]), fractions, min_per_class=least)
    assert found.sum() == count
    assert found.min() >= (least if count >= least * len(fractions) else 0)


def test_many_small_classes_favour_no_side() -> None:
    found = quotas(np.full(300, 4), [0.8, 0.1, 0.1]).sum(axis=0)
    assert found.tolist() == [900, 150, 150]


@pytest.mark.parametrize("num_labels", [1, 2])
def test_groups_are_spread_like_single_samples(num_labels: int) -> None:
    groups = np.concatenate([np.repeat(np.arange(500), 2), np.arange(500, 4500)])
    labels = np.arange(5000) % num_labels  # 1: groups of one class, 2: of two
    sides = apportion(labels, groups, [0.8, 0.2], seed=0)
    assert 0.15 < sides[:1000].mean() < 0.25
    assert sides.mean() == pytest.approx(0.2)


def test_a_class_s_only_large_group_is_on_each_side_as_often_as_its_fraction_says() -> None:
    labels, groups = np.zeros(60, int), np.concatenate([[0] * 3, np.arange(1, 58)])
    found = [apportion(labels, groups, [0.6, 0.4], seed=seed)[0] for seed in range(400)]
    assert np.mean(found) == pytest.approx(0.4, abs=4 * np.sqrt(0.24 / 400))


def test_the_seed_alone_decides() -> None:
    labels = np.arange(60) % 3
    first, again, other = (apportion(labels, None, [0.5, 0.5], seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_rare_class_is_on_every_side_where_groups_allow_it() -> None:
    groups = np.repeat([0, 1, 2], [5, 3, 2])
    sides = apportion(np.zeros(10, int), groups, [0.8, 0.1, 0.1], seed=0, min_per_class=1)
    assert sorted(set(sides)) == [0, 1, 2]


# parts


def test_a_held_out_part_is_stratified() -> None:
    labels = np.repeat([0, 1, 2, 3], [40, 20, 2, 1])
    held_out = hold_out(labels, None, fraction=0.25, seed=0)
    assert np.bincount(labels[held_out], minlength=4).tolist() == [10, 5, 1, 0]
    assert np.array_equal(held_out, hold_out(labels, None, fraction=0.25, seed=0))
    assert not np.array_equal(held_out, hold_out(labels, None, fraction=0.25, seed=1))


@given(LABELS, st.floats(0.01, 0.5), st.data())
@settings(deadline=None, max_examples=50)
def test_a_held_out_part_divides_no_group(
    labels: np.ndarray, fraction: float, data: st.DataObject
) -> None:
    groups = numbers_of(data, labels, 9) + 10 * labels
    held_out = hold_out(labels, groups, fraction=fraction, seed=0)
    check_whole(held_out, groups)
    for label in np.unique(labels):
        of_class = labels == label
        largest = np.bincount(groups[of_class]).max()
        assert held_out[of_class].sum() < max(1.5, of_class.sum() * fraction + 0.5) + largest


@given(st.lists(st.integers(0, 30), min_size=1, max_size=5), st.floats(0.01, 1), st.integers(0, 9))
def test_a_subset_has_the_same_fraction_of_each_class(
    counts: list[int], fraction: float, seed: int
) -> None:
    labels = np.repeat(np.arange(len(counts)), counts).astype(np.int32)
    chosen = stratified_subset(labels, fraction=fraction, seed=seed)
    assert chosen.tolist() == sorted(set(chosen.tolist()))
    found = np.bincount(labels[chosen], minlength=len(counts)).tolist()
    assert found == [max(1, round(count * fraction)) if count else 0 for count in counts]


# merged groups


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=40))
@settings(deadline=None)
def test_merged_groups_are_the_finest_that_divide_neither(pairs: list[tuple[int, int]]) -> None:
    one, other = np.array(pairs, np.int64).reshape(-1, 2).T
    merged = merge_groups(one, None, other)
    assert merged is not None
    expected = np.arange(len(pairs))
    for _ in pairs:  # as many rounds as a chain could have links
        for numbers in (one, other):
            for number in set(numbers.tolist()):
                here = numbers == number
                expected[np.isin(expected, expected[here])] = expected[here].min()
    assert len(merged) == len(pairs)
    both = np.unique(np.stack([merged, expected]), axis=1)
    assert both.shape[1] == len(np.unique(merged)) == len(np.unique(expected))


def test_where_there_are_no_groups_none_are_merged() -> None:
    assert merge_groups(None, None) is None
    groups = np.array([2, 0, 2])
    assert merge_groups(None, groups) is groups


def test_duplicates_mirrored_or_not_are_one_group() -> None:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (9, 4, 6, 3), np.uint8)
    images[3], images[5] = images[0], images[1][:, ::-1]
    images[7] = images[1][::-1]  # upside down is another image
    groups = duplicate_groups(images, np.arange(1, 9))
    assert groups[0] == groups[4]
    assert len(set(groups.tolist())) == 7
    assert duplicate_groups(images, np.array([0, 3])).tolist() == [0, 0]
