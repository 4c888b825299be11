"""Transforms: draws by key alone, operations that do not disturb one another, any function."""

from __future__ import annotations

import hashlib
import os
import pickle
import subprocess
import sys
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_data.errors import UsageError
from fer_data.transforms import (
    PRESETS,
    Brightness,
    ColorJitter,
    Contrast,
    Crop,
    Erase,
    Flip,
    ForRare,
    Op,
    Ops,
    Parameters,
    PerImage,
    Rotate,
    Scale,
    Shift,
    Transform,
    as_transform,
)
from fer_data.transforms.ops import OPS
from fer_data.transforms.transform import taken
from fer_data.util import keyed
from tests.helpers.image_functions import SHAPE, jittered, keys_of, noise

AMOUNTS = {
    Flip: st.just(()),
    Rotate: st.tuples(st.floats(0, 180)),
    Scale: st.tuples(st.floats(0, 0.9)),
    Crop: st.tuples(st.floats(0, 0.9)),
    ColorJitter: st.tuples(st.floats(0, 1), st.floats(0, 0.5)),
}
ANY_OP: dict[Any, st.SearchStrategy[Op]] = {
    op: AMOUNTS.get(op, st.tuples(st.floats(0, 1))).map(lambda amounts, op=op: op(*amounts))
    for op in OPS
}
ANY_OPS = st.lists(st.one_of(*ANY_OP.values()), max_size=6).filter(
    lambda ops: all(sum(isinstance(op, one) for op in ops) < 2 for one in (Flip, Erase))
)


def same(one: Any, other: Any) -> bool:
    return all(np.array_equal(*fields) for fields in zip(one, other, strict=True))


TRANSFORMS: dict[str, Transform] = {
    **{name: as_transform(name) for name in PRESETS},
    "function": as_transform(jittered),
    "rare": as_transform("flip", "strong", np.array([False, True])),
    "rare function": as_transform("color", jittered, np.array([False, True])),
}


@pytest.mark.parametrize("name", TRANSFORMS)
@settings(max_examples=15)
@given(order=st.permutations(range(9)), size=st.integers(0, 9))
def test_an_image_is_the_same_in_whatever_batch_it_comes(
    name: str, order: list[int], size: int
) -> None:
    transform = TRANSFORMS[name]
    keys, images = keys_of(np.arange(100, 109), np.arange(9) % 3, np.arange(9) % 2), noise(9)
    drawn = transform.draw(keys, SHAPE)
    whole = transform.apply(np, images, drawn)
    chosen = np.array(order[:size], int)
    alone = transform.draw(taken(keys, chosen), SHAPE)
    assert type(alone) is type(drawn)
    assert same(alone, taken(drawn, chosen))
    assert np.array_equal(transform.apply(np, images[chosen], alone), whole[chosen])
    assert whole.dtype == np.float32
    assert 0 <= whole.min() <= whole.max() <= 255


@given(ANY_OPS, st.data())
def test_an_operation_that_is_added_changes_nothing_of_the_others(ops: list[Op], data: Any) -> None:
    added = data.draw(
        st.sampled_from([op for op in OPS if op not in map(type, ops)]).flatmap(ANY_OP.get)
    )
    place, keys = data.draw(st.integers(0, len(ops))), keys_of(range(5), range(5))
    alone = Ops([added]).draw(keys, SHAPE)
    before = Ops(ops).draw(keys, SHAPE)
    after = Ops([*ops[:place], added, *ops[place:]]).draw(keys, SHAPE)
    for own, field, other in zip(alone, before, after, strict=True):
        assert np.array_equal(field if own is None else (own if field is None else other), other)


def test_equal_operations_draw_apart_and_a_second_leaves_the_first_as_it_was() -> None:
    keys = keys_of(range(50))
    one, two = (Ops([Brightness(0.5)] * num).draw(keys, SHAPE).shade[:, 1] for num in (1, 2))
    second = two - one
    assert abs(second).max() <= 127.6
    assert abs(np.corrcoef(one, second)[0, 1]) < 0.5


@pytest.mark.parametrize("kind", OPS)
def test_an_operation_of_no_amount_changes_nothing(kind: Any) -> None:
    op = kind(*[0] * len(fields(kind)))
    transform = Ops([op])
    images, keys = noise(6), keys_of(range(6))
    drawn = transform.draw(keys, SHAPE)._replace(flipped=None)
    assert np.allclose(transform.apply(np, images, drawn), images, atol=1e-3)


@given(ANY_OPS)
def test_a_fingerprint_reads_back(ops: list[Op]) -> None:
    transform = Ops(ops)
    names = {op.__name__: op for op in OPS}
    assert Ops(eval(transform.fingerprint, names)) == transform
    assert hash(Ops(eval(transform.fingerprint, names))) == hash(transform)


@given(st.integers(0, 2**63), st.integers(0, 999), st.integers(0, 10**9))
def test_two_uses_in_a_row_are_never_flipped_alike(seed: int, sample: int, use: int) -> None:
    drawn = as_transform("flip").draw(keys_of([sample] * 2, [use, use + 1], seed=seed), SHAPE)
    assert drawn.flipped[0] != drawn.flipped[1]


def test_half_of_all_images_are_flipped_and_seeds_differ() -> None:
    first, other = (keyed.bits(seed, keyed.FLIP, np.arange(20_000)) for seed in (0, 1))
    assert 0.48 < first.mean() < 0.52
    assert 0.48 < (first == other).mean() < 0.52


@pytest.mark.parametrize("name", ["standard", "strong", "function"])
def test_no_use_of_a_sample_is_like_another(name: str) -> None:
    transform = TRANSFORMS[name]
    drawn = transform.draw(keys_of(np.zeros(200), range(200)), SHAPE)
    images = transform.apply(np, np.repeat(noise(1), 200, axis=0), drawn)
    assert len({image.tobytes() for image in (*images, noise(1)[0].astype(np.float32))}) == 201


def moved(image: np.ndarray, matrix: Any) -> np.ndarray:
    drawn = Parameters(matrix=np.array([matrix], np.float32))
    return Ops([]).apply(np, image[None, ..., None].astype(np.uint8), drawn)[0, ..., 0]


def test_a_matrix_shifts_rotates_and_scales_as_it_says() -> None:
    image = np.random.default_rng(1).integers(0, 256, (7, 7))
    assert np.array_equal(moved(image, [[1, 0, 0], [0, 1, 0]]), image)
    assert np.array_equal(moved(image, [[1, 0, 2], [0, 1, -1]])[:5, 1:], image[2:, :-1])
    assert np.array_equal(moved(image, [[0, 1, 0], [-1, 0, 0]]), np.rot90(image))
    assert moved(image, [[0.5, 0, 0], [0, 0.5, 0]])[3, 5] == image[3, 4]
    between = (image[:-1, 3] + image[1:, 3]) / 2
    assert np.allclose(moved(image, [[1, 0, 0.5], [0, 1, 0]])[:-1, 3], between)
    assert (moved(image, [[1, 0, 9], [0, 1, 0]]) == image[-1]).all()  # the nearest edge


@settings(max_examples=24)
@given(st.permutations([Shift(0.3), Rotate(90), Scale(0.5), Crop(0.4)]))
def test_moves_in_a_list_act_one_after_the_other(ops: list[Op]) -> None:
    keys = keys_of(range(4))
    whole = Ops(ops).draw(keys, SHAPE).matrix
    expected = np.broadcast_to(np.eye(3), (4, 3, 3))
    for op in ops:
        own = Ops([op]).draw(keys, SHAPE).matrix
        expected = expected @ np.concatenate([own, [[[0, 0, 1]]] * 4], axis=1)
    assert np.allclose(whole, expected[:, :2], atol=1e-4)


def test_colors_jitter_around_grey_at_the_same_brightness() -> None:
    drawn = Ops([ColorJitter(0.5, 0.1)]).draw(keys_of(range(2000)), SHAPE)
    grey, red = np.ones(3), np.array([1, 0, 0])
    assert np.allclose(drawn.color @ grey, grey, atol=1e-6)
    assert np.allclose((drawn.color @ red).sum(axis=1), 1, atol=1e-6)
    saturation = np.linalg.norm(drawn.color @ red - grey / 3, axis=1) / np.sqrt(2 / 3)
    assert (abs(saturation - 1).max(), saturation.mean()) == pytest.approx((0.5, 1), abs=0.02)
    turned = Ops([ColorJitter(0, 0.5)]).draw(keys_of(range(4000)), SHAPE).color @ red
    near_green = turned[abs(turned[:, 1] - turned[:, 1].max()) < 1e-3]
    assert np.allclose(near_green, [0, 1, 0], atol=0.05)  # a third of a turn
    both = Ops([ColorJitter(0.5, 0.1), ColorJitter(0.2, 0.2)]).draw(keys_of(range(4)), SHAPE).color
    assert np.allclose(both @ grey, grey, atol=1e-6)
    with pytest.raises(UsageError, match="expected RGB images, got 1"):
        Ops([ColorJitter(0.1)]).draw(keys_of(range(2)), (20, 30, 1))


@pytest.mark.parametrize("sides", [(1, 1), (1, 9), (9, 1), (2, 2)])
def test_images_of_a_pixel_or_a_line_can_be_augmented(sides: tuple[int, int]) -> None:
    transform = as_transform("strong")
    drawn = transform.draw(keys_of(range(4)), (*sides, 1))._replace(shade=None)
    assert np.allclose(transform.apply(np, np.full((4, *sides, 1), 77, np.uint8), drawn), 77)


def test_amounts_are_spread_evenly_over_what_is_said() -> None:
    def drawn(op: Op) -> Any:
        return next(
            field for field in Ops([op]).draw(keys_of(range(5000)), SHAPE) if field is not None
        )

    matrix = drawn(Rotate(20))
    angles = np.degrees(np.arctan2(matrix[:, 0, 1], matrix[:, 0, 0]))
    for amounts, most in (
        (angles, 20),
        (drawn(Shift(0.1))[:, 0, 2], 2),
        (drawn(Shift(0.1))[:, 1, 2], 3),
        (1 / drawn(Scale(0.2))[:, 0, 0] - 1, 0.2),
        (drawn(Contrast(0.3))[:, 0] - 1, 0.3),
        (drawn(Brightness(0.2))[:, 1], 51),
    ):
        assert abs(amounts).max() == pytest.approx(most, rel=0.01)
        assert abs(np.quantile(amounts, [0.25, 0.5, 0.75]) / most - [-0.5, 0, 0.5]).max() < 0.06
    window = drawn(Crop(0.4))
    assert 0.6 <= window[:, 0, 0].min() < 0.61 < 0.99 < window[:, 0, 0].max() <= 1
    assert (abs(window[:, 0, 2]) <= 20 * (1 - window[:, 0, 0]) / 2 + 1e-4).all()
    top, bottom, left, right = drawn(Erase(0.5)).T
    erased = bottom > 0
    assert erased.mean() == pytest.approx(0.5, abs=0.03)
    assert (bottom <= 20).all()
    assert (right <= 30).all()
    area = ((bottom - top) * (right - left))[erased] / 600
    assert 0.01 < area.min() < area.max() < 0.25


@pytest.mark.parametrize("kind", [op for op in OPS if op is not Flip])
@pytest.mark.parametrize("amount", [-0.1, 181, float("nan"), "much", None, True])
def test_amounts_out_of_range_are_refused(kind: Any, amount: Any) -> None:
    with pytest.raises(UsageError, match=rf"^{kind.__name__}\.\w+: expected"):
        kind(amount)


@pytest.mark.parametrize("ops", [[Flip(), Flip()], [Erase(0.1), Erase(0.2)], [Flip], ["flip"], [3]])
def test_a_list_of_something_else_is_refused(ops: Any) -> None:
    with pytest.raises(UsageError, match="expected"):
        Ops(ops)


@pytest.mark.parametrize(
    ("text", "ops"),
    [
        ("none", ()),
        ("standard", PRESETS["standard"]),
        ("shift:0.1,rotate:15", (Shift(0.1), Rotate(15))),
        ("flip, color-jitter:0.2:0.1", (Flip(), ColorJitter(0.2, 0.1))),
        ("standard,erase:0.5", (*PRESETS["standard"], Erase(0.5))),
    ],
)
def test_text_names_presets_and_operations(text: str, ops: tuple[Op, ...]) -> None:
    assert as_transform(text) == Ops(ops) == as_transform(ops) == as_transform(Ops(ops))


@pytest.mark.parametrize(
    "augment",
    [
        "",
        "spin",
        "shift",
        "shift:x",
        "shift:0.1:2",
        "shift:2",
        "standard:1",
        "flip,",
        3,
        None,
        Shift,
    ],
)
def test_what_is_no_transform_is_refused_by_the_argument_s_name(augment: Any) -> None:
    with pytest.raises(UsageError, match=r"augment|^Shift"):
        as_transform(augment)
    with pytest.raises(UsageError, match=r"augment_rare|^Shift"):
        as_transform("flip", augment if augment is not None else 3, np.array([True]))


def test_an_operation_and_a_function_are_transforms_and_every_transform_is_one() -> None:
    assert as_transform(Shift(0.1)) == Ops([Shift(0.1)])
    assert as_transform(jittered) == PerImage(jittered)
    for transform in TRANSFORMS.values():
        assert as_transform(transform) is transform
        assert pickle.loads(pickle.dumps(transform)).fingerprint == transform.fingerprint


@settings(max_examples=30)
@given(st.lists(st.integers(0, 2), min_size=1, max_size=9))
def test_rare_classes_get_what_is_theirs_and_others_nothing_of_it(labels: list[int]) -> None:
    keys, is_rare = keys_of(range(len(labels)), 1, labels), np.array([False, True, False])
    common, rare = Ops([Flip(), Shift(0.2)]), Ops([Contrast(0.3), Shift(0.1), Erase(1)])
    drawn = ForRare(common, rare, is_rare).draw(keys, SHAPE)
    assert isinstance(drawn, Parameters)
    assert drawn.color is None
    images = noise(len(labels))
    found = common.apply(np, images, drawn)
    for transform, which in ((common, ~is_rare[labels]), (rare, is_rare[labels])):
        own = transform.draw(taken(keys, which), SHAPE)
        assert np.array_equal(found[which], transform.apply(np, images[which], own))


def digest_of_every_preset() -> str:
    """Return a digest of what every preset draws and makes of images."""
    digest = hashlib.blake2b(digest_size=16)
    samples = np.arange(400)
    for preset in PRESETS:
        transform = as_transform(preset)
        drawn = transform.draw(keys_of(samples, samples % 5), SHAPE)
        digest.update(b"".join(one.tobytes() for one in drawn if one is not None))
        digest.update(transform.apply(np, noise(400), drawn).tobytes())
    return digest.hexdigest()


def test_images_are_the_same_to_the_bit_without_the_processor_s_newer_instructions() -> None:
    from numpy._core._multiarray_umath import __cpu_dispatch__

    digest = subprocess.run(
        [
            sys.executable,
            "-W",
            "ignore",
            "-c",
            f"import {__name__} as test\nprint(test.digest_of_every_preset())",
        ],
        env=os.environ | {"NPY_DISABLE_CPU_FEATURES": " ".join(__cpu_dispatch__)},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    ).stdout
    assert digest.split()[-1] == digest_of_every_preset()
