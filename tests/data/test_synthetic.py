from __future__ import annotations

import hashlib
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_data.errors import UsageError
from fer_data.fer2013.emotions import EMOTIONS
from fer_data.fer2013.faces import COUNTS, counts_for, draw, plan


def test_the_whole_set_has_fer2013s_counts() -> None:
    assert counts_for(35_887) == COUNTS
    assert sum(COUNTS["train"].values()) == 28_709
    assert COUNTS["train"]["disgust"] == 436
    assert sum(sum(classes.values()) for classes in COUNTS.values()) == 35_887


@given(st.integers(21, 5_000))
def test_any_size_is_exact_in_proportion_and_has_every_class_everywhere(num_images: int) -> None:
    counts = counts_for(num_images)
    assert sum(sum(classes.values()) for classes in counts.values()) == num_images
    for split, classes in counts.items():
        for name, number in classes.items():
            assert number >= 1
            if num_images >= 700:  # below, the ones that every class gets are taken from others
                assert abs(number - COUNTS[split][name] * num_images / 35_887) < 1


def test_too_few_images_and_an_unknown_class_are_refused() -> None:
    with pytest.raises(UsageError, match="at least 21"):
        counts_for(20)
    with pytest.raises(UsageError, match="unknown class 'bored'"):
        draw(0, "bored")


def test_the_plan_holds_the_counts_in_shuffled_classes() -> None:
    rows = plan(700, seed=4)
    found = Counter(rows)
    assert found == {
        (split, name): number
        for split, classes in counts_for(700).items()
        for name, number in classes.items()
    }
    assert rows != plan(700, seed=5)
    assert [name for _, name in rows[:400]] != sorted(name for _, name in rows[:400])


def test_the_same_key_draws_the_same_bytes_in_any_process() -> None:
    code = (
        "import hashlib; from fer_data.fer2013.faces import draw\n"
        "print(hashlib.sha256(b''.join(draw(row, 'fear', seed=3).tobytes() for row in range(9)))"
        ".hexdigest())"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    images = b"".join(draw(row, "fear", seed=3).tobytes() for row in range(9))
    assert ended.stdout.strip() == hashlib.sha256(images).hexdigest()


@pytest.mark.parametrize("size", [16, 48, 96])
def test_a_image_is_grey_square_and_not_flat(size: int) -> None:
    for label, name in enumerate(EMOTIONS):
        image = draw(label, name, size=size)
        assert image.shape == (size, size)
        assert image.dtype == np.uint8
        assert image.std() > 5


def test_brightness_alone_does_not_tell_the_class() -> None:
    means = {name: np.mean([draw(row, name).mean() for row in range(150)]) for name in EMOTIONS}
    # One person, pose and light for each row: what differs is the expression's lines alone.
    assert max(means.values()) - min(means.values()) < 8
