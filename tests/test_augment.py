"""Augmentation: parameters by key alone, and what they do to pixels."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_data.errors import UsageError
from fer_data.loading.opening import open_loader
from fer_data.transforms.augment import PRESETS, Augmentation, Parameters, apply, flip
from fer_data.util import keyed
from tests.conftest import MakeFolder

NONE_RARE = np.zeros(3, np.bool_)


def drawn(preset: str, samples: np.ndarray, repeats: np.ndarray, *, seed: int = 0) -> Parameters:
    augmentation = Augmentation(
        preset, None, NONE_RARE, num_samples=5000, shape=(20, 30), seed=seed
    )
    return augmentation.parameters(samples, repeats, np.zeros(len(samples), int))


def applied(pixels: np.ndarray, parameters: Parameters) -> np.ndarray:
    images = np.empty(pixels.shape, np.float32)
    apply(pixels.copy(), parameters, images)
    return images


def noise(num: int, *, channels: int = 1) -> np.ndarray:
    shape = (num, 20, 30, channels)
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


@given(st.integers(0, 2**63), st.integers(0, 999), st.integers(0, 10**9))
def test_two_uses_in_a_row_are_never_the_same_picture(seed: int, sample: int, use: int) -> None:
    found = drawn("flip", np.array([sample, sample]), np.array([use, use + 1]), seed=seed)
    assert found.flipped[0] != found.flipped[1]


def test_half_of_all_pictures_are_flipped_and_seeds_differ() -> None:
    first, other = (keyed.bits(seed, keyed.FLIP, np.arange(20_000)) for seed in (0, 1))
    assert 0.48 < first.mean() < 0.52
    assert 0.48 < (first == other).mean() < 0.52


@pytest.mark.parametrize("preset", ["standard", "strong"])
def test_no_use_of_a_sample_is_like_another(preset: str) -> None:
    repeats = np.arange(200)
    parameters = drawn(preset, np.zeros(200, int), repeats)
    pictures = applied(np.repeat(noise(1), 200, axis=0), parameters)
    assert len({picture.tobytes() for picture in pictures}) == 200
    plain = noise(1)[0].astype(np.float32)
    assert not any(np.array_equal(picture, plain) for picture in pictures)


@pytest.mark.parametrize("preset", PRESETS)
@given(order=st.permutations(range(9)), size=st.integers(1, 9), channels=st.sampled_from([1, 3]))
def test_a_picture_is_the_same_in_whatever_batch_it_comes(
    preset: str, order: list[int], size: int, channels: int
) -> None:
    samples, repeats = np.arange(100, 109), np.arange(9) % 3
    pixels = noise(9, channels=channels)
    whole = applied(pixels, drawn(preset, samples, repeats))
    chosen = np.array(order[:size])
    part = applied(pixels[chosen], drawn(preset, samples[chosen], repeats[chosen]))
    assert np.array_equal(part, whole[chosen])


@pytest.mark.parametrize("preset", PRESETS)
def test_pictures_stay_in_range(preset: str) -> None:
    images = applied(noise(300), drawn(preset, np.arange(300), np.zeros(300, int)))
    assert images.dtype == np.float32
    assert images.min() >= 0
    assert images.max() <= 255


def test_no_augmentation_gives_the_pixels() -> None:
    pixels = noise(5, channels=3)
    images = applied(pixels, drawn("none", np.arange(5), np.arange(5)))
    assert np.array_equal(images, pixels)


@pytest.mark.parametrize("shape", [(5, 8, 1), (5, 24, 1), (5, 7, 1), (5, 8, 3), (1, 1, 1)])
def test_a_flip_mirrors_left_and_right_only(shape: tuple[int, int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (9, *shape), np.uint8)
    flipped = pixels.copy()
    where = np.arange(9) % 3 == 1
    flip(flipped, where)
    assert np.array_equal(flipped[~where], pixels[~where])
    assert np.array_equal(flipped[where], pixels[where, :, ::-1])


def moved(image: np.ndarray, matrix: list[list[float]]) -> np.ndarray:
    parameters = Parameters(np.array([False]), np.array([matrix], np.float32))
    return applied(image[None, ..., None].astype(np.uint8), parameters)[0, ..., 0]


def test_a_matrix_shifts_rotates_and_scales_as_it_says() -> None:
    image = np.random.default_rng(1).integers(0, 256, (7, 7))
    assert np.array_equal(moved(image, [[1, 0, 0], [0, 1, 0]]), image)
    assert np.array_equal(moved(image, [[1, 0, 2], [0, 1, -1]])[:5, 1:], image[2:, :-1])
    assert np.array_equal(moved(image, [[0, 1, 0], [-1, 0, 0]]), np.rot90(image))
    assert moved(image, [[0.5, 0, 0], [0, 0.5, 0]])[3, 5] == image[3, 4]
    between = (image[:-1, 3] + image[1:, 3]) / 2
    assert np.allclose(moved(image, [[1, 0, 0.5], [0, 1, 0]])[:-1, 3], between)
    assert (moved(image, [[1, 0, 9], [0, 1, 0]]) == image[-1]).all()  # the nearest edge


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2)])
def test_pictures_of_a_pixel_or_a_line_can_be_augmented(shape: tuple[int, int]) -> None:
    pixels = np.full((4, *shape, 1), 77, np.uint8)
    augmentation = Augmentation("strong", None, NONE_RARE, num_samples=4, shape=shape, seed=0)
    four = np.arange(4)
    parameters = augmentation.parameters(four, four, np.zeros(4, int))._replace(shade=None)
    assert np.allclose(applied(pixels, parameters), 77)


def test_amounts_are_spread_over_what_a_preset_allows() -> None:
    uses = np.arange(5000)
    found = drawn("strong", uses, uses * 0)
    preset = PRESETS["strong"]
    assert found.matrix is not None
    assert found.shade is not None
    assert found.box is not None
    angles = np.degrees(np.arctan2(found.matrix[:, 0, 1], found.matrix[:, 0, 0]))
    assert abs(angles).max() == pytest.approx(preset.rotate, rel=0.01)
    assert abs(angles.mean()) < 0.5
    size = np.hypot(found.matrix[:, 0, 0], found.matrix[:, 0, 1])
    assert (1 - preset.crop) / (1 + preset.scale) <= size.min() < 0.75
    assert 1.2 < size.max() <= 1 / (1 - preset.scale) + 1e-6
    for axis, sides in ((0, 20), (1, 30)):
        reach = sides * (preset.shift + preset.crop / 2)
        assert 0.8 * reach < abs(found.matrix[:, axis, 2]).max() <= reach + 1e-4
    assert abs(found.shade[:, 0] - 1).max() == pytest.approx(preset.contrast, rel=0.01)
    assert abs(found.shade[:, 1]).max() == pytest.approx(255 * preset.brightness, rel=0.01)
    top, bottom, left, right = found.box.T
    erased = bottom > 0
    assert erased.mean() == pytest.approx(preset.erase, abs=0.03)
    assert (bottom <= 20).all()
    assert (right <= 30).all()
    area = ((bottom - top) * (right - left))[erased] / 600
    assert 0.01 < area.min() < area.max() < 0.25


@pytest.fixture
def data(make_folder: MakeFolder) -> Path:
    return make_folder({"train/a": 30, "train/b": 20, "train/c": 3}, side=12)


def test_only_rare_classes_get_the_stronger_preset(data: Path) -> None:
    loader = open_loader(
        data, augment="flip", augment_rare="strong", balance="oversample", image_size=12
    )
    batch = loader.batch(0)
    plain = np.array(loader.store.pixels[batch.samples])
    flip(plain, batch.parameters.flipped)
    same = [np.array_equal(one, other) for one, other in zip(batch.images, plain, strict=True)]
    assert same == (batch.labels != 2).tolist()


def test_evaluation_is_never_augmented_nor_mixed(make_folder: MakeFolder) -> None:
    data = make_folder({"train/a": 3, "test/a": 5, "train/zoo": 0}, side=12)
    loader = open_loader(
        data,
        split="test",
        augment="strong",
        augment_rare="strong",
        mix="mixup:1",
        epoch_size=2,
        image_size=12,
    )
    assert np.array_equal(loader.batch(0).images, loader.store.pixels[loader.rows])


@pytest.mark.parametrize("option", ["augment", "augment_rare"])
def test_a_preset_that_is_not_there_is_named(data: Path, option: str) -> None:
    with pytest.raises(UsageError, match="choose one of none, flip, standard, strong"):
        open_loader(data, **{option: "wild"})  # type: ignore[arg-type]


def digest_of_every_preset() -> str:
    """Return a digest of what every preset draws and makes of images."""
    digest = hashlib.blake2b(digest_size=16)
    samples = np.arange(400)
    for preset in PRESETS:
        parameters = drawn(preset, samples, samples % 5)
        digest.update(b"".join(one.tobytes() for one in parameters if one is not None))
        digest.update(applied(noise(400, channels=3), parameters).tobytes())
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
